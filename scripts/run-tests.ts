/**
 * Runs the tests: `node scripts/run-tests.ts test [pattern…]` runs the quick ones (`*.test.ts`), `test-long`
 * the long ones (`*.long.ts`). A pattern selects the files whose path contains it. Tests in
 * `test/storage/citus` run only if `SIMTALLY_TEST_CITUS_URL` names a database with Citus, and those in
 * `test/console/browser` only if there is a Chromium, for which the console is built. One of the long ones
 * runs on PostgreSQL from Debian's packages, if that is installed.
 */
import { execFileSync } from 'node:child_process'
import { globSync, mkdtempSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { chromiumPath } from '../test/support/chromium.ts'
import { debianPostgres } from '../test/support/debian-postgres.ts'
import { startPostgresServer } from '../test/support/postgres-server.ts'
import { oneProcessEach, type TestProcess, testProcesses, writeEntry } from './test-processes.ts'
import { scratchFolder } from './test-scratch.ts'

/** Tests that measure the whole machine run after all others, one file at a time. */
const ALONE = ['test/overload/']

/** Needs PostgreSQL from Debian's packages. */
const ON_OLDER_POSTGRES = 'test/storage/postgres/older.long.ts'

/** Needs a browser. */
const IN_BROWSER = 'test/console/browser/'

/** Hundreds of databases come and go, all of them small, and tests of crashes have servers of their own. */
const SHARED_SERVER = ['autovacuum=off', 'full_page_writes=off']

/** A run that takes longer hangs, and is stopped. */
const MODES = new Map([
  ['test', { glob: 'test/**/*.test.ts', minutesMax: 30, inMemory: true, divide: testProcesses }],
  [
    'test-long',
    { glob: 'test/**/*.long.ts', minutesMax: 180, inMemory: false, divide: oneProcessEach },
  ],
])

// Every test passes in every time zone. One with quarter hours reveals local times that slipped in.
process.env.TZ ??= 'Asia/Kathmandu'

// The path may contain spaces.
const root = fileURLToPath(new URL('..', import.meta.url))
// There are many processes, and most need the same modules.
process.env.NODE_COMPILE_CACHE ??= `${root}node_modules/.cache/simtally-tests`
const [mode = '', ...patterns] = process.argv.slice(2)
const chosen = MODES.get(mode)
if (chosen === undefined) {
  fail(`mode ${JSON.stringify(mode)} is not known; use one of: ${[...MODES.keys()].join(', ')}`)
} else {
  const found = globSync(chosen.glob, { cwd: root })
    // No package has Citus, so its tests need a cluster that somebody names.
    .filter(
      (file) => process.env.SIMTALLY_TEST_CITUS_URL || !file.startsWith('test/storage/citus/'),
    )
    .filter((file) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern)))
    .sort()
  const hasBrowser = chromiumPath() !== null
  const hasOlder = debianPostgres() !== null
  if (!hasOlder && found.includes(ON_OLDER_POSTGRES)) {
    process.stderr.write(`${ON_OLDER_POSTGRES} is left out: apt-get install postgresql\n`)
  }
  const files = found
    .filter((file) => hasBrowser || !file.startsWith(IN_BROWSER))
    .filter((file) => hasOlder || file !== ON_OLDER_POSTGRES)
  const inBrowser = found.filter((file) => file.startsWith(IN_BROWSER)).length
  if (!hasBrowser && inBrowser > 0) {
    process.stderr.write(
      `no Chromium was found, so ${inBrowser} files of ${IN_BROWSER} are left out: apt-get install chromium\n`,
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
    process.env.TMPDIR = scratchFolder({ inMemory: chosen.inMemory })
    await withPostgres(async () => {
      // One more than there are cores, because many wait for a process or a server of their own.
      const concurrency = Math.min(availableParallelism() + 1, 4)
      await runFiles(together, { ...chosen, concurrency })
      await runFiles(alone, { ...chosen, concurrency: 1 })
    })
  }
}

/** One server for all files. A file that runs by itself starts its own. */
async function withPostgres(work: () => Promise<void>): Promise<void> {
  if (process.env.SIMTALLY_TEST_POSTGRES_URL) return work()
  const server = await startPostgresServer({ settings: SHARED_SERVER })
  process.env.SIMTALLY_TEST_POSTGRES_URL = server.url
  try {
    await makeLogInCheap(server.url)
    await work()
  } finally {
    await server.stop()
  }
}

/** Hashing the password takes nearly half the time of a connection, and there are thousands. */
async function makeLogInCheap(url: string): Promise<void> {
  const { username, password } = new URL(url)
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query('SET scram_iterations = 1')
    await client.query(
      `ALTER ROLE ${pg.escapeIdentifier(username)} PASSWORD ${pg.escapeLiteral(password)}`,
    )
  } finally {
    await client.end()
  }
}

interface RunOptions {
  readonly minutesMax: number
  readonly divide: (files: readonly string[]) => TestProcess[]
  /** Processes at a time. */
  readonly concurrency: number
}

async function runFiles(
  files: readonly string[],
  { minutesMax, divide, concurrency }: RunOptions,
): Promise<void> {
  if (files.length === 0) return
  const folder = mkdtempSync(join(tmpdir(), 'entries-'))
  const entries = divide(files).map((given) => writeEntry(folder, root, given))
  const unended = new Set<string>()
  const empty: string[] = []
  let tests = 0
  const end = ({ name, nesting, details }: EndedTest) => {
    // The results of one process come in sequence, a file's tests before its suite.
    if (nesting === 0) {
      if (unended.delete(name) && tests === 0) empty.push(name)
      tests = 0
    } else if (details.type !== 'suite') tests++
  }
  const signal = AbortSignal.timeout(minutesMax * 60_000)
  const events = run({ cwd: root, files: entries, concurrency, signal })
    .on('test:enqueue', ({ nesting, name }) => {
      if (nesting === 0 && files.includes(name)) unended.add(name)
    })
    .on('test:fail', (test) => {
      end(test)
      process.exitCode = 1
    })
    .on('test:pass', end)
  await pipeline(events, new spec(), process.stdout, { end: false })
  if (empty.length > 0) fail(`no test ran in ${empty.join(', ')}`)
  // A process that has nothing left to wait for exits with success, even if tests are unfinished.
  if (unended.size > 0) fail(`ended in the middle of its tests: ${[...unended].join(', ')}`)
}

interface EndedTest {
  readonly name: string
  readonly nesting: number
  readonly details: { readonly type?: string | undefined }
}

function fail(message: string): void {
  process.stderr.write(`${message}\n`)
  process.exitCode = 1
}
