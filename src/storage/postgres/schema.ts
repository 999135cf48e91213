/** Whose database it is, which version its schema has, and how to upgrade it to the newest. */
import { randomBytes } from 'node:crypto'
import type pg from 'pg'
import { shown, UsageError } from '../../domain/usage-error.ts'
import { limitAnswers, UNLIMITED_ANSWER_MS } from './answer-limit.ts'
import { dropTriggers, recomputeAll } from './checksums.ts'
import { withClient } from './client.ts'
import type { PostgresTarget } from './database-url.ts'
import { waitForMigration } from './migration-lock.ts'
import { MIGRATIONS } from './migrations/migrations.ts'
import { SERVER_TIME } from './session.ts'
import { TOPOLOGIES, type Topology } from './topology.ts'

const SERVER_VERSION_MIN = 14

/** How many foreign tables a refusal names. */
const FOREIGN_TABLES_SHOWN = 3

export interface SchemaState {
  /** How many migrations have been applied; 0 if there is no schema yet. */
  readonly version: number
  readonly topology: Topology
  /** Tables that Citus is to distribute or copy, but that still lie on one server. */
  readonly undistributed: readonly string[]
  /** The store that is being moved in, as messages name it; null if none is. */
  readonly transferFrom: string | null
  /** Identifies this store, in hexadecimal; null if there is none yet. */
  readonly signingKey: string | null
  /** The server's clock, in UTC seconds. */
  readonly serverTime: number
}

/** What a connection finds. Fails as `openPostgresStore` says. Changes nothing. */
export async function inspectSchema(target: PostgresTarget): Promise<SchemaState> {
  return withClient(target, (client) => inspect(client, target))
}

/**
 * Upgrades the schema to the newest version and, if Citus is installed, distributes its tables. Several
 * processes may do so at once: one works, and the others wait and find it done. Returns the versions
 * before and after.
 */
export async function migrateSchema(
  target: PostgresTarget,
  onStep: (step: string) => void = () => {},
): Promise<{ readonly from: number; readonly to: number; readonly topology: Topology }> {
  return withClient(target, async (client) => {
    // Checked first, so that nothing is tried on a database that is not ours.
    const found = await inspect(client, target)
    refuseNewer(target, found.version)
    limitAnswers(client, UNLIMITED_ANSWER_MS)
    await client.query('SET statement_timeout = 0')
    const from = await locked(client, target, async (state) => {
      if (state.version < MIGRATIONS.length) await runMigrations(client, target, state, onStep)
      return state.version
    })
    await locked(client, target, async ({ undistributed }) => {
      if (undistributed.length === 0) return
      await dropTriggers(client)
      await distributeTables(client, undistributed, onStep)
    })
    return { from, to: MIGRATIONS.length, topology: found.topology }
  })
}

/**
 * Runs `work` in one transaction in which nobody else changes the schema. The lock ends with it, even if
 * a pooler passes the session on to another client.
 */
async function locked<T>(
  client: pg.Client,
  target: PostgresTarget,
  work: (state: SchemaState) => T | Promise<T>,
): Promise<T> {
  await client.query('BEGIN ISOLATION LEVEL READ COMMITTED')
  try {
    await waitForMigration(client, target)
    const result = await work(await inspect(client, target))
    await client.query('COMMIT')
    return result
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {})
    throw error
  }
}

/**
 * Throws `incompatible` unless this program and the database have the same schema, and the database
 * holds all of its store.
 */
export function requireCurrentSchema(
  target: PostgresTarget,
  { version, transferFrom }: SchemaState,
): void {
  refuseNewer(target, version)
  if (version < MIGRATIONS.length) {
    throw new UsageError(
      'incompatible',
      `${target.shown} has schema version ${version}, this Simtally needs ${MIGRATIONS.length}; run simtally migrate`,
    )
  }
  if (transferFrom !== null) {
    throw new UsageError(
      'incompatible',
      `${target.shown} holds only a part of ${transferFrom}, which is being moved there; ` +
        'finish that first with simtally migrate --from … --to …',
    )
  }
}

/**
 * The schema that a store needs in order to be opened, created if there is none and `create` allows it.
 */
