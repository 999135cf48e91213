/** Reads the number in a delivery's file name, by a pattern that the feed states. */
import { RE2JS } from 're2js'
import type { DeliveryFacts } from './import.ts'
import { invalidField } from './usage-error.ts'

/** Longer texts are no file names, and a number with more digits is not exact. */
const NAME_CHARACTERS_MAX = 255
const DIGITS_MAX = 15

export const PATTERN_CHARACTERS_MAX = 500

/**
 * How many steps the compiled program of a pattern may have. A name costs at most this many per
 * character: 2 million fit into a tenth of a second.
 */
export const PATTERN_STEPS_MAX = 2_000

/**
 * Checks a regular expression with a group `sequence`, and perhaps one `stream`, such as
 * `^(?<stream>[A-Z]+)_(?<sequence>\d+)\.csv`. The syntax is RE2's: it takes time proportional to the
 * name's length for any pattern, and has neither lookaround nor backreferences. Throws `invalid`.
 */
export function parseSequencePattern(field: string, text: string): string {
  const rule =
    'expected a regular expression with a group (?<sequence>…), such as usage_(?<sequence>\\d+)'
  if (text.length > PATTERN_CHARACTERS_MAX) {
    throw invalidField(field, text, `expected at most ${PATTERN_CHARACTERS_MAX} characters`)
  }
  const pattern = tryCompile(text)
  if (pattern instanceof Error) throw invalidField(field, text, `${rule} (${pattern.message})`)
  if (pattern.programSize() > PATTERN_STEPS_MAX) {
    const many = `its repetitions come to more than ${PATTERN_STEPS_MAX} steps`
    throw invalidField(field, text, `${rule} (${many})`)
  }
  if (!('sequence' in pattern.namedGroups())) throw invalidField(field, text, rule)
  return text
}

/** Null if the name does not match. Folders before it are ignored. */
export function sequenceOfName(pattern: string, source: string): DeliveryFacts['sequence'] {
  const name = source.slice(source.lastIndexOf('/') + 1)
  if (name.length > NAME_CHARACTERS_MAX) return null
  const compiled = compiledOnce(pattern)
  const matcher = compiled?.matcher(name)
  if (compiled === null || !matcher?.find()) return null
  const digits = matcher.group('sequence')
  if (digits === null || !/^\d+$/.test(digits) || digits.length > DIGITS_MAX) return null
  const stream = 'stream' in compiled.namedGroups() ? matcher.group('stream') : null
  return { stream: stream ?? '', number: Number(digits) }
}

/** Files of one feed tend to come one after another. */
let last: { readonly text: string; readonly compiled: RE2JS | null } | null = null

/** Null for text that was never checked and is no pattern. */
function compiledOnce(text: string): RE2JS | null {
  if (last?.text !== text) {
    const compiled = tryCompile(text)
    last = { text, compiled: compiled instanceof Error ? null : compiled }
  }
  return last.compiled
}

function tryCompile(text: string): RE2JS | Error {
  try {
    return RE2JS.compile(RE2JS.translateRegExp(text))
  } catch (error) {
    return error as Error
  }
}
