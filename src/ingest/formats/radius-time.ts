/** The instants that RADIUS servers write: numbers, ISO 8601, and texts of the C library. */
import { DAY_SECONDS, parseInstant } from '../../domain/time.ts'
import { shown } from '../../domain/usage-error.ts'

/**
 * Clocks drift by minutes, and a packet that waited says for how long. If a packet's two times differ by
 * more, one clock is wrong, and nothing tells which.
 */
export const TIMES_DIFFER_MAX_SECONDS = DAY_SECONDS

/** The zones furthest ahead of UTC and furthest behind it. */
const FURTHEST_ZONES = ['+14:00', '-12:00'] as const

/** 2000-01-01. A clock that shows less has not been set, because such clocks begin in 1970. */
const CLOCK_SET_FROM = 946_684_800

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `Nov 14 2023 22:13:19 UTC` */
const EVENT_TEXT = /^([A-Z][a-z]{2}) +(\d{1,2}) (\d{4}) (\d{2}:\d{2}:\d{2})(?:\.\d{1,9})? (\S+)$/
/** `Tue Nov 14 22:13:19 2023` */
const DATE_LINE = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) +(\d{1,2}) (\d{2}:\d{2}:\d{2}) (\d{4})$/
/** If a zone has no abbreviation, the C library writes its offset. */
const NUMERIC_ZONE = /^[+-]\d{2}(?::?\d{2})?$/
const ISO_WITH_ZONE = /T.*(?:Z|[+-]\d{2}(?::?\d{2})?)$/i

/** Decimal, or hexadecimal as `0x…`; null if it is neither, or more than `max`. */
export function parseWholeNumber(text: string, max: number): number | null {
  if (!/^(?:\d{1,16}|0x[0-9a-f]{1,13})$/i.test(text)) return null
  const value = Number(text)
  return value <= max ? value : null
}

/**
 * An Event-Timestamp as UTC seconds: a number, ISO 8601 with a zone, or month, day, year, time and a zone
 * that is UTC, GMT, an offset, or one of `zones`. Null for anything else, and if the clock had not been
 * set.
 */
export function parseEventTimestamp(
  text: string,
  zones: ReadonlyMap<string, string>,
): number | null {
  const at = parseWholeNumber(text, 0xffff_ffff) ?? parseIso(text) ?? parseEventText(text, zones)
  return at !== null && at >= CLOCK_SET_FROM ? at : null
}

/** A block's date line. It does not tell its zone; `offset`, such as `+01:00`, does. */
export function parseDateLine(text: string, offset: string): number | null {
  const match = DATE_LINE.exec(text.trim())
  if (match === null) return null
  const [, month = '', day = '', time = '', year = ''] = match
  return instantOf({ year, month, day, time, offset })
}

/**
 * What is wrong with a date line of unknown zone, compared with the instant when the packet was sent. It
 * tells no instant, but can show another day or month. Null if some zone reconciles the two.
 */
export function dateLineFault(text: string, sentAt: number): string | null {
  const [earliest, latest] = FURTHEST_ZONES.map((offset) => parseDateLine(text, offset))
  if (earliest == null || latest == null) return null
  const apart = Math.max(earliest - sentAt, sentAt - latest)
  if (apart <= TIMES_DIFFER_MAX_SECONDS) return null
  return (
    `the packet was received at ${shown(text)}, more than a day away in every time zone: one of the ` +
    'two clocks is wrong; set time to event, or to receipt and date_line to the offset of date lines'
  )
}

function parseIso(text: string): number | null {
  return ISO_WITH_ZONE.test(text) ? parseInstant(text) : null
}

function parseEventText(text: string, zones: ReadonlyMap<string, string>): number | null {
  const match = EVENT_TEXT.exec(text)
  if (match === null) return null
  const [, month = '', day = '', year = '', time = '', zone = ''] = match
  const offset = offsetOf(zone, zones)
  return offset === null ? null : instantOf({ year, month, day, time, offset })
}

function offsetOf(zone: string, zones: ReadonlyMap<string, string>): string | null {
  if (zone === 'UTC' || zone === 'GMT' || zone === 'Z') return 'Z'
  if (NUMERIC_ZONE.test(zone)) return zone
  return zones.get(zone) ?? null
}

interface TimeParts {
  readonly year: string
  readonly month: string
  readonly day: string
  readonly time: string
  readonly offset: string
}

function instantOf({ year, month, day, time, offset }: TimeParts): number | null {
  const number = MONTHS.indexOf(month) + 1
  if (number === 0) return null
  const date = `${year}-${String(number).padStart(2, '0')}-${day.padStart(2, '0')}`
  return parseInstant(`${date}T${time}${offset}`)
}
