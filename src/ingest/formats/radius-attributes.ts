/**
 * A packet's attributes by name. Servers write several names for the same one: in their dictionary's
 * letter case, or as a number if it is not in the dictionary.
 */
import { CountedNames } from './radius-warnings.ts'

/** The values in order; null stands for one that is neither text nor number. */
export interface StatedAttributes {
  valuesOf(name: string): readonly (string | null)[]
}

/** The numbers of vendor 10415's attributes that a feed may need. */
const NUMBERS_3GPP: ReadonlyMap<string, number> = new Map([
  ['3GPP-IMSI', 1],
  ['3GPP-Charging-ID', 2],
  ['3GPP-SGSN-Address', 6],
  ['3GPP-GGSN-Address', 7],
  ['3GPP-NSAPI', 10],
  ['3GPP-SGSN-MCC-MNC', 18],
])

/** The attributes that a parser asks for. All others are counted and skipped. */
export class WantedAttributes {
  /** By every spelling in lower case, and in the dictionary's case for speed. */
  readonly #keys = new Map<string, string>()
  readonly #ignored = new CountedNames()

  constructor(names: readonly string[]) {
    for (const name of names) {
      for (const spelling of spellingsOf(name)) {
        const key = canonicalName(name).toLowerCase()
        this.#keys.set(spelling.toLowerCase(), key)
        this.#keys.set(spelling, key)
      }
    }
  }

  /** Null for one that nobody asks for, which is counted. */
  keyOf(name: string): string | null {
    const key = this.#keys.get(name) ?? this.#keys.get(name.toLowerCase())
    if (key !== undefined) return key
    // A tag identifies the tunnel that a value belongs to.
    this.#ignored.add(name.replace(/:\d{1,2}$/, ''))
    return null
  }

  warnings(): string[] {
    if (this.#ignored.total === 0) return []
    return [`attributes that Simtally does not use were ignored: ${this.#ignored.told()}`]
  }
}

/** The attributes of one packet, under the keys of `WantedAttributes`. */
export class PacketAttributes implements StatedAttributes {
  readonly #values = new Map<string, (string | null)[]>()

  add(key: string, value: string | null): void {
    const values = this.#values.get(key)
    if (values === undefined) this.#values.set(key, [value])
    else values.push(value)
  }

  valuesOf(name: string): readonly (string | null)[] {
    return this.#values.get(name.toLowerCase()) ?? []
  }
}

/** The name used in messages, whatever its case in a setting. */
export function canonicalName(name: string): string {
  const lower = name.toLowerCase()
  return [...NUMBERS_3GPP.keys()].find((known) => known.toLowerCase() === lower) ?? name
}

function spellingsOf(name: string): string[] {
  const canonical = canonicalName(name)
  const number = NUMBERS_3GPP.get(canonical)
  if (number === undefined) return [name]
  return [
    canonical,
    `Vendor-Specific.3GPP.${canonical.slice('3GPP-'.length)}`,
    `Attr-26.10415.${number}`,
    `Vendor-10415-Attr-${number}`,
  ]
}
