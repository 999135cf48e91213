/** Threads beside the writer, for work that needs a connection to itself. */
import type { Writer } from './writer.ts'

/**
 * One for each work at a time. A thread takes longer to start than a small store takes to audit, so
 * that one that is done waits for the next work.
 */
export class SpareThreads {
  readonly #start: () => Writer
  readonly #idle: Writer[] = []
  #closed = false

  constructor(start: () => Writer) {
    this.#start = start
  }

  async use<T>(work: (thread: Writer) => Promise<T>): Promise<T> {
    const thread = this.#idle.pop() ?? this.#start()
    try {
      return await work(thread)
    } finally {
      if (this.#closed || this.#idle.length > 0) await thread.close()
      else this.#idle.push(thread)
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all(this.#idle.splice(0).map((thread) => thread.close()))
  }
}
