/**
 * TADIG codes, the names of networks in roaming batches (`ESPVV`), and what the feed or the code's first
 * three characters say about the network. What neither says stays unknown.
 */
import type { StatedNetwork } from '../../domain/classification.ts'
import { type CountryCode, INTERNATIONAL_COUNTRY, parseCountry } from '../../domain/country.ts'
import { type Plmn, parsePlmn } from '../../domain/plmn.ts'

/** How many distinct codes are remembered; a batch has some dozens. */
const REMEMBERED_MAX = 10_000

/** What a feed's settings say about one network. */
export interface NetworkSetting {
  readonly country?: string
  readonly plmn?: string
}

/** First three characters that are no ISO 3166-1 alpha-3 code, or not the one they look like. */
const COUNTRY_BY_PREFIX: ReadonlyMap<string, CountryCode | null> = new Map([
  // Kosovo has no code in ISO 3166-1; its networks begin with this.
  ['K00', 'XK' as CountryCode],
  // Not assigned to a country, although our own alpha-3 list ends with it.
  ['ZZZ', null],
])
/** Satellites, ships and aircraft. */
const NON_TERRESTRIAL_PREFIX = 'AA'

export function isTadig(text: string): boolean {
  return /^[A-Z0-9]{5}$/.test(text)
}

/**
 * The country that a code begins with, which is ISO 3166-1 alpha-3 in nearly all codes. Some territories
 * use their state's (USA, GBR, FRA), as they do with its MCC. Null for other codes.
 */
export function countryOfTadig(tadig: string): CountryCode | null {
  if (!isTadig(tadig)) return null
  if (tadig.startsWith(NON_TERRESTRIAL_PREFIX)) return INTERNATIONAL_COUNTRY
  const prefix = tadig.slice(0, 3)
  const known = COUNTRY_BY_PREFIX.get(prefix)
  return known === undefined ? parseCountry(prefix) : known
}

/** The networks of one delivery. */
export class TadigNetworks {
  readonly #settings: ReadonlyMap<string, NetworkSetting>
  readonly #networks = new Map<string, StatedNetwork>()
  /** One object for each distinct statement, whichever codes lead to it. */
  readonly #statements = new Map<string, StatedNetwork>()

  constructor(settings: Readonly<Record<string, NetworkSetting>>) {
    this.#settings = new Map(Object.entries(settings))
  }

  /** The network of a code; an unknown code gives an empty statement. */
  networkOf(tadig: string): StatedNetwork {
    const known = this.#networks.get(tadig)
    if (known !== undefined) return known
    const network = this.#stated(tadig)
    if (this.#networks.size >= REMEMBERED_MAX) this.#networks.clear()
    this.#networks.set(tadig, network)
    return network
  }

  #stated(tadig: string): StatedNetwork {
    const setting = this.#settings.get(tadig)
    const plmn: Plmn | null = setting?.plmn === undefined ? null : parsePlmn(setting.plmn)
    const named = setting?.country === undefined ? null : parseCountry(setting.country)
    // If the PLMN is set, its own country counts unless the setting names another.
    const country = named ?? (plmn === null ? countryOfTadig(tadig) : null)
    const key = `${plmn}|${country}`
    const known = this.#statements.get(key)
    if (known !== undefined) return known
    const network: StatedNetwork = { plmn, country, zone: null }
    this.#statements.set(key, network)
    return network
  }
}
