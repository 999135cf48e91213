/**
 * Which rows come under checksum next: the sealed days one after another, and a large one SIM by SIM, some
 * rows per transaction, so that no delivery waits for it. The limit is in the settings and moves in the
 * transaction that writes the checksums.
 */
import { DAY_SECONDS } from '../../domain/time.ts'
import {
  CHECKSUMMED_SIMS,
  CHECKSUMMED_THROUGH,
  type ChecksumLimit,
} from '../audit/checksum-limit.ts'
import { LEDGER_TABLES } from '../audit/checksums.ts'
import { UPSERT_SETTING } from '../directory/sql.ts'
import type { Limits } from '../limits.ts'
import { get, run, type Steps } from '../session.ts'
import { nextDay } from './upkeep.ts'

/**
 * About how many rows of the ledger, and of its history, one transaction puts under checksum. The rows of
 * one SIM and day always come together.
 */
export const CHECKSUM_ROWS_MAX = 10_000

/** Rows that come under checksum together. */
export interface ChecksumPiece {
  readonly bucket: number
  /** Those of the SIMs after this one. */
  readonly after: number
  /** The last SIM. */
  readonly last: number
  /** Where the limit is then. */
  readonly limit: ChecksumLimit
}

/** The rows of the piece; parameters: its bucket, and the SIMs `after` and `last`. */
export const OF_PIECE = 'bucket = ?1 AND sim_id > ?2 AND sim_id <= ?3'

/**
 * Null once every sealed day is under checksum. Rows that retention has given up but not yet deleted are
 * included, because everything before the limit has to be.
 */
export function* nextPiece(
  { checksummedThrough, checksummedSims, sealedThrough }: Limits,
  rowsMax: number,
): Steps<ChecksumPiece | null> {
  const bucket = yield* firstDay(checksummedThrough, sealedThrough)
  if (bucket === null) return null
  const after = bucket === checksummedThrough ? checksummedSims : 0
  const last = yield* lastSimOf(bucket, after, rowsMax)
  return last === null
    ? { bucket, after, last: Number.MAX_SAFE_INTEGER, limit: startOf(bucket + DAY_SECONDS) }
    : { bucket, after, last, limit: { checksummedThrough: bucket, checksummedSims: last } }
}

function startOf(day: number): ChecksumLimit {
  return { checksummedThrough: day, checksummedSims: 0 }
}

/** The first day in [from, end) with rows; null if there is none. */
function* firstDay(from: number, end: number): Steps<number | null> {
  let first: number | null = null
  for (const table of LEDGER_TABLES) {
    const day: number | null = yield* nextDay(from, first ?? end, table)
    if (day !== null) first = day
  }
  return first
}

/** The last SIM of about this many rows after a SIM, in whichever table is longer; null if all are fewer. */
function* lastSimOf(bucket: number, after: number, rowsMax: number): Steps<number | null> {
  let last: number | null = null
  for (const table of LEDGER_TABLES) {
    const text = `
      SELECT sim_id FROM ${table} WHERE bucket = ?1 AND sim_id > ?2
      ORDER BY sim_id LIMIT 1 OFFSET ?3`
    const sim = (yield* get(text, [bucket, after, rowsMax]))?.sim_id as number | undefined
    if (sim !== undefined) last = Math.min(sim, last ?? sim)
  }
  return last
}

/** Called with the limit of a piece, once its checksums are written. */
export function* moveChecksumLimit({
  checksummedThrough,
  checksummedSims,
}: ChecksumLimit): Steps<void> {
  yield* run(UPSERT_SETTING, [CHECKSUMMED_THROUGH, checksummedThrough])
  yield* run(UPSERT_SETTING, [CHECKSUMMED_SIMS, checksummedSims])
}
