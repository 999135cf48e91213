/** A batch's events on their way into the ledger. */
import { countersOf } from '../../domain/counters.ts'
import type { VerdictCounts } from '../../domain/import.ts'
import type { EventVersion, UsageEvent } from '../../domain/usage-event.ts'
import type { AppendBatch } from '../batches.ts'
import type { Identity, ServingColumns } from '../rows.ts'
import { insert, type Steps } from '../session.ts'
import type { Conflict } from './conflict-record.ts'
import type { UsageChanges } from './usage-deltas.ts'
import type { Coming } from './version-chain.ts'

/** An event with what the ledger keeps of it. */
export interface IncomingEvent {
  readonly event: UsageEvent
  readonly bucket: number
  readonly serving: ServingColumns
}

/** What it takes to count events, without the records that could not be counted. */
export interface EventBatch
  extends Pick<AppendBatch, 'importId' | 'accountId' | 'feed' | 'knownAt'> {
  readonly coming: Coming
  /**
   * Histories may be rewritten because no other batch is under way, or because this one is rolled back.
   */
  readonly mayRewrite: boolean
  /** Told what changes. */
  readonly changes: UsageChanges | null
}

/** What became of the events of one kind. */
export interface EventVerdicts extends Pick<VerdictCounts, 'accepted' | 'duplicate' | 'replaced'> {
  readonly conflicts: readonly Conflict[]
}

export function versionOf({ event }: IncomingEvent): EventVersion {
  const { serving, reading } = event
  const traits = reading === null ? {} : { traits: reading }
  return { ...countersOf(event), serving, ...traits }
}

export function identityOf({ bucket, event }: IncomingEvent, feedId: number): Identity {
  return [bucket, event.simId, event.occurredAt, feedId, event.recordId]
}

/**
 * Notes the days an import has written to, so that its rows are found again in whichever buckets they lie
 * by then.
 */
export function addImportDays(days: Iterable<number>, importId: number): Steps<unknown> {
  return insert({
    table: 'import_bucket',
    columns: ['import_id', 'bucket'],
    rows: [...days].map((day) => [importId, day]),
    suffix: 'ON CONFLICT DO NOTHING',
  })
}
