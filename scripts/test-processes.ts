/**
 * Groups test files into processes, and writes what runs them there. A process takes about a second to load
 * the program, which is longer than most files run.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Files that one process runs one after another. */
export interface TestProcess {
  readonly name: string
  readonly files: readonly string[]
}

/**
 * Files with a process of their own. They observe what others would leave behind (memory, threads, loaded
 * modules), or run another folder's files on another engine.
 */
const OWN_PROCESS = [
  'test/console/browser/',
  'test/ingest/gzip.test.ts',
  'test/ingest/lines.test.ts',
  'test/ingest/mapped/json-elements.test.ts',
  'test/ingest/mapped/xml-source.test.ts',
  'test/storage/postgres/exactness.test.ts',
  'test/storage/postgres/http.test.ts',
  'test/storage/sqlite/idle-threads.test.ts',
  'test/storage/sqlite/work-counts.test.ts',
  'test/storage/citus/',
]

/**
 * Roughly how long the slow files run. This decides which start first, so that no long one is left at the
 * end.
 */
const SECONDS: Readonly<Record<string, number>> = {
  'test/bad-input/serving-faults.test.ts': 3,
  'test/cli/migrate.test.ts': 3,
  'test/cli/process.test.ts': 3,
  'test/cli/workers.test.ts': 4,
  'test/cli/watch-folder.test.ts': 3,
  'test/console/browser/console.test.ts': 9,
  'test/crash/kill-during-import.test.ts': 3,
  'test/docs/command-blocks.test.ts': 3,
  'test/exactness/random-feeds.test.ts': 5,
  'test/http/attacks.test.ts': 3,
  'test/ingest/canonical-fixtures.test.ts': 3,
  'test/storage/postgres/append.test.ts': 2,
  'test/storage/postgres/bad-databases.test.ts': 4,
  'test/storage/postgres/commit-outcome.test.ts': 3,
  'test/storage/postgres/contract.test.ts': 20,
  'test/storage/postgres/exactness.test.ts': 4,
  'test/storage/postgres/http.test.ts': 8,
  'test/storage/postgres/lost-connections.test.ts': 6,
  'test/storage/postgres/many-importers.test.ts': 3,
  'test/storage/postgres/migrate.test.ts': 4,
  'test/storage/postgres/moves.test.ts': 5,
  'test/storage/postgres/plans.test.ts': 2,
  'test/storage/postgres/pooler.test.ts': 3,
  'test/storage/postgres/same-answers.test.ts': 4,
  'test/storage/postgres/surroundings.test.ts': 2,
  'test/storage/sqlite/contract.test.ts': 25,
  'test/storage/sqlite/every-cell.test.ts': 3,
  'test/storage/sqlite/fresh-days.test.ts': 3,
}

/** All other files. */
const OTHER_SECONDS = 0.3

/** Files of one folder share a process up to this many seconds. */
const SHARED_SECONDS_MAX = 15

/** In starting order: the longest first. */
export function testProcesses(files: readonly string[]): TestProcess[] {
  const open = new Map<string, { files: string[]; seconds: number }>()
  const processes: { files: string[]; seconds: number }[] = []
  for (const file of files.toSorted((a, b) => secondsOf(b) - secondsOf(a))) {
    const isOwn = OWN_PROCESS.some((place) => file.startsWith(place))
    const folder = isOwn ? file : folderOf(file)
    const shared = open.get(folder)
    if (shared !== undefined && shared.seconds + secondsOf(file) <= SHARED_SECONDS_MAX) {
      shared.files.push(file)
      shared.seconds += secondsOf(file)
    } else {
      const added = { files: [file], seconds: secondsOf(file) }
      open.set(folder, added)
      processes.push(added)
    }
  }
  return processes
    .toSorted((a, b) => b.seconds - a.seconds)
    .map(({ files: its }, i) => ({ name: `${i + 1}-${nameOf(its[0]!)}`, files: its }))
}

/** One process per file. */
export function oneProcessEach(files: readonly string[]): TestProcess[] {
  return files.map((file, i) => ({ name: `${i + 1}-${nameOf(file)}`, files: [file] }))
}

const secondsOf = (file: string) => SECONDS[file] ?? OTHER_SECONDS

const folderOf = (file: string) => file.split('/').slice(0, 2).join('/')

const nameOf = (file: string) => file.replace(/^test\//, '').replace(/\W+/g, '-')

/** Writes the module that runs the files of a process, and returns its path. */
export function writeEntry(folder: string, root: string, { name, files }: TestProcess): string {
  const suites = pathToFileURL(join(root, 'test/support/file-suites.ts')).href
  const given = files.map((file) => ({ name: file, path: join(root, file) }))
  const path = join(folder, `${name}.mjs`)
  writeFileSync(
    path,
    `import { runFiles } from ${JSON.stringify(suites)}\nrunFiles(${JSON.stringify(given)})\n`,
  )
  return path
}
