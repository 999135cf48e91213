/** Applies one batch of an import: ledger, derived tables, quarantine and counts in one transaction. */
import type { Feed } from '../../domain/directory.ts'
import type { QuarantinedRecord, VerdictCounts } from '../../domain/import.ts'
import { floorTo } from '../../domain/time.ts'
import type { EventVersion } from '../../domain/usage-event.ts'
import { type Conflict, conflictRecord, namedConflict } from '../conflict-record.ts'
import * as directorySql from '../directory-sql.ts'
import { readLimits } from '../limits.ts'
import { traitsFromBits } from '../reading-rows.ts'
import { countInImport } from '../recycle.ts'
import {
  delivererId,
  keptRecordToRow,
  type ServingColumns,
  type StoredEvent,
  servingToRow,
  storedEventFromRow,
} from '../rows.ts'
import type { UsageChanges } from '../usage-changes.ts'
import type { AppendOutcome } from '../usage-store.ts'
import type { Coming } from '../version-chain.ts'
import { BatchReadings } from './batch-readings.ts'
import type { Connection } from './connection.ts'
import { contentOf } from './history.ts'
import * as sql from './ledger-sql.ts'
import { MetVersions } from './met-versions.ts'
import * as packed from './packed-events.ts'
import { RollupDeltas, type RollupPlace } from './rollup-deltas.ts'
import type { Identity } from './series-writer.ts'
import { INSERT_IMPORT_BUCKET } from './undo-sql.ts'

export interface PackedBatch {
  readonly importId: number
  readonly accountId: number | null
  readonly feed: Pick<Feed, 'id' | 'onConflict'>
  readonly events: packed.PackedEvents
  readonly quarantined: readonly QuarantinedRecord[]
  readonly expired: number
  readonly knownAt: number
  readonly rereading?: string
}

/** Runs inside a write transaction. */
export function append(connection: Connection, batch: PackedBatch): AppendOutcome {
  const { importId, rereading } = batch
  const { counts: counted, series, conflicts } = applyEvents(connection, batch)
  const quarantined = [...batch.quarantined, ...conflicts]
  for (const record of quarantined) quarantine(connection, batch, record)
  const counts: VerdictCounts = {
    ...counted,
    quarantined: quarantined.length,
    expired: counted.expired + batch.expired,
  }
  connection.take(countInImport(importId, counts, series))
  if (rereading !== undefined) {
    connection.prepare(directorySql.KEEP_REREADING).run(rereading, importId)
  }
  return { counts, series, conflicts }
}

/** What an event needs to be counted, and nothing of what could not be. */
export type EventBatch = Omit<PackedBatch, 'quarantined' | 'expired'>

export interface ApplyOptions {
  readonly coming?: Coming
  /** Is told what changes. */
  readonly changes?: UsageChanges | null
}

/**
 * Brings events into the ledger and what is derived from it; conflicts are returned in the order of
 * their lines, and kept nowhere yet.
 */
export function applyEvents(
  connection: Connection,
  batch: EventBatch,
  { coming = 'delivered', changes = null }: ApplyOptions = {},
): AppendOutcome {
  return new BatchApplication(connection, batch, { coming, changes }).run()
}

function quarantine(
  connection: Connection,
  { feed, importId, accountId, knownAt }: EventBatch,
  record: QuarantinedRecord,
): void {
  const { reason, rawHash, detail, field, raw, line } = record
  connection
    .prepare(directorySql.INSERT_QUARANTINE)
    .run(feed.id, delivererId(accountId), reason, rawHash, detail, field, raw)
  connection
    .prepare(directorySql.INSERT_QUARANTINE_DELIVERY)
    .run(
      importId,
      line,
      knownAt,
      keptRecordToRow(record),
      feed.id,
      rawHash,
      reason,
      delivererId(accountId),
    )
}

