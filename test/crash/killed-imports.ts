/**
 * Kills imports at random moments, on one database, and looks after each kill whether the store
 * still holds what was acknowledged. An acknowledgement is what another program can see: a line
 * "import 7: 2000 records committed" on stderr.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { describe, it } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { formatInstant } from '../../src/domain/time.ts'
import { openStore } from '../../src/storage/open-store.ts'
import type { UsageStore } from '../../src/storage/usage-store.ts'
import { CliFixture } from '../cli/cli-fixture.ts'
import { ANY_NAME, iccidOf, instant, sidOf } from '../support/builders.ts'
import { seededRandom } from '../support/killed-process.ts'

const SIMS = 5
const RECORDS_PER_FILE = 4_000
const BATCH_RECORDS = 400
const BATCHES = RECORDS_PER_FILE / BATCH_RECORDS

/** Kills that come too late to cut an import short are possible, but few. */
const CUT_SHORT_SHARE_MIN = 0.6

const FIRST_RECORD_AT = instant('2026-03-01T00:00:00Z')
const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

// Two records in each second of the file's own stretch of time, each of one byte, so that the sum
// of a SIM's bytes up to an instant tells which of its records are there.
const secondOf = (file: number, record: number) =>
  FIRST_RECORD_AT + (file * RECORDS_PER_FILE + record - (record % 2)) / 2

const simOf = (record: number) => record % SIMS

function fileContent(file: number): string {
  const lines = Array.from({ length: RECORDS_PER_FILE }, (_, i) => {
    const at = formatInstant(secondOf(file, i))
    return `r${file}-${i},${iccidOf(simOf(i))},${at},310-260,1\n`
  })
  return `record_id,sim,occurred_at,plmn,upload\n${lines.join('')}`
}

interface RunningImport {
  readonly child: ChildProcess
  /** Records said to be committed, in the order in which it was said. */
  readonly acknowledged: number[]
  /** Resolves when so many acknowledgements were read, or the import has ended. */
  acknowledgements(count: number): Promise<void>
  ended(): Promise<NodeJS.Signals | null>
}

function startImport(cli: CliFixture, path: string): RunningImport {
  const args = ['import', path, '--feed', 'carrier', '--batch-size', String(BATCH_RECORDS)]
  const child = spawn(process.execPath, [MAIN, ...args, '--database', cli.databaseUrl], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, NODE_COMPILE_CACHE: cli.path('compile-cache') },
  })
  const acknowledged: number[] = []
  const lines = createInterface({ input: child.stderr! })
  lines.on('line', (line) => {
    const [, records] = /^simtally: import \d+: (\d+) records? committed$/.exec(line) ?? []
    assert.ok(records !== undefined, line)
    acknowledged.push(Number(records))
  })
  const ended = once(child, 'close').then(([, signal]) => signal as NodeJS.Signals | null)
  return {
    child,
    acknowledged,
    acknowledgements: async (count) => {
      const over = new AbortController()
      ended.then(() => over.abort())
      while (acknowledged.length < count && !over.signal.aborted) {
        await once(lines, 'line', { signal: over.signal }).catch(() => {})
      }
    },
    ended: () => ended,
  }
}

/** How many records of the file are there; fails unless they are its first ones, in whole batches. */
async function recordsPresent(store: UsageStore, file: number): Promise<number> {
  const bytesOf = async (sim: number, start: number, end: number) => {
    const match = (await store.resolveSims([iccidOf(sim)], ANY_NAME)).get(iccidOf(sim))!
    const query = { scope: { simId: match.simId }, start, end, granularity: 'all' } as const
    const groups = await store.queryUsage(query)
    return groups.reduce((sum, { upload }) => sum + Number(upload), 0)
  }
  const start = secondOf(file, 0)
  let present = 0
  for (let sim = 0; sim < SIMS; sim++) {
    present += await bytesOf(sim, start, secondOf(file + 1, 0))
  }
  assert.equal(present % BATCH_RECORDS, 0, `${present} records are no whole number of batches`)
  for (let sim = 0; sim < SIMS; sim++) {
    const expected = present / SIMS
    assert.equal(await bytesOf(sim, start, start + present / 2), expected, 'a record is missing')
  }
  return present
}

