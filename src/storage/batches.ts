/** What an import hands to the store, batch by batch, and what comes of it. */
import type { SeriesCounts } from '../domain/counter-series.ts'
import type { EachCounter } from '../domain/counters.ts'
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
import type { UsageEvent, Zone } from '../domain/usage-event.ts'
import type { EventList, OpenEvents } from './event-list.ts'

/**
 * The records of one transaction of an import. Larger batches write fewer pages per row, but hold up
 * other writers for longer and take more memory; see `docs/storage.md` for the measurement.
 */
export const BATCH_RECORDS_MAX = 300_000

/** What an import's batches are like. */
export interface BatchForm {
  /** How large the batches of an import become, unless the caller says otherwise. Larger ones gain nothing. */
  readonly batchRecordsMax: number
  /** An empty list for the events of an import's next batch, in the form in which the store takes them best. */
  openEvents(): OpenEvents
}

export interface AppendBatch {
  readonly importId: number
  /** The account whose key delivers, as in the import; null for the operator. */
  readonly accountId: number | null
  readonly feed: Pick<Feed, 'id' | 'onConflict'>
  /** At most `BATCH_RECORDS_MAX`, in order of delivery. */
  readonly events: EventList
  /** Records that could not be counted; kept in the same transaction. */
  readonly quarantined: readonly QuarantinedRecord[]
  /** How many records were older than retention; they are only counted. */
  readonly expired: number
  /** When the batch became known: the provenance of its rows. */
  readonly knownAt: number
  /** Kept with the import; the first one given counts. See `Import`. */
  readonly rereading?: string
}

export interface AppendOutcome {
  /** One verdict for each event, quarantined record and expired record of the batch. */
  readonly counts: VerdictCounts
  /** Of readings that were accepted or that replaced others. */
  readonly series: SeriesCounts
  /** The events of this batch that were quarantined as `conflict`. */
  readonly conflicts: readonly QuarantinedRecord[]
  /**
   * True if others write as well and have to wait; smaller batches keep them waiting for less long.
   * Absent if nobody else writes, or if the engine has many writers at a time.
   */
  readonly isContended?: boolean
}

/** Why a record still waits. */
export type RecordFault = Pick<QuarantinedRecord, 'reason' | 'detail' | 'field' | 'record'>

/** Quarantined records of one import that are tried again. */
export interface RecycleBatch {
  readonly importId: number
  readonly feed: Pick<Feed, 'id' | 'onConflict'>
  /**
   * In the order of their entries, whose lines they have. No two share a line or an identity; at most
   * `BATCH_RECORDS_MAX`.
   */
  readonly events: readonly { readonly entryId: number; readonly event: UsageEvent }[]
  /** Entries whose records are older than retention. */
  readonly expired: readonly number[]
  /** Entries that still cannot be counted, but now for another reason. */
  readonly faults: readonly { readonly entryId: number; readonly fault: RecordFault }[]
  readonly knownAt: number
  /** Present if somebody has decided that these records count in place of what they contradict. */
  readonly acceptance?: ConflictAcceptance
}

export interface ConflictAcceptance {
  /** A person's name. */
  readonly by: string
  readonly reason: string
}

/** The import of a trial; no stored import has this id. */
export const TRIAL_IMPORT_ID = 0

/** Batches counted on one state of the store and rolled back at the end. */
export interface Trial {
  /**
   * As `UsageStore.append`, for an import that is not kept. Batches see each other, and nobody else sees
   * them. `importId` is `TRIAL_IMPORT_ID`.
   */
  append(batch: AppendBatch): Promise<AppendOutcome>
  /** What all batches so far have changed. */
  changes(): Promise<TrialChanges>
}

/** How usage would change. Usage that stays the same is left out. */
export interface TrialChanges {
  /** Ordered by account, SIM, zone and country. */
  readonly changes: readonly UsageChange[]
  /**
   * The same by account, month and zone, in this order. A month in which SIMs cancel each other out
   * appears with zeros.
   */
  readonly months: readonly MonthChange[]
}

/** Negative if usage was removed. */
type Differences = EachCounter<bigint>

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
  /** Unknown unless stated. */
  readonly facts?: DeliveryFacts
}
