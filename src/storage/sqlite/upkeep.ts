/** Checksums of sealed days, and purging with one transaction per step. */
import { DAY_SECONDS, floorTo, INSTANT_MIN } from '../../domain/time.ts'
import { countOld, deleteOld, endRetention, nextDay } from '../ledger/upkeep.ts'
import { readLimits } from '../limits.ts'
import type { PurgeOutcome } from '../usage-store.ts'
import type { Connection } from './connection.ts'

/** Runs inside a write transaction. */
export function checksumNextDay(connection: Connection): boolean {
  const { purgedThrough, sealedThrough } = connection.take(readLimits())
  const { checksums } = connection
  const limit = checksums.ledgerLimit() ?? INSTANT_MIN
  // Includes the day that retention has cut.
  const from = Math.max(limit, floorTo(purgedThrough, DAY_SECONDS))
  const next = connection.take(nextDay(from, sealedThrough))
  if (next === null) return false
  checksums.takeDay(next)
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
