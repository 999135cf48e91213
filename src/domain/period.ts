/**
 * From the bounds that a caller gives to the buckets of an answer. One rule is behind it all: a record's
 * numbers are exactly the usage inside the period it states.
 */
import {
  ceilTo,
  DAY_SECONDS,
  floorTo,
  formatInstant,
  HOUR_SECONDS,
  INSTANT_MAX,
  MINUTE_SECONDS,
  monthsBefore,
} from './time.ts'
import { UsageError } from './usage-error.ts'
import type { Granularity } from './usage-query.ts'

/** Older usage is deleted, and a record that arrives older is `expired`. */
export const RETENTION_MONTHS = 18

/** The first instant still kept. It is a whole hour, because usage is deleted by the hour. */
export function retentionStart(nowSeconds: number): number {
  return monthsBefore(floorTo(nowSeconds, HOUR_SECONDS), RETENTION_MONTHS)
}

export const BUCKET_SECONDS = { hourly: HOUR_SECONDS, daily: DAY_SECONDS } as const

export interface PeriodRequest {
  /** UTC seconds; one month before the end when null. */
  readonly start: number | null
  /** UTC seconds. The end includes its second unless it is a whole minute; now when null. */
  readonly end: number | null
  readonly granularity: Granularity
  /** An account's usage is kept by the hour, so its bounds widen to whole hours. */
  readonly level: 'sim' | 'account'
}

/** The window that an answer covers, fixed once and carried through all pages of a list. */
export interface UsageWindow {
  readonly granularity: Granularity
  /** The period that a record for `all` states. */
  readonly statedStart: number
  readonly statedEnd: number
  /** Half-open; whole buckets unless `all`. */
  readonly start: number
  readonly end: number
  /** Usage before this instant is not counted, whether or not it is deleted yet. */
  readonly keptFrom: number
  /** True if the caller asked for time beyond retention. */
  readonly beyondRetention: boolean
}

/** Throws `invalid`, naming `Start`, if it lies after the end. */
export function resolveWindow(request: PeriodRequest, nowSeconds: number): UsageWindow {
  const end = request.end ?? nowSeconds
  const start = request.start ?? monthsBefore(end, 1)
  if (start > end) {
    const endText = formatInstant(end) + (request.end === null ? ' (now, the default)' : '')
    throw new UsageError('invalid', `Start ${formatInstant(start)} is after End ${endText}`, {
      field: 'Start',
      value: formatInstant(start),
      hint: 'give a Start that is not after End',
    })
  }
  // A bound on a whole minute belongs to the later period, because zones differ by quarter hours.
  const endExclusive = end % MINUTE_SECONDS === 0 ? end : end + 1
  const keptFrom = retentionStart(nowSeconds)
  const common = { granularity: request.granularity, keptFrom, beyondRetention: start < keptFrom }
  if (request.granularity === 'all') {
    const whole = request.level === 'account'
    const from = whole ? floorTo(start, HOUR_SECONDS) : start
    const to = whole ? ceilTo(endExclusive, HOUR_SECONDS) : endExclusive
    // ISO text has no hour after the year 9999.
    const statedEnd = whole ? Math.min(to, INSTANT_MAX) : end
    return { ...common, statedStart: from, statedEnd, start: from, end: to }
  }
  const bucket = BUCKET_SECONDS[request.granularity]
  const from = Math.max(floorTo(start, bucket), floorTo(keptFrom, bucket))
  const latest = floorTo(nowSeconds, bucket) + bucket
  const to = Math.max(from, Math.min(ceilTo(endExclusive, bucket), latest))
  return { ...common, statedStart: from, statedEnd: to, start: from, end: to }
}

export interface Bucket {
  readonly start: number
  readonly end: number
}

/**
 * How many records the window's list has: one for `all`, otherwise one per bucket, including empty ones.
 */
export function bucketCount(window: UsageWindow): number {
  if (window.granularity === 'all') return 1
  return (window.end - window.start) / BUCKET_SECONDS[window.granularity]
}

/**
 * The buckets `offset` to `offset + limit` of the window, newest first. This is pure arithmetic, so a
 * late page costs no more than the first.
 */
export function bucketsOf(
  window: UsageWindow,
  { offset, limit }: { offset: number; limit: number },
): Bucket[] {
  if (window.granularity === 'all') {
    return offset === 0 ? [{ start: window.statedStart, end: window.statedEnd }] : []
  }
  const bucket = BUCKET_SECONDS[window.granularity]
  const count = Math.max(0, Math.min(limit, bucketCount(window) - offset))
  return Array.from({ length: count }, (_, i) => {
    const end = window.end - (offset + i) * bucket
    return { start: end - bucket, end }
  })
}
