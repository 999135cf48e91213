/** Networks named by a single text: PLMNs, whose MNC may have lost or gained zeros, and names. */
import { type CountryCode, parseCountry } from '../../domain/country.ts'
import { parsePlmn } from '../../domain/plmn.ts'
import { countryOfTadig } from '../formats/tadig.ts'
import type { MncDigits } from './mapping.ts'

const PLMN_TEXT = /^(\d{3})[- ]?(\d{1,3})$/

/** What a text says about the network; one of the two is ''. */
export interface NetworkText {
  readonly plmn: string
  readonly country: CountryCode | ''
}

export const NO_NETWORK: NetworkText = { plmn: '', country: '' }

/**
 * The MNC at the length that the mapping states. It stays as it is if nothing is stated, or if it does
 * not fit.
 */
export function mncOf(mcc: string, mnc: string, digits: MncDigits | undefined): string {
  if (digits === undefined) return mnc
  if (typeof digits === 'number') return mnc.padStart(digits, '0')
  const length = digits[mcc] ?? digits.otherwise
  if (length === undefined) return mnc
  return mnc.replace(/^0+(?=\d)/, '').padStart(length, '0')
}

/** A PLMN in one text, such as `206001`. */
export function plmnOf(text: string, digits: MncDigits | undefined): string {
  const [, mcc, mnc] = PLMN_TEXT.exec(text) ?? []
  return mcc === undefined || digits === undefined ? text : `${mcc}-${mncOf(mcc, mnc!, digits)}`
}

/** Null if the text is nothing that it may be. */
export function networkOf(
  text: string,
  names: ReadonlyMap<string, string>,
  digits: MncDigits | undefined,
): NetworkText | null {
  const named = names.get(text)
  const plmn = parsePlmn(named ?? plmnOf(text, digits))
  if (plmn !== null) return { plmn, country: '' }
  const country = named === undefined ? countryOfTadig(text) : parseCountry(named)
  return country === null ? null : { plmn: '', country }
}
