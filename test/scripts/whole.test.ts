/** Whatever `npm test` runs only in part, the long tests run in full. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { filesOf } from '../support/file-suites.ts'

const TEST = join(import.meta.dirname, '..')
const VOLUME = join(TEST, 'support/volume.ts')

const textOf = (path: string) => readFileSync(path, 'utf8')

const importsOf = (path: string) =>
  [...textOf(path).matchAll(/ from '(\.[^']+\.ts)'$/gm)].map(([, to]) => join(dirname(path), to!))

const found = new Map<string, boolean>()

/** True if the file, or one that it imports, asks how much to try. */
function takesShare(path: string): boolean {
  if (path === VOLUME) return true
  const known = found.get(path)
  if (known !== undefined) return known
  found.set(path, false)
  const takes = path.startsWith(TEST) && importsOf(path).some(takesShare)
  found.set(path, takes)
  return takes
}

/** The globs that a long test runs in full. */
function patternsOf(path: string): string[] {
  const text = textOf(path)
  return [...text.matchAll(/\brunWhole\(([^)]*)\)/g)].flatMap(([, given]) =>
    [...given!.matchAll(/'([^']+)'/g)].map(([, pattern]) => pattern!),
  )
}

describe('a file that npm test runs in part', () => {
  it('is run in full by a long test', () => {
    const patterns = globSync('**/*.long.ts', { cwd: TEST }).flatMap((file) =>
      patternsOf(join(TEST, file)),
    )
    const whole = new Set(filesOf(patterns).map(({ path }) => path))
    const shared = globSync('**/*.test.ts', { cwd: TEST })
      .map((file) => join(TEST, file))
      .filter(takesShare)
    assert.ok(shared.length > 20, `only ${shared.length} files take a share`)
    assert.deepEqual(
      shared.filter((path) => !whole.has(path)).map((path) => path.slice(TEST.length + 1)),
      [],
    )
  })
})
