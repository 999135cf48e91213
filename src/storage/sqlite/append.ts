/** Applies one batch of an import: ledger, derived tables, quarantine and counts in one transaction. */
import type { StatementSync } from 'node:sqlite'
import { NO_SERIES_COUNTS } from '../../domain/counter-series.ts'
import { counterValues } from '../../domain/counters.ts'
import { isUnderChecksum } from '../audit/checksum-limit.ts'
import { addAccountFeeds } from '../directory/feed-access.ts'
import { movedMeanwhile } from '../directory/tenures.ts'
import * as packed from '../event-columns.ts'
import { dayOf } from '../ledger/buckets.ts'
import { historiesAt, writeLedgerChanges } from '../ledger/changes.ts'
import { type Conflict, conflictRecord } from '../ledger/conflict-record.ts'
import {
  addImportDays,
  type IncomingEvent,
  type EventBatch as SharedBatch,
} from '../ledger/incoming-events.ts'
import { MetChain, MetVersions } from '../ledger/met-versions.ts'
import { type BatchRest, endBatch, namedConflicts } from '../ledger/quarantine.ts'
import type { Place } from '../ledger/repeats.ts'
import { type UsageChanges, UsageDeltas } from '../ledger/usage-deltas.ts'
import type { Coming } from '../ledger/version-chain.ts'
import { type Limits, readLimits } from '../limits.ts'
import {
  type Identity,
  type ServingColumns,
  type StoredEvent,
  servingToRow,
  storedEventFromRow,
} from '../rows.ts'
import { appendReadings } from '../series/batch-readings.ts'
import type { AppendOutcome, WholeDelivery } from '../usage-store.ts'
import type { Connection } from './connection.ts'
import { bucketsOfEvents, gatherBeforeLarge, orderByKey } from './event-order.ts'
import * as sql from './ledger-sql.ts'
import { NewRows } from './new-rows.ts'
import { operatorsImports } from './operators-imports.ts'

export interface PackedBatch extends BatchRest {
  readonly events: packed.PackedEvents
}

export interface PackedDelivery extends Omit<WholeDelivery, 'batch'> {
  readonly batch: Omit<PackedBatch, 'importId'>
}

/** Runs inside a write transaction. */
export function append(connection: Connection, batch: PackedBatch): AppendOutcome {
  return connection.take(endBatch(batch, applyEvents(connection, batch)))
}

/** What it takes to count events, without the records that could not be counted. */
type PackedEvents = Omit<PackedBatch, 'quarantined' | 'expired' | 'rereading'>
type EventBatch = PackedEvents & SharedBatch

interface ApplyOptions {
  readonly coming?: Coming
  /** Told what changes. */
  readonly changes?: UsageChanges | null
}

/**
 * Adds events to the ledger and to what is derived from it. Conflicts are returned in the order of their
 * lines and not kept yet.
 */
export function applyEvents(
  connection: Connection,
  batch: PackedEvents,
  { coming = 'delivered', changes = null }: ApplyOptions = {},
): AppendOutcome {
  return new BatchApplication(connection, batch, { coming, changes }).run()
}

class BatchApplication {
  readonly #connection: Connection
  readonly #batch: EventBatch
  readonly #limits: Limits
  readonly #deltas: UsageDeltas
  readonly #versions: MetVersions
  readonly #servings: readonly ServingColumns[]
  readonly #recordIds: packed.Texts
  readonly #raws: packed.Texts
  readonly #selectSame: StatementSync
  readonly #rows: NewRows
  readonly #accountIds = new Set<number>()
  readonly #days = new Set<number>()
  #lastDay = Number.NaN
  /** The bucket of each event. */
  #buckets: Float64Array = new Float64Array()
  readonly #readings: IncomingEvent[] = []
  /**
   * Whether the last event was already stored with the same content. The next one is then probably stored
   * too.
   */
  #expectsRepeat = false
  readonly #repeated: RepeatedEvents
  /** Events whose versions differ from what the transaction has found, by their identities. */
  readonly #changed = new Map<string, Changed>()
  readonly #conflicts: Conflict[] = []
  #series = NO_SERIES_COUNTS
  readonly #counts = { accepted: 0, duplicate: 0, replaced: 0, quarantined: 0, expired: 0 }

