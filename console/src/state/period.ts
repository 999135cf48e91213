/** The stretch of time that is shown: in UTC, from whole hours or days to whole hours or days. */
import {
  DAY_SECONDS,
  HOUR_SECONDS,
  instantOf,
  isMidnight,
  isoDay,
  isoText,
} from '../format/time.ts'

export const PRESETS = ['24h', '7d', '30d', '90d', '12mo'] as const
export type Preset = (typeof PRESETS)[number]

export const PRESET_NAMES: Readonly<Record<Preset, string>> = {
  '24h': '24 hours',
  '7d': '7 days',
  '30d': '30 days',
  '90d': '90 days',
  '12mo': '12 months',
}

const PRESET_DAYS: Readonly<Record<Preset, number>> = {
  ...{ '24h': 1, '7d': 7, '30d': 30, '90d': 90, '12mo': 365 },
}

export const PRESET_DEFAULT: Preset = '30d'

/** More is not drawn by the hour: no screen has the pixels. */
export const HOURLY_DAYS_MAX = 31

/** As long as usage is kept. */
const PERIOD_DAYS_MAX = 550

export interface Period {
  /** Moves with the clock; null for fixed bounds. */
  readonly preset: Preset | null
  /** Inclusive. */
  readonly start: number
  /** Exclusive. */
  readonly end: number
}

/** Up to the end of today, or of this hour. */
export function presetPeriod(preset: Preset, now: number): Period {
  const step = preset === '24h' ? HOUR_SECONDS : DAY_SECONDS
  const end = (Math.floor(now / step) + 1) * step
  return { preset, start: end - PRESET_DAYS[preset] * DAY_SECONDS, end }
}

/** What a link says, or the default for what makes no sense. `to` is the last day, or the hour that ends it. */
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

/** What a link says of it; nothing for the default. */
export function periodParams({ preset, start, end }: Period): Record<string, string> {
  if (preset === PRESET_DEFAULT) return {}
  if (preset !== null) return { period: preset }
  if (isMidnight(start) && isMidnight(end)) {
    return { from: isoDay(start), to: isoDay(end - DAY_SECONDS) }
  }
  const hour = (seconds: number) => `${isoText(seconds).slice(0, 13)}Z`
  return { from: hour(start), to: hour(end) }
}

/** As long, and right before or after it; the same one where nothing of it has come yet. */
export function neighbour({ start, end }: Period, direction: -1 | 1, now: number): Period | null {
  const by = (end - start) * direction
  return start + by > now ? null : { preset: null, start: start + by, end: end + by }
}

/** What it is compared with: the period before, as far into it as this one has come. */
export function periodBefore({ start, end }: Period, now: number): Period {
  const reached = Math.min(end, Math.floor(now / HOUR_SECONDS + 1) * HOUR_SECONDS)
  const length = end - start
  return {
    preset: null,
    start: start - length,
    end: Math.max(reached, start + HOUR_SECONDS) - length,
  }
}

export type Granularity = 'hourly' | 'daily'

/** Hours up to 31 days where there are as many pixels, days beyond. */
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
