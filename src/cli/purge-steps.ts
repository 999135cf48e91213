/** Purges in transactions so small that imports get their turn in between. */
import { setImmediate } from 'node:timers/promises'
import type { PurgeOutcome, UsageStore } from '../storage/usage-store.ts'

/** Rows that one transaction deletes. Imports wait no longer than that takes. */
const PURGE_ROWS_MAX = 10_000

export type Gone = Omit<PurgeOutcome, 'done'>

/** Purges step by step until everything older than `before` is gone, and sums up the steps. */
export async function purgeInSteps(
  store: UsageStore,
  { before, dryRun }: { readonly before: number; readonly dryRun: boolean },
  isStopped: () => boolean = () => false,
): Promise<Gone> {
  let ledgerRows = 0
  let rollupCells = 0
  let quarantineEntries = 0
  while (!isStopped()) {
    const step = await store.purge({ before, rowsMax: PURGE_ROWS_MAX, dryRun })
    ledgerRows += step.ledgerRows
    rollupCells += step.rollupCells
    quarantineEntries += step.quarantineEntries
    if (step.done || dryRun) break
    await setImmediate()
  }
  return { ledgerRows, rollupCells, quarantineEntries }
}
