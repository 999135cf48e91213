/** One delivery on its way: its records go into batches, and a small delivery is stored in one step. */
import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { FeedFormat, FeedSettings } from '../domain/directory.ts'
import {
  addVerdicts,
  type DeliveryFacts,
  type Import,
  NO_VERDICTS,
  type QuarantinedRecord,
} from '../domain/import.ts'
import { LIMITS_DEFAULT, limitRemedy } from '../domain/limits.ts'
import { nameScopeOf } from '../domain/sim-names.ts'
import { UsageError, type UsageErrorCode } from '../domain/usage-error.ts'
import type { UsageEvent } from '../domain/usage-event.ts'
import {
  type AppendBatch,
  BATCH_RECORDS_MAX,
  type ImportEnd,
  type OpenEvents,
} from '../storage/usage-store.ts'
import { BatchPace } from './batch-pace.ts'
import { plainBytes } from './delivery-bytes.ts'
import { EventResolver } from './event-resolver.ts'
import { TOO_LARGE, writeFitting } from './fitting.ts'
import type { CdrReader, ReadRecord } from './formats/cdr-format.ts'
import type { ImportRequest } from './import-records.ts'
import { OpenBatch } from './open-batch.ts'
import { rereadingOf } from './rereading.ts'
import { RestartStarts } from './restart-starts.ts'

/** How many quarantined records a summary has; the store can list all of them. */
export const QUARANTINE_SHOWN_MAX = 10

/** Ends a batch of few but long records early, so that memory stays flat; in characters or bytes. */
const BATCH_TEXT_MAX = 33_554_432

/** A delivery that is not stored by then appears in the list of imports, as `running`. */
const SEEN_AFTER_MS = 200

/** Failures that pass along with their cause. Delivered again, the delivery counts. */
const PASSING: ReadonlySet<UsageErrorCode> = new Set(['unavailable', 'storage_full', 'read_only'])

export class ImportRun {
  readonly firstQuarantined: QuarantinedRecord[] = []
  readonly #request: ImportRequest
  readonly #startedAt: number
  /** The import once it has begun: before the first batch, or together with the only one. */
  #begun: Promise<number> | null = null
  readonly #reader: CdrReader
  readonly #settings: FeedSettings
  readonly #resolver: EventResolver
  readonly #restarts: RestartStarts
  readonly #hash = createHash('sha256')
  readonly #pace: BatchPace
  /** Null if the import goes by its pace. */
  readonly #statedMax: number | null
  readonly #textMax: number
  readonly #limits: NonNullable<ImportRequest['limits']>
  #bytesRead = 0
  #records = 0
  #batches = 0
  #storeFailure: { readonly error: unknown } | null = null
  #counts = NO_VERDICTS
  /** The earliest usage so far, of records that could be read. */
  #usageFrom: number | null = null
  #batch: OpenBatch
  /** Of the last batch that was stored, for the next one. */
  #spare: OpenEvents | undefined
  /** The batch being written while the next one is read. */
  #writing: Promise<void> = Promise.resolve()

