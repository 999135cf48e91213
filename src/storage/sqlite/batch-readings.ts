/**
 * Readings of one batch: what counters stood at becomes usage in the ledger, by the rule of
 * `counter-series.ts`. A late reading takes its share from the one after it.
 */
import type { Reading } from '../../domain/counter-series.ts'
import type { Counters, EventVersion, Serving } from '../../domain/usage-event.ts'
import { type Conflict, conflictRecord } from '../conflict-record.ts'
import {
  readingFromRow,
  readingServingToRow,
  type ServingColumns,
  type StoredEvent,
  storedEventFromRow,
} from '../rows.ts'
import type { Connection } from './connection.ts'
import * as sql from './ledger-sql.ts'
import type { MetVersions } from './met-versions.ts'
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
  readonly knownAt: number
}

export class BatchReadings {
  readonly #connection: Connection
  readonly #batch: BatchFacts
  readonly #versions: MetVersions
  readonly #series: SeriesWriter
  /** The deltas go by the identity of these columns. */
  readonly #columns = new Map<Serving, ServingColumns>()
  readonly #columns32Bit = new Map<Serving, ServingColumns>()

  constructor(
    connection: Connection,
    batch: BatchFacts,
    { deltas, versions }: { deltas: RollupDeltas; versions: MetVersions },
  ) {
    this.#connection = connection
    this.#batch = batch
    this.#versions = versions
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
    const known = stored.isReading ? this.#readingAt(identity) : stored.version
    const current = { ...stored, version: { ...stored.version, ...countersOf(known) } }
    const verdict = this.#versions.resolve(identity, current, this.#asStored(incoming))
    if (verdict === 'conflict' || verdict === 'outranked') {
      const [, simId, occurredAt, , recordId] = identity
      const { is32Bit } = reading
      const version: EventVersion = { ...reading, serving }
      const record = { simId, recordId, occurredAt, line, raw: raw(), version }
      return conflictRecord({ ...record, reading: { is32Bit } }, current, verdict)
    }
    if (verdict === 'replaced') this.#write(incoming, stored)
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

  #asStored({ accountId, serving, reading, line }: IncomingReading): StoredEvent {
    const { importId, knownAt } = this.#batch
    return {
      version: { ...countersOf(reading), serving },
      columns: this.#columnsOf(serving, reading),
      isReading: true,
      is32Bit: reading.is32Bit,
      accountId,
      importId,
      line,
      knownAt,
    }
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
}

function countersOf({ upload, download, toSim, fromSim }: Counters): Counters {
  return { upload, download, toSim, fromSim }
}