  constructor(
    connection: Connection,
    batch: PackedEvents,
    { coming, changes }: Required<ApplyOptions>,
  ) {
    this.#connection = connection
    this.#batch = { ...batch, coming, mayRewrite: true, changes }
    gatherBeforeLarge(connection, batch)
    this.#limits = connection.take(readLimits())
    this.#deltas = new UsageDeltas(this.#limits, changes)
    const { onConflict } = batch.feed
    const isOperators = operatorsImports(connection, batch)
    this.#versions = new MetVersions({ onConflict, isOperators }, coming)
    this.#servings = batch.events.servings.map(servingToRow)
    this.#recordIds = packed.Texts.decoded(batch.events.recordIds)
    this.#raws = new packed.Texts(batch.events.raws)
    this.#repeated = new RepeatedEvents(batch.events.count)
    this.#selectSame = connection.prepareArrays(sql.SELECT_SAME_EVENT)
    this.#rows = new NewRows(connection)
  }

  run(): AppendOutcome {
    const { feed, importId, events } = this.#batch
    const moved = this.#connection.take(movedMeanwhile(this.#batch, packed.placesOf(events)))
    for (const [index, accountId] of moved) {
      events.numbers[index * packed.COLUMNS + packed.ACCOUNT_ID] = accountId
    }
    this.#buckets = bucketsOfEvents(events, this.#limits.buckets)
    this.#applyAll(orderByKey(events, this.#buckets))
    this.#connection.take(this.#deltas.write())
    this.#writeChanged()
    this.#applyReadings()
    this.#connection.take(addAccountFeeds(this.#accountIds, feed.id))
    this.#connection.take(addImportDays(this.#days, importId))
    const conflicts = this.#connection.take(namedConflicts(this.#conflicts))
    return { counts: this.#counts, series: this.#series, conflicts }
  }

  /** Rows under checksum come first in the order, and later events change none of them. */
  #applyAll(order: Uint32Array): void {
    const { numbers } = this.#batch.events
    const { checksums } = this.#connection
    let isUnder: boolean | null = null
    for (const index of order) {
      const simId = numbers[index * packed.COLUMNS + packed.SIM_ID]!
      const isNextUnder = isUnderChecksum({ bucket: this.#buckets[index]!, simId }, this.#limits)
      if (isNextUnder !== isUnder) {
        this.#insertWaiting()
        checksums.watchLedger(isNextUnder)
      }
      isUnder = isNextUnder
      this.#applyEvent(index)
    }
    this.#insertWaiting()
  }

  #applyEvent(index: number): void {
    const n = this.#batch.events.numbers
    const at = index * packed.COLUMNS
    const occurredAt = n[at + packed.OCCURRED_AT]!
    if (occurredAt < this.#limits.purgedThrough) {
      this.#counts.expired++
      return
    }
    const day = dayOf(occurredAt)
    if (day !== this.#lastDay) this.#days.add(day)
    this.#lastDay = day
    if (n[at + packed.TRAITS] !== 0) {
      this.#readings.push(this.#readingAt(index))
    } else if (this.#rows.areExpected) {
      this.#putRow(index)
      if (this.#rows.wait(index)) this.#insertWaiting()
    } else this.#applyUsage(index)
  }

  #insertWaiting(): void {
    const { inserted, left } = this.#rows.insertWaiting()
    for (const index of inserted) this.#accept(index)
    for (const index of left) this.#applyUsage(index)
  }

  #applyUsage(index: number): void {
    const identity = this.#identityAt(index)
    if (this.#expectsRepeat && this.#isRepeat(identity, index)) return
    this.#putRow(index)
    if (this.#rows.insert()) {
      this.#expectsRepeat = false
      this.#accept(index)
      return
    }
    const { events, importId, knownAt } = this.#batch
    const n = events.numbers
    const at = index * packed.COLUMNS
    const serving = n[at + packed.SERVING]!
    const incoming: StoredEvent = {
      version: { ...packed.countersAt(n, at), serving: events.servings[serving]! },
      columns: this.#servings[serving]!,
      isReading: false,
      accountId: n[at + packed.ACCOUNT_ID]!,
      importId,
      line: n[at + packed.LINE]!,
      knownAt,
    }
    this.#meetStored(identity, incoming, index)
  }

  #identityAt(index: number): Identity {
    const n = this.#batch.events.numbers
    const at = index * packed.COLUMNS
    return [
      this.#buckets[index]!,
      n[at + packed.SIM_ID]!,
      n[at + packed.OCCURRED_AT]!,
      this.#batch.feed.id,
      this.#recordIds.at(index),
    ]
  }

  #putRow(index: number): void {
    const { events, feed, importId, knownAt } = this.#batch
    const n = events.numbers
    const at = index * packed.COLUMNS
    const { zone, country, plmn, stated } = this.#servings[n[at + packed.SERVING]!]!
    // In the order of `EVENT_COLUMNS`.
    const rows = this.#rows
    rows.put(this.#buckets[index]!)
    rows.put(n[at + packed.SIM_ID]!)
    rows.put(n[at + packed.OCCURRED_AT]!)
    rows.put(feed.id)
    rows.put(this.#recordIds.at(index))
    rows.put(n[at + packed.ACCOUNT_ID]!)
    rows.put(zone)
    rows.put(country)
    rows.put(plmn)
    rows.put(stated)
    rows.put(importId)
    rows.put(n[at + packed.LINE]!)
    rows.put(knownAt)
    for (let place = packed.COUNTERS; place < packed.COLUMNS; place++) rows.put(n[at + place]!)
  }

  /** Its row is new. */
  #accept(index: number): void {
    const n = this.#batch.events.numbers
    const at = index * packed.COLUMNS
    const accountId = n[at + packed.ACCOUNT_ID]!
    const place = {
      accountId,
      simId: n[at + packed.SIM_ID]!,
      occurredAt: n[at + packed.OCCURRED_AT]!,
    }
    const serving = this.#servings[n[at + packed.SERVING]!]!
    this.#deltas.add(place, serving, packed.countersAt(n, at), 1)
    this.#accountIds.add(accountId)
    this.#counts.accepted++
  }

  /**
   * Counts the event as a duplicate if the stored one is the same in every column, so that nothing
   * changes. This takes one statement, whereas finding out that it cannot be inserted, and why, takes
   * two.
   */
  #isRepeat(identity: Identity, index: number): boolean {
    // What this batch has changed is not in the rows yet.
    if (this.#changed.size > 0 && this.#changed.has(identity.join(' '))) return false
    const n = this.#batch.events.numbers
    const at = index * packed.COLUMNS
    const serving = this.#servings[n[at + packed.SERVING]!]!
    const row = this.#selectSame.get(
      identity[0],
      identity[1],
      identity[2],
      identity[3],
      identity[4],
      serving.zone,
      serving.country,
      serving.plmn,
      serving.stated,
      ...counterValues(packed.countersAt(n, at)),
    ) as unknown as readonly [importId: number, line: number] | undefined
    if (row === undefined) return false
    const of = { importId: row[0], line: row[1] }
    if (!this.#versions.isRepeat(of, this.#batch)) return false
    this.#counts.duplicate++
    this.#repeated.add(index, of)
    return true
  }

  /** Another version of the event is already stored, so the feed's policy decides about this one. */
  #meetStored(identity: Identity, incoming: StoredEvent, index: number): void {
    const { chain, before } = this.#metAt(identity)
    const met = chain.current
    const verdict = this.#versions.resolve(identity, chain, incoming)
    const isUnchanged = chain.current === before && !chain.isRewritten
    this.#expectsRepeat = verdict === 'duplicate' && isUnchanged
    if (verdict === 'duplicate' || verdict === 'replaced') {
      this.#counts[verdict]++
      if (verdict === 'replaced') this.#accountIds.add(incoming.accountId)
      if (isUnchanged) return
      this.#changed.set(identity.join(' '), { identity, chain, before })
      return
    }
    const [, simId, occurredAt, , recordId] = identity
    const { line, version } = incoming
    const raw = this.#raws.at(index)
    const record = { simId, recordId, occurredAt, line, raw, version, reading: null }
    this.#conflicts.push(conflictRecord(record, met, verdict))
  }