export async function openSchema(
  target: PostgresTarget,
  { create = false, unfinished = false }: { create?: boolean; unfinished?: boolean },
): Promise<SchemaState & { readonly signingKey: string }> {
  let found = await inspectSchema(target)
  if (found.version === 0) {
    if (!create) throw noStore(target)
    await migrateSchema(target)
    found = await inspectSchema(target)
  }
  requireCurrentSchema(target, unfinished ? { ...found, transferFrom: null } : found)
  const { signingKey } = found
  if (signingKey !== null) return { ...found, signingKey }
  throw new UsageError('incompatible', `${target.shown} has lost its signing key; restore a backup`)
}

function noStore({ shown: place }: PostgresTarget): UsageError {
  return new UsageError(
    'missing',
    `${place} holds no store yet; simtally init makes one, or name another with --database`,
  )
}

/** Throws `incompatible` for a server that lacks what Simtally uses; the number is PostgreSQL's own. */
export function requireServerVersion(
  { shown: place }: Pick<PostgresTarget, 'shown'>,
  versionNumber: number,
): void {
  const version = Math.floor(versionNumber / 10_000)
  if (version >= SERVER_VERSION_MIN) return
  throw new UsageError(
    'incompatible',
    `${place} is PostgreSQL ${version}; Simtally needs ${SERVER_VERSION_MIN} or newer`,
  )
}

/** Names and texts may have any letters, and only one encoding has them all. */
function requireEncoding({ shown: place }: PostgresTarget, encoding: string): void {
  if (encoding === 'UTF8') return
  throw new UsageError(
    'incompatible',
    `${place} keeps text as ${encoding}; Simtally needs UTF8: ` +
      "create another database with ENCODING 'UTF8' TEMPLATE template0",
  )
}

function refuseNewer(target: PostgresTarget, version: number): void {
  if (version > MIGRATIONS.length) {
    throw new UsageError(
      'incompatible',
      `${target.shown} has schema version ${version}, of a newer Simtally than this one, which knows ${MIGRATIONS.length}; update the program`,
    )
  }
}

async function inspect(client: pg.Client, target: PostgresTarget): Promise<SchemaState> {
  const { rows } = await client.query<{
    version_number: number
    encoding: string
    server_time: string
    read_only: boolean
    standby: boolean
    marked: boolean
    transferring: boolean
    citus: boolean
  }>(
    `SELECT current_setting('server_version_num')::integer AS version_number,
            current_setting('server_encoding') AS encoding,
            ${SERVER_TIME} AS server_time,
            current_setting('transaction_read_only')::boolean AS read_only,
            pg_is_in_recovery() AS standby,
            to_regclass($1) IS NOT NULL AS marked,
            to_regclass($2) IS NOT NULL AS transferring,
            EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus') AS citus`,
    [`${target.schema}.simtally_schema`, `${target.schema}.transfer`],
  )
  const { version_number, read_only, standby, marked, transferring, citus } = rows[0]!
  const serverTime = Number(rows[0]!.server_time)
  requireServerVersion(target, version_number)
  requireEncoding(target, rows[0]!.encoding)
  if (standby) {
    const message = `${target.shown} is a read-only standby; name the primary server instead`
    throw new UsageError('read_only', message)
  }
  if (read_only) {
    const message = `${target.shown} allows only reading (default_transaction_read_only); turn it off for this user`
    throw new UsageError('read_only', message)
  }
  const topology = citus ? TOPOLOGIES.citus : TOPOLOGIES.plain
  if (!marked) {
    const foreign = await foreignTables(client, target)
    // Between the two checks, another process may have created the schema.
    if (foreign.length > 0 && (await isMarked(client, target))) return inspect(client, target)
    refuseForeign(target, foreign)
    return {
      version: 0,
      topology,
      undistributed: [],
      transferFrom: null,
      signingKey: null,
      serverTime,
    }
  }
  const found = await client.query<{ version: number; signing_key: string | null }>(
    `SELECT version, (SELECT value FROM setting WHERE name = 'signing_key') AS signing_key
     FROM simtally_schema`,
  )
  return {
    version: found.rows[0]?.version ?? 0,
    signingKey: found.rows[0]?.signing_key ?? null,
    topology,
    undistributed: citus ? await undistributedTables(client, topology) : [],
    transferFrom: transferring ? await transferUnderWay(client) : null,
    serverTime,
  }
}

async function isMarked(client: pg.Client, { schema }: PostgresTarget): Promise<boolean> {
  const { rows } = await client.query('SELECT to_regclass($1) IS NOT NULL AS marked', [
    `${schema}.simtally_schema`,
  ])
  return rows[0].marked
}

