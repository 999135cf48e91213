/**
 * An empty database as the target of a transfer. The table `transfer` exists from the beginning to the
 * end of the transfer. It holds the progress, and its presence makes every other command refuse the
 * database.
 */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { UsageError } from '../../domain/usage-error.ts'
import { isOfLedger } from '../audit/checksums.ts'
import { dayOf } from '../ledger/buckets.ts'
import { columnsOfTable, TABLES, type Table, type TableRow } from '../tables.ts'
import {
  FIRST_POSITION,
  type Position,
  type TransferOrigin,
  type TransferTarget,
} from '../transfer/transfer.ts'
import { recomputeAll, UNDER_NO_CHECKSUM } from './checksums.ts'
import { connectClient } from './client.ts'
import { Database } from './connection.ts'
import { copyTableRows } from './copy-text.ts'
import { parsePostgresUrl } from './database-url.ts'
import { messageOf, sqlState, translate } from './failures.ts'
import { type LockName, lockKey } from './locks.ts'
import { PARTITIONED_TABLES, Partitions } from './partitions.ts'
import { migrateSchema } from './schema.ts'
import type { PostgresSession } from './session.ts'

const IS_BEGUN = "SELECT to_regclass('transfer') IS NOT NULL AS is_begun"
const CREATE_TRANSFER = `
  CREATE TABLE transfer (
    origin      text NOT NULL,
    store_id    text NOT NULL,
    fingerprint text NOT NULL,
    position    text NOT NULL
  )`
const INSERT_TRANSFER =
  'INSERT INTO transfer (origin, store_id, fingerprint, position) VALUES (?, ?, ?, ?)'
const MOVE_ON = 'UPDATE transfer SET position = ? WHERE position = ?'

/** A killed process leaves its locks within moments; a live one does not. */
const LOCK_WAIT_MS = 10_000

/**
 * Creates or upgrades the schema, and keeps others from the database until `close`. Fails as opening the
 * store does, and with `unavailable` if another process is moving a store in.
 */
export async function openTransferTarget(
  url: string,
  onStep: (step: string) => void,
): Promise<TransferTarget> {
  const target = parsePostgresUrl(url)
  const { topology } = await migrateSchema(target, onStep)
  const keeper = await connectClient(target)
  try {
    await keeper.query('SET statement_timeout = 0')
    // Everything else in a store refers to accounts and feeds, so a process that has it open can add
    // nothing.
    for (const name of ['transfer', 'directory'] as const) await keep(keeper, target, name)
  } catch (error) {
    await keeper.end().catch(() => {})
    throw error
  }
  const database = new Database(target, topology, {})
  const partitions = new Partitions(database)

  return {
    shown: target.shown,
    begin: (origin, { restart }) =>
      database.write(
        async (session) => {
          const isBegun = (await session.get(IS_BEGUN))!.is_begun === true
          if (!isBegun) await begin(session, target.shown, origin)
          else if (restart) await restartWith(session, origin)
          return goOn(session, target.shown, origin)
        },
        { unlimited: true },
      ),
    write: async (piece) => {
      await ensurePartitions(partitions, piece)
      await database.write((session) => write(session, target.shown, piece), { unlimited: true })
    },
    settle: async (lastIds) => {
      await database.write((session) => continueIds(session, lastIds))
      if (topology.name === 'plain') {
        await database.write(({ client }) => recomputeAll(client), { unlimited: true })
      }
      // Answers use index-only scans, which need the visibility map that VACUUM makes.
      for (const { name } of TABLES) await keeper.query(`VACUUM (ANALYZE) ${name}`)
    },
    countRows: ({ name }) =>
      database.readOneState((session) => countRows(session, name), { unlimited: true }),
    finish: async () => void (await database.write((s) => s.client.query('DROP TABLE transfer'))),
    close: async () => {
      await database.close()
      await keeper.end().catch(() => {})
    },
  }
}

async function keep(
  keeper: pg.Client,
  { shown, schema }: { readonly shown: string; readonly schema: string },
  name: LockName,
): Promise<void> {
  try {
    await keeper.query(`SET lock_timeout = ${LOCK_WAIT_MS}`)
    await keeper.query('SELECT pg_advisory_lock($1, $2)', lockKey(name, schema))
    await keeper.query('SET lock_timeout = 0')
  } catch (error) {
    if (sqlState(error) !== '55P03') throw translate(shown, error)
    throw new UsageError('unavailable', `another process is moving a store into ${shown}`, {
      hint: 'wait for it to end, or stop it; then repeat',
      cause: error,
    })
  }
}

async function countRows(session: PostgresSession, table: string): Promise<number> {
  return (await session.get(`SELECT COUNT(*) AS rows FROM ${table}`))!.rows as number
}

