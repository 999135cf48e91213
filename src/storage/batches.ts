/** What an import hands to the store, batch by batch, and what becomes of it. */
import type { SeriesCounts } from '../domain/counter-series.ts'
import type { CountryCode } from '../domain/country.ts'
import type { Feed } from '../domain/directory.ts'
import type { Sid } from '../domain/identifiers.ts'
import type {
  DeliveryFacts,
  Import,
  ImportStatus,
  QuarantinedRecord,
  VerdictCounts,
} from '../domain/import.ts'
import type { CounterName, UsageEvent, Zone } from '../domain/usage-event.ts'

/**
 * One transaction of an import. Larger batches cost fewer page writes a row, but hold up every
 * other writer for longer and more memory at once; see `docs/storage.md` for the measurement.
 */
export const BATCH_RECORDS_MAX = 100_000

export interface AppendBatch {
  readonly importId: number
  /** The account whose key delivers, as the import has it; null for the operator. */
  readonly accountId: number | null
  readonly feed: Pick<Feed, 'id' | 'onConflict'>
  /** At most `BATCH_RECORDS_MAX`, in order of delivery. */
  readonly events: readonly UsageEvent[]
  /** Records that could not be counted; kept in the same transaction. */
  readonly quarantined: readonly QuarantinedRecord[]
  /** How many records were older than the retention; counted only. */
  readonly expired: number
  /** When the batch became known: the provenance of its rows. */
  readonly knownAt: number
  /** Kept with the import, the first that is given: see `Import`. */
  readonly rereading?: string
}

export interface AppendOutcome {
  /** One verdict for each event, quarantined and expired record of the batch. */
  readonly counts: VerdictCounts
  /** Of the readings that were accepted or replaced others. */
  readonly series: SeriesCounts
  /** The events of this batch that were quarantined as `conflict`. */
  readonly conflicts: readonly QuarantinedRecord[]
  /**
   * True where others write as well, and one has to wait for the other: smaller batches keep them
   * waiting for less long. Left out where nobody does, or an engine has many writers at a time.
   */
  readonly isContended?: boolean
}

/** Why a record still waits. */
export type RecordFault = Pick<QuarantinedRecord, 'reason' | 'detail' | 'field' | 'record'>

/** Quarantined records of one import that are looked at again. */
export interface RecycleBatch {
  readonly importId: number
  readonly feed: Pick<Feed, 'id' | 'onConflict'>
  /**
   * In the order of their entries, whose line they have. No two have one line, or one identity; at
   * most `BATCH_RECORDS_MAX`.
   */
  readonly events: readonly { readonly entryId: number; readonly event: UsageEvent }[]
  /** Entries whose record is older than the retention. */
  readonly expired: readonly number[]
  /** Entries that still cannot be counted, for another reason than before. */
  readonly faults: readonly { readonly entryId: number; readonly fault: RecordFault }[]
  readonly knownAt: number
  /** Where somebody has decided that these records count, and not what they contradict. */
  readonly acceptance?: ConflictAcceptance
}

export interface ConflictAcceptance {
  /** The name of a person. */
  readonly by: string
  readonly reason: string
}

/** The import of a trial, which there never is. */
export const TRIAL_IMPORT_ID = 0

/** Batches that are counted on one state of the store, and taken back at the end. */
export interface Trial {
  /**
   * As `UsageStore.append`, for an import that is not kept: batches see each other, nobody else
   * sees them. `importId` is `TRIAL_IMPORT_ID`.
   */
  append(batch: AppendBatch): Promise<AppendOutcome>
  /** What all batches so far have changed. */
  changes(): Promise<TrialChanges>
}

/** What of usage would change; what stays the same is not among it. */
export interface TrialChanges {
  /** Ordered by account, SIM, zone and country. */
  readonly changes: readonly UsageChange[]
  /** The same by account, month and zone, in this order; a month whose SIMs even out stands with zeros. */
  readonly months: readonly MonthChange[]
}

/** What was taken away is negative. */
type Differences = Readonly<Record<CounterName, bigint>>

export interface UsageChange extends Differences {
  readonly accountSid: Sid
  readonly simSid: Sid
  readonly zone: Zone
  readonly country: CountryCode | null
}

export interface MonthChange extends Differences {
  readonly accountSid: Sid
  /** Its first second. */
  readonly month: number
  readonly zone: Zone
}

export type ImportStart = Pick<Import, 'feedId' | 'source' | 'format' | 'startedAt'> & {
  readonly accountId: number | null
}

/** A delivery of one batch. */
export interface WholeDelivery {
  readonly start: ImportStart
  readonly batch: Omit<AppendBatch, 'importId'>
  readonly end: ImportEnd
}

export interface DeliveryOutcome {
  readonly outcome: AppendOutcome
  readonly import: Import
}

export interface ImportEnd {
  readonly status: ImportStatus
  readonly finishedAt: number
  readonly checksum: string | null
  readonly error: string | null
  /** Nothing is known unless stated. */
  readonly facts?: DeliveryFacts
}
