/** Takes one import back: its versions leave, the ones before count again, what is derived follows. */
import * as directorySql from '../directory-sql.ts'
import { type Row, type ServingColumns, type StoredEvent, storedEventFromRow } from '../rows.ts'
import { requireUndoable, UNDO_STEP_IDENTITIES } from '../undo.ts'
import type { UndoOutcome } from '../usage-store.ts'
import { withoutImport } from '../version-chain.ts'
import type { Connection } from './connection.ts'
import { findImport } from './directory-reads.ts'
import { feedById, rebuildProgress } from './feed-progress.ts'
import { contentOf, readHistory, rewriteHistory } from './history.ts'
import * as sql from './ledger-sql.ts'
import { readLimits } from './limits.ts'
import { RollupDeltas } from './rollup-deltas.ts'
import { type Identity, SeriesWriter } from './series-writer.ts'
import * as undoSql from './undo-sql.ts'

/** Runs inside a write transaction. */
export function undoImport(connection: Connection, importId: number, at: number): UndoOutcome {
  const { feedId } = requireUndoable(findImport(connection, importId), importId)
  const undo = new Undo(connection, { importId, feedId })
  for (const row of connection.prepare(directorySql.SELECT_IMPORT_BUCKETS).all(importId)) {
    undo.takeBack(row.bucket as number)
  }
  const run = (text: string, ...values: number[]) =>
    Number(connection.prepare(text).run(...values).changes)
  const quarantineEntries = run(directorySql.DELETE_DELIVERIES_OF_IMPORT, importId)
  if (quarantineEntries > 0) run(directorySql.DELETE_UNDELIVERED)
  run(directorySql.DELETE_IMPORT_BUCKETS, importId)
  run(directorySql.MARK_UNDONE, at, importId)
  // It completes its feed no more; where it was numbered, its number is missing.
  rebuildProgress(connection, feedById(connection, feedId))
  const { removed, restored } = undo
  return { import: findImport(connection, importId)!, removed, restored, quarantineEntries }
}

class Undo {
  removed = 0
  restored = 0
  readonly #connection: Connection
  readonly #of: { readonly importId: number; readonly feedId: number }
  readonly #purgedThrough: number
  readonly #deltas: RollupDeltas
  readonly #series: SeriesWriter
  /** The deltas go by the identity of columns, and every row is read with its own. */
  readonly #columns = new Map<string, ServingColumns>()

  constructor(connection: Connection, of: { importId: number; feedId: number }) {
    this.#connection = connection
    this.#of = of
    const limits = readLimits(connection)
    this.#purgedThrough = limits.purgedThrough
    this.#deltas = new RollupDeltas(connection, limits)
    this.#series = new SeriesWriter(connection, this.#deltas)
  }

  takeBack(bucket: number): void {
    // First what counts; then the rows of others that replaced some version of the import.
    for (const rows of this.#steps(undoSql.SELECT_EVENTS_OF_IMPORT, bucket)) {
      for (const row of rows) this.#takeBackEvent(row)
      this.#deltas.write()
    }
    for (const rows of this.#steps(undoSql.SELECT_REPLACED_OF_IMPORT, bucket)) {
      for (const row of rows) this.#forgetReplaced(identityOf(row))
    }
  }

  *#steps(text: string, bucket: number): Generator<Row[]> {
    const { importId, feedId } = this.#of
    const statement = this.#connection.prepare(text)
    let after: [number, number, string] = [0, 0, '']
    for (;;) {
      const rows = statement.all(
        ...[bucket, feedId, importId, this.#purgedThrough],
        ...after,
        UNDO_STEP_IDENTITIES,
      )
      if (rows.length === 0) return
      yield rows
      const { sim_id, occurred_at, record_id } = rows.at(-1)!
      after = [sim_id as number, occurred_at as number, record_id as string]
    }
  }

  #takeBackEvent(row: Row): void {
    const identity = identityOf(row)
    const found = this.#event(row)
    // A reading may have got other usage since the step was read, when one before it left.
    const current = found.isReading
      ? this.#event(this.#connection.prepare(sql.SELECT_EVENT).get(...identity)!)
      : found
    const left = row.has_history === 0 ? [] : this.#rewriteHistory(identity, current)
    const last = left.at(-1)
    if (last === undefined) {
      this.removed++
      this.#remove(identity, current)
    } else {
      this.restored++
      this.#restore(identity, last, current)
    }
  }

  #forgetReplaced(identity: Identity): void {
    const row = this.#connection.prepare(sql.SELECT_EVENT).get(...identity)!
    this.#rewriteHistory(identity, this.#event(row))
  }

  #remove(identity: Identity, current: StoredEvent): void {
    if (current.isReading) this.#series.remove(identity, current)
    else {
      this.#connection.prepare(undoSql.DELETE_EVENT).run(...identity)
      this.#count(identity, current, -1)
    }
  }

  #restore(identity: Identity, last: StoredEvent, current: StoredEvent): void {
    const { accountId, columns, importId, line, knownAt, is32Bit } = last
    if (last.isReading) {
      // History keeps what was read, not the usage that followed from it.
      const reading = { ...last.version, is32Bit }
      const placed = { identity, accountId, columns, reading, importId, line, knownAt }
      this.#series.put(placed, current)
      return
    }
    this.#connection.prepare(sql.REPLACE_EVENT).run(...contentOf(last), ...identity)
    this.#count(identity, current, -1)
    this.#count(identity, last, 1)
  }

  /** The versions that are left of the identity. */
  #rewriteHistory(identity: Identity, current: StoredEvent): StoredEvent[] {
    const history = readHistory(this.#connection, identity, (row) => this.#event(row))
    const left = withoutImport([...history, current], this.#of.importId)
    rewriteHistory(this.#connection, identity, left)
    return left
  }

  #count([, simId, occurredAt]: Identity, event: StoredEvent, times: 1 | -1): void {
    const { accountId, columns, version } = event
    this.#deltas.add({ accountId, simId, occurredAt, serving: columns }, version, times)
  }

  #event(row: Row): StoredEvent {
    const event = storedEventFromRow(row)
    const { zone, country, plmn, stated } = event.columns
    const key = `${zone} ${country} ${plmn} ${stated}`
    const columns = this.#columns.get(key) ?? event.columns
    this.#columns.set(key, columns)
    return { ...event, columns }
  }
}

function identityOf(row: Row): Identity {
  return [
    row.bucket as number,
    row.sim_id as number,
    row.occurred_at as number,
    row.feed_id as number,
    row.record_id as string,
  ]
}
