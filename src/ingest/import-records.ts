/** The road of one delivery: bytes, lines, records, events, ledger. */
import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { speaksForFeed } from '../domain/completeness.ts'
import type { Account, Feed, FeedFormat, FeedSettings } from '../domain/directory.ts'
import {
  addVerdicts,
  type DeliveryFacts,
  type Import,
  NO_VERDICTS,
  type QuarantinedRecord,
  type VerdictCounts,
} from '../domain/import.ts'
import { LIMITS_DEFAULT, type LimitName, type Limits, limitRemedy } from '../domain/limits.ts'
import { sequenceOfName } from '../domain/sequence-pattern.ts'
import { shown, UsageError, type UsageErrorCode } from '../domain/usage-error.ts'
import type { UsageEvent } from '../domain/usage-event.ts'
import { type AppendBatch, BATCH_RECORDS_MAX, type UsageStore } from '../storage/usage-store.ts'
import { plainBytes } from './delivery-bytes.ts'
import { EventResolver } from './event-resolver.ts'
import { TOO_LARGE, writeFitting } from './fitting.ts'
import type { CdrReader, ReadRecord } from './formats/cdr-format.ts'
import { CDR_FORMATS } from './formats/formats.ts'
import { rereadingOf, settingsFor } from './rereading.ts'
import { RestartStarts, type RestartsOfStore } from './restart-starts.ts'

/** Records in one transaction unless the caller says otherwise; measured, see `docs/storage.md`. */
export const BATCH_RECORDS_DEFAULT = 50_000

/** A batch of few but long records is cut here, so that memory stays flat, in UTF-16 units. */
const BATCH_TEXT_MAX = 33_554_432

/** Failures that go away with their cause: the delivery is sent again, and then counts. */
const PASSING: ReadonlySet<UsageErrorCode> = new Set(['unavailable', 'storage_full', 'read_only'])

/** How many quarantined records a summary carries; all of them can be listed from the store. */
export const QUARANTINE_SHOWN_MAX = 10

/** What the road of a delivery needs of the store. */
export type ImportStore = Pick<
  UsageStore,
  'beginImport' | 'append' | 'finishImport' | 'resolveSims' | 'readTime'
> &
  RestartsOfStore

export interface ImportRequest {
  readonly store: ImportStore
  readonly feed: Feed
  /** The account whose key delivers; null for the operator, who may bring records of any SIM. */
  readonly account: Account | null
  /** The delivery's name (a file's, `-`, `http`) and its bytes, plain or gzip. */
  readonly source: { readonly name: string; readonly bytes: AsyncIterable<Uint8Array> }
  /** Overrides the feed's format. */
  readonly format?: FeedFormat
  /** UTC seconds. */
  readonly clock: () => number
  /** Records in one transaction, 1 to `BATCH_RECORDS_MAX`. */
  readonly batchRecordsMax?: number
  /** The length of the records of one transaction, in UTF-16 units. */
  readonly batchTextMax?: number
  /** Resolves when the next piece of the delivery may be read; after what waits by default. */
  readonly nextTurn?: () => Promise<void>
  /** What the delivery may hold; the defaults unless the operator says otherwise. */
  readonly limits?: Pick<Limits, 'unpackedBytes' | 'unpackRatio' | 'deliveryRecords'>
  /** Called after each committed batch: what is reported here is on disk. */
  readonly onProgress?: (progress: ImportProgress) => void
}

export interface ImportProgress {
  readonly importId: number
  /** Of the delivery as it came, compressed or not. */
  readonly bytesRead: number
  readonly counts: VerdictCounts
}

export interface ImportSummary {
  /**
   * `done`, or `failed` when the delivery could not be read to its end; then `error` says why, and
   * what was committed stays counted. Delivered again mended or whole, the rest is counted.
   */
  readonly import: Import
  /** The limit for which the delivery was not read to its end; null where that was not why. */
  readonly limit: LimitName | null
  /** What to do about a delivery that was not read to its end, where that is known. */
  readonly hint: string | null
  readonly warnings: readonly string[]
  /** The first `QUARANTINE_SHOWN_MAX`. */
  readonly firstQuarantined: readonly QuarantinedRecord[]
}

/**
 * Imports one delivery. Every record gets a verdict; one that cannot be read or counted goes to
 * quarantine and the rest goes on. Rejects with the store's failure when the store fails, and
 * repeating the import is safe: it stays `running` where the failure may pass, else it is `failed`.
 */
