/** How connections are made, one by one and in the pool of a process. */
import pg from 'pg'
import type { PostgresTarget } from './database-url.ts'
import type { Topology } from './topology.ts'

/** A transaction whose process hangs gives its locks back after this, in milliseconds. */
const IDLE_IN_TRANSACTION_MS = 300_000

/** A connection whose other end is gone without a word is asked after so long, in milliseconds. */
const KEEP_ALIVE_MS = 10_000

/** How every connection is made: what it may take, and how it sees our tables. */
export function clientConfig(
  target: PostgresTarget,
  { planCacheMode }: Pick<Topology, 'planCacheMode'>,
): pg.ClientConfig {
  const settings = {
    search_path: target.schema,
    statement_timeout: target.readTimeoutMs,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    plan_cache_mode: planCacheMode,
  }
  const options = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`)
  return {
    connectionString: target.connectionString,
    application_name: 'simtally',
    connectionTimeoutMillis: target.connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    options: [target.options, ...options].join(' ').trim(),
  }
}

export function newPool(target: PostgresTarget, topology: Topology): pg.Pool {
  const pool = new pg.Pool({
    ...clientConfig(target, topology),
    max: target.connectionsMax,
    allowExitOnIdle: true,
  })
  // An idle connection that ends is replaced when one is needed; there is nobody to tell.
  pool.on('error', () => {})
  // From the first moment: a connection may end with the very words that it is there.
  pool.on('connect', (client) => client.on('error', noteLost))
  return pool
}

/** Connections that ended; what fails on them next has no code. */
const lostClients = new WeakSet<pg.PoolClient>()

export function isGone(client: pg.PoolClient): boolean {
  return lostClients.has(client)
}

function noteLost(this: pg.PoolClient): void {
  lostClients.add(this)
}
