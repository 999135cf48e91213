/**
 * Puts readings into the series they belong to and takes them out again, so that the usage in the
 * ledger stays a function of the readings that are there.
 */
import { placeReading, type Reading, usageOfReading } from '../../domain/counter-series.ts'
import { DAY_SECONDS, floorTo } from '../../domain/time.ts'
import type { Counters } from '../../domain/usage-event.ts'
import {
  readingBits,
  readingFromRow,
  type ServingColumns,
  type StoredEvent,
  storedEventFromRow,
} from '../rows.ts'
import type { Connection } from './connection.ts'
import * as sql from './ledger-sql.ts'
import type { RollupDeltas } from './rollup-deltas.ts'
import { DELETE_EVENT } from './undo-sql.ts'

export type Identity = readonly [
  bucket: number,
  simId: number,
  occurredAt: number,
  feedId: number,
  recordId: string,
]

/** A reading as it shall stand in the ledger. */
export interface PlacedReading {
  readonly identity: Identity
  readonly accountId: number
  readonly columns: ServingColumns
  readonly reading: Reading
  readonly importId: number
  readonly line: number
  readonly knownAt: number
}

export class SeriesWriter {
  readonly #connection: Connection
  readonly #deltas: RollupDeltas

  constructor(connection: Connection, deltas: RollupDeltas) {
    this.#connection = connection
    this.#deltas = deltas
  }

  /** Puts a reading in its place in the series; `stored` is the row that it replaces. */
  put(placed: PlacedReading, stored: StoredEvent | null): void {
    const { identity, accountId, reading, columns } = placed
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
    if (stored !== null) {
      this.#count(identity, stored, stored.version, -1)
      this.#replaceRow(placed, usage)
    } else this.#insertRow(placed, usage)
    this.#count(identity, { accountId, columns }, usage, 1)
    if (next !== null) this.#moveUsage(identity, next.occurredAt, nextUsage!)
  }

  /** Takes a reading away, with its row; what it had used goes back to its successor. */
  remove(identity: Identity, stored: StoredEvent): void {
    const [, simId, occurredAt, feedId, recordId] = identity
    const previous = this.#neighbour(sql.SELECT_PREVIOUS_READING, identity)
    const next = this.#neighbour(sql.SELECT_NEXT_READING, identity)
    this.#connection.prepare(sql.DELETE_READING).run(simId, feedId, recordId, occurredAt)
    this.#connection.prepare(DELETE_EVENT).run(...identity)
    this.#count(identity, stored, stored.version, -1)
    if (next === null) return
    const nextUsage = usageOfReading(previous?.reading ?? null, next.reading)
    this.#moveUsage(identity, next.occurredAt, nextUsage)
  }

  #insertRow({ identity, accountId, columns, ...placed }: PlacedReading, usage: Counters): void {
    const { zone, country, plmn, stated } = columns
    this.#connection
      .prepare(sql.INSERT_EVENT)
      .run(
        ...identity,
        ...[accountId, zone, country, plmn, stated],
        ...[usage.upload, usage.download, usage.toSim, usage.fromSim],
        ...[placed.importId, placed.line, placed.knownAt],
      )
  }

  #replaceRow({ identity, accountId, columns, ...placed }: PlacedReading, usage: Counters): void {
    const { zone, country, plmn, stated } = columns
    this.#connection
      .prepare(sql.REPLACE_EVENT)
      .run(
        ...[accountId, zone, country, plmn, stated],
        ...[usage.upload, usage.download, usage.toSim, usage.fromSim],
        ...[placed.importId, placed.line, placed.knownAt],
        ...identity,
      )
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

  #neighbour(
    text: string,
    [, simId, occurredAt, feedId, recordId]: Identity,
  ): { readonly reading: Reading; readonly occurredAt: number } | null {
    const row = this.#connection.prepare(text).get(simId, feedId, recordId, occurredAt)
    if (row === undefined) return null
    return { reading: readingFromRow(row), occurredAt: row.occurred_at as number }
  }
}
