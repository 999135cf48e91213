/** Names that a delivery uses and Simtally does not, counted for its warnings. */
import { maskIdentifier } from '../../domain/identifiers.ts'
import { shown } from '../../domain/usage-error.ts'

/** How many names a warning tells; a name that is different in every record has no end. */
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

/** As it stands where it is plain; a broken file may have a subscriber's number in its place. */
export function shownName(name: string): string {
  const masked = name.replace(/\d{6,}/g, (digits) => maskIdentifier(digits))
  return /^[\w .:,+()[\]…-]{1,80}$/.test(masked) ? masked : shown(masked)
}

/** A text cut from a line keeps the whole chunk it was read from in memory; a copy does not. */
function ownText(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8')
}
