/** Home sets as people write them: lists of networks and countries. */
import { type CountryCode, parseCountry } from './country.ts'
import { type Plmn, parsePlmn } from './plmn.ts'
import { invalidField, shown } from './usage-error.ts'

/** More than there are countries. A longer list is a file pasted into the wrong place. */
export const HOME_SET_ENTRIES_MAX = 300

/**
 * Reads `310-260, 310-160`: networks separated by spaces, commas or semicolons. Repeated ones are
 * returned once. An empty text is an empty list. Throws `invalid`, naming every wrong entry.
 */
export function parsePlmnList(field: string, text: string): readonly Plmn[] {
  return parseList(field, text, parsePlmn, 'networks as MCC-MNC, such as 310-260')
}

/** As `parsePlmnList`, for countries in alpha-2 or alpha-3: `US PR`. */
export function parseCountryList(field: string, text: string): readonly CountryCode[] {
  return parseList(field, text, parseCountry, 'ISO 3166-1 country codes, such as US')
}

function parseList<T>(
  field: string,
  text: string,
  parseEntry: (entry: string) => T | null,
  expected: string,
): readonly T[] {
  const entries = text.split(/[\s,;]+/).filter((entry) => entry !== '')
  if (entries.length > HOME_SET_ENTRIES_MAX) {
    throw invalidField(field, text, `expected at most ${HOME_SET_ENTRIES_MAX} entries`)
  }
  const parsed = new Set<T>()
  const wrong: string[] = []
  for (const entry of entries) {
    const value = parseEntry(entry)
    if (value === null) wrong.push(entry)
    else parsed.add(value)
  }
  if (wrong.length === 0) return [...parsed]
  const named = wrong.length < entries.length ? `, not ${wrong.map(shown).join(', ')}` : ''
  throw invalidField(field, text, `expected ${expected}${named}`)
}
