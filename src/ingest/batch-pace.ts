/** How many records an import stores in one transaction. */

/** Where an import begins, and returns to if others write. */
const BATCH_RECORDS_FIRST = 10_000

/** How many times as large as the last one a transaction may be. */
const GROWTH_MAX = 2

/** How long a transaction should take at most, in milliseconds; others who want to write wait for it. */
const TRANSACTION_MS = 1_000

export interface StoredBatch {
  readonly records: number
  /** How long the store took. */
  readonly ms: number
  readonly isContended?: boolean
}

/**
 * Large transactions write fewer pages per record, but keep other writers waiting. So an import begins
 * with small ones, enlarges them while it is alone and they are quick, and makes them small again when it
 * is not.
 */
export class BatchPace {
  /** For the next batch. */
  recordsMax = BATCH_RECORDS_FIRST
  readonly #limit: number

  /** `limit` is how many the store gains by at most. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Told about each stored batch. */
  stored({ records, ms, isContended = false }: StoredBatch): void {
    const inTime = isContended ? 0 : Math.floor((records / ms) * TRANSACTION_MS)
    const most = Math.min(inTime, this.recordsMax * GROWTH_MAX, this.#limit)
    this.recordsMax = Math.max(BATCH_RECORDS_FIRST, most)
  }
}