/** Tables with our tables' names, and any others beside them unless the URL names a schema for ours. */
async function foreignTables(client: pg.Client, target: PostgresTarget): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT c.oid::regclass::text AS name
     FROM pg_class AS c
     JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
       AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'citus', 'columnar')
       AND ($1::text IS NULL OR n.nspname = $1)
       AND NOT EXISTS (SELECT 1 FROM pg_depend AS d
                       WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                         AND d.deptype IN ('e', 'i', 'a'))
     ORDER BY 1`,
    [target.schemaNamed ? target.schema : null],
  )
  return rows.map(({ name }) => name)
}

function refuseForeign(target: PostgresTarget, tables: readonly string[]): void {
  if (tables.length === 0) return
  const names = tables.slice(0, FOREIGN_TABLES_SHOWN).map(shown)
  const more = tables.length - names.length
  throw new UsageError(
    'incompatible',
    `${target.shown} belongs to something else: it has ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}; ` +
      'create a database for Simtally, or add ?schema=NAME to the URL to give it a schema of its own',
  )
}

async function runMigrations(
  client: pg.Client,
  target: PostgresTarget,
  { version, topology }: SchemaState,
  onStep: (step: string) => void,
): Promise<void> {
  if (version === 0) {
    await requireSchema(client, target)
    await client.query('CREATE TABLE simtally_schema (version integer NOT NULL)')
    await client.query('INSERT INTO simtally_schema (version) VALUES (0)')
  }
  for (const [index, step] of MIGRATIONS.entries()) {
    if (index < version) continue
    onStep(`schema version ${index + 1}`)
    await client.query(step)
  }
  if (version === 0) {
    await client.query('INSERT INTO setting (name, value) VALUES ($1, $2)', [
      'signing_key',
      randomBytes(32).toString('hex'),
    ])
  }
  if (topology.name === 'plain') await recomputeAll(client)
  if (topology.name === 'citus') {
    await distributeTables(client, await undistributedTables(client, topology), onStep)
  }
  await client.query('UPDATE simtally_schema SET version = $1', [MIGRATIONS.length])
}

/** Creating one takes a privilege on the database that users of an existing schema need not have. */
async function requireSchema(client: pg.Client, { schema }: PostgresTarget): Promise<void> {
  const { rows } = await client.query('SELECT to_regnamespace($1) IS NOT NULL AS there', [schema])
  if (!rows[0].there) await client.query(`CREATE SCHEMA ${schema}`)
}

async function transferUnderWay(client: pg.Client): Promise<string | null> {
  const { rows } = await client.query<{ origin: string }>('SELECT origin FROM transfer')
  return rows[0]?.origin ?? null
}

/** An entry that Citus keeps because a local table refers to another does not make it distributed. */
async function undistributedTables(
  client: pg.Client,
  { reference, distributed }: Topology,
): Promise<string[]> {
  const names = [...reference, ...distributed.map(({ table }) => table)]
  const { rows } = await client.query<{ name: string }>(
    `SELECT name FROM unnest($1::text[]) WITH ORDINALITY AS wanted (name, position)
     WHERE to_regclass(name) IS NOT NULL
       AND NOT EXISTS (SELECT 1 FROM pg_dist_partition
                       WHERE logicalrelid = to_regclass(name)
                         AND (partmethod <> 'n' OR repmodel = 't'))
     ORDER BY position`,
    [names],
  )
  return rows.map(({ name }) => name)
}

/** Existing rows move along. Writers wait until it is done. */
async function distributeTables(
  client: pg.Client,
  tables: readonly string[],
  onStep: (step: string) => void,
): Promise<void> {
  const { reference, distributed } = TOPOLOGIES.citus
  // Tables that refer to each other are moved in one transaction, over one connection per server.
  await client.query("SET LOCAL citus.multi_shard_modify_mode TO 'sequential'")
  for (const table of reference) {
    if (!tables.includes(table)) continue
    onStep(`a copy of ${table} on every server`)
    await client.query('SELECT create_reference_table($1)', [table])
  }
  for (const { table, column, colocatedWith } of distributed) {
    if (!tables.includes(table)) continue
    onStep(`${table} distributed by ${column}`)
    await client.query('SELECT create_distributed_table($1, $2, colocate_with => $3)', [
      table,
      column,
      colocatedWith ?? 'none',
    ])
    // The rows have been copied to the other servers, and would only fill the disk here.
    await client.query('SELECT truncate_local_data_after_distributing_table($1::regclass)', [table])
  }
}
