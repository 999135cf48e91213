/** Which zone usage belongs to: home, national roaming, or international roaming by country. */
import type { CountryCode } from './country.ts'
import { countryOfPlmn, type Plmn } from './plmn.ts'
import type { Serving, Zone } from './usage-event.ts'

/** The networks and countries in which a SIM is at home. They are never derived from its IMSI. */
export interface HomeSet {
  readonly plmns: readonly Plmn[]
  readonly countries: readonly CountryCode[]
}

/** What a record says about the network that served it; null for what it does not state. */
export interface StatedNetwork {
  readonly plmn: Plmn | null
  readonly country: CountryCode | null
  readonly zone: Zone | null
}

/** The SIM's own home set, part by part. For an empty part, its account's counts. */
export function effectiveHomeSet(sim: HomeSet, account: HomeSet): HomeSet {
  return {
    plmns: sim.plmns.length > 0 ? sim.plmns : account.plmns,
    countries: sim.countries.length > 0 ? sim.countries : account.countries,
  }
}

/**
 * Classifies by serving network, then country. A zone or country that the record states wins over a
 * derived one. Returns null if nothing tells the zone, or if usage abroad has no country to be listed
 * under. Such a record is never counted as home; it goes to quarantine.
 */
export function classify(
  stated: StatedNetwork,
  home: HomeSet,
  feedDefaultZone: Zone | null,
): Serving | null {
  const country = stated.country ?? (stated.plmn === null ? null : countryOfPlmn(stated.plmn))
  const zone = stated.zone ?? deriveZone(stated.plmn, country, home) ?? feedDefaultZone
  if (zone === null) return null
  if (zone === 'international_roaming' && country === null) return null
  return {
    plmn: stated.plmn,
    country,
    zone,
    countryStated: stated.country !== null,
    zoneStated: stated.zone !== null,
  }
}

function deriveZone(plmn: Plmn | null, country: CountryCode | null, home: HomeSet): Zone | null {
  if (plmn !== null && home.plmns.includes(plmn)) return 'home'
  if (country === null) return null
  return home.countries.includes(country) ? 'national_roaming' : 'international_roaming'
}
