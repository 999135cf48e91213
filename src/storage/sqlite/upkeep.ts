/** Checksums of sealed days, and purging with one transaction per step. */
import { countOld, deleteOld, endRetention, nextDayToChecksum } from '../ledger/upkeep.ts'
import { readLimits } from '../limits.ts'
import type { PurgeOutcome } from '../usage-store.ts'
import type { Connection } from './connection.ts'

/** Runs inside a write transaction. */
export function checksumNextDay(connection: Connection): boolean {
  const { checksums } = connection
  const limits = connection.take(readLimits())
  const next = connection.take(nextDayToChecksum(checksums.ledgerLimit(), limits))
  if (next === null) return false
  checksums.addDay(next)
  return true
}

/** Runs inside a write transaction, once for each step. */
export function purge(
  connection: Connection,
  given: { before: number; rowsMax: number; dryRun: boolean },
): PurgeOutcome {
  if (given.dryRun) return connection.take(countOld(given.before))
  const rollupCells = connection.take(endRetention(given.before))
  return { ...connection.take(deleteOld(given)), rollupCells }
}
