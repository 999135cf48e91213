/**
 * Readings of one batch: what counters stood at becomes usage in the ledger, by the rule of
 * `counter-series.ts`. A late reading takes its share from the one after it.
 */
import { placeReading, type Reading } from '../../domain/counter-series.ts'
import type { Feed } from '../../domain/directory.ts'
import type { QuarantinedRecord } from '../../domain/import.ts'
import { DAY_SECONDS, floorTo } from '../../domain/time.ts'
import {
  type Counters,
  type EventVersion,
  resolveConflict,
  type Serving,
  sameContent,
} from '../../domain/usage-event.ts'
import { conflictRecord } from '../conflict-record.ts'
import {
  readingBits,
  readingFromRow,
  readingServingToRow,
  type ServingColumns,
  type StoredEvent,
  storedEventFromRow,
} from '../rows.ts'
import type { Connection } from './connection.ts'
import * as sql from './ledger-sql.ts'
import type { RollupDeltas } from './rollup-deltas.ts'

export type Identity = readonly [
  bucket: number,
  simId: number,
  occurredAt: number,
  feedId: number,
  recordId: string,
]

export interface IncomingReading {
  readonly identity: Identity
  readonly accountId: number
  readonly serving: Serving
  readonly reading: Reading
  readonly line: number
  readonly raw: () => string
}

interface BatchFacts {
  readonly importId: number
  readonly feed: Pick<Feed, 'onConflict'>
  readonly knownAt: number
}

export class BatchReadings {
  readonly #connection: Connection
  readonly #batch: BatchFacts
  readonly #deltas: RollupDeltas
  /** The deltas go by the identity of these columns. */
  readonly #columns = new Map<Serving, ServingColumns>()

  constructor(connection: Connection, batch: BatchFacts, deltas: RollupDeltas) {
    this.#connection = connection
    this.#batch = batch
    this.#deltas = deltas
  }

  /** The verdict, or the record that quarantine keeps of a conflict. */
  apply(incoming: IncomingReading): 'accepted' | 'duplicate' | 'replaced' | QuarantinedRecord {
    const { identity, reading, serving, line, raw } = incoming
    const row = this.#connection.prepare(sql.SELECT_EVENT).get(...identity)
    if (row === undefined) {
      this.#write(incoming, null)
      return 'accepted'
    }
    const stored = storedEventFromRow(row)
    const known = stored.isReading ? this.#readingAt(identity) : null
    const version: EventVersion = { ...reading, serving }
    const storedVersion: EventVersion = {
      ...(known ?? stored.version),
      serving: stored.version.serving,
    }
    // A reading takes no usage's place.
    const verdict =
      known === null
        ? 'conflict'
        : resolveConflict(this.#batch.feed.onConflict, storedVersion, version, () =>
            this.#wasReplaced(identity, version),
          )
    if (verdict === 'conflict') {
      const [, , occurredAt, , recordId] = identity
      const record = { recordId, occurredAt, line, raw: raw(), version }
      return conflictRecord(record, { ...stored, version: storedVersion })
    }
    if (verdict === 'replaced') {
      this.#keepVersion(identity, known!)
      this.#write(incoming, stored)
    }
    return verdict
  }

