/** The reference model's SIMs: which one a record names, and where each is at home. */
import { type CountryCode, countryCodeAlpha3 } from '../../src/domain/country.ts'
import { countryOfPlmn, type Plmn } from '../../src/domain/plmn.ts'
import { checkDigit } from './builders.ts'

export type ModelZone = 'home' | 'national_roaming' | 'international_roaming'

export interface ModelHome {
  /** `310-260` */
  readonly plmns: readonly string[]
  /** Alpha-2. */
  readonly countries: readonly string[]
}

export interface ModelAccount {
  readonly sid: string
  readonly home: ModelHome
}

export interface ModelSim {
  readonly sid: string
  readonly account: ModelAccount
  readonly iccid: string | null
  readonly imsis: readonly string[]
  readonly msisdn: string | null
  readonly uniqueName: string | null
  /** Each part that is not empty counts instead of the account's. */
  readonly home: ModelHome
}

/**
 * The one SIM that `name` means. Each account in `bounds` excludes all other accounts' SIMs, and a unique
 * name only means something within an account.
 */
export function simNamed(
  sims: readonly ModelSim[],
  name: string,
  bounds: readonly (string | null)[],
): ModelSim | null {
  const accounts = bounds.filter((bound) => bound !== null)
  const visible = sims.filter((sim) => accounts.every((account) => sim.account.sid === account))
  const meanings: readonly ((sim: ModelSim) => boolean)[] = [
    (sim) => sim.sid === name,
    (sim) => sim.iccid !== null && isSameIccid(sim.iccid, name.replaceAll(/[\s-]|F$/g, '')),
    (sim) => sim.imsis.includes(name),
    (sim) => sim.msisdn !== null && sim.msisdn === name.replace(/^\+/, ''),
    (sim) => accounts.length > 0 && sim.uniqueName === name,
  ]
  for (const meaning of meanings) {
    const found = visible.filter(meaning)
    if (found.length > 0) return found.length === 1 ? found[0]! : null
  }
  return null
}

/** Some carriers leave the check digit out. */
function isSameIccid(a: string, b: string): boolean {
  return a === b || a + checkDigit(a) === b || b + checkDigit(b) === a
}

export interface Place {
  readonly zone: ModelZone
  /** Alpha-3; null if nobody knows. */
  readonly country: string | null
}

/** Where a record's usage counts; null if nothing tells. */
export function placeOf(
  stated: { plmn: string | null; country: string | null; zone: ModelZone | null },
  sim: ModelSim,
  defaultZone: ModelZone | null,
): Place | null {
  const plmns = sim.home.plmns.length > 0 ? sim.home.plmns : sim.account.home.plmns
  const countries = sim.home.countries.length > 0 ? sim.home.countries : sim.account.home.countries
  const country =
    stated.country ?? (stated.plmn === null ? null : countryOfPlmn(stated.plmn as Plmn))

  let zone = stated.zone
  if (zone === null) {
    if (stated.plmn !== null && plmns.includes(stated.plmn)) zone = 'home'
    else if (country === null) zone = defaultZone
    else zone = countries.includes(country) ? 'national_roaming' : 'international_roaming'
  }
  if (zone === null || (zone === 'international_roaming' && country === null)) return null
  return { zone, country: country === null ? null : countryCodeAlpha3(country as CountryCode) }
}
