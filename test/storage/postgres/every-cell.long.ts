/** Every cell of a PostgreSQL store, changed by hand. */
import pg from 'pg'
import { SOMEBODY } from '../../../src/domain/act.ts'
import { logAct } from '../../../src/storage/acts.ts'
import { acceptRows } from '../../../src/storage/audit/accept.ts'
import type { ChangingEngine } from '../../../src/storage/audit/engine.ts'
import { runRepair } from '../../../src/storage/audit/repair.ts'
import {
  audit,
  changeIn,
  changingEngine,
  type OnOneState,
} from '../../../src/storage/postgres/audit.ts'
import { PostgresSession } from '../../../src/storage/postgres/session.ts'
import { TOPOLOGIES } from '../../../src/storage/postgres/topology.ts'
import { type Column, describeEveryCell } from '../../support/every-cell.ts'
import { plainUrl, schemaOf } from '../../support/postgres-schema.ts'
import { stopServerAtEnd } from '../../support/postgres-server.ts'
import { makeRichStore } from '../../support/rich-store.ts'
import { openTempStore } from '../../support/temp-store.ts'

stopServerAtEnd()

const SELECT_COLUMNS = `
  SELECT c.relname AS table, a.attname AS name,
         CASE WHEN c.relname = 'setting' AND a.attname = 'value' THEN 'setting'
              WHEN t.typname IN ('int2', 'int4', 'int8') THEN 'integer'
              WHEN t.typname = 'bytea' THEN 'bytes' ELSE 'text' END AS type
  FROM pg_class AS c
  JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_type AS t ON t.oid = a.atttypid
  WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
    AND NOT c.relispartition
  ORDER BY c.relname, a.attnum`

process.env.SIMTALLY_TEST_VOLUME = 'whole'

describeEveryCell('PostgreSQL', async () => {
  const temp = await openTempStore('postgres')
  await makeRichStore(temp.store)
  await temp.store.close()
  const client = new pg.Client({ connectionString: plainUrl(temp.url) })
  await client.connect()
  // Without its foreign keys, which an administrator may turn off.
  await client.query(
    `SET search_path TO ${schemaOf(temp.url)}; SET session_replication_role = replica`,
  )
  const session = new PostgresSession(client, schemaOf(temp.url))
  /** Recovers the transaction after a failed look, as a separate transaction would. */
  const within = async <T>(work: () => Promise<T>): Promise<T> => {
    await client.query('SAVEPOINT look')
    try {
      return await work()
    } catch (error) {
      await client.query('ROLLBACK TO SAVEPOINT look')
      throw error
    }
  }
  const onOneState: OnOneState = (work) => within(() => work(session))
  const role = (name: string) => client.query(`SET session_replication_role = ${name}`)
  // Inside the transaction of the change; triggers only hear of what is logged.
  const engine: ChangingEngine = {
    ...changingEngine({ look: onOneState, alone: onOneState }, TOPOLOGIES.plain, SOMEBODY),
    change: (work, actOf) =>
      changeIn(session, TOPOLOGIES.plain, work, async (result) => {
        await role('origin')
        await session.take(logAct(actOf(result)))
        await role('replica')
      }),
  }
  return {
    columns: async () => (await client.query<Column>(SELECT_COLUMNS)).rows,
    keyOf: async () => 'tableoid, ctid',
    otherSetting: `CASE WHEN value ~ '^-?[0-9]+$' THEN (value::bigint + 3600)::text
                        ELSE repeat('00', 32) END`,
    otherBytes: (column) => `${column} || '\\x00'::bytea`,
    columnsEach: 1,
    isThorough: true,
    begin: async () => {
      // Somebody who changes rows by hand does not stop at a trigger.
      await client.query('BEGIN; DROP TRIGGER act_is_kept ON act')
    },
    change: async (text) =>
      within(async () => (await client.query(text)).rowCount ?? 0).catch((error: unknown) => {
        if (error instanceof pg.DatabaseError) return 0
        throw error
      }),
    repair: () => runRepair(engine),
    accept: () => acceptRows(engine, { reason: 'a test', since: null, ledgerOnly: false }),
    rows: async (table) =>
      (await client.query(`SELECT * FROM ${table}`)).rows.map((row) => JSON.stringify(row)).sort(),
    audit: async () => audit((work) => within(() => work(session)), TOPOLOGIES.plain),
    rollback: async () => void (await client.query('ROLLBACK')),
    close: async () => {
      await client.end()
      await temp.dispose()
    },
  }
})
