/** What keeps a store quick and small: totals of sealed days, and the end of retention. */
import { BASE_KEPT_SECONDS } from '../../domain/counter-series.ts'
import { DAY_SECONDS, floorTo, monthNumber } from '../../domain/time.ts'
import { DELETE_OLD_IMPORT_DAYS, DELETE_UNDELIVERED, UPSERT_SETTING } from '../directory/sql.ts'
import { firstMonthFrom, readLimits } from '../limits.ts'
import type { PurgeOutcome } from '../outcomes.ts'
import { get, hasSimMonths, isOverflow, run, type Steps } from '../session.ts'
import { dayOf } from './buckets.ts'
import * as sql from './purge-sql.ts'
import { DELETE_OLD_REPEATS } from './repeats.ts'
import { totalsTooLarge } from './sealing.ts'
import { DELETE_OLD_UNDONE } from './undone-versions.ts'

/** The oldest day that can be sealed; null if there is none. */
export function* nextDayToSeal(before: number): Steps<number | null> {
  const { purgedThrough, sealedThrough } = yield* readLimits()
  const from = Math.max(sealedThrough, floorTo(purgedThrough, DAY_SECONDS))
  const day = yield* nextDay(from, before)
  return day === null || day + DAY_SECONDS > before ? null : day
}

/** Runs inside a write transaction that excludes batches. The day's rows are in the day's own bucket. */
export function* sealNextDay(before: number): Steps<boolean> {
  const { purgedThrough, firstMonth } = yield* readLimits()
  const day = yield* nextDayToSeal(before)
  if (day === null) return false
  yield* run(UPSERT_SETTING, ['sealed_through', day + DAY_SECONDS])
  const month = monthNumber(day)
  try {
    yield* run(sql.SEAL_DAY, [month, day, purgedThrough])
    // A month cut by retention gets no totals of its own.
    if (month >= firstMonth && (yield* hasSimMonths()))
      yield* run(sql.ADD_DAY_TO_MONTH, [month, day])
  } catch (error) {
    throw (yield* isOverflow(error)) ? totalsTooLarge(day, error) : error
  }
  return true
}

/**
 * The first day with rows of the table in [from, end), where `from` is the start of a day; null if there
 * is none.
 */
export function* nextDay(
  from: number,
  end: number,
  table: 'ledger' | 'ledger_history' = 'ledger',
): Steps<number | null> {
  const next = yield* get(sql.nextBucket(table), [from, end])
  return next === undefined ? null : dayOf(next.bucket as number)
}

/** What a purge would delete; changes nothing. */
export function* countOld(before: number): Steps<PurgeOutcome> {
  const day = floorTo(before, DAY_SECONDS)
  return {
    ledgerRows:
      (yield* count(sql.COUNT_OLD_LEDGER, before)) + (yield* count(sql.COUNT_OLD_HISTORY, before)),
    rollupCells:
      (yield* count(sql.COUNT_OLD_HOURS, before)) +
      (yield* count(sql.COUNT_OLD_DAYS, day)) +
      (yield* count(sql.COUNT_OLD_SIM_DAYS, monthNumber(day), day)),
    quarantineEntries: yield* count(sql.COUNT_OLD_DELIVERIES, before),
    done: true,
  }
}

function* count(text: string, ...values: number[]): Steps<number> {
  return Number((yield* get(text, values))!.rows)
}

/**
 * Removes the old usage from every derived table at once and notes the limit. From then on, ledger rows
 * before it count nowhere and can be deleted in as many steps as it takes. Runs inside a write
 * transaction that excludes batches. Returns how many cells were deleted.
 */
export function* endRetention(before: number): Steps<number> {
  const { purgedThrough, sealedThrough } = yield* readLimits()
  if (purgedThrough >= before) return 0
  // The day that contains the limit is cut, not dropped.
  const day = floorTo(before, DAY_SECONDS)
  const month = monthNumber(day)
  yield* run(UPSERT_SETTING, ['purged_through', before])
  yield* run(sql.DELETE_OLD_READINGS, [before, before - BASE_KEPT_SECONDS])
  yield* run(DELETE_OLD_IMPORT_DAYS, [day])
  yield* run(DELETE_OLD_REPEATS, [day])
  yield* run(DELETE_OLD_UNDONE, [before])
  const dropped =
    (yield* run(sql.DELETE_OLD_HOURS, [before])) +
    (yield* run(sql.DELETE_OLD_DAYS, [day])) +
    (yield* run(sql.DELETE_OLD_SIM_DAYS, [month, day]))
  // The totals of a month that is cut are of no more use, and deleting them changes no usage.
  if (yield* hasSimMonths()) yield* run(sql.DELETE_OLD_SIM_MONTHS, [firstMonthFrom(before)])
  if (before > day) {
    yield* run(sql.DELETE_DAY, [day])
    yield* run(sql.REBUILD_DAY, [day, before, day + DAY_SECONDS])
    yield* run(sql.DELETE_SIM_DAY, [month, day])
    if (day < sealedThrough) yield* run(sql.SEAL_DAY, [month, day, before])
  }
  return dropped
}

/**
 * One step of deleting what `endRetention` has given up, in the same kind of transaction.
 * `ledgerRowsBefore` have already been deleted in a quicker way.
 */
export function* deleteOld(
  { before, rowsMax }: { before: number; rowsMax: number },
  ledgerRowsBefore = 0,
): Steps<Omit<PurgeOutcome, 'rollupCells'>> {
  let ledgerRows = ledgerRowsBefore
  for (const table of ['ledger', 'ledger_history'] as const) {
    ledgerRows += yield* deleteOldRows(table, before, rowsMax - ledgerRows)
  }
  const limit = Math.max(0, rowsMax - ledgerRows)
  const quarantineEntries = yield* run(sql.DELETE_DELIVERIES, [before, limit])
  if (quarantineEntries > 0) yield* run(DELETE_UNDELIVERED)
  return { ledgerRows, quarantineEntries, done: ledgerRows + quarantineEntries < rowsMax }
}

/** Deletes about `rowsMax` old rows, bucket by bucket and, within each, by SIM up to the limit. */
function* deleteOldRows(
  table: 'ledger' | 'ledger_history',
  before: number,
  rowsMax: number,
): Steps<number> {
  let deleted = 0
  while (deleted < rowsMax) {
    const oldest = yield* get(sql.oldestBucket(table), [before])
    if (oldest === undefined) break
    const bucket = oldest.bucket as number
    const end = yield* get(sql.stepEnd(table), [bucket, before, rowsMax - deleted])
    const lastSim = (end?.sim_id as number | undefined) ?? Number.MAX_SAFE_INTEGER
    deleted += yield* run(sql.deleteStep(table), [bucket, before, lastSim])
  }
  return deleted
}
