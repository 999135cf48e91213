/** The period in view: in UTC, bounded by whole hours or days. */
import {
  DAY_SECONDS,
  HOUR_SECONDS,
  instantOf,
  isMidnight,
  isoDay,
  isoText,
} from '../format/time.ts'

export const PRESETS = ['24h', '7d', '30d', '90d', '12mo', 'month', 'last-month'] as const
export type Preset = (typeof PRESETS)[number]

export const PRESET_NAMES: Readonly<Record<Preset, string>> = {
  '24h': 'Last 24 hours',
  '7d': 'Last 7 days',
  '30d': 'Last 30 days',
  '90d': 'Last 90 days',
  '12mo': 'Last 12 months',
  month: 'This month',
  'last-month': 'Last month',
}

type Lasting = Exclude<Preset, 'month' | 'last-month'>

const PRESET_DAYS: Readonly<Record<Lasting, number>> = {
  ...{ '24h': 1, '7d': 7, '30d': 30, '90d': 90, '12mo': 365 },
}

export const PRESET_DEFAULT: Preset = '30d'

/** A longer period is not drawn by the hour, because no screen has the pixels. */
export const HOURLY_DAYS_MAX = 31

/** As long as usage is kept. */
export const PERIOD_DAYS_MAX = 550

export interface Period {
  /** Moves with the clock; null for fixed bounds. */
  readonly preset: Preset | null
  /** Inclusive. */
  readonly start: number
  /** Exclusive. */
  readonly end: number
}

/** Up to the end of today or of the current hour. Months are whole, because bills cover whole months. */
export function presetPeriod(preset: Preset, now: number): Period {
  if (preset === 'month') return { preset, ...monthOf(now, 0) }
  if (preset === 'last-month') return { preset, ...monthOf(now, -1) }
  const step = preset === '24h' ? HOUR_SECONDS : DAY_SECONDS
  const end = (Math.floor(now / step) + 1) * step
  return { preset, start: end - PRESET_DAYS[preset] * DAY_SECONDS, end }
}

type Bounds = Pick<Period, 'start' | 'end'>

/** The month of an instant, or this many months later. */
function monthOf(seconds: number, later: number): Bounds {
  const date = new Date(seconds * 1000)
  const first = (month: number) => Date.UTC(date.getUTCFullYear(), month, 1) / 1000
  const month = date.getUTCMonth() + later
  return { start: first(month), end: first(month + 1) }
}

/** Whether the user meant a month, not 30 days that happen to be one. */
function isMonth({ preset, start, end }: Period): boolean {
  if (preset !== null && preset !== 'month' && preset !== 'last-month') return false
  const month = monthOf(start, 0)
  return start === month.start && end === month.end
}

/**
 * The period that a link names, or the default if it makes no sense. `to` is the last day, or the hour that
 * ends it.
 */
export function parsePeriod(params: URLSearchParams, now: number): Period {
  const preset = PRESETS.find((name) => name === params.get('period'))
  if (preset !== undefined) return presetPeriod(preset, now)
  const start = parseBound(params.get('from'))
  const last = parseBound(params.get('to'))
  if (start === null || last === null) return presetPeriod(PRESET_DEFAULT, now)
  const end = (params.get('to') ?? '').includes('T') ? last : last + DAY_SECONDS
  const isSound = start < end && end - start <= PERIOD_DAYS_MAX * DAY_SECONDS
  return isSound ? { preset: null, start, end } : presetPeriod(PRESET_DEFAULT, now)
}

function parseBound(text: string | null): number | null {
  const [, day, hour = '00'] = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2})Z)?$/.exec(text ?? '') ?? []
  if (day === undefined) return null
  const seconds = instantOf(`${day}T${hour}:00:00Z`)
  return Number.isNaN(seconds) ? null : seconds
}

/** The period as a link's parameters; none for the default. */
export function periodParams({ preset, start, end }: Period): Record<string, string> {
  if (preset === PRESET_DEFAULT) return {}
  if (preset !== null) return { period: preset }
  if (isMidnight(start) && isMidnight(end)) {
    return { from: isoDay(start), to: isoDay(end - DAY_SECONDS) }
  }
  const hour = (seconds: number) => `${isoText(seconds).slice(0, 13)}Z`
  return { from: hour(start), to: hour(end) }
}

/** The period right before or after, of the same length or also a month; null if none of it has begun. */
export function neighbour(period: Period, direction: -1 | 1, now: number): Period | null {
  const { start, end } = period
  const by = (end - start) * direction
  const beside = isMonth(period) ? monthOf(start, direction) : { start: start + by, end: end + by }
  return beside.start > now ? null : { preset: null, ...beside }
}

/** The period for comparison: the previous one, up to the same point as this one has reached. */
export function periodBefore(period: Period, now: number): Period {
  const { start, end } = period
  const reached = Math.min(end, Math.floor(now / HOUR_SECONDS + 1) * HOUR_SECONDS)
  const come = Math.max(reached - start, HOUR_SECONDS)
  const first = isMonth(period) ? monthOf(start, -1).start : start - (end - start)
  // A finished month is compared with the whole previous one, whatever its length.
  return {
    preset: null,
    start: first,
    end: reached === end ? start : Math.min(first + come, start),
  }
}

export type Granularity = 'hourly' | 'daily'

/** Hours up to 31 days if there are enough pixels, days beyond. */
export function granularityOf(
  { start, end }: Period,
  { wanted, pixels }: { readonly wanted: Granularity | null; readonly pixels: number },
): Granularity {
  const length = end - start
  if (!isMidnight(start) || !isMidnight(end) || length <= 2 * DAY_SECONDS) return 'hourly'
  if (length > HOURLY_DAYS_MAX * DAY_SECONDS || length / HOUR_SECONDS > pixels) return 'daily'
  return wanted ?? 'hourly'
}

export function bucketSeconds(granularity: Granularity): number {
  return granularity === 'hourly' ? HOUR_SECONDS : DAY_SECONDS
}
