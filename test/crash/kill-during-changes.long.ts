/**
 * Kills what changes a store, or copies it, at random moments, each time on the same store, and repeats
 * it: after that every number is what it is where nobody kills, and the audit is clean. Between the two
 * the store is whole as well.
 */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { copyFile, readdir, rm, writeFile } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it } from 'node:test'
import { DAY_SECONDS, formatInstant, monthsBefore } from '../../src/domain/time.ts'
import { BATCH_RECORDS_MAX } from '../../src/storage/batches.ts'
import { openStore } from '../../src/storage/open-store.ts'
import { MIGRATIONS } from '../../src/storage/sqlite/migrations/migrations.ts'
import { CliFixture } from '../cli/cli-fixture.ts'
import {
  aBatch,
  aFeed,
  anAccount,
  anEvent,
  anImportStart,
  aSim,
  iccidOf,
  newSimSid,
} from '../support/builders.ts'
import { runCli } from '../support/cli-process.ts'
import { killRun, measureRun, seededRandom } from '../support/killed-process.ts'

const SIMS = 20
const RECORDS = 60_000
const WAITING = 4_000
const UNSEALED_RECORDS = 60_000
/** So that each of them is gathered in more than one transaction. */
const FRESH_DAYS = 1
const DAYS = 40

/** Processes live in today's time, so their records do, too. */
const TODAY = Math.floor(Date.now() / 1_000 / DAY_SECONDS) * DAY_SECONDS
/** Most of them are older than the retention by today, but were not when they came. */
const FIRST_DAY = TODAY - 580 * DAY_SECONDS
const CAME_AT = FIRST_DAY + (DAYS + 1) * DAY_SECONDS
const RETENTION_START = monthsBefore(TODAY, 18)
const HEADER = 'record_id,sim,occurred_at,plmn,upload\n'

const VERSION = MIGRATIONS.length

const random = seededRandom(20_261_128)

interface Operation {
  readonly kills: number
  /** Of runs, those that a kill ended; the others were done by then. */
  readonly cutShortMin: number
  /** The store that it is done on, where it is not that of the fixture. */
  readonly from?: string
  /** Brings the store at `path` from the state of the fixture to the one that it is done on. */
  readonly prepare?: (path: string) => Promise<unknown>
  readonly args: (path: string) => readonly string[]
  /** What else a repetition may say, because it was done already. */
  readonly doneAlready?: RegExp
  /** Where the store is that has to be right. */
  readonly result?: (path: string) => string
  /** A state between before and after may be seen: it goes in steps. */
  readonly inSteps?: true
  /** Each run is an import of its own, so that imports are not compared. */
  readonly imports?: true
}

let cli: CliFixture
let importId: number
let accountSid: string
before(async () => {
  cli = await CliFixture.open('sqlite')
  const now = CAME_AT
  const run = (args: readonly string[], stdin = '') =>
    cli.json<{ import: number }>(args, { stdin, now })
  const account = await cli.account()
  accountSid = account
  const sims = Array.from({ length: SIMS }, (_, n) => `${iccidOf(n)}\n`).join('')
  await run(['sim', 'import', '-', '--account', account], `iccid\n${sims}`)
  await run(['feed', 'create', 'carrier', '--format', 'csv', '--on-conflict', 'replace'])
  const lines = (count: number, upload: number, sim: (i: number) => number, fromDay = 0) =>
    Array.from({ length: count }, (_, i) => {
      const days = fromDay + (i / count) * (DAYS - fromDay)
      const at = formatInstant(FIRST_DAY + Math.floor(days * DAY_SECONDS))
      return `r${i}-${sim(i) >= SIMS},${iccidOf(sim(i))},${at},310-260,${upload}\n`
    })
  // The second replaces a half of the first; some of it waits for a SIM.
  const known = (i: number) => i % SIMS
  const first = lines(RECORDS, 1, known)
  const second = [
    ...lines(RECORDS, 3, known).slice(0, RECORDS / 2),
    ...lines(WAITING, 5, () => SIMS, DAYS - 4),
  ]
  for (const delivery of [first, second]) {
    const stdin = HEADER + delivery.join('')
    const { exitCode, stderr } = await cli.run(['import', '-', '--feed', 'carrier'], { stdin, now })
    // Those that wait for a SIM are said by it.
    assert.equal(exitCode, delivery === first ? 0 : 3, stderr)
  }
  const [newest] = await run(['import', 'list'])
  importId = newest!.import
  await fillUnsealed(cli.path('unsealed.db'), { days: DAYS, knownAt: CAME_AT })
  await fillUnsealed(cli.path('fresh.db'), { days: FRESH_DAYS, knownAt: FIRST_DAY })
  await writeFile(cli.path('empty.csv'), HEADER)
})
after(() => cli.close())

