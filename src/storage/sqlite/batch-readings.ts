/**
 * Readings of one batch: what counters stood at becomes usage in the ledger, by the rule of
 * `counter-series.ts`. A late reading takes its share from the one after it.
 */
import type { Reading } from '../../domain/counter-series.ts'
import type { Feed } from '../../domain/directory.ts'
import {
  type EventVersion,
  resolveConflict,
  type Serving,
  sameContent,
} from '../../domain/usage-event.ts'
import { type Conflict, conflictRecord } from '../conflict-record.ts'
import {
  readingFromRow,
  readingServingToRow,
  type ServingColumns,
  type StoredEvent,
  storedEventFromRow,
} from '../rows.ts'
import { cameBefore, withLate } from '../version-chain.ts'
import type { Connection } from './connection.ts'
import { readHistory, rewriteHistory } from './history.ts'
import * as sql from './ledger-sql.ts'
import type { RollupDeltas } from './rollup-deltas.ts'
import { type Identity, SeriesWriter } from './series-writer.ts'

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
  /** They were delivered before what is stored, see `applyEvents`. */
  readonly isRecycled: boolean
}

export class BatchReadings {
  readonly #connection: Connection
  readonly #batch: BatchFacts
  readonly #series: SeriesWriter
  /** The deltas go by the identity of these columns. */
  readonly #columns = new Map<Serving, ServingColumns>()
  readonly #columns32Bit = new Map<Serving, ServingColumns>()

  constructor(connection: Connection, batch: BatchFacts, deltas: RollupDeltas) {
    this.#connection = connection
    this.#batch = batch
    this.#series = new SeriesWriter(connection, deltas)
  }

  /** The verdict, or what quarantine keeps of a conflict. */
  apply(incoming: IncomingReading): 'accepted' | 'duplicate' | 'replaced' | Conflict {
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
      const [, simId, occurredAt, , recordId] = identity
      const { is32Bit } = reading
      const record = {
        simId,
        recordId,
        occurredAt,
        line,
        raw: raw(),
        version,
        reading: { is32Bit },
      }
      return conflictRecord(record, { ...stored, version: storedVersion })
    }
    if (verdict === 'replaced' && this.#isLate(incoming, stored)) {
      this.#keepLate(incoming, stored)
      return 'duplicate'
    }
    if (verdict === 'replaced') {
      this.#keepVersion(identity, known!)
      this.#write(incoming, stored)
    }
    return verdict
  }

  #write(
    { identity, accountId, serving, reading, line }: IncomingReading,
    stored: StoredEvent | null,
  ): void {
    const { importId, knownAt } = this.#batch
    const columns = this.#columnsOf(serving, reading)
    this.#series.put({ identity, accountId, columns, reading, importId, line, knownAt }, stored)
  }

  /** Delivered before what counts, under a policy by which the newest delivery wins. */
  #isLate({ line }: IncomingReading, stored: StoredEvent): boolean {
    const { importId, feed, isRecycled } = this.#batch
    return isRecycled && feed.onConflict === 'replace' && cameBefore({ importId, line }, stored)
  }

  #keepLate(incoming: IncomingReading, stored: StoredEvent): void {
    const { identity, accountId, serving, reading, line } = incoming
    const { importId, knownAt } = this.#batch
    const late: StoredEvent = {
      version: { ...reading, serving },
      columns: this.#columnsOf(serving, reading),
      isReading: true,
      is32Bit: reading.is32Bit,
      accountId,
      importId,
      line,
      knownAt,
    }
    const chain = [...readHistory(this.#connection, identity), stored]
    rewriteHistory(this.#connection, identity, withLate(chain, late))
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

  #columnsOf(serving: Serving, { is32Bit }: Reading): ServingColumns {
    const known = is32Bit ? this.#columns32Bit : this.#columns
    let columns = known.get(serving)
    if (columns === undefined) {
      columns = readingServingToRow(serving, { is32Bit })
      known.set(serving, columns)
    }
    return columns
  }

  #readingAt([, simId, occurredAt, feedId, recordId]: Identity): Reading {
    const statement = this.#connection.prepare(sql.SELECT_READING)
    return readingFromRow(statement.get(simId, feedId, recordId, occurredAt)!)
  }

  #wasReplaced(identity: Identity, version: EventVersion): boolean {
    const rows = this.#connection.prepare(sql.SELECT_REPLACED_VERSIONS).all(...identity)
    return rows.some((row) => sameContent(storedEventFromRow(row).version, version))
  }
}
