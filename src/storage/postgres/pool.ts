/** How connections are made, one by one and in a process's pool. */
import pg from 'pg'
import type { PostgresTarget } from './database-url.ts'
import { type LoginPlace, readPassword } from './password.ts'
import type { Place } from './place.ts'
import { noteHost, prepareSession } from './sessions.ts'
import { tlsOptions } from './tls.ts'
import type { Topology } from './topology.ts'

/** A connection whose other end went away silently is probed after this, in milliseconds. */
const KEEP_ALIVE_MS = 10_000

/** To the current host. Fails with the file system's error if a certificate's file cannot be read. */
export function newClient(target: PostgresTarget): pg.Client {
  const host = target.hosts.current
  const { mode, files, direct } = target.ssl
  const config: pg.ClientConfig & { sslnegotiation?: string } = {
    host: host.host,
    port: host.port,
    database: target.database,
    ...(target.user === null ? {} : { user: target.user }),
    password: () => readPassword(target.login, placeOf(client)),
    ssl: tlsOptions(mode, files),
    ...(direct ? { sslnegotiation: 'direct' } : {}),
    application_name: target.applicationName,
    connectionTimeoutMillis: target.connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    ...(target.startupOptions === '' ? {} : { options: target.startupOptions }),
  }
  const client = new pg.Client(config)
  noteHost(client, host)
  return client
}

/** Host, port and user as `pg` uses them, because the user may come from the environment. */
function placeOf({ host, port, database, user }: pg.Client): LoginPlace {
  return { host, port, database: database ?? '', user: user ?? '' }
}

export function newPool(target: PostgresTarget, topology: Topology, place?: Place): pg.Pool {
  const pool = new pg.Pool({
    Client: clientClass(target),
    max: target.connectionsMax,
    connectionTimeoutMillis: target.connectTimeoutMs,
    allowExitOnIdle: true,
    onConnect: async (client) => {
      await prepareSession(client, target, topology)
      await place?.verify(client)
    },
  })
  // An idle connection that ends is replaced when one is needed; nobody has to be told.
  pool.on('error', () => {})
  // From the very first moment, because a connection may end as soon as it is established.
  pool.on('connect', (client) => client.on('error', noteLost))
  return pool
}

/** The pool creates its clients with `new`, and does not expect that to fail. */
function clientClass(target: PostgresTarget): new () => pg.ClientBase {
  class TargetClient {
    constructor() {
      // biome-ignore lint/correctness/noConstructorReturn: of which host a client is, its target says
      return clientOrFailure(target)
    }
  }
  return TargetClient as unknown as new () => pg.ClientBase
}

function clientOrFailure(target: PostgresTarget): pg.ClientBase {
  try {
    return newClient(target)
  } catch (error) {
    const failing = new pg.Client({ ssl: false })
    const connect = (done: (error: unknown) => void) => process.nextTick(done, error)
    failing.connect = connect as typeof failing.connect
    return failing
  }
}

/** Connections that have ended; their next failure has no code. */
const lostClients = new WeakSet<pg.PoolClient>()

export function isGone(client: pg.PoolClient): boolean {
  return lostClients.has(client)
}

function noteLost(this: pg.PoolClient): void {
  lostClients.add(this)
}