/** What the file's import says of itself; nothing where it was killed before it began. */
async function recordsCounted(store: UsageStore, path: string): Promise<number> {
  const [newest] = await store.listImports({}, { limit: 1 })
  return newest?.source === path ? newest.counts.accepted : 0
}

async function assertSound(store: UsageStore): Promise<void> {
  const { differences, differenceCount } = await store.audit()
  assert.deepEqual([differenceCount, differences], [0, []])
}

export function describeKilledImports({ kills }: { readonly kills: number }): void {
  describe('an import that is killed', () => {
    it(`keeps what it acknowledged, ${kills} times in a row, and is completed by repeating it`, async () => {
      const cli = await CliFixture.open()
      try {
        const random = seededRandom(20_261_123)
        const paths = await prepare(cli, kills)
        const msPerBatch = await measureBatch(cli, paths[0]!)
        let cutShort = 0
        const present: number[] = [RECORDS_PER_FILE]
        for (let file = 1; file <= kills; file++) {
          // From the first moments of the process to the middle of its last batch.
          const importing = startImport(cli, paths[file]!)
          await importing.acknowledgements(Math.floor(random() * BATCHES))
          await setTimeout(random() * msPerBatch * 1.5)
          importing.child.kill('SIGKILL')
          if ((await importing.ended()) === 'SIGKILL') cutShort++
          present[file] = await inStore(cli, async (store) => {
            await assertSound(store)
            const records = await recordsPresent(store, file)
            assert.equal(await recordsCounted(store, paths[file]!), records)
            const acknowledged = importing.acknowledged.at(-1) ?? 0
            assert.ok(records >= acknowledged, `${records} present, ${acknowledged} acknowledged`)
            return records
          })
        }
        assert.ok(cutShort >= kills * CUT_SHORT_SHARE_MIN, `only ${cutShort} were cut short`)
        await assertCompletes(cli, paths, present)
      } finally {
        await cli.close()
      }
    })
  })
}

/** One file for each kill, and one to measure with. */
async function prepare(cli: CliFixture, kills: number): Promise<string[]> {
  const account = await cli.account()
  const sims = Array.from({ length: SIMS }, (_, i) => `${sidOf('DE', i + 1)},${iccidOf(i)}\n`)
  await cli.json(['sim', 'import', '-', '--account', account], {
    stdin: `sid,iccid\n${sims.join('')}`,
  })
  await cli.json(['feed', 'create', 'carrier', '--format', 'csv'])
  const paths = Array.from({ length: kills + 1 }, (_, file) => cli.path(`usage-${file}.csv`))
  await Promise.all(paths.map((path, file) => writeFile(path, fileContent(file))))
  return paths
}

/** Milliseconds from one acknowledgement to the next, in an import that nobody disturbs. */
async function measureBatch(cli: CliFixture, path: string): Promise<number> {
  const importing = startImport(cli, path)
  await importing.acknowledgements(1)
  const firstAt = performance.now()
  await importing.acknowledgements(BATCHES)
  const lastAt = performance.now()
  assert.equal(await importing.ended(), null)
  return (lastAt - firstAt) / (BATCHES - 1)
}

async function inStore<T>(cli: CliFixture, work: (store: UsageStore) => Promise<T>): Promise<T> {
  const store = await openStore(cli.databaseUrl)
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

async function assertCompletes(
  cli: CliFixture,
  paths: readonly string[],
  present: readonly number[],
): Promise<void> {
  const done = await cli.json<{ accepted: number; duplicate: number }>([
    ...['import', ...paths, '--feed', 'carrier'],
  ])
  assert.deepEqual(
    done.map(({ duplicate }) => duplicate),
    present,
  )
  assert.deepEqual(
    done.map(({ accepted }) => accepted),
    present.map((records) => RECORDS_PER_FILE - records),
  )
  await inStore(cli, async (store) => {
    await assertSound(store)
    for (const file of paths.keys()) {
      assert.equal(await recordsPresent(store, file), RECORDS_PER_FILE)
    }
  })
}
