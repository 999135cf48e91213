/** How many records an import stores in one transaction. */

/** The maximum unless the caller says otherwise; measured, see `docs/storage.md`. */
export const BATCH_RECORDS_DEFAULT = 50_000

/** Where an import begins, and returns to if others write. */
const BATCH_RECORDS_FIRST = 10_000

/**
 * Large transactions write fewer pages per record, but keep other writers waiting. So an import begins
 * with small ones, doubles them while it is alone, and makes them small again when it is not.
 */
export class BatchPace {
  /** For the next batch. */
  recordsMax = BATCH_RECORDS_FIRST

  /** Told about each stored batch. */
  stored({ isContended = false }: { readonly isContended?: boolean }): void {
    this.recordsMax = isContended
      ? BATCH_RECORDS_FIRST
      : Math.min(this.recordsMax * 2, BATCH_RECORDS_DEFAULT)
  }
}
