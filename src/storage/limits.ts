/** How far a store is purged and sealed, and which whole months have totals by that. */
import { INSTANT_MIN, monthNumber, monthStart } from '../domain/time.ts'
import { all, type Steps } from './session.ts'

export interface Limits {
  /** What was before has been deleted as too old, and is never counted again. */
  readonly purgedThrough: number
  /** Days before this one have per-SIM totals. */
  readonly sealedThrough: number
  /** The first month that has per-SIM totals of its own: the first that is not cut by purging. */
  readonly firstMonth: number
  /** The month after the last one that has: the one that is being sealed. */
  readonly endMonth: number
}

const SELECT_LIMITS =
  "SELECT name, value FROM setting WHERE name IN ('purged_through', 'sealed_through')"

/** The lock that sealing and purging wait for keeps them as they are. */
export function* readLimits(): Steps<Limits> {
  const known = new Map((yield* all(SELECT_LIMITS)).map(({ name, value }) => [name, Number(value)]))
  const purgedThrough = known.get('purged_through') ?? Number.MIN_SAFE_INTEGER
  const sealedThrough = known.get('sealed_through') ?? Number.MIN_SAFE_INTEGER
  return {
    purgedThrough,
    sealedThrough,
    firstMonth: firstMonthFrom(purgedThrough),
    endMonth: monthOf(sealedThrough),
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
