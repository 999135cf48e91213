/** Schemas and databases of a test's own on the PostgreSQL or Citus server of the tests. */
import { createHash } from 'node:crypto'
import pg from 'pg'
import { openStore } from '../../src/storage/open-store.ts'
import { MIGRATIONS } from '../../src/storage/postgres/migrations/migrations.ts'
import { NOW } from './builders.ts'
import { postgresUrl } from './postgres-server.ts'

export interface TempPlace {
  readonly url: string
  remove(): Promise<void>
}

let serial = 0

/** A name that no other test has, in this process or another. */
export function newName(): string {
  return `test_${process.pid}_${++serial}`
}

/** The server's URL. Citus has no server of ours: `SIMTALLY_TEST_CITUS_URL` names a coordinator. */
export async function serverUrl(engine: 'postgres' | 'citus'): Promise<string> {
  if (engine === 'postgres') return postgresUrl()
  const url = process.env.SIMTALLY_TEST_CITUS_URL
  if (!url) throw new Error('SIMTALLY_TEST_CITUS_URL is not set: it names a database with Citus')
  return url
}

/** Runs statements one after the other, outside any transaction. */
export async function execute(url: string, ...statements: string[]): Promise<pg.QueryResult[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const results: pg.QueryResult[] = []
    for (const statement of statements) results.push(await client.query(statement))
    return results
  } finally {
    await client.end()
  }
}

/** A schema that is not there yet: a database of its own as far as Simtally sees. */
export async function newSchema(engine: 'postgres' | 'citus'): Promise<TempPlace> {
  const server = await serverUrl(engine)
  const name = newName()
  const url = new URL(server)
  url.searchParams.set('schema', name)
  url.searchParams.set('connections', '5')
  return {
    url: url.href,
    remove: async () => void (await execute(server, `DROP SCHEMA IF EXISTS ${name} CASCADE`)),
  }
}

/** A new, empty database on the server, with options of `CREATE DATABASE`. */
export async function newDatabase(options = ''): Promise<TempPlace> {
  const server = await postgresUrl()
  const name = newName()
  await execute(server, `CREATE DATABASE ${name} ${options}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  return {
    url: url.href,
    remove: async () =>
      void (await execute(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)),
  }
}

/** Its schema is in its name: a server that is kept may have one of an older program. */
const TEMPLATE = `simtally_${createHash('sha256').update(MIGRATIONS.join()).digest('hex').slice(0, 16)}`

/** Any number that nothing else on the server of the tests locks. */
const TEMPLATE_LOCK = 7_345_001

let template: Promise<void> | null = null

/**
 * A database of its own that holds an empty store: a copy of one that is made once for a server,
 * which takes a fraction of the time in which tables are made. All of them have the same key.
 */
export async function newStore(): Promise<TempPlace> {
  const server = await postgresUrl()
  template ??= makeTemplate(server)
  await template
  const place = await newDatabase(`TEMPLATE ${TEMPLATE}`)
  const url = new URL(place.url)
  url.searchParams.set('connections', '5')
  return { ...place, url: url.href }
}

/** Test files run as processes beside each other; the first that needs it makes it. */
async function makeTemplate(server: string): Promise<void> {
  const client = new pg.Client({ connectionString: server })
  await client.connect()
  try {
    await client.query(`SELECT pg_advisory_lock(${TEMPLATE_LOCK})`)
    const isThere = await client.query(`SELECT FROM pg_database WHERE datname = '${TEMPLATE}'`)
    if (isThere.rowCount === 1) return
    const { url } = await newDatabase()
    await (await openStore(url, { create: true, serverClock: () => NOW })).close()
    await client.query(`ALTER DATABASE ${new URL(url).pathname.slice(1)} RENAME TO ${TEMPLATE}`)
  } finally {
    await client.end()
  }
}

/** The schema in which the tables of a store's URL lie. */
export function schemaOf(url: string): string {
  return new URL(url).searchParams.get('schema') ?? 'public'
}

/** The URL as `pg` takes it, without what is ours. */
export function plainUrl(url: string): string {
  const plain = new URL(url)
  for (const name of ['schema', 'connections']) plain.searchParams.delete(name)
  return plain.href
}
