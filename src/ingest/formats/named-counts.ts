/** Counts of things by name, for warnings about a delivery. */

/** Names come from outside, so only this many are kept and named. */
const NAMED_MAX = 20

export class NamedCounts {
  readonly #counts = new Map<string, number>()
  #others = 0

  add(name: string): void {
    const count = this.#counts.get(name)
    if (count === undefined && this.#counts.size >= NAMED_MAX) this.#others++
    else this.#counts.set(name, (count ?? 0) + 1)
  }

  /** `a (2), b (1)`; null if nothing was counted. */
  text(): string | null {
    if (this.#counts.size === 0) return null
    const named = [...this.#counts].map(([name, count]) => `${name} (${count})`)
    return [...named, ...(this.#others === 0 ? [] : [`others (${this.#others})`])].join(', ')
  }
}
