/** How far a store is purged, sealed, gathered and under checksum, and which whole months therefore have totals. */
import { INSTANT_MIN, monthNumber, monthStart } from '../domain/time.ts'
import {
  CHECKSUMMED_SIMS,
  CHECKSUMMED_THROUGH,
  type ChecksumLimit,
} from './audit/checksum-limit.ts'
import { type BucketRule, FRESH_FROM, GATHERED_SIMS } from './ledger/buckets.ts'
import type { DayRange } from './questions/day-ranges.ts'
import { all, freshSeconds, type Steps } from './session.ts'

export interface Limits extends ChecksumLimit {
  /** Anything before this was deleted as too old, and is never counted again. */
  readonly purgedThrough: number
  /** Days before this one have per-SIM totals. */
  readonly sealedThrough: number
  /** The first month with per-SIM totals of its own: the first that purging has not cut. */
  readonly firstMonth: number
  /** The month after the last one with totals, which is that of the last sealed day, whole or not. */
  readonly endMonth: number
  /** Which buckets the ledger's rows lie in. */
  readonly buckets: BucketRule
}

/**
 * Whether a SIM's total of the month equals its usage in the sealed days from `firstDay` to before
 * `endDay` that belong to the month. The total of the current month covers its sealed days so far.
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
  WHERE name IN ('purged_through', 'sealed_through', '${FRESH_FROM}', '${GATHERED_SIMS}',
                 '${CHECKSUMMED_THROUGH}', '${CHECKSUMMED_SIMS}')`

/** The lock that sealing and purging wait for keeps these from changing. */
export function* readLimits(): Steps<Limits> {
  const known = new Map((yield* all(SELECT_LIMITS)).map(({ name, value }) => [name, Number(value)]))
  const purgedThrough = known.get('purged_through') ?? Number.MIN_SAFE_INTEGER
  const sealedThrough = known.get('sealed_through') ?? Number.MIN_SAFE_INTEGER
  return {
    purgedThrough,
    sealedThrough,
    firstMonth: firstMonthFrom(purgedThrough),
    checksummedThrough: known.get(CHECKSUMMED_THROUGH) ?? Number.MIN_SAFE_INTEGER,
    checksummedSims: known.get(CHECKSUMMED_SIMS) ?? 0,
    endMonth: sealedThrough < INSTANT_MIN ? 0 : monthNumber(sealedThrough - 1) + 1,
    buckets: {
      freshSeconds: yield* freshSeconds(),
      freshFrom: known.get(FRESH_FROM) ?? Number.MIN_SAFE_INTEGER,
      gatheredSims: known.get(GATHERED_SIMS) ?? 0,
    },
  }
}

/** As `monthNumber`, but also for the earliest instant, which stands for never. */
export function monthOf(atSeconds: number): number {
  return atSeconds < INSTANT_MIN ? 0 : monthNumber(atSeconds)
}

/** The first month that begins at or after the instant. */
export function firstMonthFrom(atSeconds: number): number {
  const month = monthOf(atSeconds)
  return month > 0 && monthStart(month) < atSeconds ? month + 1 : month
}