  /** Puts a reading in its place in the series; `stored` is the row that it replaces. */
  #write(incoming: IncomingReading, stored: StoredEvent | null): void {
    const { identity, accountId, reading } = incoming
    const [, simId, occurredAt, feedId, recordId] = identity
    const next = this.#neighbour(sql.SELECT_NEXT_READING, identity)
    const { usage, nextUsage } = placeReading({
      previous: this.#neighbour(sql.SELECT_PREVIOUS_READING, identity)?.reading ?? null,
      incoming: reading,
      next: next?.reading ?? null,
    })
    const { upload, download, toSim, fromSim } = reading
    this.#connection
      .prepare(sql.PUT_READING)
      .run(
        ...[simId, feedId, recordId, occurredAt],
        ...[upload, download, toSim, fromSim],
        readingBits(reading),
      )
    const columns = this.#columnsOf(incoming.serving)
    if (stored !== null) {
      this.#count(identity, stored, stored.version, -1)
      this.#replaceRow(incoming, columns, usage)
    } else this.#insertRow(incoming, columns, usage)
    this.#count(identity, { accountId, columns }, usage, 1)
    if (next !== null) this.#moveUsage(identity, next.occurredAt, nextUsage!)
  }

  #insertRow(incoming: IncomingReading, columns: ServingColumns, usage: Counters): void {
    const { identity, accountId, line } = incoming
    const { zone, country, plmn, stated } = columns
    const { importId, knownAt } = this.#batch
    this.#connection
      .prepare(sql.INSERT_EVENT)
      .run(
        ...identity,
        ...[accountId, zone, country, plmn, stated],
        ...[usage.upload, usage.download, usage.toSim, usage.fromSim],
        ...[importId, line, knownAt],
      )
  }

  #replaceRow(incoming: IncomingReading, columns: ServingColumns, usage: Counters): void {
    const { identity, accountId, line } = incoming
    const { zone, country, plmn, stated } = columns
    const { importId, knownAt } = this.#batch
    this.#connection
      .prepare(sql.REPLACE_EVENT)
      .run(
        ...[accountId, zone, country, plmn, stated],
        ...[usage.upload, usage.download, usage.toSim, usage.fromSim],
        ...[importId, line, knownAt],
        ...identity,
      )
  }

  #keepVersion(identity: Identity, known: Reading): void {
    const { knownAt, importId } = this.#batch
    this.#connection
      .prepare(sql.KEEP_REPLACED_VERSION)
      .run(...identity, knownAt, importId, ...identity)
    this.#connection
      .prepare(sql.COUNTERS_OF_KEPT_VERSION)
      .run(known.upload, known.download, known.toSim, known.fromSim, ...identity, ...identity)
  }

  /** The next reading of the series has used something else from now on. */
  #moveUsage([, simId, , feedId, recordId]: Identity, occurredAt: number, usage: Counters): void {
    const identity: Identity = [
      floorTo(occurredAt, DAY_SECONDS),
      simId,
      occurredAt,
      feedId,
      recordId,
    ]
    const stored = storedEventFromRow(this.#connection.prepare(sql.SELECT_EVENT).get(...identity)!)
    const { upload, download, toSim, fromSim } = usage
    this.#connection.prepare(sql.SET_USAGE).run(upload, download, toSim, fromSim, ...identity)
    this.#count(identity, stored, stored.version, -1)
    this.#count(identity, stored, usage, 1)
  }

  #count(
    [, simId, occurredAt]: Identity,
    { accountId, columns }: Pick<StoredEvent, 'accountId' | 'columns'>,
    counters: Counters,
    times: 1 | -1,
  ): void {
    this.#deltas.add({ accountId, simId, occurredAt, serving: columns }, counters, times)
  }

  #columnsOf(serving: Serving): ServingColumns {
    let columns = this.#columns.get(serving)
    if (columns === undefined) {
      columns = readingServingToRow(serving)
      this.#columns.set(serving, columns)
    }
    return columns
  }

  #readingAt([, simId, occurredAt, feedId, recordId]: Identity): Reading {
    const statement = this.#connection.prepare(sql.SELECT_READING)
    return readingFromRow(statement.get(simId, feedId, recordId, occurredAt)!)
  }

  #neighbour(
    text: string,
    [, simId, occurredAt, feedId, recordId]: Identity,
  ): { readonly reading: Reading; readonly occurredAt: number } | null {
    const row = this.#connection.prepare(text).get(simId, feedId, recordId, occurredAt)
    if (row === undefined) return null
    return { reading: readingFromRow(row), occurredAt: row.occurred_at as number }
  }

  #wasReplaced(identity: Identity, version: EventVersion): boolean {
    const rows = this.#connection.prepare(sql.SELECT_REPLACED_VERSIONS).all(...identity)
    return rows.some((row) => sameContent(storedEventFromRow(row).version, version))
  }
}
