/**
 * A SQLite file as the source of a transfer. Writers are kept out while it is open, so that no write is
 * accepted that would not be moved.
 */

import { ledgerDays } from '../ledger/bounds.ts'
import {
  hasSums,
  selectRowsAfter,
  type Table,
  type TableKey,
  type TableRow,
  type TableValue,
} from '../tables.ts'
import type { TransferSource } from '../transfer/transfer.ts'
import { type Connection, openConnection } from './connection.ts'
import { translated } from './failures.ts'

const SELECT_LAST_ID = 'SELECT seq FROM sqlite_sequence WHERE name = ?'

/**
 * Fails with `missing` if there is no store, with `unavailable` if another process does not release it,
 * and as opening a store does. An older schema is upgraded.
 */
export function openTransferSource(path: string): TransferSource {
  const connection = openConnection(path, { role: 'writer' })
  try {
    // Others can still read. Writers wait, and finally report that the file is locked.
    translated(path, () => connection.withLock(() => connection.db.exec('BEGIN IMMEDIATE')))
  } catch (error) {
    connection.close()
    throw error
  }
  const number = (text: string, ...values: string[]) =>
    translated(path, () => Object.values(connection.prepare(text).get(...values) ?? {})[0])
  return {
    shown: path,
    countRows: async ({ name }) => Number(number(`SELECT COUNT(*) FROM ${name}`)),
    pageAfter: async (table, after, rowsMax) =>
      translated(path, () => readPage(connection, table, { after, rowsMax })),
    lastId: async ({ name }) => Number(number(SELECT_LAST_ID, name) ?? 0),
    ledgerBounds: async () => translated(path, () => connection.take(ledgerDays())),
    renew: async () => false,
    close: async () => connection.close(),
  }
}

function readPage(
  connection: Connection,
  table: Table,
  { after, rowsMax }: { readonly after: TableKey | null; readonly rowsMax: number },
): TableRow[] {
  const text = `${selectRowsAfter(table, after !== null)} LIMIT ${rowsMax}`
  const statement = hasSums(table) ? connection.prepareBigints(text) : connection.prepare(text)
  statement.setReturnArrays(true)
  const rows = statement.all(...(after ?? [])) as unknown as TableValue[][]
  const settings = Object.values(table.columns).indexOf('setting')
  if (settings >= 0) for (const row of rows) row[settings] = settingText(row[settings]!)
  return rows
}

/** Settings may have any type here; the others keep text. */
function settingText(value: TableValue): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value)
}
