/** A network on which anything was used, on the wire. */
import { type Static, Type } from 'typebox'
import { countryCodeAlpha3 } from '../../domain/country.ts'
import type { UsedNetwork } from '../../storage/usage-store.ts'
import { listSchema, nullableText } from './shapes.ts'

export const usedNetworkSchema = Type.Object({ network: Type.String(), country_code: nullableText })

export const usedNetworksSchema = listSchema('networks', usedNetworkSchema)

export function usedNetworkToApi({ plmn, country }: UsedNetwork): Static<typeof usedNetworkSchema> {
  return {
    network: plmn,
    country_code: country === null ? null : countryCodeAlpha3(country),
  }
}
