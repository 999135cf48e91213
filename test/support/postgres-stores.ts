/**
 * Empty stores on the tests' PostgreSQL server. A database is copied from one that is created once per
 * server. A test that is done with it leaves it to the next one, reset to the last row and sequence. That
 * takes a fraction of the time of creating and dropping a database.
 */
import { createHash } from 'node:crypto'
import pg from 'pg'
import { openStore } from '../../src/storage/open-store.ts'
import { Database } from '../../src/storage/postgres/connection.ts'
import { parsePostgresUrl } from '../../src/storage/postgres/database-url.ts'
import { MIGRATIONS } from '../../src/storage/postgres/migrations/migrations.ts'
import { Partitions } from '../../src/storage/postgres/partitions.ts'
import { TOPOLOGIES } from '../../src/storage/postgres/topology.ts'
import { atEnd } from './at-end.ts'
import { NOW } from './builders.ts'
import { newDatabase, type TempPlace } from './postgres-schema.ts'
import { beforeServerStops, postgresUrl } from './postgres-server.ts'

/**
 * The name depends on the content, because a permanent server may have a template from an older program.
 */
const TEMPLATE = `simtally_${createHash('sha256')
  .update([...MIGRATIONS, NOW].join())
  .digest('hex')
  .slice(0, 16)}`

/** Any number that nothing else locks on the tests' server. */
const TEMPLATE_LOCK = 7_345_001

/**
 * A database in which a test has deleted more is not reused, because remains of rows slow others down.
 */
const ROWS_EMPTIED_MAX = 20_000

let template: Promise<void> | null = null
const idle: EmptyStore[] = []
let isOver = false

/**
 * A separate database with an empty store, like every other one down to the key that tells stores apart.
 */
export async function newStore(): Promise<TempPlace> {
  const store = idle.pop() ?? (await EmptyStore.make())
  let isMine = true
  return {
    url: store.url,
    remove: async () => {
      // A test may dispose of it again, when it already belongs to somebody else.
      if (!isMine) return
      isMine = false
      if (!isOver && (await store.empty())) idle.push(store)
      else await store.drop()
    },
  }
}

async function dropIdle(): Promise<void> {
  isOver = true
  await Promise.all(idle.splice(0).map((store) => store.drop()))
}

// The file's own server ends with the file; one that was given goes on.
beforeServerStops(dropIdle)
atEnd(dropIdle)

/** It keeps its process alive only while something is asked, which the types of `pg` leave out. */
type JanitorClient = pg.Client & { ref(): void; unref(): void }

class EmptyStore {
  readonly url: string
  readonly #place: TempPlace
  readonly #client: JanitorClient
  readonly #refill: string
  #tables: ReadonlySet<string> = new Set()
  #shape = ''
  #isLost = false

  private constructor(place: TempPlace, client: JanitorClient, state: State) {
    const url = new URL(place.url)
    url.searchParams.set('connections', '5')
    this.url = url.href
    this.#place = place
    this.#client = client
    this.#refill = refillOf(state)
  }

  static async make(): Promise<EmptyStore> {
    const server = await postgresUrl()
    template ??= makeTemplate(server)
    await template
    const place = await newDatabase(`TEMPLATE ${TEMPLATE}`)
    const client = new pg.Client({
      connectionString: place.url,
      application_name: 'tests',
    }) as JanitorClient
    let made: EmptyStore | null = null
    client.on('error', () => {
      if (made !== null) made.#isLost = true
    })
    await client.connect()
    made = new EmptyStore(place, client, await readState(client))
    const { rows: tables } = await client.query<{ name: string }>(LIST_TABLES)
    made.#tables = new Set(tables.map(({ name }) => name))
    made.#shape = await readShape(client)
    client.unref()
    return made
  }