  #metAt(identity: Identity): Omit<Changed, 'identity'> {
    const known = this.#changed.size > 0 ? this.#changed.get(identity.join(' ')) : undefined
    if (known !== undefined) return known
    const row = this.#connection.prepare(sql.SELECT_EVENT).get(...identity)!
    const before = storedEventFromRow(row)
    const history = () =>
      this.#connection.take(historiesAt([identity], this.#batch.feed.id)).get(0) ?? []
    return { chain: new MetChain(history, before), before }
  }

  #writeChanged(): void {
    const { importId, knownAt, events } = this.#batch
    for (const [index, of] of this.#repeated.inOrder()) {
      const line = events.numbers[index * packed.COLUMNS + packed.LINE]!
      this.#versions.noteRepeat(this.#buckets[index]!, of, { importId, line, knownAt })
    }
    if (this.#changed.size > 0) this.#connection.checksums.watchLedger(true)
    const changes = [...this.#changed.values()]
      .filter(({ chain, before }) => chain.current !== before)
      .map(({ identity, chain, before }) => {
        return { identity, before, after: chain.current, ...chain.added }
      })
    this.#connection.take(writeLedgerChanges(this.#batch, changes, this.#limits))
    this.#connection.take(this.#versions.write())
  }

  #applyReadings(): void {
    if (this.#readings.length === 0) return
    this.#connection.checksums.watchLedger(true)
    const readings = appendReadings(this.#batch, this.#readings, this.#limits)
    const { accepted, duplicate, replaced, series, conflicts } = this.#connection.take(readings)
    this.#series = series
    this.#counts.accepted += accepted
    this.#counts.duplicate += duplicate
    this.#counts.replaced += replaced
    this.#conflicts.push(...conflicts)
  }

  #readingAt(index: number): IncomingEvent {
    const { events } = this.#batch
    const event = packed.eventAt(events, index, this.#recordIds.at(index), this.#raws.at(index))
    const serving = events.numbers[index * packed.COLUMNS + packed.SERVING]!
    return { event, bucket: this.#buckets[index]!, serving: this.#servings[serving]! }
  }
}

/** An event that the batch has met. */
interface Changed {
  readonly identity: Identity
  readonly chain: MetChain
  /** The row as the transaction found it. */
  readonly before: StoredEvent
}

/** Which versions events repeat, by the positions of the events in their batch. */
class RepeatedEvents {
  readonly #count: number
  /**
   * Import and line. The import is 0 if there is nothing to note, and for versions brought by a trial
   * itself.
   */
  #places: Float64Array | null = null

  constructor(count: number) {
    this.#count = count
  }

  add(index: number, { importId, line }: Place): void {
    this.#places ??= new Float64Array(2 * this.#count)
    this.#places[2 * index] = importId
    this.#places[2 * index + 1] = line
  }

  /** In order of delivery, in which consecutive lines are adjacent. */
  *inOrder(): Generator<[index: number, of: Place]> {
    const places = this.#places
    if (places === null) return
    for (let index = 0; index < this.#count; index++) {
      const importId = places[2 * index]!
      if (importId !== 0) yield [index, { importId, line: places[2 * index + 1]! }]
    }
  }
}
