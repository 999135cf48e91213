/** Threads beside the writer, for work that needs a connection to itself. */
import type { Writer } from './writer.ts'

export interface SpareThreadsOptions {
  /** At a time; further work waits for its turn. */
  readonly threadsMax?: number
  /** How many that are done wait for the next work. */
  readonly idleMax?: number
}

/**
 * One for each work at a time. A thread takes longer to start than a small store takes to audit, so that
 * one that is done waits for the next work.
 */
export class SpareThreads {
  readonly #start: () => Writer
  readonly #threadsMax: number
  readonly #idleMax: number
  readonly #idle: Writer[] = []
  #busy = 0
  /** Work in the order in which it came. */
  readonly #waiting: (() => void)[] = []
  #closed = false

  constructor(
    start: () => Writer,
    { threadsMax = Number.POSITIVE_INFINITY, idleMax = 1 }: SpareThreadsOptions = {},
  ) {
    this.#start = start
    this.#threadsMax = threadsMax
    this.#idleMax = idleMax
  }

  async use<T>(work: (thread: Writer) => Promise<T>): Promise<T> {
    // One that is let go has the place of the one before.
    if (this.#busy < this.#threadsMax) this.#busy++
    else await new Promise<void>((go) => this.#waiting.push(go))
    const thread = this.#idle.pop() ?? this.#start()
    try {
      return await work(thread)
    } finally {
      if (this.#closed || this.#idle.length >= this.#idleMax) await thread.close()
      else this.#idle.push(thread)
      const next = this.#waiting.shift()
      if (next === undefined) this.#busy--
      else next()
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all(this.#idle.splice(0).map((thread) => thread.close()))
  }
}