const OPERATIONS: Readonly<Record<string, Operation>> = {
  backup: {
    kills: 30,
    cutShortMin: 15,
    args: (path) => ['backup', `${path}.backup`, '--force', '--database', `sqlite:${path}`],
    result: (path) => `${path}.backup`,
  },
  restore: {
    kills: 30,
    cutShortMin: 15,
    prepare: async (path) => {
      await cli.json(['backup', `${path}.backup`, '--database', `sqlite:${path}`])
      await cli.json(['account', 'create', '--name', 'Late', '--database', `sqlite:${path}`])
    },
    args: (path) => ['restore', `${path}.backup`, '--force', '--database', `sqlite:${path}`],
  },
  undo: {
    kills: 28,
    cutShortMin: 12,
    args: (path) => ['import', 'undo', String(importId), '--database', `sqlite:${path}`],
    doneAlready: /undone/,
  },
  purge: {
    kills: 28,
    cutShortMin: 12,
    args: (path) => [
      ...['purge', '--before', formatInstant(RETENTION_START)],
      ...['--database', `sqlite:${path}`],
    ],
    inSteps: true,
  },
  recycle: {
    kills: 28,
    cutShortMin: 12,
    prepare: async (path) => {
      const url = `sqlite:${path}`
      const [account] = await cli.json<{ sid: string }>(['account', 'list', '--database', url])
      const to = ['--account', account!.sid, '--database', url]
      await cli.json(['sim', 'import', '-', ...to], { stdin: `iccid\n${iccidOf(SIMS)}\n` })
    },
    args: (path) => [
      ...['quarantine', 'recycle', '--feed', 'carrier', '--database', `sqlite:${path}`],
    ],
    inSteps: true,
  },
  reclassify: {
    kills: 16,
    cutShortMin: 6,
    prepare: async (path) => {
      const url = `sqlite:${path}`
      const [account] = await cli.json<{ sid: string }>(['account', 'list', '--database', url])
      const home = ['--home-plmns', '208-01', '--home-countries', 'FR']
      await cli.json(['account', 'set', account!.sid, ...home, '--database', url])
    },
    args: (path) => [
      ...['reclassify', '--since', formatInstant(FIRST_DAY + 3 * DAY_SECONDS)],
      ...['--batch-size', '5000', '--database', `sqlite:${path}`],
    ],
    inSteps: true,
  },
  'erase an account': {
    kills: 12,
    cutShortMin: 4,
    args: (path) => [
      ...['account', 'erase', accountSid, '--by', 'Ada', '--reason', 'asked for'],
      ...['--database', `sqlite:${path}`],
    ],
    inSteps: true,
  },
  // An import seals the days that are complete, also those that it brought nothing of.
  seal: {
    kills: 28,
    cutShortMin: 12,
    from: 'unsealed.db',
    args: (path) => [
      ...['import', cli.path('empty.csv'), '--feed', 'carrier', '--database', `sqlite:${path}`],
    ],
    inSteps: true,
    imports: true,
  },
  // The same where each day is gathered in several transactions first.
  gather: {
    kills: 20,
    cutShortMin: 8,
    from: 'fresh.db',
    args: (path) => [
      ...['import', cli.path('empty.csv'), '--feed', 'carrier', '--database', `sqlite:${path}`],
    ],
    inSteps: true,
    imports: true,
  },
  // An audit that finds nothing wrong puts sealed days under checksum, large ones in several transactions.
  checksum: {
    kills: 20,
    cutShortMin: 8,
    from: 'fresh.db',
    prepare: async (path) => {
      const store = await openStore(`sqlite:${path}`)
      while (await store.sealNextDay(CAME_AT));
      await store.close()
    },
    args: (path) => ['audit', '--database', `sqlite:${path}`],
    inSteps: true,
  },
}