  constructor(
    request: ImportRequest & { readonly format: FeedFormat },
    { reader, settings }: { reader: CdrReader; settings: FeedSettings },
  ) {
    this.#request = request
    this.#startedAt = request.clock()
    this.#reader = reader
    this.#settings = settings
    this.#resolver = new EventResolver(request.store, request.feed, request.account)
    this.#restarts = new RestartStarts({
      store: request.store,
      feedId: request.feed.id,
      importId: () => this.#importId(),
      accountId: request.account?.id ?? null,
      isOfOneAccount: nameScopeOf(request.feed, request.account).accountId !== null,
      announced: () => reader.restarts?.() ?? null,
    })
    this.#batch = new OpenBatch(request.store.openEvents())
    this.#pace = new BatchPace(request.store.batchRecordsMax)
    this.#textMax = request.batchTextMax ?? BATCH_TEXT_MAX
    this.#limits = request.limits ?? LIMITS_DEFAULT
    const { batchRecordsMax: stated } = request
    this.#statedMax = stated === undefined ? null : Math.min(Math.max(1, stated), BATCH_RECORDS_MAX)
  }

  /** For the open batch. */
  get #recordsMax(): number {
    return this.#statedMax ?? this.#pace.recordsMax
  }

  /** `error` is why the delivery could not be read to its end. Throws if the store fails. */
  async run(): Promise<{ readonly error: UsageError | null; readonly ended: Import }> {
    try {
      const error = await this.#readAll().catch((failure: unknown) => this.#endFailed(failure))
      return { error, ended: await this.#finish(error) }
    } finally {
      await this.#writing.catch(() => {})
      this.#batch.events.release()
      this.#spare?.release()
    }
  }

  /** Null, or why the delivery could not be read to its end. */
  async #readAll(): Promise<UsageError | null> {
    // A slow delivery should be visible while it runs.
    const seen = setTimeout(() => this.#importId().catch(() => {}), SEEN_AFTER_MS).unref()
    try {
      await this.#readDelivery()
      if (this.#isWhole()) return null
      await this.#writeRest()
      return null
    } catch (error) {
      await this.#writing
      if (error instanceof UsageError && error.code === 'unreadable') return error
      throw error
    } finally {
      clearTimeout(seen)
    }
  }

  async #writeRest(): Promise<void> {
    await this.#startWriting()
    await this.#writing
  }

  /** Whether all of the delivery is in one batch, and nothing of it is stored yet. */
  #isWhole(): boolean {
    const restarts = this.#reader.restarts?.() ?? null
    return this.#begun === null && restarts === null && this.#batch.size > 0
  }

  #start() {
    const { feed, account, source, format } = this.#request
    return {
      feedId: feed.id,
      accountId: account?.id ?? null,
      source: source.name,
      format: format ?? feed.format,
      startedAt: this.#startedAt,
    }
  }

  #importId(): Promise<number> {
    this.#begun ??= this.#request.store.beginImport(this.#start()).then(({ id }) => id)
    return this.#begun
  }

  /** `error` is why the delivery could not be read to its end. */
  async #finish(error: UsageError | null): Promise<Import> {
    const end = {
      status: error === null ? 'done' : 'failed',
      finishedAt: this.#request.clock(),
      checksum: error === null ? this.#hash.digest('hex') : null,
      error: error?.message ?? null,
      ...(error === null && { facts: this.#facts() }),
    } as const
    try {
      const delivered = error === null && this.#isWhole() ? await this.#deliver(end) : null
      if (delivered !== null) return delivered
      if (error === null) await this.#writeRest()
    } catch (failure) {
      return await this.#endFailed(failure)
    }
    return await this.#request.store.finishImport(await this.#importId(), end)
  }

  /**
   * Leaves the import in its final state, and throws. If the store fails in this too, its first failure
   * is thrown.
   */
  async #endFailed(failure: unknown): Promise<never> {
    const reason = this.#lastingReason(failure)
    if (reason !== null) {
      const { store, clock } = this.#request
      const end = { status: 'failed', finishedAt: clock(), checksum: null, error: reason } as const
      await this.#importId()
        .then((id) => store.finishImport(id, end))
        .catch(() => {})
    }
    throw failure
  }

  /**
   * Why the import has failed for good, as shown to everybody who sees it; null if it may go on or was
   * undone.
   */
  #lastingReason(failure: unknown): string | null {
    if (this.#storeFailure === null || this.#storeFailure.error !== failure) return null
    // Unknown errors may mention paths and hosts.
    if (!(failure instanceof UsageError)) return 'the usage store failed unexpectedly'
    if (PASSING.has(failure.code)) return null
    const isBroken = failure.code === 'incompatible'
    return isBroken ? 'the usage store could not be used as it was' : failure.message
  }

  /**
   * In one transaction. Null if the store does not offer that, or if not everything fits into its sums.
   */
  async #deliver(end: ImportEnd): Promise<Import | null> {
    const { store } = this.#request
    if (store.deliver === undefined) return null
    const { events, quarantined, expired } = this.#batch
    const batch = { ...this.#batchRest(), events, quarantined, expired }
    try {
      const { outcome, import: ended } = await this.#ofStore(
        store.deliver({ start: this.#start(), batch, end }),
      )
      events.clear()
      this.#batch = new OpenBatch(events)
      this.#counts = outcome.counts
      this.#tell(ended.id, quarantined, outcome.conflicts)
      return ended
    } catch (failure) {
      if (failure instanceof UsageError && failure.code === 'overflow') return null
      throw failure
    }
  }

  async #ofStore<T>(work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      this.#storeFailure = { error }
      throw error
    }
  }

  warnings(): string[] {
    return this.#reader.warnings()
  }

  #facts(): DeliveryFacts {
    return { ...this.#reader.facts(), usageFrom: this.#usageFrom }
  }

  async #readDelivery(): Promise<void> {
    const { nextTurn = setImmediate } = this.#request
    for await (const chunk of plainBytes(this.#observedSource(), this.#limits)) {
      await this.#take(this.#reader.push(chunk))
      // Other work that waits for this thread, such as requests, gets its turn after each chunk.
      await nextTurn()
    }
    await this.#take(this.#reader.end())
    if (this.#isWhole()) return
    await this.#writeRest()
    await this.#ofStore(this.#addStartsOfStored())
  }

  async #addStartsOfStored(): Promise<void> {
    for await (const starts of this.#restarts.missingInStore()) await this.#add(starts)
  }

  /**
   * These come on top of the delivery's own records, so a batch may fill up before all of them are added.
   */
  async #add(events: readonly UsageEvent[]): Promise<void> {
    for (const event of events) {
      this.#batch.events.add([event])
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

  /** Resolves the records in order, in slices that end when a batch is full. */
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
      // A batch that was stored meanwhile may have made the open one large enough.
      await this.#writeWhenFull()
      const room = this.#recordsMax - this.#batch.size
      const slice =
        from === 0 && records.length <= room ? records : records.slice(from, from + room)
      from += slice.length
      if (this.#resolver.hasCorrections(slice)) await this.#writeRest()
      const resolved = await this.#ofStore(this.#resolver.resolve(slice, this.#request.clock()))
      const batch = this.#batch
      batch.expired += resolved.expired
      for (const { occurredAt } of resolved.events) this.#noteUsage(occurredAt)
      batch.events.add(resolved.events)
      for (const record of resolved.quarantined) {
        if (record.record !== undefined) this.#noteUsage(record.record.occurredAt)
        batch.addQuarantined(record)
      }
      await this.#writeWhenFull()
      await this.#add(this.#restarts.missingBefore(resolved.events))
    }
  }

  #noteUsage(occurredAt: number): void {
    if (this.#usageFrom === null || occurredAt < this.#usageFrom) this.#usageFrom = occurredAt
  }

  async #writeWhenFull(): Promise<void> {
    const limits = { recordsMax: this.#recordsMax, textMax: this.#textMax }
    if (this.#batch.isFull(limits)) await this.#startWriting()
  }

  /** Waits for the previous batch, so that at most two batches are in memory. */
  async #startWriting(): Promise<void> {
    await this.#writing
    if (this.#batch.size === 0) return
    const batch = this.#batch
    this.#batch = new OpenBatch(this.#spare ?? this.#request.store.openEvents())
    this.#spare = undefined
    this.#writing = this.#write(batch)
    // A failure is handled at the next await of `#writing`; until then, it must not count as unhandled.
    this.#writing.catch(() => {})
  }

  async #write(batch: OpenBatch): Promise<void> {
    const importId = await this.#ofStore(this.#importId())
    const { conflicts, quarantined } = await this.#ofStore(this.#append(batch, importId))
    this.#tell(importId, quarantined, conflicts)
    batch.events.clear()
    this.#spare = batch.events
  }

  #tell(
    importId: number,
    quarantined: readonly QuarantinedRecord[],
    conflicts: readonly QuarantinedRecord[],
  ): void {
    const room = QUARANTINE_SHOWN_MAX - this.firstQuarantined.length
    const inOrder = [...quarantined, ...conflicts].sort((a, b) => a.line - b.line)
    this.firstQuarantined.push(...inOrder.slice(0, room))
    const progress = { importId, bytesRead: this.#bytesRead, counts: this.#counts }
    this.#request.onProgress?.(progress)
  }

  /** Records that the sums have no room for wait in quarantine with the others that cannot be counted. */
  async #append({ events, quarantined, expired }: OpenBatch, importId: number) {
    const rest = this.#batchRest(this.#batches++ === 0)
    const conflicts: QuarantinedRecord[] = []
    const append = async (part: Pick<AppendBatch, 'events' | 'quarantined' | 'expired'>) => {
      const knownAt = this.#request.clock()
      const startedAt = performance.now()
      const outcome = await this.#request.store.append({ importId, ...rest, ...part, knownAt })
      this.#counts = addVerdicts(this.#counts, outcome.counts)
      const ms = performance.now() - startedAt
      const records = part.events.length + part.quarantined.length + part.expired
      this.#pace.stored({ ...outcome, records, ms })
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

  #batchRest(isFirst = true) {
    const { feed, account, clock } = this.#request
    return {
      accountId: account?.id ?? null,
      feed: { id: feed.id, onConflict: feed.onConflict },
      knownAt: clock(),
      ...(isFirst && { rereading: rereadingOf(this.#reader, this.#settings) }),
    }
  }
}
