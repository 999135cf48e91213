/** Test files as suites of one process, each with its path as its name. */
import { globSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { suite } from 'node:test'
import './at-end.ts'

const TEST = join(import.meta.dirname, '..')

const load = createRequire(import.meta.url)

/**
 * Runs files one after another; each file's `before` and `after` are those of its suite. They are loaded
 * synchronously, so a module may not have `await` outside functions. What a file registered after a pause
 * would end up in another file's suite.
 */
export function runFiles(files: readonly { readonly name: string; readonly path: string }[]): void {
  for (const { name, path } of files) suite(name, () => void load(path))
}

/** The test files that match globs below `test/`, with their full volume. */
export function runWhole(...patterns: string[]): void {
  process.env.SIMTALLY_TEST_VOLUME = 'whole'
  runFiles(filesOf(patterns))
}

/** In the order of their paths; fails if a pattern matches none. */
export function filesOf(patterns: readonly string[]): { name: string; path: string }[] {
  const files = patterns.flatMap((pattern) => {
    const found = globSync(pattern, { cwd: TEST })
    if (found.length === 0) throw new Error(`no test file fits ${pattern}`)
    return found
  })
  return files.sort().map((file) => ({ name: `test/${file}`, path: join(TEST, file) }))
}