class BatchApplication {
  readonly #connection: Connection
  readonly #batch: EventBatch
  readonly #deltas: RollupDeltas
  readonly #versions: MetVersions
  readonly #readings: BatchReadings
  readonly #purgedThrough: number
  readonly #servings: readonly ServingColumns[]
  readonly #accountIds = new Set<number>()
  readonly #buckets = new Set<number>()
  readonly #conflicts: Conflict[] = []
  readonly #counts = { accepted: 0, duplicate: 0, replaced: 0, quarantined: 0, expired: 0 }

  constructor(
    connection: Connection,
    batch: EventBatch,
    { coming, changes }: Required<ApplyOptions>,
  ) {
    this.#connection = connection
    this.#batch = batch
    const limits = connection.take(readLimits())
    this.#deltas = new RollupDeltas(connection, limits, changes)
    this.#versions = new MetVersions(connection, batch, coming)
    const { deltas, versions } = { deltas: this.#deltas, versions: this.#versions }
    this.#readings = new BatchReadings(connection, batch, { deltas, versions })
    this.#purgedThrough = limits.purgedThrough
    this.#servings = batch.events.servings.map(servingToRow)
  }

  run(): AppendOutcome {
    this.#applyAll(orderByKey(this.#batch.events))
    this.#deltas.write()
    this.#versions.write()
    for (const accountId of this.#accountIds) {
      this.#connection.prepare(sql.INSERT_ACCOUNT_FEED).run(accountId, this.#batch.feed.id)
    }
    for (const bucket of this.#buckets) {
      this.#connection.prepare(INSERT_IMPORT_BUCKET).run(this.#batch.importId, bucket)
    }
    const conflicts = this.#conflicts
      .sort((a, b) => a.line - b.line)
      .map((conflict) => namedConflict(conflict, (simId) => this.#sidOf(simId)))
    return { counts: this.#counts, series: this.#readings.series, conflicts }
  }

  /** Days under checksum come first in the order, and nothing of a later day changes one of them. */
  #applyAll(order: Uint32Array): void {
    const { numbers } = this.#batch.events
    const { checksums } = this.#connection
    const limit = checksums.ledgerLimit() ?? Number.NEGATIVE_INFINITY
    let isUnder: boolean | null = null
    for (const index of order) {
      const isNextUnder = numbers[index * packed.COLUMNS + packed.OCCURRED_AT]! < limit
      if (isNextUnder !== isUnder) checksums.watchLedger(isNextUnder)
      isUnder = isNextUnder
      this.#applyEvent(index)
    }
  }

  #sidOf(simId: number): string {
    return this.#connection.prepare(directorySql.SELECT_SIM_SID).get(simId)!.sid as string
  }

  #applyEvent(index: number): void {
    const { events, feed, importId, knownAt } = this.#batch
    const n = events.numbers
    const at = index * packed.COLUMNS
    const occurredAt = n[at + packed.OCCURRED_AT]!
    if (occurredAt < this.#purgedThrough) {
      this.#counts.expired++
      return
    }
    const bucket = floorTo(occurredAt, sql.LEDGER_BUCKET_SECONDS)
    this.#buckets.add(bucket)
    const simId = n[at + packed.SIM_ID]!
    if (n[at + packed.TRAITS] !== 0) {
      this.#applyReading(index, bucket)
      return
    }
    const accountId = n[at + packed.ACCOUNT_ID]!
    const recordId = packed.textAt(events.recordIds, index)
    const serving = this.#servings[n[at + packed.SERVING]!]!
    const counters = {
      upload: n[at + packed.UPLOAD]!,
      download: n[at + packed.DOWNLOAD]!,
      toSim: n[at + packed.TO_SIM]!,
      fromSim: n[at + packed.FROM_SIM]!,
    }
    const { changes } = this.#connection
      .prepare(sql.INSERT_EVENT)
      .run(
        bucket,
        simId,
        occurredAt,
        feed.id,
        recordId,
        accountId,
        serving.zone,
        serving.country,
        serving.plmn,
        serving.stated,
        counters.upload,
        counters.download,
        counters.toSim,
        counters.fromSim,
        importId,
        n[at + packed.LINE]!,
        knownAt,
      )
    const place = { accountId, simId, occurredAt, serving }
    if (changes === 1) {
      this.#counts.accepted++
      this.#deltas.add(place, counters, 1)
      this.#accountIds.add(accountId)
    } else {
      const version = { ...counters, serving: events.servings[n[at + packed.SERVING]!]! }
      this.#meetStored([bucket, simId, occurredAt, feed.id, recordId], place, version, index)
    }
  }

  /** Another version of the event is stored already: the feed's policy says what becomes of this. */
  #meetStored(identity: Identity, place: RollupPlace, version: EventVersion, index: number): void {
    const stored = storedEventFromRow(this.#connection.prepare(sql.SELECT_EVENT).get(...identity)!)
    const { importId, knownAt, events } = this.#batch
    const line = events.numbers[index * packed.COLUMNS + packed.LINE]!
    const incoming: StoredEvent = {
      version,
      columns: place.serving,
      isReading: false,
      accountId: place.accountId,
      importId,
      line,
      knownAt,
    }
    const verdict = this.#versions.resolve(identity, stored, incoming)
    if (verdict === 'duplicate') {
      this.#counts.duplicate++
    } else if (verdict === 'replaced') {
      this.#counts.replaced++
      this.#deltas.add(
        { ...place, accountId: stored.accountId, serving: stored.columns },
        stored.version,
        -1,
      )
      this.#deltas.add(place, version, 1)
      this.#accountIds.add(place.accountId)
      this.#connection.prepare(sql.REPLACE_EVENT).run(...contentOf(incoming), ...identity)
    } else {
      const [, simId, occurredAt, , recordId] = identity
      const raw = packed.textAt(events.raws, index)
      const record = { simId, recordId, occurredAt, line, raw, version, reading: null }
      this.#conflicts.push(conflictRecord(record, stored, verdict))
    }
  }