async function begin(
  session: PostgresSession,
  shown: string,
  origin: TransferOrigin,
): Promise<void> {
  const content: string[] = []
  for (const { name } of TABLES) {
    // The signing key exists from the beginning, and is replaced by the one that is moved.
    const isThere = await session.get(
      `SELECT 1 AS one FROM ${name} ${name === 'setting' ? "WHERE name <> 'signing_key'" : ''} LIMIT 1`,
    )
    if (isThere !== undefined) content.push(name)
  }
  if (content.length > 0) {
    throw new UsageError(
      'incompatible',
      `${shown} is a store already: it has rows in ${content.join(', ')}`,
      { hint: 'a store moves into an empty database only; name another one with --to' },
    )
  }
  await session.client.query(CREATE_TRANSFER)
  await session.client.query('DELETE FROM setting')
  await note(session, origin)
}

async function note(session: PostgresSession, origin: TransferOrigin): Promise<void> {
  const { shown, storeId, fingerprint } = origin
  await session.run(INSERT_TRANSFER, [shown, storeId, fingerprint, textOf(FIRST_POSITION)])
}

/** Only deletes what a transfer has brought: its table vouches for all of the content. */
async function restartWith(session: PostgresSession, origin: TransferOrigin): Promise<void> {
  await session.client.query(`TRUNCATE ${TABLES.map(({ name }) => name).join(', ')}`)
  await session.client.query('DELETE FROM transfer')
  await note(session, origin)
}

async function goOn(
  session: PostgresSession,
  shown: string,
  origin: TransferOrigin,
): Promise<Position> {
  // Waits for what a killed process still has under way.
  const row = (await session.get('SELECT * FROM transfer FOR UPDATE'))!
  if (row.store_id !== origin.storeId) {
    throw new UsageError('incompatible', `${shown} holds a part of another store, ${row.origin}`, {
      hint: 'finish moving that one, or abandon it with --restart',
    })
  }
  if (row.fingerprint !== origin.fingerprint) {
    throw new UsageError(
      'conflict',
      `${origin.shown} has changed since a part of it was moved to ${shown}`,
      { hint: 'stop what writes to it, then start over with --restart' },
    )
  }
  return JSON.parse(row.position as string) as Position
}

function textOf(position: Position): string {
  return JSON.stringify(position)
}

interface Piece {
  readonly table: Table
  readonly rows: readonly TableRow[]
  readonly from: Position
  readonly to: Position
}

async function ensurePartitions(partitions: Partitions, { table, rows }: Piece): Promise<void> {
  if (!PARTITIONED_TABLES.some((name) => name === table.name)) return
  const bucket = columnsOfTable(table).indexOf('bucket')
  const buckets = new Set(rows.map((row) => row[bucket] as number))
  await partitions.ensure(buckets, Math.max(...buckets))
}

/** Fresh days may have shorter buckets in the source; here they are whole days. */
function inWholeDays(table: Table, rows: readonly TableRow[]): readonly TableRow[] {
  if (!isOfLedger(table.name)) return rows
  const bucket = columnsOfTable(table).indexOf('bucket')
  return rows.map((row) => row.with(bucket, dayOf(row[bucket] as number)))
}

async function write(session: PostgresSession, shown: string, piece: Piece): Promise<void> {
  const { table, rows, from, to } = piece
  // The first process to move on wins; a second one finds another position and stops.
  if ((await session.run(MOVE_ON, [textOf(to), textOf(from)])) !== 1) {
    throw new UsageError('conflict', `another process has continued moving rows into ${shown}`)
  }
  const columns = columnsOfTable(table).join(', ')
  const placed = inWholeDays(table, rows)
  const copy = session.client.query(copyFrom(`COPY ${table.name} (${columns}) FROM STDIN`))
  try {
    await pipeline(Readable.from(copyTableRows(placed)), copy)
  } catch (error) {
    throw explained(error, shown, table.name)
  }
  // What was under checksum in the source is not yet so here.
  if (table.name === 'setting') await session.client.query(UNDER_NO_CHECKSUM)
}

function explained(error: unknown, shown: string, table: string): unknown {
  switch (sqlState(error)) {
    case '23505':
      return new UsageError(
        'incompatible',
        `${shown} has rows of ${table} that no transfer brought (${messageOf(error)})`,
        { hint: 'start over with --restart, while nothing else uses that database', cause: error },
      )
    case '22021':
      return new UsageError(
        'invalid',
        `a text of ${table} cannot be kept by PostgreSQL (${messageOf(error)})`,
        { cause: error },
      )
    default:
      return error
  }
}

async function continueIds(
  session: PostgresSession,
  lastIds: Readonly<Record<string, number>>,
): Promise<void> {
  for (const [table, lastId] of Object.entries(lastIds)) {
    if (lastId === 0) continue
    await session.get("SELECT setval(pg_get_serial_sequence(?, 'id'), ?)", [table, lastId])
  }
}
