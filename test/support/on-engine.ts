/**
 * Runs test files that leave the engine open on another one than the default. Each registers its tests in
 * the importing file, after `SIMTALLY_TEST_ENGINE` was set.
 */
import { filesOf, runFiles } from './file-suites.ts'
import { stopServerAtEnd } from './postgres-server.ts'
import type { EngineName } from './temp-store.ts'

/** `patterns` are globs below `test/`. */
export function runOn(engine: EngineName, ...patterns: string[]): void {
  process.env.SIMTALLY_TEST_ENGINE = engine
  runFiles(filesOf(patterns))
  // Last, because what the files close at their end still needs the server.
  stopServerAtEnd()
}
