/** Reads what a person states about a gap, or about how a feed delivers. */
import { SETTLE_SECONDS_MAX } from './completeness.ts'
import type { Feed, FeedRetirement } from './directory.ts'
import { DAY_SECONDS, formatInstant, HOUR_SECONDS } from './time.ts'
import { invalidField, UsageError } from './usage-error.ts'

export function parseSequenceNumber(field: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw invalidField(field, text, 'expected the number of a delivery, at most 15 digits')
}

/** Null for `end`: nothing more comes. */
export function parseGapEnd(field: string, text: string): number | null {
  if (text === 'end') return null
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw invalidField(
    field,
    text,
    'expected the number of a delivery, at most 15 digits, or end if nothing more comes',
  )
}

export const REASON_CHARACTERS_MAX = 500

/** Trims. Throws `invalid` if it is empty, too long or has control characters. */
export function parseReason(field: string, text: string): string {
  const reason = text.trim()
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
  const isBad = /[\u0000-\u001f\u007f]/.test(reason)
  if (reason !== '' && reason.length <= REASON_CHARACTERS_MAX && !isBad) return reason
  throw invalidField(
    field,
    text,
    `expected 1 to ${REASON_CHARACTERS_MAX} characters, none of them control characters`,
  )
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { m: 60, h: HOUR_SECONDS, d: DAY_SECONDS }

/** As `parseTimeSpan`, for a settle time. */
export function parseSettleTime(field: string, text: string): number {
  return parseTimeSpan(field, text, SETTLE_SECONDS_MAX / DAY_SECONDS)
}

/** Reads `90m`, `24h` or `2d`; returns seconds. Throws `invalid`. */
export function parseTimeSpan(field: string, text: string, daysMax: number): number {
  const [, count, unit = ''] = /^(\d{1,6})([mhd])$/.exec(text) ?? []
  const seconds = Number(count) * (UNIT_SECONDS[unit] ?? Number.NaN)
  if (seconds <= daysMax * DAY_SECONDS) return seconds
  throw invalidField(
    field,
    text,
    `expected minutes, hours or days, at most ${daysMax}d, such as 24h`,
  )
}

/** In the largest unit that needs no fraction: `2d`, `36h`, `90m`. */
export function formatSettleTime(seconds: number): string {
  if (seconds % DAY_SECONDS === 0) return `${seconds / DAY_SECONDS}d`
  return seconds % HOUR_SECONDS === 0 ? `${seconds / HOUR_SECONDS}h` : `${seconds / 60}m`
}

/** Throws `invalid` if a feed would be overdue before it is late. */
export function checkLateness({
  lateSeconds,
  overdueSeconds,
}: Pick<Feed, 'lateSeconds' | 'overdueSeconds'>): void {
  if (lateSeconds > 0 && lateSeconds <= overdueSeconds) return
  throw new UsageError(
    'invalid',
    `late ${formatSettleTime(lateSeconds)}, overdue ${formatSettleTime(overdueSeconds)}: ` +
      'a feed cannot be overdue before it is late',
    { field: 'overdue', value: formatSettleTime(overdueSeconds) },
  )
}

/** Throws `invalid` for an end in the future; until then the feed stays as it is. */
export function feedRetirement({ at, reason }: FeedRetirement, nowSeconds: number): FeedRetirement {
  if (at <= nowSeconds) return { at, reason }
  throw new UsageError(
    'invalid',
    `at ${formatInstant(at)} is after now, ${formatInstant(nowSeconds)}: a feed is retired once it has ended`,
    { field: 'at', value: formatInstant(at) },
  )
}

/** Usage is kept for 18 months, so no longer silence can be known. */
const SILENCE_DAYS_MAX = 550

/** How long a SIM was silent, in seconds. Throws `invalid`. */
export function parseSilence(field: string, text: string): number {
  return parseTimeSpan(field, text, SILENCE_DAYS_MAX)
}
