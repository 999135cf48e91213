/** Tells whether a quarantined record names a SIM that is to be erased. Asks no database. */
import { type SimIdentity, simIdentities } from '../../domain/identifiers.ts'
import type { KeptRecord } from '../../domain/import.ts'

const DIGITS = { first: 0x30, last: 0x39 } as const

export class ErasedNames {
  readonly #identities = new Set<string>()
  readonly #texts: readonly Buffer[]
  readonly #packed: readonly Buffer[]

  /** Names as records have them. */
  constructor(names: readonly string[]) {
    const identities = names.flatMap((name) => simIdentities(name))
    for (const identity of identities) this.#identities.add(keyOf(identity))
    // A unique name is an ordinary word that any text may contain, so raw text is not searched for it.
    const values = identities.flatMap(({ kind, value }) => (kind === 'unique_name' ? [] : [value]))
    const numbers = [...new Set(values)]
    this.#texts = numbers.map((value) => Buffer.from(value))
    this.#packed = numbers
      .filter((value) => /^\d{14,}$/.test(value))
      .flatMap((value) => [packed(value, false), packed(value, true)])
  }

  /** `isOwn` is false if unique names of another account may be meant. */
  isNamedBy(record: KeptRecord | null, isOwn: boolean): boolean {
    if (record === null) return false
    return simIdentities(record.sim).some(
      (identity) =>
        (isOwn || identity.kind !== 'unique_name') && this.#identities.has(keyOf(identity)),
    )
  }

  /** As text not surrounded by digits, or in the half bytes of a binary record. */
  standsIn(raw: Uint8Array): boolean {
    const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength)
    return (
      this.#texts.some((text) => hasNumber(bytes, text)) ||
      this.#packed.some((text) => bytes.includes(text))
    )
  }
}

function keyOf({ kind, value }: SimIdentity): string {
  return `${kind} ${value}`
}

function hasNumber(bytes: Buffer, text: Buffer): boolean {
  for (let at = bytes.indexOf(text); at !== -1; at = bytes.indexOf(text, at + 1)) {
    if (!isDigit(bytes[at - 1]) && !isDigit(bytes[at + text.length])) return true
  }
  return false
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= DIGITS.first && byte <= DIGITS.last
}

/** Two digits per byte, filled up with F. Carriers write them in either order. */
function packed(digits: string, isSwapped: boolean): Buffer {
  const pairs = (digits.length % 2 === 0 ? digits : `${digits}f`).match(/../g)!
  return Buffer.from(
    pairs.map((pair) => (isSwapped ? `${pair[1]}${pair[0]}` : pair)).join(''),
    'hex',
  )
}
