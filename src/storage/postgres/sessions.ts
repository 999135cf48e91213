/**
 * Prepares every connection, and proves that it is a session of its own. Nothing relies on settings sent
 * along with the connection, because a pooler may drop them silently.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type pg from 'pg'
import { UsageError } from '../../domain/usage-error.ts'
import { limitAnswers } from './answer-limit.ts'
import type { PostgresTarget, Setting } from './database-url.ts'
import { NotWritable, sharedSession } from './failures.ts'
import type { Host } from './hosts.ts'
import type { Topology } from './topology.ts'

/** A transaction whose process hangs releases its locks after this, in milliseconds. */
const IDLE_IN_TRANSACTION_MS = 300_000

/** How long it may take to notice here that another connection has ended, in milliseconds. */
const END_NOTICED_MS = 100

interface SessionFacts {
  /** The server's process, and its start, because process numbers are reused. */
  readonly pid: number
  readonly mark: string
  /** True if the server's process is not the one announced when connecting. */
  readonly isPooled: boolean
}

const hosts = new WeakMap<pg.ClientBase, Host>()
const sessions = new WeakMap<pg.ClientBase, SessionFacts>()
/** This process's open connections, by the marks of their sessions. */
const live = new Map<string, pg.ClientBase>()

/** Called once, before the client connects. */
export function noteHost(client: pg.ClientBase, host: Host): void {
  hosts.set(client, host)
}

export function hostOf(client: pg.ClientBase): Host {
  return hosts.get(client)!
}

export function isPooled(client: pg.ClientBase): boolean {
  return sessions.get(client)?.isPooled === true
}

/**
 * Prepares a new connection. Fails with `incompatible` if the session does not become what the URL says,
 * or is shared with another connection, and with `NotWritable` if another of several hosts should be
 * tried. `another` makes a second connection, which the caller ends; it puts a pooler to the test, once
 * per process.
 */
export async function prepareSession(
  client: pg.ClientBase,
  target: PostgresTarget,
  topology: Pick<Topology, 'planCacheMode'>,
  another: (() => Promise<pg.ClientBase | null>) | null = null,
): Promise<void> {
  await introduce(client, target)
  // Before any setting is made, because on a shared session it would apply to others as well.
  if (another !== null && isPooled(client)) await requireSessionPooling(client, target, another)
  await applySettings(client, [
    ...target.settings,
    ['search_path', target.schema],
    ['client_encoding', 'UTF8'],
    ['standard_conforming_strings', 'on'],
    ['array_nulls', 'on'],
    ['timezone', 'UTC'],
    ['statement_timeout', String(target.readTimeoutMs)],
    ['idle_in_transaction_session_timeout', String(IDLE_IN_TRANSACTION_MS)],
    ['plan_cache_mode', topology.planCacheMode],
  ])
  await requireSettings(client, target)
}

async function applySettings(client: pg.ClientBase, settings: readonly Setting[]): Promise<void> {
  const text =
    'SELECT set_config(name, value, false) FROM unnest($1::text[], $2::text[]) AS s (name, value)'
  await client.query(text, [settings.map(([name]) => name), settings.map(([, value]) => value)])
}

async function requireSettings(client: pg.ClientBase, target: PostgresTarget): Promise<void> {
  const { rows } = await client.query<{
    path: string
    schema: string | null
    encoding: string
    strings: string
    writable: boolean
  }>(
    `SELECT current_setting('search_path') AS path, current_schema() AS schema,
            current_setting('client_encoding') AS encoding,
            current_setting('standard_conforming_strings') AS strings,
            NOT (pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean)
              AS writable`,
  )
  const { path, schema, encoding, strings, writable } = rows[0]!
  const expected = { path: target.schema, encoding: 'UTF8', strings: 'on' }
  // A schema that does not exist yet, or that this user may not look into, does not count.
  const isMine = schema === null || schema === target.schema
  if (!isMine || path !== expected.path || encoding !== expected.encoding || strings !== 'on') {
    throw new UsageError(
      'incompatible',
      `a connection to ${target.shown} does not keep its settings: its schema is ${schema ?? path}, not ${target.schema}; ` +
        'connect to the server itself, or by a pooler with pool_mode = session',
    )
  }
  if (!writable && target.hosts.count > 1) {
    throw new NotWritable(`${hostOf(client).shown} may not be written`)
  }
}

/** Learns whose session it is. Fails if another connection of this process has the same one. */
export async function introduce(client: pg.ClientBase, target: PostgresTarget): Promise<void> {
  limitAnswers(client, target.connectTimeoutMs)
  const { pid, mark } = await sessionOf(client)
  const facts = { pid, mark, isPooled: pid !== (client as { processID?: unknown }).processID }
  const other = live.get(mark)
  if (other !== undefined && other !== client) {
    // The other connection may just have ended and left its session to this one.
    await pause(END_NOTICED_MS)
    if (live.get(mark) === other) throw sharedSession(target.shown)
  }
  sessions.set(client, facts)
  live.set(mark, client)
  const forget = () => {
    if (live.get(mark) === client) live.delete(mark)
  }
  client.once('end', forget)
  const ending = client as pg.Client
  const end = ending.end.bind(ending) as (...given: unknown[]) => unknown
  // Once asked to end, a pooler may give its session to the next connection.
  ending.end = ((...given: unknown[]) => {
    forget()
    return end(...given)
  }) as typeof ending.end
}

async function sessionOf(client: pg.ClientBase): Promise<{ pid: number; mark: string }> {
  const { rows } = await client.query<{ pid: number; started: string }>(
    `SELECT pid, extract(epoch FROM backend_start)::text AS started
     FROM pg_stat_get_activity(pg_backend_pid())`,
  )
  const { pid, started } = rows[0]!
  return { pid, mark: `${hostOf(client).shown} ${pid} ${started}` }
}

/**
 * Which of two connections asks in turn. It is irregular, so that two servers that alternate are detected
 * as well.
 */
const TURNS = [0, 1, 0, 0, 1, 1, 0, 1] as const

async function requireSessionPooling(
  client: pg.ClientBase,
  target: PostgresTarget,
  another: () => Promise<pg.ClientBase | null>,
): Promise<void> {
  const other = await another()
  // A pooler without a session to spare keeps the first one for its client.
  if (other === null) return
  for (const turn of TURNS) await requireSameSession(turn === 0 ? client : other, target)
}

/** Fails with `incompatible` if the connection has another session than before. */
export async function requireSameSession(
  client: pg.ClientBase,
  target: PostgresTarget,
): Promise<void> {
  const { mark } = await sessionOf(client)
  if (mark !== sessions.get(client)!.mark) throw sharedSession(target.shown)
}

/** As `requireSameSession`, if the server's process number is already known. */
export function requireSamePid(client: pg.ClientBase, pid: number, target: PostgresTarget): void {
  if (pid !== sessions.get(client)!.pid) throw sharedSession(target.shown)
}
