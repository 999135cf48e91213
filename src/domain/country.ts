/** Country codes: ISO 3166-1 alpha-2 inside, read from alpha-2 or alpha-3, written as either. */
import { ISO_COUNTRIES } from './iso-countries.ts'

declare const countryCode: unique symbol

/** ISO 3166-1 alpha-2 in capitals, `XK` (Kosovo) or `ZZ` (no country). */
export type CountryCode = string & { readonly [countryCode]: true }

/** The country of networks that belong to none: satellites, ships, aircraft, private networks. */
export const INTERNATIONAL_COUNTRY = 'ZZ' as CountryCode

const COUNTRY_BY_TEXT = new Map<string, CountryCode>()
const ALPHA3_BY_COUNTRY = new Map<CountryCode, string>()

for (const pair of ISO_COUNTRIES.trim().split(/\s+/)) {
  const country = pair.slice(0, 2) as CountryCode
  const alpha3 = pair.slice(3)
  COUNTRY_BY_TEXT.set(country, country)
  COUNTRY_BY_TEXT.set(alpha3, country)
  ALPHA3_BY_COUNTRY.set(country, alpha3)
}

// Letters outside ASCII can become ASCII in upper case (ß becomes SS, which is South Sudan).
const ALPHA2_OR_ALPHA3 = /^[A-Za-z]{2,3}$/

/**
 * Reads alpha-2 or alpha-3 in any letter case, with spaces around it. Null for anything else, including
 * codes that only look right: `UK` is not assigned.
 */
export function parseCountry(text: string): CountryCode | null {
  const known = COUNTRY_BY_TEXT.get(text)
  if (known !== undefined) return known
  const trimmed = text.trim()
  if (!ALPHA2_OR_ALPHA3.test(trimmed)) return null
  return COUNTRY_BY_TEXT.get(trimmed.toUpperCase()) ?? null
}

export function countryCodeAlpha3(code: CountryCode): string {
  const alpha3 = ALPHA3_BY_COUNTRY.get(code)
  if (alpha3 === undefined) throw new Error(`${JSON.stringify(code)} is not a country code`)
  return alpha3
}
