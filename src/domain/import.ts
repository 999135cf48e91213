/** An import is one delivery to a feed, and what became of each of its records. */

import type { SeriesCounts } from './counter-series.ts'
import type { Counters } from './counters.ts'
import type { CountryCode } from './country.ts'
import type { FeedFormat } from './directory.ts'
import type { Sid } from './identifiers.ts'
import type { Plmn } from './plmn.ts'
import type { ReadingTraits, Zone } from './usage-event.ts'

/** One verdict per record; together they count every record of the delivery exactly once. */
export interface VerdictCounts {
  readonly accepted: number
  readonly duplicate: number
  readonly replaced: number
  readonly quarantined: number
  readonly expired: number
}

export const NO_VERDICTS: VerdictCounts = {
  accepted: 0,
  duplicate: 0,
  replaced: 0,
  quarantined: 0,
  expired: 0,
}

export function addVerdicts(a: VerdictCounts, b: VerdictCounts): VerdictCounts {
  return {
    accepted: a.accepted + b.accepted,
    duplicate: a.duplicate + b.duplicate,
    replaced: a.replaced + b.replaced,
    quarantined: a.quarantined + b.quarantined,
    expired: a.expired + b.expired,
  }
}

export function recordCount(counts: VerdictCounts): number {
  return counts.accepted + counts.duplicate + counts.replaced + counts.quarantined + counts.expired
}

/**
 * `running` until the last batch is committed, then `done`; `failed` when the delivery could not be read
 * to its end. A killed import stays `running`; delivering it again completes the count. `undone` once it
 * was undone; its counts still say what became of its records before.
 */
export const IMPORT_STATUSES = ['running', 'done', 'failed', 'undone'] as const
export type ImportStatus = (typeof IMPORT_STATUSES)[number]

/** What a delivery says about itself and about its stream. */
export interface DeliveryFacts {
  /** Its place in a numbered stream, which reveals missing deliveries. */
  readonly sequence: { readonly stream: string; readonly number: number } | null
  /** UTC seconds: all usage before this has been delivered, now or earlier. */
  readonly completeThrough: number | null
  /** UTC seconds: the earliest usage it brought; null if it brought none. */
  readonly usageFrom: number | null
}

/** What the format itself reads from a delivery. */
export type StatedFacts = Omit<DeliveryFacts, 'usageFrom'>

export const NO_FACTS: DeliveryFacts = { sequence: null, completeThrough: null, usageFrom: null }

export interface Import {
  readonly id: number
  readonly feedId: number
  readonly feedName: string
  /** The file's name, `-` for standard input, or `http` for a request body. */
  readonly source: string
  readonly format: FeedFormat
  /** The account whose key delivered it; null when the operator did. */
  readonly accountSid: Sid | null
  readonly status: ImportStatus
  readonly counts: VerdictCounts
  /** What its readings came to on arrival. Later ones may change that. */
  readonly series: SeriesCounts
  /** SHA-256 of the delivered bytes, hexadecimal; null until the end has been read. */
  readonly checksum: string | null
  /** Why the delivery failed; null unless it did. */
  readonly error: string | null
  /** As read by its format; unknown until the import is done. */
  readonly facts: DeliveryFacts
  readonly startedAt: number
  readonly finishedAt: number | null
  /** When it was undone; null unless its status is `undone`. */
  readonly undoneAt: number | null
  /** What the pipeline needs to read single records of it again; null if it keeps nothing. */
  readonly rereading: string | null
}

/** What a feed's imports came to, over all the time that is kept. */
export interface FeedTotals {
  readonly feedId: number
  readonly imports: Readonly<Record<ImportStatus, number>>
  /** Of its imports, finished or not. */
  readonly counts: VerdictCounts
  /** How many records wait in quarantine, each counted once. Reasons without any are absent. */
  readonly waiting: Readonly<Partial<Record<QuarantineReason, number>>>
}

/** Why a record waits in quarantine instead of being counted. */
export const QUARANTINE_REASONS = [
  'unreadable',
  'invalid_field',
  'line_too_long',
  'unknown_sim',
  'unknown_network',
  'future',
  'conflict',
  'feed_retired',
  'too_large',
] as const
export type QuarantineReason = (typeof QUARANTINE_REASONS)[number]

/** How much of a record quarantine keeps at most, in bytes. */
export const RAW_BYTES_MAX = 4_096

/** The content of a record that could be read; enough to count it later. */
export interface KeptRecord extends Counters {
  readonly recordId: string
  /** As delivered, or the SIM's SID. */
  readonly sim: string
  /** UTC seconds. */
  readonly occurredAt: number
  /** Where the record says it was used; null for what it does not state. */
  readonly plmn: Plmn | null
  readonly country: CountryCode | null
  readonly zone: Zone | null
  /** Null if the counters are usage; see `UsageEvent`. */
  readonly reading: ReadingTraits | null
}

/** A record that could not be counted, as the import pipeline hands it to the store. */
export interface QuarantinedRecord {
  readonly line: number
  readonly reason: QuarantineReason
  /** The sentence for a person: which field, which value, which rule. */
  readonly detail: string
  readonly field: string | null
  /** The record as delivered, up to `RAW_BYTES_MAX` bytes. */
  readonly raw: Uint8Array
  /** SHA-256 of the whole record as delivered, by which a repeat is recognized. */
  readonly rawHash: string
  /** Absent if the record could not be read. */
  readonly record?: KeptRecord
}

/** A quarantined record as the store returns it, once for each time it was delivered. */
export interface QuarantineEntry {
  /** Grows in order of arrival; pages continue after it. */
  readonly id: number
  readonly importId: number
  readonly feedName: string
  readonly line: number
  readonly reason: QuarantineReason
  readonly detail: string
  readonly field: string | null
  readonly raw: Uint8Array
  readonly rawHash: string
  /** Null if the record could not be read, or came before records were kept. */
  readonly record: KeptRecord | null
  readonly seenAt: number
}
