/** The number that a delivery's file name has, by a pattern that the feed states. */
import type { DeliveryFacts } from './import.ts'
import { invalidField } from './usage-error.ts'

/** Longer ones are no file names, and a number of more digits is not exact. */
const NAME_CHARACTERS_MAX = 255
const DIGITS_MAX = 15

const PATTERN_CHARACTERS_MAX = 500

/**
 * Checks a regular expression with a group `sequence`, and perhaps one `stream`, such as
 * `^(?<stream>[A-Z]+)_(?<sequence>\d+)\.csv`. Throws `invalid`.
 */
export function parseSequencePattern(field: string, text: string): string {
  const rule =
    'expected a regular expression with a group (?<sequence>…), such as usage_(?<sequence>\\d+)'
  if (text.length > PATTERN_CHARACTERS_MAX) {
    throw invalidField(field, text, `expected at most ${PATTERN_CHARACTERS_MAX} characters`)
  }
  let groups: Record<string, unknown> | undefined
  try {
    // With nothing as a further choice it fits, and so tells its groups.
    groups = new RegExp(`${text}|`).exec('')?.groups
  } catch (cause) {
    throw invalidField(field, text, `${rule} (${(cause as Error).message})`)
  }
  if (groups === undefined || !('sequence' in groups)) throw invalidField(field, text, rule)
  return text
}

/** Null where the name does not fit: folders before it do not count. */
export function sequenceOfName(pattern: string, source: string): DeliveryFacts['sequence'] {
  const name = source.slice(source.lastIndexOf('/') + 1)
  if (name.length > NAME_CHARACTERS_MAX) return null
  const groups = new RegExp(pattern).exec(name)?.groups
  const digits = groups?.sequence
  if (digits === undefined || !/^\d+$/.test(digits) || digits.length > DIGITS_MAX) return null
  return { stream: groups?.stream ?? '', number: Number(digits) }
}
