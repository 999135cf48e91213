/** The batch of an import that is still being read. */
import type { QuarantinedRecord } from '../domain/import.ts'
import type { OpenEvents } from '../storage/usage-store.ts'

/** Records in quarantine are kept as objects, with what is wrong with them. */
const QUARANTINED_MAX = 50_000

export class OpenBatch {
  readonly events: OpenEvents
  readonly quarantined: QuarantinedRecord[] = []
  /** How many records were older than retention. */
  expired = 0
  #quarantinedLength = 0

  /** `events` are empty. */
  constructor(events: OpenEvents) {
    this.events = events
  }

  /** How many records it has. */
  get size(): number {
    return this.events.length + this.quarantined.length + this.expired
  }

  /** The total length of the records' texts, in characters or bytes. */
  get textLength(): number {
    return this.events.textLength + this.#quarantinedLength
  }

  /** Whether it should be stored, if it may have at most so many records and so much text. */
  isFull({ recordsMax, textMax }: { recordsMax: number; textMax: number }): boolean {
    const isLarge = this.size >= recordsMax || this.textLength >= textMax
    return isLarge || this.events.isFull || this.quarantined.length >= QUARANTINED_MAX
  }

  addQuarantined(record: QuarantinedRecord): void {
    this.quarantined.push(record)
    this.#quarantinedLength += record.raw.length
  }
}
