/** Reads ISO 8601 instants quickly, because most records write them in one form, on few dates. */
import { DAY_SECONDS, parseInstant } from '../../domain/time.ts'
import { remember } from './remembered.ts'

export class InstantReader {
  readonly #midnights = new Map<string, number>()

  /** UTC seconds, or null; as `parseInstant`. */
  read(text: string): number | null {
    return this.#usual(text) ?? parseInstant(text)
  }

  /** `YYYY-MM-DDTHH:MM:SSZ`, the form of nearly every record; null leaves it to `parseInstant`. */
  #usual(text: string): number | null {
    if (text.length !== 20 || text[10] !== 'T' || text[19] !== 'Z') return null
    if (text[13] !== ':' || text[16] !== ':') return null
    const hour = twoDigits(text, 11)
    const minute = twoDigits(text, 14)
    const second = twoDigits(text, 17)
    if (hour > 23 || minute > 59 || second > 59) return null
    const date = text.slice(0, 10)
    let midnight = this.#midnights.get(date)
    if (midnight === undefined) {
      const parsed = parseInstant(date)
      if (parsed === null) return null
      midnight = parsed
      remember(this.#midnights, date, midnight)
    }
    const ofDay = hour * 3600 + minute * 60 + second
    return ofDay < DAY_SECONDS ? midnight + ofDay : null
  }
}

/** 100 if the two characters are not digits, which no part of a time can be. */
export function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48
  const ones = text.charCodeAt(at + 1) - 48
  return tens < 0 || tens > 9 || ones < 0 || ones > 9 ? 100 : tens * 10 + ones
}
