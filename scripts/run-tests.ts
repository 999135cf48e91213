/**
 * Runs the tests: `node scripts/run-tests.ts test [pattern…]` for the quick ones (`*.test.ts`),
 * `test-long` for the long ones (`*.long.ts`). A pattern keeps the files whose path contains it.
 * Those in `test/citus` run only where `SIMTALLY_TEST_CITUS_URL` names a database with Citus, and those in
 * `test/console/browser` where there is a Chromium; the console is built for them.
 */
import { execFileSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { pipeline } from 'node:stream/promises'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { fileURLToPath } from 'node:url'
import { chromiumPath } from '../test/support/chromium.ts'
import { startPostgresServer } from '../test/support/postgres-server.ts'

/** What measures the whole machine runs when all else has ended, a file at a time. */
const ALONE = ['test/overload/']

/** What needs a browser. */
const IN_BROWSER = 'test/console/browser/'

/** A run that takes longer hangs, and is ended. */
const MODES = new Map([
  ['test', { glob: 'test/**/*.test.ts', minutesMax: 30 }],
  ['test-long', { glob: 'test/**/*.long.ts', minutesMax: 180 }],
])

// Every test passes in every time zone; one with quarter hours shows a local time that slipped in.
process.env.TZ ??= 'Asia/Kathmandu'

// A folder may have spaces in its name.
const root = fileURLToPath(new URL('..', import.meta.url))
// Each file is a process, and most of them need the same modules.
process.env.NODE_COMPILE_CACHE ??= `${root}node_modules/.cache/simtally-tests`
const [mode = '', ...patterns] = process.argv.slice(2)
const chosen = MODES.get(mode)
if (chosen === undefined) {
  fail(`mode ${JSON.stringify(mode)} is not known; use one of: ${[...MODES.keys()].join(', ')}`)
} else {
  const found = globSync(chosen.glob, { cwd: root })
    // Citus comes in no package: its tests run where a cluster is named.
    .filter((file) => process.env.SIMTALLY_TEST_CITUS_URL || !file.startsWith('test/citus/'))
    .filter((file) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern)))
    .sort()
  const hasBrowser = chromiumPath() !== null
  const files = found.filter((file) => hasBrowser || !file.startsWith(IN_BROWSER))
  if (files.length < found.length) {
    process.stderr.write(
      `no Chromium was found, so ${found.length - files.length} files of ${IN_BROWSER} are left out: apt-get install chromium\n`,
    )
  }
  if (found.length === 0) {
    fail(`no file of ${chosen.glob} has ${patterns.join(' or ') || 'a test'} in its path`)
  } else {
    const alone = files.filter((file) => ALONE.some((folder) => file.startsWith(folder)))
    const together = files.filter((file) => !alone.includes(file))
    if (files.some((file) => file.startsWith(IN_BROWSER))) {
      execFileSync(process.execPath, [`${root}scripts/prepare.js`], { stdio: 'inherit' })
    }
    await withPostgres(async () => {
      await runFiles(together, { ...chosen, concurrency: Math.min(availableParallelism(), 4) })
      await runFiles(alone, { ...chosen, concurrency: 1 })
    })
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

interface RunOptions {
  readonly minutesMax: number
  /** Files at a time. */
  readonly concurrency: number
}

async function runFiles(
  files: readonly string[],
  { minutesMax, concurrency }: RunOptions,
): Promise<void> {
  if (files.length === 0) return
  const empty: string[] = []
  const unended = new Map<string, number>()
  const count = (test: TestOfFile, by: number) => {
    // Each file is enqueued as a test with the path as its name, and ends as its tests do.
    if (test.nesting > 0 || test.file === undefined || test.file.endsWith(test.name)) return
    unended.set(test.file, (unended.get(test.file) ?? 0) + by)
  }
  const signal = AbortSignal.timeout(minutesMax * 60_000)
  const events = run({ cwd: root, files: [...files], concurrency, signal })
    .on('test:enqueue', (test) => count(test, 1))
    .on('test:fail', (test) => {
      count(test, -1)
      process.exitCode = 1
    })
    .on('test:pass', (test) => {
      count(test, -1)
      // The runner lets a file without tests pass as one test with the name of the file.
      if (test.nesting === 0 && files.includes(test.name)) empty.push(test.name)
    })
  await pipeline(events, new spec(), process.stdout, { end: false })
  if (empty.length > 0) fail(`no test ran in ${empty.join(', ')}`)
  // A process that runs out of things to wait for ends well, and what it had still to do is lost.
  const cutShort = [...unended].filter(([, left]) => left > 0).map(([file]) => file)
  if (cutShort.length > 0) fail(`ended in the middle of its tests: ${cutShort.join(', ')}`)
}

interface TestOfFile {
  readonly name: string
  readonly nesting: number
  readonly file?: string
}

function fail(message: string): void {
  process.stderr.write(`${message}\n`)
  process.exitCode = 1
}
