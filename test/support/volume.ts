/**
 * How much is tried. `npm test` takes a fair share; the long tests take everything, by running the same
 * files through `runWhole` (`file-suites.ts`). `test/scripts/whole.test.ts` fails if a file is never run
 * in full.
 */
import { it, type TestFn } from 'node:test'

/** How many of the random trials, or of all orders, to take. */
export function share(quick: number, whole: number): number {
  return isWhole() ? whole : quick
}

export function isWhole(): boolean {
  return process.env.SIMTALLY_TEST_VOLUME === 'whole'
}

/** A test that only the long tests run, in a file that `npm test` runs too. */
export function itLong(name: string, work: TestFn): void {
  if (isWhole()) it(name, work)
}
