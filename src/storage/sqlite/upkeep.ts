/** Checksums of sealed days, and purging with one transaction per step. */
import { moveChecksumLimit, nextPiece } from '../ledger/checksumming.ts'
import { countOld, deleteOld, endRetention } from '../ledger/upkeep.ts'
import { readLimits } from '../limits.ts'
import type { PurgeOutcome } from '../usage-store.ts'
import type { Connection } from './connection.ts'

/** Runs inside a write transaction. */
export function checksumNextDay(connection: Connection, rowsMax: number): boolean {
  const piece = connection.take(nextPiece(connection.take(readLimits()), rowsMax))
  if (piece === null) return false
  connection.checksums.addPiece(piece)
  connection.take(moveChecksumLimit(piece.limit))
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
