/**
 * Puts readings into the series they belong to and takes them out again, so that the usage in the
 * ledger stays a function of the readings that are there.
 */
import {
  type Highs,
  NOTHING_PROVED,
  prove,
  type SeriesVerdict,
  sameCounters,
} from '../../domain/counter-series.ts'
import { DAY_SECONDS, floorTo } from '../../domain/time.ts'
import type { Counters } from '../../domain/usage-event.ts'
import {
  type KeptReading,
  keptReadingFromRow,
  keptReadingToRow,
  readingOf,
} from '../reading-rows.ts'
import { type StoredEvent, storedEventFromRow } from '../rows.ts'
import type { Connection } from './connection.ts'
import { contentOf } from './history.ts'
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

export class SeriesWriter {
  readonly #connection: Connection
  readonly #deltas: RollupDeltas

  constructor(connection: Connection, deltas: RollupDeltas) {
    this.#connection = connection
    this.#deltas = deltas
  }

  /**
   * Puts a reading in its place in the series: `event` is as it was delivered, `stored` the row that
   * it replaces, with its usage.
   */
  put(identity: Identity, event: StoredEvent, stored: StoredEvent | null): SeriesVerdict {
    const reading = readingOf(event.version, event.version.traits!)
    const proved = prove(this.#provedBefore(identity), reading)
    const after = { ...event, version: { ...event.version, ...proved.usage } }
    this.#keep(identity, { ...proved, reading })
    if (stored === null) {
      this.#connection.prepare(sql.INSERT_EVENT).run(...identity, ...contentOf(after))
    } else {
      this.#count(identity, stored, -1)
      this.#connection.prepare(sql.REPLACE_EVENT).run(...contentOf(after), ...identity)
    }
    this.#count(identity, after, 1)
    this.#goOn(identity, proved.highs)
    return proved.verdict
  }

  /** Takes a reading away, with its row; what it had used goes back to those after it. */
  remove(identity: Identity, stored: StoredEvent): void {
    const [, simId, occurredAt, feedId, recordId] = identity
    this.#connection.prepare(sql.DELETE_READING).run(simId, feedId, recordId, occurredAt)
    this.#connection.prepare(DELETE_EVENT).run(...identity)
    this.#count(identity, stored, -1)
    this.#goOn(identity, this.#provedBefore(identity))
  }

  /** Goes through the readings after one that has changed, until nothing changes any more. */
  #goOn([, simId, occurredAt, feedId, recordId]: Identity, before: Highs): void {
    const select = this.#connection.prepare(sql.SELECT_NEXT_READING)
    let highs = before
    let at = occurredAt
    for (;;) {
      const row = select.get(simId, feedId, recordId, at)
      if (row === undefined) return
      at = row.occurred_at as number
      const kept = keptReadingFromRow(row)
      const proved = prove(highs, kept.reading)
      const identity: Identity = [floorTo(at, DAY_SECONDS), simId, at, feedId, recordId]
      this.#moveUsage(identity, proved.usage)
      const isSame = sameCounters(proved.highs, kept.highs)
      if (isSame && proved.verdict === kept.verdict) return
      this.#keep(identity, { ...proved, reading: kept.reading })
      if (isSame) return
      highs = proved.highs
    }
  }

  /** A later reading of the series has used something else from now on. */
  #moveUsage(identity: Identity, usage: Counters): void {
    const stored = storedEventFromRow(this.#connection.prepare(sql.SELECT_EVENT).get(...identity)!)
    if (sameCounters(stored.version, usage)) return
    const { upload, download, toSim, fromSim } = usage
    this.#connection.prepare(sql.SET_USAGE).run(upload, download, toSim, fromSim, ...identity)
    this.#count(identity, stored, -1)
    this.#count(identity, { ...stored, version: { ...stored.version, ...usage } }, 1)
  }

  #keep([, simId, occurredAt, feedId, recordId]: Identity, kept: KeptReading): void {
    const key = [simId, feedId, recordId, occurredAt] as const
    this.#connection.prepare(sql.PUT_READING).run(...key, ...keptReadingToRow(kept))
  }

  #provedBefore([, simId, occurredAt, feedId, recordId]: Identity): Highs {
    const statement = this.#connection.prepare(sql.SELECT_PREVIOUS_READING)
    const row = statement.get(simId, feedId, recordId, occurredAt)
    return row === undefined ? NOTHING_PROVED : keptReadingFromRow(row).highs
  }

  #count([, simId, occurredAt]: Identity, event: StoredEvent, times: 1 | -1): void {
    const { accountId, columns, version } = event
    this.#deltas.add({ accountId, simId, occurredAt, serving: columns }, version, times)
  }
}
