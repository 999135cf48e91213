/** Zones, under the API's names. */

export const ZONES = ['home', 'national_roaming', 'international_roaming'] as const
export type Zone = (typeof ZONES)[number]

export const ZONE_NAMES: Readonly<Record<Zone, string>> = {
  home: 'Home',
  national_roaming: 'National roaming',
  international_roaming: 'International roaming',
}

export function zoneName(zone: string): string {
  return ZONE_NAMES[zone as Zone] ?? zone
}
