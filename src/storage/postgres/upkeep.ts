/** Checksums of sealed days, and old months, which are dropped whole. */
import { monthStart } from '../../domain/time.ts'
import { moveChecksumLimit, nextPiece } from '../ledger/checksumming.ts'
import { monthOf, readLimits } from '../limits.ts'
import * as checksums from './checksums.ts'
import { listPartitions } from './partitions.ts'
import type { PostgresSession } from './session.ts'

/** Runs inside a write transaction that excludes batches; not on Citus, which has no checksums. */
export async function checksumNextDay(session: PostgresSession, rowsMax: number): Promise<boolean> {
  const limits = await session.take(readLimits())
  const { checksummedThrough, purgedThrough } = limits
  const piece = await session.take(nextPiece(limits, rowsMax))
  if (piece !== null) await checksums.addPiece(session, piece)
  await checksums.fold(session, purgedThrough)
  if (piece === null) return false
  await session.take(moveChecksumLimit(piece.limit))
  // One that is being created would be missed, and go by the limit from before.
  await session.lock('partitions')
  for (const partition of await listPartitions(session)) {
    // In earlier months, all rows are watched already.
    if (partition.month >= monthOf(checksummedThrough)) {
      await checksums.watchPartition(session, partition, piece.limit)
    }
  }
  return true
}

/** A drop that has to wait longer than this is tried again later, in milliseconds. */
const DROP_WAIT_MS = 2_000

/** Partitions of months that ended before the instant, with the number of their rows. */
export type OldMonths = ReadonlyMap<string, number>

/**
 * Counting takes as long as reading their keys. After `endRetention`, no batch adds to them, so none has
 * to wait for the count.
 */
export async function countOldMonths(session: PostgresSession, before: number): Promise<OldMonths> {
  const months = new Map<string, number>()
  for (const { name, month } of await listPartitions(session)) {
    if (monthStart(month + 1) > before) continue
    const { rows } = await session.client.query<{ rows: string }>(
      `SELECT COUNT(*) AS rows FROM ${name}`,
    )
    months.set(name, Number(rows[0]!.rows))
  }
  return months
}

/**
 * Drops months, which costs the same whatever they hold. Runs inside a write transaction that excludes
 * batches. Returns how many rows they had.
 */
export async function dropMonths(session: PostgresSession, months: OldMonths): Promise<number> {
  let dropped = 0
  // Another process may have dropped some, and has counted them.
  for (const { name, month } of await listPartitions(session)) {
    const rows = months.get(name)
    if (rows === undefined) continue
    // If a drop waits for a long read of the ledger, everybody waits behind it.
    await session.client.query(`SET LOCAL lock_timeout = ${DROP_WAIT_MS}`)
    await session.client.query(`DROP TABLE ${name}`)
    await checksums.forgetDays(session, month)
    dropped += rows
  }
  return dropped
}
