/** Takes one import back: its versions leave, the ones before count again, what is derived follows. */
import type { Feed } from '../../domain/directory.ts'
import { sameContent } from '../../domain/usage-event.ts'
import { feedById, findImport } from '../directory-reads.ts'
import * as directorySql from '../directory-sql.ts'
import { rebuildProgress } from '../feed-progress.ts'
import { readLimits } from '../limits.ts'
import { countersRead, keptReadingFromRow } from '../reading-rows.ts'
import { DELETE_REPEATS_BY, DELETE_REPEATS_OF, type Repeat, RepeatsOf } from '../repeats.ts'
import { type Row, type ServingColumns, type StoredEvent, storedEventFromRow } from '../rows.ts'
import { requireUndoable, UNDO_STEP_IDENTITIES, undoneCounts } from '../undo.ts'
import { undoneVersionToRow } from '../undone-versions.ts'
import type { UndoOutcome } from '../usage-store.ts'
import { type ChainRules, type GoneVersion, withoutImport } from '../version-chain.ts'
import type { Connection } from './connection.ts'
import { contentOf, readHistory, rewriteHistory } from './history.ts'
import * as sql from './ledger-sql.ts'
import { operatorsImports } from './operators-imports.ts'
import { readRepeatsOf, writeRepeats } from './repeats.ts'
import { RollupDeltas } from './rollup-deltas.ts'
import { type Identity, SeriesWriter } from './series-writer.ts'
import * as undoSql from './undo-sql.ts'

/** Runs inside a write transaction. */
export function undoImport(connection: Connection, importId: number, at: number): UndoOutcome {
  const { feedId } = requireUndoable(connection.take(findImport(importId)), importId)
  const feed = connection.take(feedById(feedId))
  const undo = new Undo(connection, { importId, feed })
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
  connection.take(rebuildProgress(feed))
  return { import: connection.take(findImport(importId))!, ...undo.counts, quarantineEntries }
}

class Undo {
  readonly counts = { removed: 0, restored: 0, kept: 0 }
  readonly #connection: Connection
  readonly #of: { readonly importId: number; readonly feedId: number }
  readonly #rules: ChainRules
  readonly #purgedThrough: number
  readonly #deltas: RollupDeltas
  readonly #series: SeriesWriter
  readonly #repeatsOf: RepeatsOf
  /** Repeats that are left of versions that stay. */
  #repeats: Repeat[] = []
  /** The deltas go by the identity of columns, and every row is read with its own. */
  readonly #columns = new Map<string, ServingColumns>()

  constructor(connection: Connection, { importId, feed }: { importId: number; feed: Feed }) {
    this.#connection = connection
    this.#of = { importId, feedId: feed.id }
    this.#rules = { onConflict: feed.onConflict, isOperators: operatorsImports(connection) }
    const limits = connection.take(readLimits())
    this.#purgedThrough = limits.purgedThrough
    this.#deltas = new RollupDeltas(connection, limits)
    this.#series = new SeriesWriter(connection, this.#deltas)
    this.#repeatsOf = new RepeatsOf(readRepeatsOf(connection, importId))
    for (const text of [DELETE_REPEATS_OF, DELETE_REPEATS_BY]) {
      connection.prepare(text).run(importId)
    }
  }

  takeBack(bucket: number): void {
    // First what counts; then the rows of others that replaced some version of the import.
    for (const rows of this.#steps(undoSql.SELECT_EVENTS_OF_IMPORT, bucket)) {
      for (const row of rows) this.#takeBackEvent(row, row.has_history !== 0)
      this.#endStep()
    }
    for (const rows of this.#steps(undoSql.SELECT_REPLACED_OF_IMPORT, bucket)) {
      for (const row of rows) this.#takeBackEvent(this.#rowAt(identityOf(row)), true)
      this.#endStep()
    }
  }

  #endStep(): void {
    this.#deltas.write()
    writeRepeats(this.#connection, this.#repeats)
    this.#repeats = []
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

  #takeBackEvent(row: Row, hasHistory: boolean): void {
    const identity = identityOf(row)
    const found = this.#event(row)
    // A reading may have got other usage since the step was read, when one before it left.
    const current = found.isReading ? this.#event(this.#rowAt(identity)) : found
    const history = hasHistory
      ? readHistory(this.#connection, identity, (version) => this.#event(version))
      : []
    const counted = found.isReading ? this.#asRead(identity, current) : current
    const chain = [...history, counted]
    const { importId } = this.#of
    const taken = { importId, repeatsOf: this.#repeatsOf }
    const { left, gone, repeats } = withoutImport(this.#rules, chain, taken)
    for (const one of gone) this.#keepUndone(identity, one, { current, counted })
    this.#repeats.push(...repeats)
    if (hasHistory) rewriteHistory(this.#connection, identity, left)
    const last = left.at(-1)
    undoneCounts(this.counts, { importId, counted, last })
    if (last === undefined) this.#remove(identity, current)
    else if (last !== counted) this.#restore(identity, last, { current, counted })
  }

  #keepUndone(
    [, simId, occurredAt, feedId, recordId]: Identity,
    { event: gone, version, replacedAt }: GoneVersion,
    { current, counted }: { current: StoredEvent; counted: StoredEvent },
  ): void {
    const event = gone === counted ? current : gone
    const undone = { simId, occurredAt, feedId, recordId, version, event, replacedAt }
    this.#connection.prepare(undoSql.INSERT_UNDONE).run(...undoneVersionToRow(undone))
  }

  #rowAt(identity: Identity): Row {
    return this.#connection.prepare(sql.SELECT_EVENT).get(...identity)!
  }

  /** What was read, in place of the usage that followed from it: as history keeps it. */
  #asRead([, simId, occurredAt, feedId, recordId]: Identity, current: StoredEvent): StoredEvent {
    const statement = this.#connection.prepare(sql.SELECT_READING)
    const { reading } = keptReadingFromRow(statement.get(simId, feedId, recordId, occurredAt)!)
    return { ...current, version: { ...current.version, ...countersRead(reading) } }
  }

  #remove(identity: Identity, current: StoredEvent): void {
    if (current.isReading) this.#series.remove(identity, current)
    else {
      this.#connection.prepare(undoSql.DELETE_EVENT).run(...identity)
      this.#count(identity, current, -1)
    }
  }

  /** `current` is the row with its usage, `counted` the version that was delivered for it. */
  #restore(
    identity: Identity,
    last: StoredEvent,
    { current, counted }: { current: StoredEvent; counted: StoredEvent },
  ): void {
    const { columns, importId, line, knownAt } = last
    if (columns === current.columns && sameContent(last.version, counted.version)) {
      this.#connection.prepare(undoSql.SET_PROVENANCE).run(importId, line, knownAt, ...identity)
      return
    }
    if (last.isReading) {
      this.#series.put(identity, last, current)
      return
    }
    this.#connection.prepare(sql.REPLACE_EVENT).run(...contentOf(last), ...identity)
    this.#count(identity, current, -1)
    this.#count(identity, last, 1)
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
