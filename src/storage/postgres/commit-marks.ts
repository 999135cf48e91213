/**
 * How a transaction proves that it was committed: each connection has its own row, in which every
 * transaction leaves its number. PostgreSQL's `pg_xact_status` is not enough. A crash forgets
 * transactions that did not reach the disk and reuses their numbers, and so does a standby that takes
 * over, so somebody else's commit could be taken for ours.
 */
import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import type { PostgresSession } from './session.ts'

/** A transaction under way, by what identifies it from another connection. */
export interface Begun {
  readonly writer: string
  readonly number: number
  /** The server's process, and its present transaction. */
  readonly pid: number
  readonly transactionId: string
}

/** How long a transaction that is told to end may take, in milliseconds. */
const TERMINATION_MS = 5_000

interface Writer {
  readonly uuid: string
  number: number
}

const writers = new WeakMap<pg.PoolClient, Writer>()

/** Begins a transaction and leaves its mark in it. `settings` are SQL statements. */
export async function begin(client: pg.PoolClient, settings: string): Promise<Begun> {
  let writer = writers.get(client)
  if (writer === undefined) {
    writer = { uuid: randomUUID(), number: 0 }
    writers.set(client, writer)
  }
  const { uuid } = writer
  const number = ++writer.number
  // A single text, and so a single round trip; it takes no parameters.
  const text = `BEGIN ISOLATION LEVEL READ COMMITTED;
    ${settings}
    INSERT INTO commit_mark (writer, number, written_at)
    VALUES ('${uuid}', ${number}, EXTRACT(EPOCH FROM now())::bigint)
    ON CONFLICT (writer) DO UPDATE SET number = excluded.number, written_at = excluded.written_at;
    SELECT pg_backend_pid() AS pid, pg_current_xact_id()::text AS id`
  const results = (await client.query(text)) as unknown as pg.QueryResult[]
  const { pid, id } = results.at(-1)!.rows[0] as { pid: number; id: string }
  return { writer: uuid, number, pid, transactionId: id }
}

/** A server that has not noticed the end of a connection keeps its locks, perhaps for hours. */
const END_TRANSACTION = `
  SELECT pg_terminate_backend(pid, ${TERMINATION_MS}) AS ended FROM pg_stat_activity
  WHERE pid = ?::integer AND backend_xid = ?::xid8::xid`

/** Ends what the server still does for a lost connection, which may end by committing. */
export async function endTransaction(session: PostgresSession, begun: Begun): Promise<void> {
  await session.all(END_TRANSACTION, [begun.pid, begun.transactionId])
}

/** Waits for the transaction that holds the row, if there is one, and returns what it left. */
const READ_MARK = `
  INSERT INTO commit_mark (writer, number, written_at)
  VALUES (?::uuid, 0, EXTRACT(EPOCH FROM now())::bigint)
  ON CONFLICT (writer) DO UPDATE SET number = commit_mark.number
  RETURNING number`

/** True if the transaction was committed; false if it was not, and never will be. */
export async function wasCommitted(session: PostgresSession, begun: Begun): Promise<boolean> {
  await endTransaction(session, begun)
  return (await session.get(READ_MARK, [begun.writer]))!.number === begun.number
}

/** Marks are asked for within minutes. Those of processes that have ended are of no later use. */
const MARK_KEPT_SECONDS = 7 * 86_400

export async function deleteOldMarks(session: PostgresSession): Promise<void> {
  await session.run(
    `DELETE FROM commit_mark
     WHERE written_at < EXTRACT(EPOCH FROM now())::bigint - ${MARK_KEPT_SECONDS}`,
  )
}
