/** What became of a purge and of an undo. */
import type { Import } from '../domain/import.ts'
import type { TrialChanges } from './batches.ts'

export interface PurgeOutcome {
  readonly ledgerRows: number
  readonly rollupCells: number
  readonly quarantineEntries: number
  /** False when `rowsMax` ended the step before everything old was gone. */
  readonly done: boolean
}

export interface UndoOutcome {
  /** As it is now: `undone`. */
  readonly import: Import
  /** Usage events that counted with the import's version and are gone. */
  readonly removed: number
  /** Usage events of which another version counts now. */
  readonly restored: number
  /** Usage events that count on, as of another import that delivered the same. */
  readonly kept: number
  /** Deliveries of quarantined records that are gone. */
  readonly quarantineEntries: number
}

/** What an undo would come to; the import is still what it was. */
export type UndoTrial = UndoOutcome & TrialChanges
