/** Countries by the API's three-letter codes, under their usual names. */
import { ISO_COUNTRIES } from '../../../src/domain/iso-countries.ts'

const ALPHA2 = new Map(
  ISO_COUNTRIES.trim()
    .split(/\s+/)
    .map((pair) => {
      const [alpha2 = '', alpha3 = ''] = pair.split(':')
      return [alpha3, alpha2] as const
    }),
)

const names = new Intl.DisplayNames('en', { type: 'region' })

/** The API's code for no country. */
export const NO_COUNTRY = 'ZZZ'

/** `Mexico`; an unassigned code stays as it is. */
export function countryName(code: string): string {
  if (code === NO_COUNTRY) return 'No country'
  const alpha2 = ALPHA2.get(code)
  return alpha2 === undefined ? code : (names.of(alpha2) ?? code)
}
