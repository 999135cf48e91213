/** Countries by their English name. */
import { ISO_COUNTRIES } from '../../domain/iso-countries.ts'

/** Names in use besides those in Unicode's data. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  'bosnia and herzegovina': 'BA',
  'brunei darussalam': 'BN',
  burma: 'MM',
  'cabo verde': 'CV',
  czechia: 'CZ',
  'czech republic': 'CZ',
  'cote d ivoire': 'CI',
  'ivory coast': 'CI',
  'hong kong': 'HK',
  iran: 'IR',
  laos: 'LA',
  macau: 'MO',
  macao: 'MO',
  moldova: 'MD',
  'north macedonia': 'MK',
  macedonia: 'MK',
  'republic of korea': 'KR',
  russia: 'RU',
  'russian federation': 'RU',
  'south korea': 'KR',
  swaziland: 'SZ',
  'syrian arab republic': 'SY',
  tanzania: 'TZ',
  turkey: 'TR',
  turkiye: 'TR',
  'united states of america': 'US',
  usa: 'US',
  'viet nam': 'VN',
}

let byName: ReadonlyMap<string, string> | null = null

/** The name in any letter case, with or without accents; null if it is unknown. */
export function countryOfName(name: string): string | null {
  byName ??= namesOfCountries()
  return byName.get(normalized(name)) ?? null
}

function namesOfCountries(): Map<string, string> {
  const unicode = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' })
  const names = new Map(Object.entries(OTHER_NAMES))
  for (const pair of ISO_COUNTRIES.trim().split(/\s+/)) {
    const code = pair.slice(0, 2)
    const name = code === 'ZZ' ? undefined : unicode.of(code)
    if (name !== undefined) names.set(normalized(name), code)
  }
  return names
}

function normalized(name: string): string {
  return name
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/&/g, ' and ')
    .replace(/[^a-z]+/g, ' ')
    .trim()
}
