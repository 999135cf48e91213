/** Countries by the codes of the API, three letters, as people call them. */
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

/** What the API says where there is none. */
export const NO_COUNTRY = 'ZZZ'

/** `Mexico`; a code that is nobody's stays as it is. */
export function countryName(code: string): string {
  if (code === NO_COUNTRY) return 'No country'
  const alpha2 = ALPHA2.get(code)
  return alpha2 === undefined ? code : (names.of(alpha2) ?? code)
}
