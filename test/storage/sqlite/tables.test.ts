/**
 * The shared list of tables matches SQLite's schema, so that no table or column stays behind in a move.
 */
import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { type ColumnKind, TABLES, type Table } from '../../../src/storage/tables.ts'
import { openTempStore } from '../../support/temp-store.ts'

const KINDS: Readonly<Record<string, readonly ColumnKind[]>> = {
  INTEGER: ['integer', 'sum'],
  TEXT: ['text'],
  BLOB: ['bytes'],
  ANY: ['setting'],
}

/** What does not move: each engine makes its own monthly totals and checksums, and sign-ins end. */
const OF_THIS_STORE_ONLY = ['sim_month', 'checksum', 'console_session', 'console_link']

describe('the list of tables, on SQLite', () => {
  it('names every table with all its columns, their kinds and its key', async (t) => {
    const temp = await openTempStore('sqlite')
    t.after(() => temp.dispose())
    const db = new DatabaseSync(temp.url.slice('sqlite:'.length), { readOnly: true })
    t.after(() => db.close())
    const found = db
      .prepare(
        `SELECT name, sql FROM sqlite_schema
         WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT IN (${OF_THIS_STORE_ONLY.map(() => '?').join(', ')})`,
      )
      .all(...OF_THIS_STORE_ONLY) as { name: string; sql: string }[]
    assert.deepEqual(found.map(({ name }) => name).sort(), TABLES.map(({ name }) => name).sort())
    const seen: string[] = []
    for (const table of TABLES as readonly Table[]) {
      const columns = db
        .prepare('SELECT name, type, pk FROM pragma_table_info(?)')
        .all(table.name) as { name: string; type: string; pk: number }[]
      assert.deepEqual(columns.map(({ name }) => name).sort(), Object.keys(table.columns).sort())
      for (const { name, type } of columns) {
        assert.ok(KINDS[type]?.includes(table.columns[name]!), `${table.name}.${name} is ${type}`)
      }
      const key = columns.filter(({ pk }) => pk > 0).sort((a, b) => a.pk - b.pk)
      assert.deepEqual(
        key.map(({ name }) => name),
        table.key,
        table.name,
      )
      const { sql } = found.find(({ name }) => name === table.name)!
      assert.equal(/\bAUTOINCREMENT\b/.test(sql), table.givesIds, table.name)
      const referred = db.prepare('SELECT "table" AS name FROM pragma_foreign_key_list(?)')
      for (const { name } of referred.all(table.name) as { name: string }[]) {
        assert.ok(seen.includes(name), `${table.name} refers to ${name}, which has to come first`)
      }
      seen.push(table.name)
    }
  })
})
