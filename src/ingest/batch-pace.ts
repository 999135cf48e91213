/** How many records an import stores in one transaction. */

/** At most, unless the caller says otherwise; measured, see `docs/storage.md`. */
export const BATCH_RECORDS_DEFAULT = 50_000

/** What an import begins with, and comes back to where others write. */
const BATCH_RECORDS_FIRST = 10_000

/**
 * Large transactions write fewer pages a record, and keep everybody else who writes waiting. So an import
 * begins with small ones, doubles them while it is alone, and makes them small again when it is not.
 */
export class BatchPace {
  /** Of the next batch. */
  recordsMax = BATCH_RECORDS_FIRST

  /** Told of each batch that is stored. */
  stored({ isContended = false }: { readonly isContended?: boolean }): void {
    this.recordsMax = isContended
      ? BATCH_RECORDS_FIRST
      : Math.min(this.recordsMax * 2, BATCH_RECORDS_DEFAULT)
  }
}
