/**
 * Gathers the rows of fresh days, which lie together in time, into their days' buckets, where each SIM's
 * rows lie together. This happens before a day is sealed, SIM by SIM and some rows per transaction, so
 * that a large day keeps no delivery waiting. Progress is kept in the settings and changes along with the
 * rows.
 */
import { DAY_SECONDS } from '../../domain/time.ts'
import { LEDGER_TABLES } from '../audit/checksums.ts'
import { UPSERT_SETTING } from '../directory/sql.ts'
import { readLimits } from '../limits.ts'
import { get, run, type Steps } from '../session.ts'
import { columnsNamed } from '../tables.ts'
import {
  type BucketRule,
  bucketsOfDay,
  dayOf,
  FRESH_FROM,
  GATHERED_SIMS,
  mergedText,
} from './buckets.ts'
import { nextDayToSeal, sealNextDay } from './upkeep.ts'

/** About how many rows one transaction moves. The rows of one SIM and day always move together. */
export const GATHER_ROWS_MAX = 20_000

/** Above every SIM's id. */
const EVERY_SIM = Number.MAX_SAFE_INTEGER

/**
 * One transaction on the way to the next sealed day, which excludes batches: gathers the day, or part of
 * it, and seals it once it is gathered. False if nothing is left to do.
 */
export function* gatherOrSeal(before: number, rowsMax = GATHER_ROWS_MAX): Steps<boolean> {
  const day = yield* nextDayToSeal(before)
  if (day === null) return !(yield* gatherBefore(yield* lastBorder(before), rowsMax))
  const isGathered = yield* gatherBefore(day + DAY_SECONDS, rowsMax)
  return isGathered ? yield* sealNextDay(before) : true
}

/**
 * Days without usage stop being fresh too, so that reads need not look for them in many buckets. Days
 * after the newest usage stay fresh, whatever a clock says.
 */
function* lastBorder(before: number): Steps<number> {
  const { newest } = (yield* get('SELECT MAX(bucket) AS newest FROM ledger'))!
  const end = newest === null ? Number.NEGATIVE_INFINITY : dayOf(newest as number) + DAY_SECONDS
  return Math.min(dayOf(before), end)
}

/**
 * Gathers about this many rows of what lies before `end`, the start of a day, inside a write transaction.
 * True once everything is gathered. Rows that retention has given up but not yet deleted are gathered as
 * well.
 */
export function* gatherBefore(end: number, rowsMax = GATHER_ROWS_MAX): Steps<boolean> {
  let rule = (yield* readLimits()).buckets
  let left = rowsMax
  while (rule.freshFrom < end) {
    if (left <= 0) return false
    const day = yield* firstFreshDay(rule, end)
    if (day === null) {
      yield* writeRule({ freshFrom: end, gatheredSims: 0 })
      return true
    }
    const after = day === rule.freshFrom ? rule.gatheredSims : 0
    const last = yield* lastSimOf({ ...rule, freshFrom: day }, after, left)
    left -= yield* moveRows({ ...rule, freshFrom: day }, after, last ?? EVERY_SIM)
    rule =
      last === null
        ? { ...rule, freshFrom: day + DAY_SECONDS, gatheredSims: 0 }
        : { ...rule, freshFrom: day, gatheredSims: last }
    yield* writeRule(rule)
    if (last !== null) return false
  }
  return true
}

function* writeRule({
  freshFrom,
  gatheredSims,
}: Pick<BucketRule, 'freshFrom' | 'gatheredSims'>): Steps<void> {
  yield* run(UPSERT_SETTING, [FRESH_FROM, freshFrom])
  yield* run(UPSERT_SETTING, [GATHERED_SIMS, gatheredSims])
}

/** The first day with rows at or after the border; null if there is none before `end`. */
function* firstFreshDay({ freshFrom }: BucketRule, end: number): Steps<number | null> {
  let first = Number.POSITIVE_INFINITY
  for (const table of LEDGER_TABLES) {
    const text = `SELECT MIN(bucket) AS first FROM ${table} WHERE bucket >= ? AND bucket < ?`
    const found = (yield* get(text, [freshFrom, end]))!.first as number | null
    if (found !== null) first = Math.min(first, dayOf(found))
  }
  return Number.isFinite(first) ? first : null
}

/**
 * The last SIM of about this many rows of the day `freshFrom`, beginning after a SIM; null if fewer rows
 * are left. Its buckets are read in the order of SIMs, and no further than needed.
 */
function* lastSimOf(rule: BucketRule, after: number, rows: number): Steps<number | null> {
  const buckets = bucketsOfDay(rule.freshFrom, rule)
  const ofOne = (bucket: string) =>
    `SELECT sim_id FROM ledger WHERE bucket = ${bucket} AND sim_id > ?1`
  const text = `${mergedText(buckets, 3, ofOne)} ORDER BY sim_id LIMIT 1 OFFSET ?2`
  return ((yield* get(text, [after, rows, ...buckets]))?.sim_id as number | undefined) ?? null
}

/** Parameters: the day, one of its buckets, the SIM after which the rows begin, and the last one. */
const MOVES = LEDGER_TABLES.map((table) => {
  const columns = columnsNamed(table).filter((name) => name !== 'bucket')
  const names = columns.join(', ')
  const where = 'WHERE bucket = ?2 AND sim_id > ?3 AND sim_id <= ?4'
  return {
    // Changing a key deletes one row and adds another. For many rows, doing that directly is quicker.
    copy: `INSERT INTO ${table} (bucket, ${names}) SELECT ?1, ${names} FROM ${table} ${where}`,
    clear: `DELETE FROM ${table} WHERE bucket = ? AND sim_id > ? AND sim_id <= ?`,
  }
})

/** Moves the rows of SIMs after one and up to another, and returns how many ledger rows there were. */
function* moveRows(rule: BucketRule, after: number, last: number): Steps<number> {
  // The first bucket is the day's own: rows of its first hours lie in it from the beginning.
  const [day, ...others] = bucketsOfDay(rule.freshFrom, rule)
  let moved = 0
  for (const { copy, clear } of MOVES) {
    for (const bucket of others) {
      const copied = yield* run(copy, [day!, bucket, after, last])
      if (copied > 0) yield* run(clear, [bucket, after, last])
      moved += copied
    }
  }
  return moved
}
