/** The part of a period in which the ledger may have rows. */
import { DAY_SECONDS } from '../../domain/time.ts'
import { get, type Steps } from '../session.ts'
import { type BucketRule, bucketsOf, dayOf } from './buckets.ts'

/** Retention keeps 18 months, at most 550 days. */
const DAYS_ASKED_USUALLY = 600

/** Each is found in the ledger's key; a single SELECT of both would make SQLite scan it. */
const SELECT_LEDGER_BOUNDS = `
  SELECT (SELECT MIN(bucket) FROM ledger) AS first, (SELECT MAX(bucket) FROM ledger) AS last`

/** UTC seconds; the end is excluded. */
export interface Period {
  readonly start: number
  readonly end: number
}

/** The first and the last day with rows; null if there are none. */
export function* ledgerDays(): Steps<{ readonly first: number; readonly last: number } | null> {
  const { first, last } = (yield* get(SELECT_LEDGER_BOUNDS))!
  return first === null ? null : { first: dayOf(first as number), last: dayOf(last as number) }
}

/** A long period may be all of time, and would list the days of ten thousand years. */
export function isLong({ start, end }: Period): boolean {
  return end - start > DAYS_ASKED_USUALLY * DAY_SECONDS
}

/** The part of the period that lies within the ledger; null if there is none. */
export function* withinLedger({ start, end }: Period): Steps<Period | null> {
  const days = yield* ledgerDays()
  if (days === null) return null
  const part = { start: Math.max(start, days.first), end: Math.min(end, days.last + DAY_SECONDS) }
  return part.start < part.end ? part : null
}

/** As `bucketsOf`, for periods of any length. */
export function* bucketsAsked(period: Period, rule: BucketRule): Steps<number[]> {
  const asked = isLong(period) ? yield* withinLedger(period) : period
  return asked === null ? [] : bucketsOf(asked.start, asked.end, rule)
}
