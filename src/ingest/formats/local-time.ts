/** Times as roaming batches state them: 14 digits of local time, and an offset such as +0545. */
import { DAY_SECONDS, daysInMonth, INSTANT_MAX, INSTANT_MIN } from '../../domain/time.ts'

const LOCAL_TIME_DIGITS = 14
/** As in `parseInstant`; no place on Earth is further from UTC. */
const OFFSET_HOURS_MAX = 18

/**
 * Seconds since 1970, as if `CCYYMMDDhhmmss` were UTC; null for anything else, including impossible
 * dates. Digits are read one by one, because a batch has a hundred thousand of these.
 */
export function localSecondsOf(text: string): number | null {
  if (text.length !== LOCAL_TIME_DIGITS) return null
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2)
  const month = twoDigits(text, 4)
  const day = twoDigits(text, 6)
  const hour = twoDigits(text, 8)
  const minute = twoDigits(text, 10)
  const second = twoDigits(text, 12)
  // A character that is not a digit gives NaN, which fails every comparison.
  if (!(year >= 1 && month >= 1 && month <= 12)) return null
  if (!(day >= 1 && day <= daysInMonth(year, month - 1))) return null
  if (!(hour <= 23 && minute <= 59 && second <= 59)) return null
  return daysSince1970(year, month, day) * DAY_SECONDS + hour * 3600 + minute * 60 + second
}

/** `+hhmm` or `-hhmm` in seconds; null for anything else. */
export function offsetSecondsOf(text: string): number | null {
  const match = /^([+-])(\d{2})(\d{2})$/.exec(text)
  if (match === null) return null
  const hours = Number(match[2])
  const minutes = Number(match[3])
  if (hours > OFFSET_HOURS_MAX || minutes > 59) return null
  const seconds = hours * 3600 + minutes * 60
  return match[1] === '-' ? -seconds : seconds
}

/** The instant of a local time; null outside the years that ISO text can name. */
export function utcSecondsOf(localSeconds: number, offsetSeconds: number): number | null {
  const at = localSeconds - offsetSeconds
  return at < INSTANT_MIN || at > INSTANT_MAX ? null : at
}

function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48
  const ones = text.charCodeAt(at + 1) - 48
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN
}

/** Years begin in March here, so that the leap day comes last; 400 of them have 146 097 days. */
function daysSince1970(year: number, month: number, day: number): number {
  const fromMarch = month <= 2 ? year - 1 : year
  const era = Math.floor(fromMarch / 400)
  const ofEra = fromMarch - era * 400
  const ofYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const days = ofEra * 365 + Math.floor(ofEra / 4) - Math.floor(ofEra / 100) + ofYear
  return era * 146_097 + days - 719_468
}
