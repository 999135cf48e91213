/**
 * Many `simtally import` processes on one database, whose files overlap, while SIMs are registered, days
 * sealed and old usage purged. Each record is accepted by exactly one of them.
 */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { DAY_SECONDS, floorTo, formatInstant, HOUR_SECONDS } from '../../src/domain/time.ts'
import type { ConflictPolicy } from '../../src/domain/usage-event.ts'
import type { UsageStore } from '../../src/storage/usage-store.ts'
import { type ImportJson, run, SIMTALLY } from '../bad-input/cli-world.ts'
import {
  aBatch,
  aFeed,
  anAccount,
  anEvent,
  anImportStart,
  iccidOf,
  newSimSid,
} from '../support/builders.ts'
import { endConnections, newDatabase } from '../support/postgres-schema.ts'
import { type EngineName, openTempStore } from '../support/temp-store.ts'
import { assertAuditClean } from './engine.ts'

export interface ManyImporters {
  readonly engine: EngineName
  readonly importers: number
  readonly recordsEach: number
  readonly policies: readonly ConflictPolicy[]
  /** A recurring disturbance, such as ending connections. */
  readonly disturb?: (url: string) => Promise<void>
}

/** The part of each file that all the others have too; half of it with other counters in each. */
const SHARED = 0.3
const SIMS = 40
const BATCH_RECORDS = 400
const DAYS = 40

/** Older than any record of the files, and purged meanwhile. */
const OLD_RECORDS = 3_000
const OLD_DAYS = [60, 50] as const

const TODAY = floorTo(Math.floor(Date.now() / 1_000), DAY_SECONDS)

interface Line {
  readonly id: string
  readonly sim: number
  readonly at: number
  readonly bytes: number
}

/** Record number `n` of those that only one file has, or that all of them have. */
function lineOf(id: string, n: number, bytes: number): Line {
  const sim = (n * 7) % SIMS
  const at = TODAY - DAYS * DAY_SECONDS + ((n * 7_919) % ((DAYS - 1) * DAY_SECONDS))
  return { id, sim, at, bytes }
}

function fileOf(importer: number, recordsEach: number): Line[] {
  const shared = Math.round(recordsEach * SHARED)
  const lines = Array.from({ length: recordsEach }, (_, n) => {
    if (n >= shared) return lineOf(`own-${importer}-${n}`, n * 13 + importer, 1)
    return lineOf(`shared-${n}`, n, n % 2 === 0 ? 1 : 1 + importer)
  })
  // Each file in its own order, so that the locks of one batch meet those of others everywhere.
  return lines.sort((a, b) => orderOf(a, importer) - orderOf(b, importer))
}

function orderOf({ id, at }: Line, importer: number): number {
  return (at * (importer * 2 + 3) + id.length * 31 + Number(id.split('-').at(-1)) * 7) % 10_007
}

function csv(lines: readonly Line[]): string {
  const rows = lines.map(({ id, sim, at, bytes }) => {
    return `${id},${iccidOf(sim)},${formatInstant(at)},310-260,${bytes}\n`
  })
  return `record_id,sim,occurred_at,plmn,upload\n${rows.join('')}`
}

/** What goes on beside the imports until it is told to end. */
async function keepUp(
  store: UsageStore,
  accountId: number,
  disturb: () => Promise<void>,
  isOver: () => boolean,
): Promise<void> {
  const before = TODAY - (OLD_DAYS[1] - 1) * DAY_SECONDS
  for (let times = 0; !isOver(); times++) {
    const known = [{ iccid: iccidOf(times % SIMS), friendlyName: `name ${times}` }]
    const registrations = [...known, { iccid: iccidOf(1_000 + times) }]
    await store.registerSims(accountId, registrations, { at: TODAY, newSid: newSimSid })
    await store.sealNextDay(TODAY - 2 * DAY_SECONDS)
    await store.purge({ before, rowsMax: 100, dryRun: false })
    await disturb()
  }
}

async function prepare(store: UsageStore, onConflict: ConflictPolicy) {
  const account = await store.createAccount(anAccount())
  const registrations = Array.from({ length: SIMS }, (_, sim) => ({ iccid: iccidOf(sim) }))
  const options = { at: TODAY, newSid: newSimSid }
  const { sims } = await store.registerSims(account.id, registrations, options)
  const feed = await store.createFeed(aFeed({ name: 'carrier', onConflict }))
  const { id: importId } = await store.beginImport(anImportStart(feed))
  const span = (OLD_DAYS[0] - OLD_DAYS[1]) * DAY_SECONDS
  const events = Array.from({ length: OLD_RECORDS }, (_, n) => {
    const occurredAt = TODAY - OLD_DAYS[0] * DAY_SECONDS + ((n * HOUR_SECONDS) % span)
    const sim = sims[n % SIMS]!
    return anEvent({ simId: sim.id, accountId: account.id, occurredAt, upload: 1 })
  })
  await store.append(aBatch({ importId, feed, events, knownAt: TODAY }))
  return account
}

