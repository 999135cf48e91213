/** What the tests of the rules of the house share. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The folder of the repository. */
export const ROOT = join(import.meta.dirname, '..', '..')

/** The text of a file of the repository. */
export function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8')
}

/** Fails with all the faults, one on each line. */
export function assertNone(faults: readonly string[]): void {
  assert.equal(faults.length, 0, faults.join('\n'))
}
