/** Mobile networks (PLMNs) as carriers name them, and the country of a network. */
import type { CountryCode } from './country.ts'
import { MCC_COUNTRIES, PLMN_COUNTRIES } from './mcc-countries.ts'

declare const plmn: unique symbol

/** MCC and MNC with a hyphen, `310-260`. The MNC keeps its zeros: `01` and `001` differ. */
export type Plmn = string & { readonly [plmn]: true }

const MCC_DIGITS = 3
const PLMN_TEXT = /^\s*(\d{3})[- ]?(\d{2,3})\s*$/

/**
 * Reads `310-260`, `310260` and `310 260`, with spaces around them; the MNC has two or three digits. Null
 * for anything else. Does not check that such a network exists.
 */
export function parsePlmn(text: string): Plmn | null {
  const match = PLMN_TEXT.exec(text)
  return match === null ? null : (`${match[1]}-${match[2]}` as Plmn)
}

/**
 * The country of the network, or else of its MCC. `ZZ` for codes that belong to no country, null for an
 * unassigned MCC.
 */
export function countryOfPlmn(plmn: Plmn): CountryCode | null {
  return PLMN_COUNTRIES.get(plmn) ?? MCC_COUNTRIES.get(plmn.slice(0, MCC_DIGITS)) ?? null
}