async function checkPolicy(
  { engine, importers, recordsEach, disturb = async () => {} }: ManyImporters,
  onConflict: ConflictPolicy,
): Promise<void> {
  // A separate database, because connections to it are ended.
  const temp = await openTempStore(engine, engine === 'postgres' ? () => newDatabase() : undefined)
  try {
    const { store, url, dir } = temp
    const account = await prepare(store, onConflict)
    const files = Array.from({ length: importers }, (_, i) => fileOf(i, recordsEach))
    const paths = files.map((_, i) => join(dir, `usage-${i}.csv`))
    await Promise.all(paths.map((path, i) => writeFile(path, csv(files[i]!))))
    let isOver = false
    const upkeep = keepUp(
      store,
      account.id,
      () => disturb(url),
      () => isOver,
    )
    const importing = Promise.all(
      paths.map((path) =>
        run(process.execPath, [
          ...[SIMTALLY, 'import', path, '--feed', 'carrier', '--json'],
          ...['--batch-size', String(BATCH_RECORDS), '--database', url],
        ]),
      ),
    ).finally(() => {
      isOver = true
    })
    const [ended] = await Promise.all([importing, upkeep])
    for (const { code, stderr } of ended) {
      assert.ok(code === 0 || code === 3, stderr)
      assert.doesNotMatch(stderr, /deadlock|40P01|cannot be reached|did not answer/)
    }
    const imports = ended.map(({ stdout }) => JSON.parse(stdout) as Counted)
    assertCounted(files, imports, onConflict)
    await assertAuditClean(store)
    const start = TODAY - DAYS * DAY_SECONDS
    const query = { start, end: TODAY, granularity: 'all' } as const
    const groups = await store.queryUsage({ ...query, scope: { accountId: account.id } })
    const bytes = groups.reduce((sum, { upload }) => sum + Number(upload), 0)
    const [least, most] = possibleBytes(files)
    if (onConflict === 'max') assert.equal(bytes, most)
    else assert.ok(least <= bytes && bytes <= most, `${least} <= ${bytes} <= ${most}`)
    await store.purge({ before: start, rowsMax: OLD_RECORDS, dryRun: false })
    assert.equal((await store.audit()).ledgerRows, distinct(files).size)
  } finally {
    await temp.dispose()
  }
}

type Counted = ImportJson & { readonly replaced: number }

function distinct(files: readonly Line[][]): Map<string, Line[]> {
  return Map.groupBy(files.flat(), ({ id }) => id)
}

/** The bytes of all records, from the least to the most that any file states for each. */
function possibleBytes(files: readonly Line[][]): readonly [number, number] {
  let least = 0
  let most = 0
  for (const lines of distinct(files).values()) {
    least += Math.min(...lines.map(({ bytes }) => bytes))
    most += Math.max(...lines.map(({ bytes }) => bytes))
  }
  return [least, most]
}

function assertCounted(
  files: readonly Line[][],
  imports: readonly Counted[],
  onConflict: ConflictPolicy,
): void {
  const total = { accepted: 0, duplicate: 0, replaced: 0, quarantined: 0, expired: 0 }
  for (const [i, counts] of imports.entries()) {
    assert.equal(counts.records, files[i]!.length)
    for (const verdict of Object.keys(total) as (keyof typeof total)[]) {
      total[verdict] += counts[verdict]
    }
  }
  const { accepted, duplicate, replaced, quarantined, expired } = total
  const differing = [...distinct(files).values()].filter(
    (lines) => new Set(lines.map(({ bytes }) => bytes)).size > 1,
  ).length
  const again = files.flat().length - distinct(files).size
  const told = JSON.stringify(total)
  assert.deepEqual([accepted, expired], [distinct(files).size, 0], told)
  assert.equal(duplicate + replaced + quarantined, again, told)
  const contradictions = differing * (files.length - 1)
  if (onConflict === 'reject') assert.deepEqual([replaced, quarantined], [0, contradictions], told)
  else if (onConflict === 'replace') {
    assert.deepEqual([replaced, quarantined], [contradictions, 0], told)
  } else assert.ok(replaced <= contradictions && quarantined === 0, told)
}

/** Ends one of Simtally's connections to the database, whatever it is doing. */
export async function endOneConnection(url: string): Promise<void> {
  await endConnections(url, { limit: 1 })
  await setTimeout(50)
}

export function describeManyImporters(given: ManyImporters): void {
  const { importers, policies, disturb } = given
  const disturbed = disturb === undefined ? '' : ', disturbed,'
  describe(`${importers} importers with overlapping files${disturbed} on ${given.engine}`, () => {
    for (const policy of policies) {
      it(`${policy}: accept every record exactly once`, () => checkPolicy(given, policy))
    }
  })
}
