/**
 * Parses the values of flags. A value that breaks a rule is wrong usage; the message names flag and value.
 */
import { parseTimeSpan } from '../domain/feed-statements.ts'
import { parseSid, type SidPrefix } from '../domain/identifiers.ts'
import { parseInstant } from '../domain/time.ts'
import { invalidField } from '../domain/usage-error.ts'
import { fromFlags } from './failure.ts'

/** A parser for commander. `parse` gets the flag's name for its messages. */
export function flag<T>(name: string, parse: (name: string, text: string) => T) {
  return (text: string): T => fromFlags(() => parse(name, text))
}

export function sidFlag(name: string, ...prefixes: SidPrefix[]) {
  return flag(name, (field, text) => parseSid(field, text, ...prefixes))
}

export function instantFlag(name: string) {
  return flag(name, (field, text) => {
    const at = parseInstant(text)
    if (at !== null) return at
    throw invalidField(field, text, 'expected an ISO 8601 time, such as 2026-02-28T23:59:59Z')
  })
}

/** Seconds, from `90m`, `24h` or `2d`. */
export function timeSpanFlag(name: string, daysMax: number) {
  return flag(name, (field, text) => parseTimeSpan(field, text, daysMax))
}

export function wholeNumberFlag(name: string, min: number, max: number) {
  return flag(name, (field, text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (value >= min && value <= max) return value
    throw invalidField(field, text, `expected a whole number from ${min} to ${max}`)
  })
}
