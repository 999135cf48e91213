/**
 * How a transaction proves that it was committed: each connection has a row of its own, in which
 * every transaction leaves its number. PostgreSQL's `pg_xact_status` does not do: a crash forgets
 * transactions that reached no disk and gives their numbers anew, and so does a standby that takes
 * over, so that the commit of somebody else would be taken for ours.
 */
import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import type { PostgresSession } from './session.ts'

/** A transaction under way, by what finds it from another connection. */
export interface Begun {
  readonly writer: string
  readonly number: number
  /** The server's process, and the transaction it has now. */
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

/** Begins a transaction and leaves its mark in it. `settings` are statements of SQL. */
export async function begin(client: pg.PoolClient, settings: string): Promise<Begun> {
  let writer = writers.get(client)
  if (writer === undefined) {
    writer = { uuid: randomUUID(), number: 0 }
    writers.set(client, writer)
  }
  const { uuid } = writer
  const number = ++writer.number
  // One text, and so one round trip; it takes no parameters.
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

/** A server that has not noticed the end of a connection keeps its locks, maybe for hours. */
const END_TRANSACTION = `
  SELECT pg_terminate_backend(pid, ${TERMINATION_MS}) AS ended FROM pg_stat_activity
  WHERE pid = ?::integer AND backend_xid = ?::xid8::xid`

/** Ends what the server still does for a lost connection; it may end by its commit. */
export async function endTransaction(session: PostgresSession, begun: Begun): Promise<void> {
  await session.all(END_TRANSACTION, [begun.pid, begun.transactionId])
}

/** Waits for the transaction that holds the row, where there is one, and answers what it left. */
const READ_MARK = `
  INSERT INTO commit_mark (writer, number, written_at)
  VALUES (?::uuid, 0, EXTRACT(EPOCH FROM now())::bigint)
  ON CONFLICT (writer) DO UPDATE SET number = commit_mark.number
  RETURNING number`

/** True when the transaction was committed; false when it was not, and never will be. */
export async function wasCommitted(session: PostgresSession, begun: Begun): Promise<boolean> {
  await endTransaction(session, begun)
  return (await session.get(READ_MARK, [begun.writer]))!.number === begun.number
}

/** Marks are asked for within minutes; those of processes that have ended are of no use later. */
const MARK_KEPT_SECONDS = 7 * 86_400

export async function deleteOldMarks(session: PostgresSession): Promise<void> {
  await session.run(
    `DELETE FROM commit_mark
     WHERE written_at < EXTRACT(EPOCH FROM now())::bigint - ${MARK_KEPT_SECONDS}`,
  )
}