export async function importRecords(request: ImportRequest): Promise<ImportSummary> {
  const { store, feed, account, source, clock } = request
  const format = request.format ?? feed.format
  const started = await store.beginImport({
    feedId: feed.id,
    accountId: account?.id ?? null,
    source: source.name,
    format,
    startedAt: clock(),
  })
  const { createReader } = CDR_FORMATS[format]
  const settings = settingsFor(feed, format)
  const run = new ImportRun(request, started.id, { reader: createReader(settings), settings })
  const error = await run.readAll().catch(async (failure: unknown) => {
    await endFailed(request, started.id, run.lastingReason(failure))
    throw failure
  })
  const ended = await store.finishImport(started.id, {
    status: error === null ? 'done' : 'failed',
    finishedAt: clock(),
    checksum: error === null ? run.checksum() : null,
    error: error?.message ?? null,
    ...(error === null && { facts: run.facts() }),
  })
  const ofName = speaksForFeed(feed, ended) ? nameWarnings(feed, source.name) : []
  const warnings = [...run.warnings(), ...ofName]
  const { firstQuarantined } = run
  const { limit = null, hint = null } = error ?? {}
  return { import: ended, limit, hint, warnings, firstQuarantined }
}

/** A store that fails in this too is told by its first failure. */
async function endFailed(
  { store, clock }: ImportRequest,
  importId: number,
  reason: string | null,
): Promise<void> {
  if (reason === null) return
  const end = { status: 'failed', finishedAt: clock(), checksum: null, error: reason } as const
  await store.finishImport(importId, end).catch(() => {})
}

/** A name that does not fit leaves its delivery without a number, so a missing one goes unseen. */
function nameWarnings({ sequencePattern }: Feed, name: string): string[] {
  if (sequencePattern === null || sequenceOfName(sequencePattern, name) !== null) return []
  return [
    `the name ${shown(name)} does not fit the sequence pattern of its feed, ` +
      `${shown(sequencePattern)}: a missing delivery before it would not be noticed`,
  ]
}

interface OpenBatch {
  readonly events: UsageEvent[]
  readonly quarantined: QuarantinedRecord[]
  expired: number
  /** The length of the records' texts, in UTF-16 units. */
  textLength: number
}

function emptyBatch(): OpenBatch {
  return { events: [], quarantined: [], expired: 0, textLength: 0 }
}

class ImportRun {
  readonly firstQuarantined: QuarantinedRecord[] = []
  readonly #request: ImportRequest
  readonly #importId: number
  readonly #reader: CdrReader
  readonly #settings: FeedSettings
  readonly #resolver: EventResolver
  readonly #restarts: RestartStarts
  readonly #hash = createHash('sha256')
  readonly #recordsMax: number
  readonly #textMax: number
  readonly #limits: NonNullable<ImportRequest['limits']>
  #bytesRead = 0
  #records = 0
  #batches = 0
  #storeFailure: { readonly error: unknown } | null = null
  #counts = NO_VERDICTS
  /** The earliest usage so far, of records that are no mistake. */
  #usageFrom: number | null = null
  #batch = emptyBatch()
  /** The batch that is being written while the next one is read. */
  #writing: Promise<void> = Promise.resolve()

