/**
 * Times as carriers write them: ISO 8601, seconds since 1970, or a pattern; in a zone that the text
 * or the mapping names.
 */
import { INSTANT_MAX, INSTANT_MIN, parseInstant } from '../../domain/time.ts'
import { InstantReader } from '../formats/instant-reader.ts'
import { patternReader } from './time-pattern.ts'
import { localToUtc } from './time-zone.ts'

/** Seconds or milliseconds, with a fraction. */
const UNIX_TIME = /^(\d{1,12})(?:\.\d{0,9})?$/
const UNIX_MILLISECONDS = /^(\d{1,15})(?:\.\d{0,9})?$/
const STATED_OFFSET = /:\d{2}(?:[.,]\d+)?(?:Z|[+-]\d{2}(?::?\d{2})?)$/i

/** Reads one way of writing times. */
export interface Clock {
  /** UTC seconds, or null if the text is not such a time. */
  readonly read: (text: string) => number | null
  /** What is expected of the text, for a person. */
  readonly rule: string
}

/** `format` and `zone` have passed the mapping's check. Years go from 1 to 9999. */
export function clockOf(format: string, zone: string | undefined): Clock {
  const { read, rule } = anyClockOf(format, zone)
  return {
    rule,
    read: (text) => {
      const at = read(text)
      return at !== null && at >= INSTANT_MIN && at <= INSTANT_MAX ? at : null
    },
  }
}

/** May read years that ISO text cannot name. */
function anyClockOf(format: string, zone: string | undefined): Clock {
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
  const instants = new InstantReader()
  const toUtc = zone === undefined ? null : localToUtc(zone)
  return {
    rule,
    read: (text) => {
      if (STATED_OFFSET.test(text)) return instants.read(text)
      const local = toUtc === null ? null : parseInstant(text)
      return local === null ? null : toUtc!(local)
    },
  }
}

function unixClock(form: RegExp, perSecond: number, expected: string): Clock {
  return {
    rule: `expected ${expected}`,
    read: (text) => {
      const digits = form.exec(text)?.[1]
      return digits === undefined ? null : Math.floor(Number(digits) / perSecond)
    },
  }
}

function patternClock(pattern: string, zone: string | undefined): Clock {
  const read = patternReader(pattern)
  const toUtc = zone === undefined ? null : localToUtc(zone)
  return {
    rule: `expected a time written ${pattern}`,
    read: (text) => {
      const written = read(text)
      if (written === null) return null
      const { localSeconds, offsetSeconds } = written
      return offsetSeconds === null ? toUtc!(localSeconds) : localSeconds - offsetSeconds
    },
  }
}
