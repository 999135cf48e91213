/** The history of an identity: its versions that were replaced, read and written whole. */
import { type Row, type StoredEvent, storedEventFromRow } from '../rows.ts'
import { historyOf } from '../version-chain.ts'
import type { Connection } from './connection.ts'
import { SELECT_REPLACED_VERSIONS } from './ledger-sql.ts'
import type { Identity } from './series-writer.ts'
import { DELETE_REPLACED_VERSIONS, INSERT_REPLACED_VERSION } from './undo-sql.ts'

/** Oldest first. */
export function readHistory(
  connection: Connection,
  identity: Identity,
  eventFromRow: (row: Row) => StoredEvent = storedEventFromRow,
): StoredEvent[] {
  return connection
    .prepare(SELECT_REPLACED_VERSIONS)
    .all(...identity)
    .map(eventFromRow)
}

/** Writes the history that belongs to a chain, whose last version counts. */
export function rewriteHistory(
  connection: Connection,
  identity: Identity,
  chain: readonly StoredEvent[],
): void {
  connection.prepare(DELETE_REPLACED_VERSIONS).run(...identity)
  for (const { version, event, replacedAt, replacedByImport } of historyOf(chain)) {
    connection
      .prepare(INSERT_REPLACED_VERSION)
      .run(...identity, version, ...contentOf(event), replacedAt, replacedByImport)
  }
}

/** In the order of the ledger's columns after the identity. */
export function contentOf(event: StoredEvent) {
  const { accountId, columns, version, importId, line, knownAt } = event
  const { zone, country, plmn, stated } = columns
  const { upload, download, toSim, fromSim } = version
  const counters = [upload, download, toSim, fromSim] as const
  return [accountId, zone, country, plmn, stated, ...counters, importId, line, knownAt] as const
}
