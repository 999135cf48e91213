/**
 * Readings of one batch: what counters stood at becomes usage in the ledger, by the rule of
 * `counter-series.ts`. A late reading takes its share from those after it.
 */
import { type SeriesCounts, type SeriesVerdict, seriesCounts } from '../../domain/counter-series.ts'
import type { EventVersion, ReadingTraits, Serving } from '../../domain/usage-event.ts'
import { type Conflict, conflictRecord } from '../conflict-record.ts'
import { countersRead, keptReadingFromRow } from '../reading-rows.ts'
import {
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
  readonly version: EventVersion & { readonly traits: ReadingTraits }
  readonly line: number
  readonly raw: () => string
}

interface BatchFacts {
  readonly importId: number
  readonly knownAt: number
}

export class BatchReadings {
  /** Of the readings that were put in their places. */
  readonly #verdicts = new Map<string, SeriesVerdict>()
  readonly #connection: Connection
  readonly #batch: BatchFacts
  readonly #versions: MetVersions
  readonly #series: SeriesWriter
  /** The deltas go by the identity of these columns. */
  readonly #columns = new Map<ReadingTraits, Map<Serving, ServingColumns>>()

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
    const { identity, version, line, raw } = incoming
    const asStored = this.#asStored(incoming)
    const row = this.#connection.prepare(sql.SELECT_EVENT).get(...identity)
    if (row === undefined) {
      this.#put(identity, asStored, null)
      return 'accepted'
    }
    const stored = storedEventFromRow(row)
    const current = stored.isReading ? this.#asRead(identity, stored) : stored
    const verdict = this.#versions.resolve(identity, current, asStored)
    if (verdict === 'conflict' || verdict === 'outranked') {
      const [, simId, occurredAt, , recordId] = identity
      const record = { simId, recordId, occurredAt, line, raw: raw(), version }
      return conflictRecord({ ...record, reading: version.traits }, current, verdict)
    }
    if (verdict === 'replaced') this.#put(identity, asStored, stored)
    return verdict
  }

  get series(): SeriesCounts {
    return seriesCounts([...this.#verdicts.values()])
  }

  #put(identity: Identity, event: StoredEvent, stored: StoredEvent | null): void {
    const [, simId, occurredAt, , recordId] = identity
    const verdict = this.#series.put(identity, event, stored)
    this.#verdicts.set(`${simId} ${occurredAt} ${recordId}`, verdict)
  }

  #asStored({ accountId, version, line }: IncomingReading): StoredEvent {
    const { importId, knownAt } = this.#batch
    const columns = this.#columnsOf(version)
    return { version, columns, isReading: true, accountId, importId, line, knownAt }
  }

  #columnsOf({ serving, traits }: IncomingReading['version']): ServingColumns {
    let known = this.#columns.get(traits)
    if (known === undefined) {
      known = new Map()
      this.#columns.set(traits, known)
    }
    let columns = known.get(serving)
    if (columns === undefined) {
      columns = readingServingToRow(serving, traits)
      known.set(serving, columns)
    }
    return columns
  }

  /** With what was read, in place of the usage that followed from it. */
  #asRead([, simId, occurredAt, feedId, recordId]: Identity, stored: StoredEvent): StoredEvent {
    const statement = this.#connection.prepare(sql.SELECT_READING)
    const { reading } = keptReadingFromRow(statement.get(simId, feedId, recordId, occurredAt)!)
    return { ...stored, version: { ...stored.version, ...countersRead(reading) } }
  }
}