  #applyReading(index: number, bucket: number): void {
    const { events, feed } = this.#batch
    const n = events.numbers
    const at = index * packed.COLUMNS
    const serving = events.servings[n[at + packed.SERVING]!]!
    const accountId = n[at + packed.ACCOUNT_ID]!
    const verdict = this.#readings.apply({
      identity: [
        bucket,
        n[at + packed.SIM_ID]!,
        n[at + packed.OCCURRED_AT]!,
        feed.id,
        packed.textAt(events.recordIds, index),
      ],
      accountId,
      version: {
        upload: n[at + packed.UPLOAD]!,
        download: n[at + packed.DOWNLOAD]!,
        toSim: n[at + packed.TO_SIM]!,
        fromSim: n[at + packed.FROM_SIM]!,
        traits: traitsFromBits(n[at + packed.TRAITS]!),
        serving,
      },
      line: n[at + packed.LINE]!,
      raw: () => packed.textAt(events.raws, index),
    })
    if (typeof verdict !== 'string') this.#conflicts.push(verdict)
    else {
      this.#counts[verdict]++
      if (verdict !== 'duplicate') this.#accountIds.add(accountId)
    }
  }
}

/**
 * The events in the order of the ledger's key, so that SQLite fills page after page instead of
 * jumping. Events with the same SIM and time keep their order of delivery.
 */
function orderByKey({ count, numbers }: packed.PackedEvents): Uint32Array {
  const order = new Uint32Array(count)
  for (let i = 0; i < count; i++) order[i] = i
  return order.sort((a, b) => {
    const left = a * packed.COLUMNS
    const right = b * packed.COLUMNS
    const leftAt = numbers[left + packed.OCCURRED_AT]!
    const rightAt = numbers[right + packed.OCCURRED_AT]!
    return (
      floorTo(leftAt, sql.LEDGER_BUCKET_SECONDS) - floorTo(rightAt, sql.LEDGER_BUCKET_SECONDS) ||
      numbers[left + packed.SIM_ID]! - numbers[right + packed.SIM_ID]! ||
      leftAt - rightAt ||
      a - b
    )
  })
}
