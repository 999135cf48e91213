/**
 * How much is tried at random, or in every order. `npm test` takes a fair share, and the long tests take
 * all of it, like files that call `runWhole` (`file-suites.ts`).
 */
export function share(quick: number, whole: number): number {
  return isWhole() ? whole : quick
}

export function isWhole(): boolean {
  return process.env.SIMTALLY_TEST_VOLUME === 'whole'
}
