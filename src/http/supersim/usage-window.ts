/** The period that clients of the Super SIM API ask for, with the limits and error codes of that API. */
import {
  BUCKET_SECONDS,
  RETENTION_MONTHS,
  retentionStart,
  type UsageWindow,
} from '../../domain/period.ts'
import {
  ceilTo,
  DAY_SECONDS,
  floorTo,
  formatInstant,
  HOUR_SECONDS,
  monthsBefore,
} from '../../domain/time.ts'
import type { Granularity } from '../../domain/usage-query.ts'
import { type ErrorKind, HttpError } from '../error-reply.ts'

/** By their names on the wire. */
export const SUPER_SIM_GRANULARITIES = {
  hour: 'hourly',
  day: 'daily',
  all: 'all',
} as const satisfies Record<string, Granularity>
export type SuperSimGranularity = keyof typeof SUPER_SIM_GRANULARITIES

export interface SuperSimPeriodRequest {
  /** UTC seconds; null for one month before the end. */
  readonly start: number | null
  /** UTC seconds, exclusive; null for the end of the current hour or day. */
  readonly end: number | null
  readonly granularity: SuperSimGranularity
  readonly isGroupedBySim: boolean
}

/** The longest period that the original API answers. Here too, an account's SIMs take longest. */
const DAYS_MAX = 31
const DAILY_MONTHS_MAX = 3

/** Throws the error that the original API has for each kind of period that it does not answer. */
export function superSimWindow(request: SuperSimPeriodRequest, now: number): UsageWindow {
  const { granularity } = request
  const unit = granularity === 'day' ? DAY_SECONDS : HOUR_SECONDS
  const end = request.end ?? ceilTo(now, unit)
  const start = request.start ?? monthsBefore(end, 1)
  // A bound that is not stated lies a month from the one that is, and is whole if that one is.
  if (request.start !== null) requireWhole(granularity, 'StartTime', start, floorTo(start, unit))
  if (request.end !== null) requireWhole(granularity, 'EndTime', end, ceilTo(end, unit))
  if (start >= end) {
    const now = request.end === null ? ' (now, the default)' : ''
    const bounds = `StartTime ${formatInstant(start)} is not before EndTime ${formatInstant(end)}`
    throw refusal('usage_parameter', `${bounds}${now}; EndTime is exclusive`)
  }
  requireShort(request, start, end)
  const keptFrom = retentionStart(now)
  if (start < keptFrom) {
    const rule = `usage is kept for ${RETENTION_MONTHS} months, by now from ${formatInstant(keptFrom)} on`
    throw refusal('usage_start_too_early', `StartTime ${formatInstant(start)}: ${rule}`)
  }
  const kind = SUPER_SIM_GRANULARITIES[granularity]
  // Omits buckets that have not begun. A whole period is shown as it was stated.
  const latest = kind === 'all' ? end : floorTo(now, unit) + BUCKET_SECONDS[kind]
  const until = Math.max(start, Math.min(end, latest))
  return {
    granularity: kind,
    statedStart: start,
    statedEnd: until,
    start,
    end: until,
    keptFrom,
    beyondRetention: false,
  }
}

function requireWhole(
  granularity: SuperSimGranularity,
  name: 'StartTime' | 'EndTime',
  at: number,
  whole: number,
): void {
  if (at === whole) return
  const [kind, rule] =
    granularity === 'day'
      ? ([
          'usage_not_on_day',
          'with Granularity=day, a period begins and ends at midnight UTC',
        ] as const)
      : (['usage_not_on_hour', 'a period begins and ends on a whole hour UTC'] as const)
  throw refusal(kind, `${name} ${formatInstant(at)}: ${rule}; ask for ${formatInstant(whole)}`)
}

function requireShort(
  { granularity, isGroupedBySim }: SuperSimPeriodRequest,
  start: number,
  end: number,
): void {
  const days = Math.ceil((end - start) / DAY_SECONDS)
  const covers = `covers ${days} days (${formatInstant(start)} to ${formatInstant(end)})`
  if (isGroupedBySim && end - start > DAYS_MAX * DAY_SECONDS) {
    throw refusal('usage_sims_too_long', `Group=sim ${covers}, at most ${DAYS_MAX} are answered`)
  }
  if (granularity === 'hour') {
    if (end - start <= DAYS_MAX * DAY_SECONDS) return
    const rule = `at most ${DAYS_MAX} are answered by the hour`
    throw refusal('usage_window_too_long', `Granularity=hour ${covers}, ${rule}`)
  }
  const months = granularity === 'day' ? DAILY_MONTHS_MAX : RETENTION_MONTHS
  const earliest = monthsBefore(end, months)
  if (start >= earliest) return
  const rule = `at most ${months} months are answered, here from ${formatInstant(earliest)} on`
  throw refusal('usage_window_too_long', `Granularity=${granularity} ${covers}, ${rule}`)
}

function refusal(kind: ErrorKind, message: string): HttpError {
  return new HttpError(kind, message)
}
