/**
 * Decides whose turn it is when more is asked than a worker can answer. A question to SQLite keeps the thread
 * busy, and one turn of the event loop reads all requests that have come. Without a limit, hundreds would be
 * answered before anything else, such as a health check. So each turn answers for a short time only, and the
 * rest wait in order of arrival. Deliveries that are being counted take turns as well.
 */
import type { LimitName, Limits } from '../domain/limits.ts'
import { HttpError } from './error-reply.ts'

export type TurnLimits = Pick<Limits, 'requestsWaiting' | 'requestWaitSeconds'>

/** How long answers may hold a turn of the event loop. */
const TURN_MS = 20

/** Answers from a database server hold no turn, so this many requests may start at once. */
const BATCH_MAX = 256

interface Waiting {
  readonly sinceMs: number
  readonly go: () => void
  readonly refuse: (error: Error) => void
}

export class Turns {
  readonly #limits: TurnLimits
  readonly #nowMs: () => number
  #waiting: Waiting[] = []
  /** Longer work that continues in pieces. */
  #goingOn: (() => void)[] = []
  /** Null while nobody has asked in the current turn of the event loop. */
  #turnBeganAt: number | null = null
  #batchBeganAt = 0
  /** How many requests start together, based on how long the last ones took. */
  #batch = 1

  /** `nowMs` is a clock that only goes forward. */
  constructor(limits: TurnLimits, nowMs: () => number) {
    this.#limits = limits
    this.#nowMs = nowMs
  }

  get waiting(): number {
    return this.#waiting.length
  }

  /**
   * Null if it is already the caller's turn, else a promise of it, so that nobody awaits without need. Throws
   * `unavailable` if too many wait; the promise rejects the same way if waiting takes too long.
   */
  take(): Promise<void> | null {
    const now = this.#begin()
    if (this.#waiting.length === 0 && now - (this.#turnBeganAt ?? now) < TURN_MS) return null
    if (this.#waiting.length >= this.#limits.requestsWaiting) throw busy('requestsWaiting')
    return new Promise((go, refuse) => this.#waiting.push({ sinceMs: now, go, refuse }))
  }

  /** Resolves when the next piece of longer work has its turn, never at once. */
  next(): Promise<void> {
    this.#begin()
    return new Promise((go) => this.#goingOn.push(go))
  }

  /** Begins a turn if none is running. Returns the time. */
  #begin(): number {
    const now = this.#nowMs()
    if (this.#turnBeganAt === null) {
      this.#turnBeganAt = now
      this.#schedule()
    }
    return now
  }

  /** The second callback runs right after the work that the first one started, before any new events. */
  #schedule(): void {
    setImmediate(() => this.#letGo())
    setImmediate(() => this.#endTurn())
  }

  #letGo(): void {
    const now = this.#nowMs()
    this.#batchBeganAt = now
    this.#goingOn.shift()?.()
    const oldestMs = now - this.#limits.requestWaitSeconds * 1_000
    let gone = 0
    while (gone < this.#batch && this.#waiting.length > 0) {
      const { sinceMs, go, refuse } = this.#waiting.shift()!
      if (sinceMs < oldestMs) refuse(busy('requestWaitSeconds'))
      else {
        go()
        gone++
      }
    }
  }

  #endTurn(): void {
    const now = this.#nowMs()
    const tookMs = now - this.#batchBeganAt
    if (tookMs > TURN_MS) this.#batch = Math.max(1, Math.floor(this.#batch / 2))
    else if (tookMs < TURN_MS / 2) this.#batch = Math.min(this.#batch * 2, BATCH_MAX)
    if (this.#waiting.length > 0 || this.#goingOn.length > 0) {
      this.#turnBeganAt = now
      this.#schedule()
    } else this.#turnBeganAt = null
  }
}

function busy(limit: LimitName): HttpError {
  const message = 'The server has more to answer than it can; this request was not processed'
  return new HttpError('unavailable', message, { limit, headers: { 'Retry-After': '1' } })
}
