/** The store as its callers act on it. */
import type { UsageStore } from '../storage/usage-store.ts'

/** How many are remembered, at about 40 KB each. */
const REMEMBERED_MAX = 200

/**
 * Remembers the stores of callers. Making one takes longer than storing a small delivery, and the same few
 * credentials deliver all day.
 */
export class ActingStores {
  readonly #store: UsageStore
  /** UTC seconds. */
  readonly #clock: () => number
  readonly #byName = new Map<string, UsageStore>()

  constructor(store: UsageStore, clock: () => number) {
    this.#store = store
    this.#clock = clock
  }

  /** The store for changes that are logged under this name. */
  of(name: string): UsageStore {
    const known = this.#byName.get(name)
    if (known !== undefined) return known
    const acting = this.#store.actingAs({ name, clock: this.#clock })
    if (this.#byName.size >= REMEMBERED_MAX) this.#byName.clear()
    this.#byName.set(name, acting)
    return acting
  }
}
