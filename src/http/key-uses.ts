/** Notes in the store, now and then, when each key was last used. No request waits for it. */
import { type ApiKey, KEY_USE_NOTED_SECONDS, type KeyUse } from '../domain/directory.ts'
import type { Sid } from '../domain/identifiers.ts'
import type { UsageStore } from '../storage/usage-store.ts'

/** Uses in quick succession become one write. */
const FLUSH_AFTER_MS = 1_000

export class KeyUses {
  readonly #store: Pick<UsageStore, 'noteKeyUses'>
  /** What this process has noted, so that it does not try again at once if the store cannot be written. */
  readonly #noted = new Map<Sid, number>()
  #waiting: KeyUse[] = []
  #timer: NodeJS.Timeout | null = null

  constructor(store: Pick<UsageStore, 'noteKeyUses'>) {
    this.#store = store
  }

  /** Takes every use of a valid key. */
  note({ sid, lastUsedAt }: ApiKey, at: number): void {
    const noted = Math.max(lastUsedAt ?? 0, this.#noted.get(sid) ?? 0)
    if (at - noted < KEY_USE_NOTED_SECONDS) return
    this.#noted.set(sid, at)
    this.#waiting.push({ sid, at })
    this.#timer ??= setTimeout(() => void this.flush(), FLUSH_AFTER_MS).unref()
  }

  /** Never fails: a use that cannot be noted now is noted with the key's first use after an hour. */
  async flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    const uses = this.#waiting
    this.#waiting = []
    if (uses.length > 0) await this.#store.noteKeyUses(uses).catch(() => {})
  }
}
