/**
 * Runs test files that leave the engine open on another one than the default: each registers its
 * tests in the importing file, after `SIMTALLY_TEST_ENGINE` was set.
 */
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { stopServerAtEnd } from './postgres-server.ts'
import type { EngineName } from './temp-store.ts'

const TEST = join(import.meta.dirname, '..')

/** `patterns` are globs below `test/`. */
export async function runOn(engine: EngineName, ...patterns: string[]): Promise<void> {
  process.env.SIMTALLY_TEST_ENGINE = engine
  const files = globSync(patterns, { cwd: TEST }).sort()
  if (files.length === 0) throw new Error(`no test file fits ${patterns.join(', ')}`)
  for (const file of files) await import(join(TEST, file))
  // Last, because what the files close at their end still needs the server.
  stopServerAtEnd()
}
