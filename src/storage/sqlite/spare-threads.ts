/** Threads beside the writer, for work that needs a connection to itself. */
import type { Writer } from './writer.ts'

/**
 * One for each work at a time, up to `threadsMax`; further work waits for its turn. A thread takes longer
 * to start than a small store takes to audit, so that one that is done waits for the next work.
 */
export class SpareThreads {
  readonly #start: () => Writer
  readonly #threadsMax: number
  readonly #idle: Writer[] = []
  #busy = 0
  /** Work in the order in which it came. */
  readonly #waiting: (() => void)[] = []
  #closed = false

  constructor(start: () => Writer, threadsMax = Number.POSITIVE_INFINITY) {
    this.#start = start
    this.#threadsMax = threadsMax
  }

  async use<T>(work: (thread: Writer) => Promise<T>): Promise<T> {
    // One that is let go has the place of the one before.
    if (this.#busy < this.#threadsMax) this.#busy++
    else await new Promise<void>((go) => this.#waiting.push(go))
    const thread = this.#idle.pop() ?? this.#start()
    try {
      return await work(thread)
    } finally {
      if (this.#closed || this.#idle.length > 0) await thread.close()
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