/**
 * A store of which no day is sealed or under checksum yet. Records that come while their days are fresh lie
 * together in time.
 */
async function fillUnsealed(
  path: string,
  { days, knownAt }: { readonly days: number; readonly knownAt: number },
): Promise<void> {
  const store = await openStore(`sqlite:${path}`, { create: true })
  try {
    const at = CAME_AT
    const account = await store.createAccount(anAccount({ createdAt: at }))
    const feed = await store.createFeed(aFeed({ name: 'carrier', createdAt: at }))
    const sims = await Promise.all(
      Array.from({ length: SIMS }, () =>
        store.createSim(account.id, aSim(), { at, newSid: newSimSid }),
      ),
    )
    const { id } = await store.beginImport(anImportStart(feed, { startedAt: at }))
    const events = Array.from({ length: UNSEALED_RECORDS }, (_, i) => {
      const occurredAt = FIRST_DAY + Math.floor((i / UNSEALED_RECORDS) * days * DAY_SECONDS)
      const { id: simId } = sims[i % SIMS]!
      return anEvent({ simId, accountId: account.id, occurredAt, upload: 1 + (i % 7) })
    })
    for (let from = 0; from < events.length; from += BATCH_RECORDS_MAX) {
      const batch = events.slice(from, from + BATCH_RECORDS_MAX)
      await store.append(aBatch({ importId: id, feed, events: batch, knownAt }))
    }
    await store.finishImport(id, { status: 'done', finishedAt: at, checksum: null, error: null })
  } finally {
    await store.close()
  }
}

/** Where too many runs were done before their kill, there are up to twice as many. */
function isDue(
  run: number,
  cutShort: number,
  { kills, cutShortMin }: Pick<Operation, 'kills' | 'cutShortMin'>,
): boolean {
  return run < kills || (cutShort < cutShortMin && run < 2 * kills)
}

/** What a later Simtally does to the schema, which takes it a while. */
const UPGRADE = { kills: 30, cutShortMin: 12, rows: 1_000_000 }
const LATER = {
  nextSchemaStep: `
    CREATE TABLE novelty (n INTEGER PRIMARY KEY);
    INSERT INTO novelty
    WITH RECURSIVE numbers (n) AS (
      SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${UPGRADE.rows}
    )
    SELECT n FROM numbers`,
}

/** Everything that is counted, in one value; fails unless the audit is clean. */
async function stateOf(path: string, { imports: ignored = false } = {}): Promise<unknown> {
  const store = await openStore(`sqlite:${path}`)
  try {
    const { ledgerRows, differences, cellsChecked, checksummedThrough } = await store.audit()
    assert.deepEqual(differences, [])
    const accounts = await store.listAccounts()
    const answers = await Promise.all(
      accounts.map(({ id: accountId }) =>
        store.queryUsage({
          scope: { accountId },
          start: FIRST_DAY,
          end: TODAY + DAY_SECONDS,
          granularity: 'daily',
        }),
      ),
    )
    const imports = ignored ? [] : await store.listImports({}, { limit: 10 })
    const counts = imports.map(({ id, status, counts }) => ({ id, status, counts }))
    const waiting = (await store.listQuarantine({}, { limit: 10_000 })).length
    return {
      ...{ ledgerRows, cellsChecked, checksummedThrough, answers, counts, waiting },
      accounts: accounts.length,
    }
  } finally {
    await store.close()
  }
}

