/**
 * Times as carriers write them: ISO 8601, seconds since 1970, or a pattern; in a zone that the text
 * or the mapping names.
 */
import { daysInMonth, formatInstant, parseInstant } from '../../domain/time.ts'
import { localToUtc, offsetOfZone } from './time-zone.ts'

/** Seconds with a fraction, or milliseconds, up to the year 9999. */
const UNIX_TIME = /^(\d{1,12})(?:\.\d{0,9})?$/
const UNIX_MILLISECONDS = /^(\d{1,15})(?:\.\d{0,9})?$/
const STATED_OFFSET = /:\d{2}(?:[.,]\d+)?(?:Z|[+-]\d{2}(?::?\d{2})?)$/i

/** Reads one way of writing times. */
export interface Clock {
  /** The time as ISO 8601 with its zone, or null where the text is not such a time. */
  readonly read: (text: string) => string | null
  /** What is expected of the text, for a person. */
  readonly rule: string
}

/** `format` and `zone` have passed the mapping's check. */
export function clockOf(format: string, zone: string | undefined): Clock {
  if (format === 'unix') return unixClock(UNIX_TIME, 1, 'seconds since 1970, such as 1772323199')
  if (format === 'unix_ms') {
    return unixClock(UNIX_MILLISECONDS, 1_000, 'milliseconds since 1970, such as 1772323199000')
  }
  return format === 'iso' ? isoClock(zone) : patternClock(format, zone)
}

function isoClock(zone: string | undefined): Clock {
  const rule =
    zone === undefined
      ? 'expected an ISO 8601 time with its zone, such as 2026-02-28T23:59:59Z or …+05:45; where the carrier writes none, the mapping has to name it (zone)'
      : 'expected an ISO 8601 time such as 2026-02-28T23:59:59'
  return {
    rule,
    read: (text) => {
      if (STATED_OFFSET.test(text)) return parseInstant(text) === null ? null : text
      const local = zone === undefined ? null : parseInstant(text)
      return local === null ? null : formatInstant(localToUtc(local, zone!))
    },
  }
}

function unixClock(form: RegExp, perSecond: number, expected: string): Clock {
  return {
    rule: `expected ${expected}`,
    read: (text) => {
      const digits = form.exec(text)?.[1]
      return digits === undefined ? null : formatInstant(Math.floor(Number(digits) / perSecond))
    },
  }
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

/** What the letters of a pattern stand for; the longest that fits counts. */
const PATTERN_PARTS: Readonly<Record<string, readonly [part: string, form: string]>> = {
  YYYY: ['year', '\\d{4}'],
  YY: ['year', '\\d{2}'],
  MMM: ['monthName', '[A-Za-z]{3}'],
  MM: ['month', '\\d{2}'],
  M: ['month', '\\d{1,2}'],
  DD: ['day', '\\d{2}'],
  D: ['day', '\\d{1,2}'],
  HH: ['hour', '\\d{2}'],
  H: ['hour', '\\d{1,2}'],
  hh: ['hour12', '\\d{2}'],
  h: ['hour12', '\\d{1,2}'],
  A: ['half', '[AaPp][Mm]'],
  mm: ['minute', '\\d{2}'],
  ss: ['second', '\\d{2}'],
  SSS: ['fraction', '\\d{1,9}'],
  Z: ['offset', '(?:Z|[+-]\\d{2}(?::?\\d{2})?)'],
}
const PATTERN =
  /\[([^\]]*)\]|YYYY|YY|MMM|MM|M|DD|D|HH|H|hh|h|A|mm|ss|SSS|Z|T|[A-Za-z]+|[^A-Za-z[]+|\[/g

export interface TimePattern {
  readonly form: RegExp
  /** The parts in the order of the form's groups. */
  readonly parts: readonly string[]
}

/** The pattern, or the sentence that says what is wrong with it. */
export function parseTimePattern(pattern: string): TimePattern | string {
  const parts: string[] = []
  let form = ''
  for (const [token, literal] of pattern.matchAll(PATTERN)) {
    const part = PATTERN_PARTS[token]
    if (part !== undefined) {
      parts.push(part[0])
      form += `(${part[1]})`
    } else if (literal !== undefined || !/[A-Za-z[]/.test(token) || token === 'T') {
      form += (literal ?? token).replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
    } else {
      return `${JSON.stringify(token)} stands for nothing: use ${Object.keys(PATTERN_PARTS).join(', ')}, and [brackets] around other letters`
    }
  }
  const has = (part: string) => parts.includes(part)
  const repeated = parts.find((part, i) => parts.indexOf(part) !== i)
  if (repeated !== undefined) return `it names the ${repeated} twice`
  if (!has('year') || !(has('month') || has('monthName')) || !has('day')) {
    return 'a year (YYYY), a month (MM) and a day (DD) are needed'
  }
  if (has('month') && has('monthName')) return 'it names the month twice'
  if (has('hour') && has('hour12')) return 'it names the hour twice'
  if (has('hour12') !== has('half')) return 'hours of half a day (hh) and AM or PM (A) go together'
  return { form: new RegExp(`^${form}$`), parts }
}

function patternClock(pattern: string, zone: string | undefined): Clock {
  const parsed = parseTimePattern(pattern)
  if (typeof parsed === 'string') throw new Error(`${pattern}: ${parsed}`)
  const { form, parts } = parsed
  const at = Object.fromEntries(parts.map((part, i) => [part, i + 1])) as Record<string, number>
  const number = (match: RegExpExecArray, part: string) =>
    at[part] === undefined ? 0 : Number(match[at[part]])
  return {
    rule: `expected a time written ${pattern}`,
    read: (text) => {
      const match = form.exec(text)
      if (match === null) return null
      const hour =
        at.hour12 === undefined
          ? number(match, 'hour')
          : hourOfHalf(number(match, 'hour12'), match[at.half!]!)
      const local = localSeconds({
        year: number(match, 'year') + (match[at.year!]!.length === 2 ? 2_000 : 0),
        month:
          at.monthName === undefined
            ? number(match, 'month')
            : MONTHS.indexOf(match[at.monthName]!.toLowerCase()) + 1,
        day: number(match, 'day'),
        hour,
        minute: number(match, 'minute'),
        second: number(match, 'second'),
      })
      if (local === null) return null
      const offset = at.offset === undefined ? null : offsetOfZone(match[at.offset]!)
      return formatInstant(offset === null ? localToUtc(local, zone!) : local - offset)
    },
  }
}

/** 24, which no hour is, for what is not one of 1 to 12. */
function hourOfHalf(hour: number, half: string): number {
  if (hour < 1 || hour > 12) return 24
  return (hour % 12) + (half.toLowerCase() === 'pm' ? 12 : 0)
}

interface LocalTime {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
}

/** As if the zone were UTC; null for times that do not exist. */
function localSeconds({ year, month, day, hour, minute, second }: LocalTime): number | null {
  if (year < 1_000 || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month - 1)) {
    return null
  }
  if (hour > 23 || minute > 59 || second > 59) return null
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1_000
}
