/** Separate schemas and databases for tests, on the tests' PostgreSQL or Citus server. */
import pg from 'pg'
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

/** The server's URL. We start no Citus server: `SIMTALLY_TEST_CITUS_URL` names a coordinator. */
export async function serverUrl(engine: 'postgres' | 'citus'): Promise<string> {
  if (engine === 'postgres') return postgresUrl()
  const url = process.env.SIMTALLY_TEST_CITUS_URL
  if (!url) throw new Error('SIMTALLY_TEST_CITUS_URL is not set: it names a database with Citus')
  return url
}

/** Runs statements one after another, outside any transaction. */
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

/**
 * A schema that does not exist yet, which is a separate database as far as Simtally sees. It lies in the
 * database that tests share, or in the one given.
 */
export async function newSchema(
  engine: 'postgres' | 'citus',
  database?: TempPlace,
): Promise<TempPlace> {
  const server = database?.url ?? (await serverUrl(engine))
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

/**
 * Ends Simtally's connections to the database, whatever they are doing; returns how many. At most `limit`
 * of them are taken at random. The database that tests share is refused, because others work in it.
 */
export async function endConnections(url: string, { limit = 1_000 } = {}): Promise<number> {
  const shared = process.env.SIMTALLY_TEST_POSTGRES_URL
  const placeOf = (of: string) => `${new URL(of).host}${new URL(of).pathname}`
  if (shared && placeOf(shared) === placeOf(url)) {
    throw new Error(`${placeOf(url)} is the database of all tests: take newDatabase()`)
  }
  const [ended] = await execute(
    plainUrl(url),
    `
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = 'simtally' AND datname = current_database() AND pid <> pg_backend_pid()
    ORDER BY random() LIMIT ${limit}`,
  )
  return ended!.rowCount ?? 0
}

/** The schema that holds the tables of a store's URL. */
export function schemaOf(url: string): string {
  return new URL(url).searchParams.get('schema') ?? 'public'
}

/** The URL as `pg` takes it, without our own parameters. */
export function plainUrl(url: string): string {
  const plain = new URL(url)
  for (const name of ['schema', 'connections']) plain.searchParams.delete(name)
  return plain.href
}