  constructor(
    request: ImportRequest,
    importId: number,
    { reader, settings }: { reader: CdrReader; settings: FeedSettings },
  ) {
    this.#request = request
    this.#importId = importId
    this.#reader = reader
    this.#settings = settings
    this.#resolver = new EventResolver(request.store, request.feed, request.account)
    this.#restarts = new RestartStarts({
      store: request.store,
      feedId: request.feed.id,
      importId,
      accountId: request.account?.id ?? null,
      announced: () => reader.restarts?.() ?? null,
    })
    this.#textMax = request.batchTextMax ?? BATCH_TEXT_MAX
    this.#limits = request.limits ?? LIMITS_DEFAULT
    this.#recordsMax = Math.min(
      Math.max(1, request.batchRecordsMax ?? BATCH_RECORDS_DEFAULT),
      BATCH_RECORDS_MAX,
    )
  }

  /** Null, or why the delivery could not be read to its end. Throws when the store fails. */
  async readAll(): Promise<UsageError | null> {
    try {
      await this.#readDelivery()
      await this.#startWriting()
      await this.#writing
      return null
    } catch (error) {
      await this.#writing
      if (error instanceof UsageError && error.code === 'unreadable') return error
      throw error
    }
  }

  /** Why the import has failed for good, for all who see it; null where it may go on or is undone. */
  lastingReason(failure: unknown): string | null {
    if (this.#storeFailure === null || this.#storeFailure.error !== failure) return null
    // What is not our own may name paths and hosts.
    if (!(failure instanceof UsageError)) return 'the usage store failed in a way nobody foresaw'
    if (PASSING.has(failure.code)) return null
    const isBroken = failure.code === 'incompatible'
    return isBroken ? 'the usage store could not be used as it was' : failure.message
  }

  async #ofStore<T>(work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      this.#storeFailure = { error }
      throw error
    }
  }

  checksum(): string {
    return this.#hash.digest('hex')
  }

  warnings(): string[] {
    return this.#reader.warnings()
  }

  facts(): DeliveryFacts {
    return { ...this.#reader.facts(), usageFrom: this.#usageFrom }
  }

  async #readDelivery(): Promise<void> {
    const { nextTurn = setImmediate } = this.#request
    for await (const chunk of plainBytes(this.#observedSource(), this.#limits)) {
      await this.#take(this.#reader.push(chunk))
      // What else waits for this thread, such as other requests, gets its turn after each chunk.
      await nextTurn()
    }
    await this.#take(this.#reader.end())
    await this.#startWriting()
    await this.#writing
    await this.#ofStore(this.#addStartsOfStored())
  }

  async #addStartsOfStored(): Promise<void> {
    for await (const starts of this.#restarts.missingInStore()) await this.#add(starts)
  }

  /** Beside the delivery's own records, so that a batch may be full before they are all in it. */
  async #add(events: readonly UsageEvent[]): Promise<void> {
    for (const event of events) {
      this.#batch.events.push(event)
      await this.#writeWhenFull()
    }
  }

  async *#observedSource(): AsyncIterable<Uint8Array> {
    for await (const chunk of this.#request.source.bytes) {
      this.#hash.update(chunk)
      this.#bytesRead += chunk.length
      yield chunk
    }
  }

  /** Resolves the records in order, in slices that end where a batch is full. */
  async #take(records: readonly ReadRecord[]): Promise<void> {
    this.#records += records.length
    const { deliveryRecords } = this.#limits
    if (this.#records > deliveryRecords) {
      throw new UsageError(
        'unreadable',
        `the delivery has more than ${deliveryRecords} records: cut it into smaller ones`,
        { limit: 'deliveryRecords', hint: limitRemedy('deliveryRecords') },
      )
    }
    await this.#ofStore(this.#restarts.note())
    for (let from = 0; from < records.length; ) {
      const room = this.#recordsMax - this.#size()
      const slice =
        from === 0 && records.length <= room ? records : records.slice(from, from + room)
      from += slice.length
      const resolved = await this.#ofStore(this.#resolver.resolve(slice, this.#request.clock()))
      const batch = this.#batch
      batch.expired += resolved.expired
      for (const event of resolved.events) {
        this.#noteUsage(event.occurredAt)
        batch.events.push(event)
        batch.textLength += event.raw.length
      }
      for (const record of resolved.quarantined) {
        if (record.record !== undefined) this.#noteUsage(record.record.occurredAt)
        batch.quarantined.push(record)
        batch.textLength += record.raw.length
      }
      await this.#writeWhenFull()
      await this.#add(this.#restarts.missingBefore(resolved.events))
    }
  }

  #noteUsage(occurredAt: number): void {
    if (this.#usageFrom === null || occurredAt < this.#usageFrom) this.#usageFrom = occurredAt
  }

  #size(): number {
    return this.#batch.events.length + this.#batch.quarantined.length + this.#batch.expired
  }

  async #writeWhenFull(): Promise<void> {
    const isFull = this.#size() >= this.#recordsMax || this.#batch.textLength >= this.#textMax
    if (isFull) await this.#startWriting()
  }

  /** Waits for the batch before, so that at most two batches are in memory. */
  async #startWriting(): Promise<void> {
    await this.#writing
    if (this.#size() === 0) return
    const batch = this.#batch
    this.#batch = emptyBatch()
    this.#writing = this.#write(batch)
    // A failure is met at the next await of `#writing`; until then it is not unhandled.
    this.#writing.catch(() => {})
  }

  async #write(batch: OpenBatch): Promise<void> {
    const { onProgress } = this.#request
    const { conflicts, quarantined } = await this.#ofStore(this.#append(batch))
    const room = QUARANTINE_SHOWN_MAX - this.firstQuarantined.length
    const inOrder = [...quarantined, ...conflicts].sort((a, b) => a.line - b.line)
    this.firstQuarantined.push(...inOrder.slice(0, room))
    onProgress?.({
      importId: this.#importId,
      bytesRead: this.#bytesRead,
      counts: this.#counts,
    })
  }

  /** Records for which the sums have no room wait with the others that cannot be counted. */
  async #append({ events, quarantined, expired }: OpenBatch) {
    const { store, feed, account, clock } = this.#request
    const rereading = this.#batches++ === 0 && {
      rereading: rereadingOf(this.#reader, this.#settings),
    }
    const conflicts: QuarantinedRecord[] = []
    const append = async (part: Pick<AppendBatch, 'events' | 'quarantined' | 'expired'>) => {
      const outcome = await store.append({
        importId: this.#importId,
        accountId: account?.id ?? null,
        feed: { id: feed.id, onConflict: feed.onConflict },
        ...part,
        knownAt: clock(),
        ...rereading,
      })
      this.#counts = addVerdicts(this.#counts, outcome.counts)
      for (const conflict of outcome.conflicts) conflicts.push(conflict)
    }
    let isWhole = false
    const left = await writeFitting(events, async (part) => {
      const hasAll = part === events
      await append({
        events: part,
        ...(hasAll ? { quarantined, expired } : { quarantined: [], expired: 0 }),
      })
      isWhole = hasAll
    })
    if (isWhole) return { conflicts, quarantined }
    const tooLarge = left.map((event) => this.#resolver.quarantinedEvent(event, TOO_LARGE))
    const waiting = [...quarantined, ...tooLarge].sort((a, b) => a.line - b.line)
    await append({ events: [], quarantined: waiting, expired })
    return { conflicts, quarantined: waiting }
  }
}