  /**
   * Restores the rows of an empty store. False if a test has done more than Simtally does with its
   * tables, or left so much behind that the database should go.
   */
  async empty(): Promise<boolean> {
    this.#client.ref()
    try {
      await this.#endOthers()
      const { rows } = await this.#client.query<{ name: string }>(LIST_TABLES)
      const added = rows.map(({ name }) => name).filter((name) => !this.#tables.has(name))
      const drop = added.length === 0 ? '' : `DROP TABLE ${added.map(quoted).join(', ')};`
      const { rows: watches } = await this.#client.query<{ name: string; on: string }>(LIST_WATCHES)
      const unwatch = watches.map(({ name, on }) => `DROP TRIGGER ${name} ON ${on};`).join(' ')
      const results: unknown = await this.#client.query(`${unwatch} ${drop} ${this.#refill}`)
      const emptied = (results as pg.QueryResult[])
        .filter(({ command }) => command === 'DELETE')
        .reduce((sum, { rowCount }) => sum + (rowCount ?? 0), 0)
      return emptied <= ROWS_EMPTIED_MAX && (await readShape(this.#client)) === this.#shape
    } catch (error) {
      // A test may end every connection there is.
      if (this.#isLost) return false
      throw error
    } finally {
      this.#client.unref()
    }
  }

  /** The server's own waiting checks every 100 ms, while they need less than one. */
  async #endOthers(): Promise<void> {
    const ended = await this.#client.query(END_OTHERS)
    let left = ended.rowCount ?? 0
    while (left > 0) left = (await this.#client.query(LIST_OTHERS)).rowCount ?? 0
  }

  async drop(): Promise<void> {
    this.#client.ref()
    await this.#client.end().catch(() => {})
    await this.#place.remove()
  }
}

const OURS = "relnamespace = 'public'::regnamespace"

const OTHERS = `
  FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`

const LIST_OTHERS = `SELECT pid ${OTHERS}`

/** A closed store may not have released all its connections yet. */
const END_OTHERS = `SELECT pg_terminate_backend(pid) ${OTHERS}`

const LIST_TABLES = `SELECT relname AS name FROM pg_class WHERE ${OURS} AND relkind IN ('r', 'p')`

/** What a day under checksum adds to the partitions; a copy is without it. */
const LIST_WATCHES = `
  SELECT tgname AS name, tgrelid::regclass::text AS on FROM pg_trigger
  JOIN pg_class ON pg_class.oid = tgrelid
  WHERE ${OURS} AND relispartition AND NOT tgisinternal AND tgname LIKE 'checksum\\_%'`

interface State {
  /**
   * With the rows of each, as JSON. Partitions are not listed, because their rows are those of their
   * table.
   */
  readonly tables: readonly { readonly name: string; readonly rows: string | null }[]
  readonly sequences: readonly { readonly name: string; readonly set: string }[]
}

async function readState(client: pg.Client): Promise<State> {
  const { rows: names } = await client.query<{ name: string }>(
    `${LIST_TABLES} AND NOT relispartition ORDER BY relname`,
  )
  const tables = await client.query(
    names
      .map(({ name }) => {
        return `SELECT '${name}' AS name, (SELECT json_agg(t)::text FROM ${quoted(name)} AS t) AS rows`
      })
      .join(' UNION ALL '),
  )
  const sequences = await client.query(`
    SELECT format('%I', sequencename) AS name,
           format('setval(%L, %s, %s)', format('%I', sequencename),
                  COALESCE(last_value, start_value), (last_value IS NOT NULL)::text) AS set
    FROM pg_sequences WHERE schemaname = 'public'`)
  return { tables: tables.rows, sequences: sequences.rows }
}

/** One transaction, in which triggers and references have no effect. */
function refillOf({ tables, sequences }: State): string {
  const rows = tables.flatMap(({ name, rows: kept }) => {
    if (kept === null) return []
    const given = pg.escapeLiteral(kept)
    return `INSERT INTO ${quoted(name)} OVERRIDING SYSTEM VALUE
            SELECT * FROM json_populate_recordset(NULL::${quoted(name)}, ${given})`
  })
  return [
    'SET LOCAL session_replication_role = replica',
    ...tables.map(({ name }) => `DELETE FROM ${quoted(name)}`),
    ...rows,
    ...(sequences.length === 0 ? [] : [`SELECT ${sequences.map(({ set }) => set).join(', ')}`]),
  ].join(';\n')
}

const quoted = (name: string) => pg.escapeIdentifier(name)

/** Changes with everything that is done to a store's tables, but not with their rows. */
const READ_SHAPE = `
  WITH ours AS (SELECT oid FROM pg_class WHERE ${OURS}), parts (part) AS (
    SELECT concat_ws(' ', 'class', c.oid, relname, relowner, relacl, reloptions, relrowsecurity)
    FROM pg_class AS c WHERE ${OURS}
    UNION ALL
    SELECT concat_ws(' ', 'column', attrelid, attnum, xmin) FROM pg_attribute
    WHERE attrelid IN (SELECT oid FROM ours)
    UNION ALL
    SELECT concat_ws(' ', 'constraint', oid, convalidated) FROM pg_constraint
    WHERE conrelid IN (SELECT oid FROM ours)
    UNION ALL
    SELECT concat_ws(' ', 'trigger', oid, xmin) FROM pg_trigger WHERE tgrelid IN (SELECT oid FROM ours)
    UNION ALL
    SELECT concat_ws(' ', 'index', indexrelid, indisvalid) FROM pg_index
    WHERE indrelid IN (SELECT oid FROM ours)
    UNION ALL
    SELECT concat_ws(' ', 'function', oid, xmin) FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace
    UNION ALL
    SELECT concat_ws(' ', 'schema', oid, nspname, nspowner, nspacl) FROM pg_namespace
    WHERE nspname NOT LIKE 'pg\\_%'
    UNION ALL
    SELECT concat_ws(' ', 'extension', extname) FROM pg_extension
    UNION ALL
    SELECT concat_ws(' ', 'database', oid, datname, datdba, datacl, datconnlimit) FROM pg_database
    WHERE datname = current_database()
    UNION ALL
    SELECT concat_ws(' ', 'setting', setdatabase, setrole, setconfig) FROM pg_db_role_setting
  )
  SELECT sum(hashtextextended(part, 0))::text AS shape FROM parts`

async function readShape(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ shape: string }>(READ_SHAPE)
  return rows[0]!.shape
}

/**
 * The partitions that the first delivery at `NOW` creates. Nearly every test has such a delivery, and
 * would create them again. Stores that tests create themselves, and deliveries in other months, still do.
 */
async function makePartitions(url: string): Promise<void> {
  const database = new Database(parsePostgresUrl(url), TOPOLOGIES.plain, {})
  try {
    await new Partitions(database).ensure([], NOW)
  } finally {
    await database.close()
  }
}

/** Test files run as parallel processes; the first one that needs it creates it. */
async function makeTemplate(server: string): Promise<void> {
  const client = new pg.Client({ connectionString: server })
  await client.connect()
  try {
    await client.query(`SELECT pg_advisory_lock(${TEMPLATE_LOCK})`)
    const isThere = await client.query(`SELECT FROM pg_database WHERE datname = '${TEMPLATE}'`)
    if (isThere.rowCount === 1) return
    const { url } = await newDatabase()
    await (await openStore(url, { create: true, serverClock: () => NOW })).close()
    await makePartitions(url)
    await client.query(`ALTER DATABASE ${new URL(url).pathname.slice(1)} RENAME TO ${TEMPLATE}`)
  } finally {
    await client.end()
  }
}
