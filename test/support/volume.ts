/**
 * How much is tried. `npm test` takes a fair share; the long tests take everything, by running the same files
 * through `runWhole` (`file-suites.ts`). `test/scripts/whole.test.ts` fails where a file is never run in full.
 */
import { it, type TestFn } from 'node:test'

/** How many of what is tried at random, or in every order. */
export function share(quick: number, whole: number): number {
  return isWhole() ? whole : quick
}

export function isWhole(): boolean {
  return process.env.SIMTALLY_TEST_VOLUME === 'whole'
}

/** A test that only the long tests run, in a file that `npm test` runs as well. */
export function itLong(name: string, work: TestFn): void {
  if (isWhole()) it(name, work)
}
