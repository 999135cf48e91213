/**
 * A database as the source of a transfer: one state of it, with batches, sealing, purging and changes of
 * the directory kept out while it is open.
 */
import { ledgerDays } from '../ledger/bounds.ts'
import { hasSums, selectRowsAfter, type Table, type TableKey, type TableRow } from '../tables.ts'
import type { TransferSource } from '../transfer/transfer.ts'
import { connectClient } from './client.ts'
import { parsePostgresUrl } from './database-url.ts'
import { translate } from './failures.ts'
import { lockKey } from './locks.ts'
import { inspectSchema, requireCurrentSchema } from './schema.ts'
import { PostgresSession } from './session.ts'

const LAST_ID = `
  SELECT COALESCE(pg_sequence_last_value(pg_get_serial_sequence(?, 'id')::regclass), 0) AS id`

/** Fails as opening the store does, also if there is none yet. */
export async function openTransferSource(url: string): Promise<TransferSource> {
  const target = parsePostgresUrl(url)
  requireCurrentSchema(target, await inspectSchema(target))
  const client = await connectClient(target)
  const session = new PostgresSession(client, target.schema)

  async function translated<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw translate(target.shown, error)
    }
  }

  /** The locks are taken before the state is chosen, so that it includes what their last holder wrote. */
  async function begin(): Promise<void> {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
  }

  try {
    await translated(async () => {
      await client.query('SET statement_timeout = 0')
      await client.query('SET idle_in_transaction_session_timeout = 0')
      for (const name of ['directory', 'limits'] as const) {
        await client.query('SELECT pg_advisory_lock($1, $2)', lockKey(name, target.schema))
      }
      await begin()
    })
  } catch (error) {
    await client.end().catch(() => {})
    throw error
  }

  return {
    shown: target.shown,
    countRows: ({ name }) =>
      translated(
        async () => (await session.get(`SELECT COUNT(*) AS rows FROM ${name}`))!.rows as number,
      ),
    pageAfter: (table, after, rowsMax) =>
      translated(() => readPage(session, table, { after, rowsMax })),
    lastId: ({ name }) =>
      translated(async () => (await session.get(LAST_ID, [name]))!.id as number),
    ledgerBounds: () => translated(() => session.take(ledgerDays())),
    renew: () =>
      translated(async () => {
        await client.query('COMMIT')
        await begin()
        return true
      }),
    close: async () => void (await client.end().catch(() => {})),
  }
}

async function readPage(
  session: PostgresSession,
  table: Table,
  { after, rowsMax }: { readonly after: TableKey | null; readonly rowsMax: number },
): Promise<TableRow[]> {
  const text = `${selectRowsAfter(table, after !== null)} LIMIT ${rowsMax}`
  const rows = hasSums(table)
    ? await session.allBigints(text, after ?? [])
    : await session.all(text, after ?? [])
  return rows.map((row) => Object.values(row) as TableRow[number][])
}
