/** Patterns such as `DD.MM.YYYY HH:mm:ss`: what their letters mean, and how times are read by them. */
import { daysInMonth } from '../../domain/time.ts'
import { offsetOfZone } from './time-zone.ts'

/** A time as written: without a zone, or with its offset. */
export interface WrittenTime {
  /** As if the zone were UTC. */
  readonly localSeconds: number
  /** Seconds east of UTC; null if the text does not say. */
  readonly offsetSeconds: number | null
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

/** What the letters of a pattern stand for; the longest match counts. */
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
  /** The parts, in the order of the form's groups. */
  readonly parts: readonly string[]
}

/** The pattern, or a sentence that says what is wrong with it. */
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

/** Reads times by a checked pattern; null for text that does not match. */
export function patternReader(pattern: string): (text: string) => WrittenTime | null {
  const fixed = fixedReader(pattern)
  if (fixed !== null) return fixed
  const parsed = parseTimePattern(pattern)
  if (typeof parsed === 'string') throw new Error(`${pattern}: ${parsed}`)
  const { form, parts } = parsed
  return (text) => {
    const match = form.exec(text)
    if (match === null) return null
    const found: Partial<Record<string, string>> = {}
    for (let i = 0; i < parts.length; i++) found[parts[i]!] = match[i + 1]!
    const { year = '', monthName, hour12, half = '', offset } = found
    const localSeconds = secondsOf({
      year: Number(year) + (year.length === 2 ? 2_000 : 0),
      month:
        monthName === undefined ? Number(found.month) : MONTHS.indexOf(monthName.toLowerCase()) + 1,
      day: Number(found.day),
      hour: hour12 === undefined ? Number(found.hour ?? 0) : hourOfHalf(Number(hour12), half),
      minute: Number(found.minute ?? 0),
      second: Number(found.second ?? 0),
    })
    const offsetSeconds = offset === undefined ? null : offsetOfZone(offset)
    if (localSeconds === null || (offset !== undefined && offsetSeconds === null)) return null
    return { localSeconds, offsetSeconds }
  }
}

const FIXED_PARTS = /YYYY|MM|DD|HH|mm|ss/g

/**
 * For patterns of digits at fixed places, as most are. Takes a third of the time of the regular
 * expression.
 */
function fixedReader(pattern: string): ((text: string) => WrittenTime | null) | null {
  const separators = pattern.replace(FIXED_PARTS, (part) => '\0'.repeat(part.length))
  if (/[A-SU-Za-z[\]]/.test(separators)) return null
  const placeOf = (part: string) => pattern.indexOf(part)
  const [year, month, day] = [placeOf('YYYY'), placeOf('MM'), placeOf('DD')]
  const [hour, minute, second] = [placeOf('HH'), placeOf('mm'), placeOf('ss')]
  return (text) => {
    if (text.length !== pattern.length) return null
    for (let i = 0; i < separators.length; i++) {
      const separator = separators.charCodeAt(i)
      if (separator !== 0 && separator !== text.charCodeAt(i)) return null
    }
    const localSeconds = secondsOf({
      year: twoDigits(text, year) * 100 + twoDigits(text, year + 2),
      month: twoDigits(text, month),
      day: twoDigits(text, day),
      hour: hour === -1 ? 0 : twoDigits(text, hour),
      minute: minute === -1 ? 0 : twoDigits(text, minute),
      second: second === -1 ? 0 : twoDigits(text, second),
    })
    return localSeconds === null ? null : { localSeconds, offsetSeconds: null }
  }
}

/** Above every year if the two characters are not digits. */
function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48
  const ones = text.charCodeAt(at + 1) - 48
  return tens < 0 || tens > 9 || ones < 0 || ones > 9 ? 10_000 : tens * 10 + ones
}

/** 24, which is no hour, if it is not between 1 and 12. */
function hourOfHalf(hour: number, half: string): number {
  if (hour < 1 || hour > 12) return 24
  return (hour % 12) + (half.toLowerCase() === 'pm' ? 12 : 0)
}

interface TimeParts {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
}

/** Null for days and times of day that do not exist. */
function secondsOf({ year, month, day, hour, minute, second }: TimeParts): number | null {
  if (year < 1_000 || year > 9_999 || month < 1 || month > 12) return null
  if (day < 1 || day > daysInMonth(year, month - 1)) return null
  if (hour > 23 || minute > 59 || second > 59) return null
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1_000
}
