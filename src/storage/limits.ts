/** How far a store is purged, sealed and gathered, and which whole months have totals by that. */
import { INSTANT_MIN, monthNumber, monthStart } from '../domain/time.ts'
import { type BucketRule, FRESH_FROM, GATHERED_SIMS } from './ledger/buckets.ts'
import type { DayRange } from './questions/day-ranges.ts'
import { all, freshSeconds, type Steps } from './session.ts'

export interface Limits {
  /** What was before has been deleted as too old, and is never counted again. */
  readonly purgedThrough: number
  /** Days before this one have per-SIM totals. */
  readonly sealedThrough: number
  /** The first month that has per-SIM totals of its own: the first that is not cut by purging. */
  readonly firstMonth: number
  /** The month after the last one that has: that of the last sealed day, whole or not. */
  readonly endMonth: number
  /** In which buckets rows of the ledger lie. */
  readonly buckets: BucketRule
}

/**
 * Whether a SIM's total of the month is what it used in the sealed days from `firstDay` to before `endDay`,
 * as far as they are of the month. The total of a month that goes on is of its sealed days so far.
 */
export function hasMonthTotal(
  month: number,
  { firstDay, endDay }: DayRange,
  { firstMonth, endMonth, sealedThrough }: Limits,
): boolean {
  return (
    month >= firstMonth &&
    month < endMonth &&
    firstDay <= monthStart(month) &&
    Math.min(monthStart(month + 1), sealedThrough) <= endDay
  )
}

const SELECT_LIMITS = `
  SELECT name, value FROM setting
  WHERE name IN ('purged_through', 'sealed_through', '${FRESH_FROM}', '${GATHERED_SIMS}')`

/** The lock that sealing and purging wait for keeps them as they are. */
export function* readLimits(): Steps<Limits> {
  const known = new Map((yield* all(SELECT_LIMITS)).map(({ name, value }) => [name, Number(value)]))
  const purgedThrough = known.get('purged_through') ?? Number.MIN_SAFE_INTEGER
  const sealedThrough = known.get('sealed_through') ?? Number.MIN_SAFE_INTEGER
  return {
    purgedThrough,
    sealedThrough,
    firstMonth: firstMonthFrom(purgedThrough),
    endMonth: sealedThrough < INSTANT_MIN ? 0 : monthNumber(sealedThrough - 1) + 1,
    buckets: {
      freshSeconds: yield* freshSeconds(),
      freshFrom: known.get(FRESH_FROM) ?? Number.MIN_SAFE_INTEGER,
      gatheredSims: known.get(GATHERED_SIMS) ?? 0,
    },
  }
}

/** As `monthNumber`, also for the instant before all others that stands for never. */
export function monthOf(atSeconds: number): number {
  return atSeconds < INSTANT_MIN ? 0 : monthNumber(atSeconds)
}

/** The first month that begins at the instant or after it. */
export function firstMonthFrom(atSeconds: number): number {
  const month = monthOf(atSeconds)
  return month > 0 && monthStart(month) < atSeconds ? month + 1 : month
}
