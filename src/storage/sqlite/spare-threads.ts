/** Threads besides the writer, for work that needs a connection to itself. */
import type { Writer } from './writer.ts'

export interface SpareThreadsOptions {
  /** How many may run at a time; further work waits for its turn. */
  readonly threadsMax?: number
  /** How many idle ones wait for further work. */
  readonly idleMax?: number
}

/**
 * Each thread does one piece of work at a time. Starting one takes longer than auditing a small store, so
 * an idle thread waits for further work.
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
    // Work that has waited takes over the place of the work that ended.
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
