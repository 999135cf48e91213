/** When keys were used last: noted in the store now and then, never while a request waits for it. */
import { type ApiKey, KEY_USE_NOTED_SECONDS, type KeyUse } from '../domain/directory.ts'
import type { Sid } from '../domain/identifiers.ts'
import type { UsageStore } from '../storage/usage-store.ts'

/** Uses that follow each other closely are one write. */
const FLUSH_AFTER_MS = 1_000

export class KeyUses {
  readonly #store: Pick<UsageStore, 'noteKeyUses'>
  /** What this process has noted, so that it is not noted anew where the store cannot be written. */
  readonly #noted = new Map<Sid, number>()
  #waiting: KeyUse[] = []
  #timer: NodeJS.Timeout | null = null

  constructor(store: Pick<UsageStore, 'noteKeyUses'>) {
    this.#store = store
  }

  /** Takes every use of a key that is good. */
  note({ sid, lastUsedAt }: ApiKey, at: number): void {
    const noted = Math.max(lastUsedAt ?? 0, this.#noted.get(sid) ?? 0)
    if (at - noted < KEY_USE_NOTED_SECONDS) return
    this.#noted.set(sid, at)
    this.#waiting.push({ sid, at })
    this.#timer ??= setTimeout(() => void this.flush(), FLUSH_AFTER_MS).unref()
  }

  /** Never fails: a use that cannot be noted now is noted an hour later, when the key is used. */
  async flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    const uses = this.#waiting
    this.#waiting = []
    if (uses.length > 0) await this.#store.noteKeyUses(uses).catch(() => {})
  }
}
