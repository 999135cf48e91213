/** The events of a batch: those of an open one, and those that a store is given. */
import type { UsageEvent } from '../domain/usage-event.ts'

/** Events in order. An array is one. */
export interface EventList extends Iterable<UsageEvent> {
  readonly length: number
}

/** The events of a batch that is still being read. */
export interface OpenEvents extends EventList {
  add(events: readonly UsageEvent[]): void
  /** The total length of the events' own texts, in characters or bytes. */
  readonly textLength: number
  /** True if storing more events at once would take too much memory, however few they are. */
  readonly isFull: boolean
  /** Empties the list for the next batch. The store must be done with it. */
  clear(): void
  /** The same at the end of an import, which does not use the list any more. */
  release(): void
}

/** Keeps the events as they are. */
export class EventArray implements OpenEvents {
  #events: UsageEvent[] = []
  textLength = 0
  readonly isFull = false

  get length(): number {
    return this.#events.length
  }

  add(events: readonly UsageEvent[]): void {
    for (const event of events) {
      this.#events.push(event)
      this.textLength += event.raw.length
    }
  }

  clear(): void {
    this.#events = []
    this.textLength = 0
  }

  release(): void {
    this.clear()
  }

  [Symbol.iterator](): Iterator<UsageEvent> {
    return this.#events[Symbol.iterator]()
  }
}
