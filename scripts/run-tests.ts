/**
 * Runs the tests: `node scripts/run-tests.ts test [pattern…]` for the quick ones (`*.test.ts`),
 * `test-long` for the long ones (`*.long.ts`). A pattern keeps the files whose path contains it.
 * Those in `test/citus` run only where `SIMTALLY_TEST_CITUS_URL` names a database with Citus.
 */
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { pipeline } from 'node:stream/promises'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { startPostgresServer } from '../test/support/postgres-server.ts'

/** A run that takes longer hangs, and is ended. */
const MODES = new Map([
  ['test', { glob: 'test/**/*.test.ts', minutesMax: 30 }],
  ['test-long', { glob: 'test/**/*.long.ts', minutesMax: 180 }],
])

// Every test passes in every time zone; one with quarter hours shows a local time that slipped in.
process.env.TZ ??= 'Asia/Kathmandu'

const root = new URL('..', import.meta.url).pathname
// Each file is a process, and most of them need the same modules.
process.env.NODE_COMPILE_CACHE ??= `${root}node_modules/.cache/simtally-tests`
const [mode = '', ...patterns] = process.argv.slice(2)
const chosen = MODES.get(mode)
if (chosen === undefined) {
  fail(`mode ${JSON.stringify(mode)} is not known; use one of: ${[...MODES.keys()].join(', ')}`)
} else {
  const files = globSync(chosen.glob, { cwd: root })
    // Citus comes in no package: its tests run where a cluster is named.
    .filter((file) => process.env.SIMTALLY_TEST_CITUS_URL || !file.startsWith('test/citus/'))
    .filter((file) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern)))
    .sort()
  if (files.length === 0) {
    fail(`no file of ${chosen.glob} has ${patterns.join(' or ') || 'a test'} in its path`)
  } else {
    await withPostgres(() => runFiles(files, chosen.minutesMax))
  }
}

/** One server for all files; a file that runs by itself starts one of its own. */
async function withPostgres(work: () => Promise<void>): Promise<void> {
  if (process.env.SIMTALLY_TEST_POSTGRES_URL) return work()
  const server = await startPostgresServer()
  process.env.SIMTALLY_TEST_POSTGRES_URL = server.url
  try {
    await work()
  } finally {
    await server.stop()
  }
}

async function runFiles(files: readonly string[], minutesMax: number): Promise<void> {
  const empty: string[] = []
  const concurrency = Math.min(availableParallelism(), 4)
  const signal = AbortSignal.timeout(minutesMax * 60_000)
  const events = run({ cwd: root, files: [...files], concurrency, signal })
    .on('test:fail', () => {
      process.exitCode = 1
    })
    .on('test:pass', ({ name, nesting }) => {
      // The runner lets a file without tests pass as one test with the name of the file.
      if (nesting === 0 && files.includes(name)) empty.push(name)
    })
  await pipeline(events, new spec(), process.stdout, { end: false })
  if (empty.length > 0) fail(`no test ran in ${empty.join(', ')}`)
}

function fail(message: string): void {
  process.stderr.write(`${message}\n`)
  process.exitCode = 1
}
