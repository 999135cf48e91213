/** Limits how often something may happen for each of many keys, on average and at once. */

/** At most this many are kept; a key not seen for long starts afresh. */
const KEYS_MAX = 10_000

export interface BucketSize {
  /** Tokens added per second. */
  readonly perSecond: number
  /** Tokens available after a long pause. */
  readonly burst: number
}

interface Bucket {
  tokens: number
  atMs: number
}

export class TokenBuckets {
  readonly #size: BucketSize
  readonly #nowMs: () => number
  /** In the order in which they were added. */
  readonly #buckets = new Map<string, Bucket>()

  /** `nowMs` is a clock that only goes forward. */
  constructor(size: BucketSize, nowMs: () => number) {
    this.#size = size
    this.#nowMs = nowMs
  }

  /** Takes a token. False if there is none. */
  take(key: string): boolean {
    const bucket = this.#filled(key)
    if (bucket.tokens < 1) return false
    bucket.tokens -= 1
    return true
  }

  /** Seconds until the next token; 0 if there is one. */
  waitSeconds(key: string): number {
    if (!this.#buckets.has(key)) return 0
    const missing = 1 - this.#filled(key).tokens
    return missing <= 0 ? 0 : Math.ceil(missing / this.#size.perSecond)
  }

  #filled(key: string): Bucket {
    const { perSecond, burst } = this.#size
    const atMs = this.#nowMs()
    const before = this.#buckets.get(key)
    if (before !== undefined) {
      const came = ((atMs - before.atMs) / 1_000) * perSecond
      before.tokens = Math.min(burst, before.tokens + came)
      before.atMs = atMs
      return before
    }
    const bucket = { tokens: burst, atMs }
    this.#buckets.set(key, bucket)
    if (this.#buckets.size > KEYS_MAX) this.#dropOldest()
    return bucket
  }

  #dropOldest(): void {
    const [oldest] = this.#buckets.keys()
    if (oldest !== undefined) this.#buckets.delete(oldest)
  }
}
