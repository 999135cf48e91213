/** Counts quarantined records that can be counted now, and discards those that never shall be. */
import * as directorySql from '../directory-sql.ts'
import { comingOf, entriesThere, recycledEntries } from '../recycle.ts'
import { keptRecordToRow } from '../rows.ts'
import type { AppendOutcome, RecycleBatch } from '../usage-store.ts'
import { applyEvents, countInImport } from './append.ts'
import type { Connection } from './connection.ts'
import { packEvents } from './packed-events.ts'

/** Runs inside a write transaction. */
export function recycle(connection: Connection, batch: RecycleBatch): AppendOutcome {
  const { importId, feed, knownAt } = batch
  const waiting = new Waiting(connection, importId)
  const there = entriesThere(batch, (entryId) => waiting.has(entryId))
  const packed = packEvents(there.events.map(({ event }) => event))
  const accountId = connection.prepare(directorySql.SELECT_IMPORT_ACCOUNT).get(importId)?.account_id
  const of = {
    importId,
    accountId: (accountId ?? null) as number | null,
    feed,
    knownAt,
    events: packed,
  }
  const applied = applyEvents(connection, of, { coming: comingOf(batch) })
  const { counts: counted, series, conflicts } = applied
  const { stays, leaves, counts } = recycledEntries(there, counted, conflicts)
  for (const { entryId, fault } of stays) {
    const { reason, detail, field } = fault
    connection.prepare(directorySql.INSERT_UNDER_REASON).run(reason, detail, field, entryId)
    connection.prepare(directorySql.MOVE_TO_REASON).run(reason, keptRecordToRow(fault), entryId)
  }
  for (const entryId of leaves) connection.prepare(directorySql.DELETE_DELIVERY).run(entryId)
  waiting.dropUndelivered()

  if (leaves.length > 0) {
    countInImport(connection, importId, { ...counts, quarantined: -leaves.length }, series)
  }
  return { counts, series, conflicts }
}

/** Runs inside a write transaction. */
export function discardQuarantine(connection: Connection, entryIds: readonly number[]): number {
  const waiting = new Waiting(connection, null)
  const there = entryIds.filter((entryId) => waiting.has(entryId))
  for (const entryId of there) connection.prepare(directorySql.DELETE_DELIVERY).run(entryId)
  waiting.dropUndelivered()
  return new Set(there).size
}

/** Entries that are still there, and the quarantined records they are deliveries of. */
class Waiting {
  readonly #connection: Connection
  readonly #importId: number | null
  readonly #recordIds = new Set<number>()

  /** Null for entries of any import. */
  constructor(connection: Connection, importId: number | null) {
    this.#connection = connection
    this.#importId = importId
  }

  has(entryId: number): boolean {
    const row = this.#connection.prepare(directorySql.SELECT_DELIVERY).get(entryId)
    if (row === undefined) return false
    if (this.#importId !== null && row.import_id !== this.#importId) return false
    this.#recordIds.add(row.quarantine_id as number)
    return true
  }

  dropUndelivered(): void {
    for (const id of this.#recordIds) {
      this.#connection.prepare(directorySql.DELETE_QUARANTINE_IF_UNDELIVERED).run(id)
    }
  }
}
