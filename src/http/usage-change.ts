/** A change of usage in the form of the API. The command line uses the same form but no schemas. */
import { byField, counterValues, type EachCounter } from '../domain/counters.ts'
import { countryCodeAlpha3 } from '../domain/country.ts'
import type { UsageChange } from '../storage/usage-store.ts'

export function changeToApi({ accountSid, simSid, zone, country, ...counters }: UsageChange) {
  return {
    account_sid: accountSid as string,
    sim_sid: simSid as string,
    zone: zone as string,
    country_code: country === null ? null : countryCodeAlpha3(country),
    ...differencesToApi(counters),
  }
}

export function differencesToApi(differences: EachCounter<bigint>) {
  const values = counterValues(differences)
  return byField((place) => values[place]!)
}
