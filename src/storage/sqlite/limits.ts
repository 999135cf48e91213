/** How far a store is purged and sealed, and which whole months have totals by that. */
import { INSTANT_MIN, monthNumber, monthStart } from '../../domain/time.ts'
import type { Connection } from './connection.ts'
import { readSetting } from './directory-reads.ts'

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

export function readLimits(connection: Connection): Limits {
  const limit = (name: string) => Number(readSetting(connection, name) ?? Number.MIN_SAFE_INTEGER)
  const purgedThrough = limit('purged_through')
  const sealedThrough = limit('sealed_through')
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
