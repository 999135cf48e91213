/** The outcomes of a purge and of an undo. */
import type { Import } from '../domain/import.ts'
import type { TrialChanges } from './batches.ts'

export interface PurgeOutcome {
  readonly ledgerRows: number
  readonly rollupCells: number
  readonly quarantineEntries: number
  /** False if `rowsMax` ended the step before everything old was gone. */
  readonly done: boolean
}

export interface UndoOutcome {
  /** As it is now: `undone`. */
  readonly import: Import
  /** Usage events that counted with the import's version and are gone. */
  readonly removed: number
  /** Usage events that now count with another version. */
  readonly restored: number
  /** Usage events that count on, as another import's that delivered the same. */
  readonly kept: number
  /** Deliveries of quarantined records that were deleted. */
  readonly quarantineEntries: number
}

/** What an undo would do; the import itself is unchanged. */
export type UndoTrial = UndoOutcome & TrialChanges
