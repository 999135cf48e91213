/** The way of one delivery: bytes, lines, records, events, ledger. */
import { speaksForFeed } from '../domain/completeness.ts'
import type { Account, Feed, FeedFormat } from '../domain/directory.ts'
import type { Import, QuarantinedRecord, VerdictCounts } from '../domain/import.ts'
import type { LimitName, Limits } from '../domain/limits.ts'
import { sequenceOfName } from '../domain/sequence-pattern.ts'
import { shown } from '../domain/usage-error.ts'
import type { UsageStore } from '../storage/usage-store.ts'
import { CDR_FORMATS } from './formats/formats.ts'
import { ImportRun } from './import-run.ts'
import { settingsFor } from './rereading.ts'
import type { RestartsOfStore } from './restart-starts.ts'

export { QUARANTINE_SHOWN_MAX } from './import-run.ts'

/** What importing needs from the store. */
export type ImportStore = Pick<
  UsageStore,
  | 'batchRecordsMax'
  | 'openEvents'
  | 'beginImport'
  | 'append'
  | 'finishImport'
  | 'resolveSims'
  | 'readTime'
  | 'readConfirmedTime'
  | 'listUsageEvents'
> &
  RestartsOfStore & { readonly deliver?: UsageStore['deliver'] }

export interface ImportRequest {
  readonly store: ImportStore
  readonly feed: Feed
  /** The account whose key delivers; null for the operator, who may bring records of any SIM. */
  readonly account: Account | null
  /** The delivery's name (a file's, `-`, `http`) and its bytes, plain or packed. */
  readonly source: { readonly name: string; readonly bytes: AsyncIterable<Uint8Array> }
  /** Overrides the feed's format. */
  readonly format?: FeedFormat
  /** UTC seconds. */
  readonly clock: () => number
  /** Records per transaction, 1 to `BATCH_RECORDS_MAX`; by default as `BatchPace` decides. */
  readonly batchRecordsMax?: number
  /** The length of one transaction's records, in UTF-16 units. */
  readonly batchTextMax?: number
  /** Resolves when the next chunk of the delivery may be read; by default, after other waiting work. */
  readonly nextTurn?: () => Promise<void>
  /** What the delivery may hold; the defaults unless the operator says otherwise. */
  readonly limits?: Pick<Limits, 'unpackedBytes' | 'unpackRatio' | 'deliveryRecords'>
  /** Called after each committed batch; what is reported here is on disk. */
  readonly onProgress?: (progress: ImportProgress) => void
}

export interface ImportProgress {
  readonly importId: number
  /** Bytes of the delivery as it came, packed or not. */
  readonly bytesRead: number
  readonly counts: VerdictCounts
}

export interface ImportSummary {
  /**
   * `done`, or `failed` if the delivery could not be read to its end. `error` then says why, and what was
   * committed stays counted. If it is delivered again, mended or whole, the rest is counted.
   */
  readonly import: Import
  /** The limit that kept the delivery from being read to its end; null if that was not the reason. */
  readonly limit: LimitName | null
  /** What to do about a delivery that was not read to its end, if that is known. */
  readonly hint: string | null
  readonly warnings: readonly string[]
  /** The first `QUARANTINE_SHOWN_MAX`. */
  readonly firstQuarantined: readonly QuarantinedRecord[]
}

/**
 * Imports one delivery. Every record gets a verdict; one that cannot be read or counted goes to
 * quarantine, and the rest goes on. Rejects with the store's failure if the store fails, and repeating
 * the import is safe. It stays `running` if the failure may pass; otherwise it is `failed`.
 */
export async function importRecords(request: ImportRequest): Promise<ImportSummary> {
  const { feed, source } = request
  const format = request.format ?? feed.format
  const { createReader } = CDR_FORMATS[format]
  const settings = settingsFor(feed, format)
  const run = new ImportRun({ ...request, format }, { reader: createReader(settings), settings })
  const { error, ended } = await run.run()
  const ofName = speaksForFeed(feed, ended) ? nameWarnings(feed, source.name) : []
  const warnings = [...run.warnings(), ...ofName]
  const { firstQuarantined } = run
  const { limit = null, hint = null } = error ?? {}
  return { import: ended, limit, hint, warnings, firstQuarantined }
}

/** If the name does not match, the delivery has no number, so that a missing one would go unnoticed. */
function nameWarnings({ sequencePattern }: Feed, name: string): string[] {
  if (sequencePattern === null || sequenceOfName(sequencePattern, name) !== null) return []
  return [
    `the name ${shown(name)} does not match the sequence pattern of its feed, ` +
      `${shown(sequencePattern)}: a missing delivery before it would not be noticed`,
  ]
}
