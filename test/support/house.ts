/** Helpers for the tests of the rules of the house. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The root folder of the repository. */
export const ROOT = join(import.meta.dirname, '..', '..')

/** The text of one of the repository's files. */
export function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8')
}

/** Fails with all faults, one per line. */
export function assertNone(faults: readonly string[]): void {
  assert.equal(faults.length, 0, faults.join('\n'))
}
