/**
 * The shared list of tables matches PostgreSQL's schema, so that no table or column stays behind in a
 * move.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type ColumnKind, TABLES, type Table } from '../../../src/storage/tables.ts'
import { execute, plainUrl, schemaOf } from '../../support/postgres-schema.ts'
import { stopServerAtEnd } from '../../support/postgres-server.ts'
import { openTempStore } from '../../support/temp-store.ts'

stopServerAtEnd()

const KINDS: Readonly<Record<string, readonly ColumnKind[]>> = {
  bigint: ['integer', 'sum'],
  integer: ['integer'],
  smallint: ['integer'],
  text: ['text', 'setting'],
  bytea: ['bytes'],
}

/**
 * The schema version, marks by which one server knows its own commits, checksums, which each engine makes
 * itself, and console sessions, which end with a move.
 */
const OF_NO_STORE = [
  ...['simtally_schema', 'commit_mark', 'checksum', 'checksum_change'],
  ...['console_session', 'console_link'],
]

describe('the list of tables, on PostgreSQL', () => {
  it('names every table with all its columns, their kinds and its key', async (t) => {
    const temp = await openTempStore('postgres')
    t.after(() => temp.dispose())
    const schema = schemaOf(temp.url)
    const ask = async <Row>(text: string) =>
      (await execute(plainUrl(temp.url), `SET search_path = ${schema}`, text))[1]!.rows as Row[]
    const found = await ask<{ name: string }>(
      `SELECT relname AS name FROM pg_class
       WHERE relnamespace = '${schema}'::regnamespace AND relkind IN ('r', 'p')
         AND NOT relispartition AND relname <> ALL ('{${OF_NO_STORE.join()}}')`,
    )
    assert.deepEqual(found.map(({ name }) => name).sort(), TABLES.map(({ name }) => name).sort())
    const seen: string[] = []
    for (const table of TABLES as readonly Table[]) {
      const columns = await ask<{ name: string; type: string; is_identity: string }>(
        `SELECT column_name AS name, data_type AS type, is_identity
         FROM information_schema.columns
         WHERE table_schema = '${schema}' AND table_name = '${table.name}'`,
      )
      assert.deepEqual(columns.map(({ name }) => name).sort(), Object.keys(table.columns).sort())
      for (const { name, type } of columns) {
        assert.ok(KINDS[type]?.includes(table.columns[name]!), `${table.name}.${name} is ${type}`)
      }
      const key = await ask<{ name: string }>(
        `SELECT attname AS name
         FROM pg_index, unnest(indkey[0:indnkeyatts - 1]) WITH ORDINALITY AS part (number, position)
         JOIN pg_attribute ON attnum = number
         WHERE indrelid = '${table.name}'::regclass AND indisprimary AND attrelid = indrelid
         ORDER BY position`,
      )
      assert.deepEqual(
        key.map(({ name }) => name),
        table.key,
        table.name,
      )
      const givesIds = columns.some(({ is_identity }) => is_identity === 'YES')
      assert.equal(givesIds, table.givesIds, table.name)
      const referred = await ask<{ name: string }>(
        `SELECT confrelid::regclass::text AS name FROM pg_constraint
         WHERE contype = 'f' AND conrelid = '${table.name}'::regclass`,
      )
      for (const { name } of referred) {
        assert.ok(seen.includes(name), `${table.name} refers to ${name}, which has to come first`)
      }
      seen.push(table.name)
    }
  })
})