/** A store of its own for an operation, copied from the one of the fixture while nobody has it open. */
async function freshStore(
  name: string,
  { prepare, from = 'simtally.db' }: Pick<Operation, 'prepare' | 'from'>,
): Promise<string> {
  const path = cli.path(`${name.replaceAll(' ', '-')}.db`)
  for (const left of await readdir(cli.directory)) {
    if (cli.path(left).startsWith(path)) await rm(cli.path(left))
  }
  await copyFile(cli.path(from), path)
  await prepare?.(path)
  return path
}

describe('what is killed and then repeated ends as if nobody had killed it:', () => {
  for (const [name, operation] of Object.entries(OPERATIONS)) {
    const { kills, cutShortMin, args, doneAlready, result = (path) => path, inSteps } = operation
    it(`${name}, ${kills} times`, { timeout: 1_200_000 }, async (t) => {
      const first = await freshStore(name, operation)
      const untouched = result(first) !== first ? null : await stateOf(first, operation)
      const time = await measureRun(args(first))
      const expected = await stateOf(result(first), operation)
      let cutShort = 0
      for (let n = 0; isDue(n, cutShort, operation); n++) {
        const path = await freshStore(name, operation)
        if (await killRun(args(path), time, random())) cutShort++
        // Whole after the kill: as before, or as after.
        if (existsSync(result(path))) {
          const found = await stateOf(result(path), operation)
          if (inSteps !== true && untouched !== null) {
            const isEither = [untouched, expected].some((state) => same(state, found))
            assert.ok(isEither, 'something between before and after')
          } else if (untouched === null) assert.ok(same(found, expected))
        }
        const { exitCode, stderr } = await runCli(args(path))
        if (exitCode !== 0) assert.match(stderr, doneAlready ?? /^$/)
        assert.ok(same(await stateOf(result(path), operation), expected), `after kill ${n}`)
        const partial = (await readdir(cli.directory)).filter((file) => file.includes('.partial'))
        assert.deepEqual(partial, [])
      }
      t.diagnostic(`${cutShort} of ${kills} were cut short`)
      assert.ok(cutShort >= cutShortMin, `only ${cutShort} were cut short`)
    })
  }

  it(`an upgrade of the schema, ${UPGRADE.kills} times`, { timeout: 1_200_000 }, async (t) => {
    const args = (path: string) => ['migrate', '--database', `sqlite:${path}`]
    const first = await freshStore('upgrade', {})
    const untouched = await stateOf(first)
    const time = await measureRun(args(first), LATER)
    let cutShort = 0
    for (let n = 0; isDue(n, cutShort, UPGRADE); n++) {
      const path = await freshStore('upgrade', {})
      if (await killRun(args(path), time, random(), LATER)) cutShort++
      // Whole after the kill: as before, or as after.
      if (schemaOf(path).version === VERSION) assert.ok(same(await stateOf(path), untouched))
      const { exitCode, stderr } = await runCli(args(path), LATER)
      assert.equal(exitCode, 0, stderr)
      assert.deepEqual(schemaOf(path), { version: VERSION + 1, novelties: UPGRADE.rows })
      const audit = await runCli(['audit', '--database', `sqlite:${path}`], LATER)
      assert.equal(audit.exitCode, 0, `${audit.stdout}${audit.stderr}`)
    }
    t.diagnostic(`${cutShort} of ${UPGRADE.kills} were cut short`)
    assert.ok(cutShort >= UPGRADE.cutShortMin, `only ${cutShort} were cut short`)
  })
})

/** The version of a file's schema, and how much of what the next one brings is there. */
function schemaOf(path: string): { version: number; novelties: number } {
  const db = new DatabaseSync(path)
  try {
    const version = Number(db.prepare('PRAGMA user_version').get()!.user_version)
    const isLater = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'novelty'").get()
    const counted = isLater && db.prepare('SELECT COUNT(*) AS rows FROM novelty').get()
    return { version, novelties: Number(counted?.rows ?? 0) }
  } finally {
    db.close()
  }
}

function same(a: unknown, b: unknown): boolean {
  try {
    assert.deepEqual(a, b)
    return true
  } catch {
    return false
  }
}
