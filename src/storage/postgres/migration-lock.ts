/** Only one process at a time changes the schema. The others wait while it works, but not if it hangs. */
import type pg from 'pg'
import { UsageError } from '../../domain/usage-error.ts'
import type { PostgresTarget } from './database-url.ts'
import { sqlState } from './failures.ts'
import { lockKey } from './locks.ts'

/** How long to wait before checking who holds the lock, in milliseconds. */
const PATIENCE_MS = 5_000

/**
 * A migration runs one statement after another. A holder that has run none for this long has left the
 * lock behind.
 */
const IDLE_SECONDS_MAX = 30

interface Holder {
  readonly pid: number
  readonly name: string
  readonly address: string | null
  readonly state: string | null
  readonly idle_seconds: number
}

const HOLDER = `
  SELECT a.pid, a.application_name AS name, host(a.client_addr) AS address, a.state,
         extract(epoch FROM clock_timestamp() - a.state_change)::integer AS idle_seconds
  FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid
  WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND l.classid = $1::bigint::oid AND l.objid = $2::bigint::oid`

/**
 * Takes the lock until the end of the transaction. Fails with `unavailable`, naming the holder, if the
 * holder no longer does anything.
 */
export async function waitForMigration(
  client: pg.Client,
  { shown, schema }: PostgresTarget,
  { patienceMs = PATIENCE_MS, idleSecondsMax = IDLE_SECONDS_MAX } = {},
): Promise<void> {
  const key = lockKey('migration', schema)
  await client.query(`SAVEPOINT waiting; SET LOCAL lock_timeout = ${patienceMs}`)
  for (;;) {
    try {
      await client.query('SELECT pg_advisory_xact_lock($1, $2)', key)
      await client.query('RELEASE SAVEPOINT waiting; SET LOCAL lock_timeout = 0')
      return
    } catch (error) {
      if (sqlState(error) !== '55P03') throw error
      await client.query(`ROLLBACK TO SAVEPOINT waiting; SET LOCAL lock_timeout = ${patienceMs}`)
      const { rows } = await client.query<Holder>(HOLDER, key)
      const [holder] = rows
      if (holder !== undefined && !isAtWork(holder, idleSecondsMax)) {
        throw leftBehind(shown, holder, error)
      }
    }
  }
}

/** Other users' sessions are hidden from a user without privileges; such a holder is given time. */
function isAtWork({ state, idle_seconds }: Holder, idleSecondsMax: number): boolean {
  return state === null || state === 'active' || idle_seconds < idleSecondsMax
}

function leftBehind(place: string, holder: Holder, cause: unknown): UsageError {
  const { pid, name, address, idle_seconds } = holder
  const who = `${name || 'a connection'}${address === null ? '' : ` on ${address}`}`
  return new UsageError(
    'unavailable',
    `the lock for migrating ${place} is held by ${who} (process ${pid} of the server), idle for ${idle_seconds} s; ` +
      `end it with SELECT pg_terminate_backend(${pid}), then repeat`,
    { cause },
  )
}
