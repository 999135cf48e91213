/** Names in a delivery that Simtally does not use, counted for its warnings. */
import { maskIdentifier } from '../../domain/identifiers.ts'
import { shown } from '../../domain/usage-error.ts'

/** How many names a warning gives, because names may differ in every record. */
const NAMES_MAX = 20

export class CountedNames {
  readonly #counts = new Map<string, number>()
  #total = 0
  #others = 0

  get total(): number {
    return this.#total
  }

  add(name: string): void {
    this.#total++
    const count = this.#counts.get(name)
    if (count !== undefined) this.#counts.set(name, count + 1)
    else if (this.#counts.size < NAMES_MAX) this.#counts.set(ownText(name), 1)
    else this.#others++
  }

  /** `A (3), B (1) and 7 more` */
  told(): string {
    const names = [...this.#counts].map(([name, count]) => `${shownName(name)} (${count})`)
    return names.join(', ') + (this.#others === 0 ? '' : ` and ${this.#others} more`)
  }
}

/** Unchanged if it is plain; in a broken file, a subscriber's number may be in its place. */
export function shownName(name: string): string {
  const masked = name.replace(/\d{6,}/g, (digits) => maskIdentifier(digits))
  return /^[\w .:,+()[\]…-]{1,80}$/.test(masked) ? masked : shown(masked)
}

/** Text cut from a line keeps the whole chunk in memory that it was read from; a copy does not. */
function ownText(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8')
}

/**
 * How many NASes are remembered, each with whether its packets have a charging id; a delivery has a few
 * dozen.
 */
const NASES_MAX = 1_000

/**
 * Whether all readings of a NAS have a charging id, or none. It is part of a session's name, so a session
 * that has it only in some readings would be counted as two.
 */
export class ChargingIds {
  readonly #seen = new Map<string, { with: number; without: number }>()

  add(nas: string, chargingId: string | null): void {
    let counts = this.#seen.get(nas)
    if (counts === undefined) {
      if (this.#seen.size >= NASES_MAX) return
      counts = { with: 0, without: 0 }
      this.#seen.set(ownText(nas), counts)
    }
    counts[chargingId === null ? 'without' : 'with']++
  }

  warnings(): string[] {
    const mixed = [...this.#seen.values()].filter((nas) => nas.with > 0 && nas.without > 0)
    if (mixed.length === 0) return []
    const without = mixed.reduce((sum, nas) => sum + nas.without, 0)
    const all = without + mixed.reduce((sum, nas) => sum + nas.with, 0)
    return [
      `3GPP-Charging-ID is missing in ${without} of ${all} readings of a NAS that states it: a session whose readings differ in it counts as two; the setting series names sessions without it`,
    ]
  }
}
