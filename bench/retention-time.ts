/**
 * Question: how long does retention take to remove two months of twenty? Measured: a dry run and the purge
 * itself, on 20 months of 100 SIMs that reported every hour.
 */
import { purgeInSteps } from '../src/cli/purge-steps.ts'
import { openPostgresStore } from '../src/storage/postgres/postgres-store.ts'
import { appendFleet } from '../test/support/hourly-fleet.ts'

const START = Date.UTC(2025, 0, 1) / 1000
const END = Date.UTC(2026, 8, 1) / 1000
/** Eighteen months before the end: the start of the third month. */
const BEFORE = Date.UTC(2025, 2, 1) / 1000

export interface RetentionTime {
  readonly records: number
  readonly rowsGone: number
  readonly dryRunSeconds: number
  readonly purgeSeconds: number
}

/** On a new store, in the schema that the URL names. */
export async function retentionTime(url: string): Promise<RetentionTime> {
  const store = await openPostgresStore(url, { create: true })
  try {
    const size = { accounts: 4, sims: 25, start: START, end: END }
    const { records } = await appendFleet(store, size)
    const dryRunAt = performance.now()
    const foretold = await purgeInSteps(store, { before: BEFORE, dryRun: true })
    const purgeAt = performance.now()
    const gone = await purgeInSteps(store, { before: BEFORE, dryRun: false })
    const purgeSeconds = (performance.now() - purgeAt) / 1000
    if (JSON.stringify(gone) !== JSON.stringify(foretold)) throw new Error(JSON.stringify(gone))
    const dryRunSeconds = (purgeAt - dryRunAt) / 1000
    return { records, rowsGone: gone.ledgerRows, dryRunSeconds, purgeSeconds }
  } finally {
    await store.close()
  }
}
