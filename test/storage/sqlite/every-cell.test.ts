/** Every cell of a SQLite store, changed by hand. */

import { type LoggedAct, logAct } from '../../../src/storage/acts.ts'
import { acceptRows } from '../../../src/storage/audit/accept.ts'
import { runAudit } from '../../../src/storage/audit/audit.ts'
import { runRepair } from '../../../src/storage/audit/repair.ts'
import { auditOperations, changingEngine } from '../../../src/storage/sqlite/audit.ts'
import { Connection } from '../../../src/storage/sqlite/connection.ts'
import { type Column, describeEveryCell } from '../../support/every-cell.ts'
import { makeRichStore } from '../../support/rich-store.ts'
import { openTempStore } from '../../support/temp-store.ts'
import { share } from '../../support/volume.ts'

const TYPES: Readonly<Record<string, Column['type']>> = {
  INTEGER: 'integer',
  TEXT: 'text',
  BLOB: 'bytes',
  ANY: 'setting',
}

const SELECT_COLUMNS = `
  SELECT s.name AS "table", c.name, c.type
  FROM sqlite_schema AS s, pragma_table_info(s.name) AS c
  WHERE s.type = 'table' AND s.name NOT LIKE 'sqlite_%'`

const SELECT_KEY = 'SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk'

describeEveryCell('SQLite', async () => {
  const temp = await openTempStore('sqlite')
  await makeRichStore(temp.store)
  await temp.store.close()
  const connection = new Connection(temp.url.slice('sqlite:'.length), { role: 'reader' })
  const { db } = connection
  db.exec('PRAGMA foreign_keys = OFF')
  // Triggers are only heard while a repair writes its act.
  const { checksums } = connection
  checksums.listen()
  checksums.ignoreChanges(true)
  // The looks, and a repair, are inside the transaction of the change.
  const operations = {
    ...auditOperations,
    firstLook: auditOperations.look,
    endLook: () => {},
    beginChange: () => {},
    endChange: (_: Connection, act: LoggedAct | null) => {
      checksums.ignoreChanges(false)
      connection.take(logAct(act))
      checksums.end()
      checksums.ignoreChanges(true)
    },
    abandonChange: () => {},
  }
  const engine = changingEngine(async (name, ...values) => {
    const operation = operations[name] as (c: Connection, ...values: unknown[]) => never
    return operation(connection, ...values)
  })
  return {
    columns: async () =>
      db
        .prepare(SELECT_COLUMNS)
        .all()
        .map(({ table, name, type }) => ({
          table: table as string,
          name: name as string,
          type: TYPES[type as string]!,
        })),
    keyOf: async (table) =>
      db
        .prepare(SELECT_KEY)
        .all(table)
        .map(({ name }) => name)
        .join(', '),
    otherSetting: `CASE typeof(value) WHEN 'integer' THEN value + 3600 ELSE zeroblob(32) END`,
    otherBytes: (column) => `CAST(${column} || 'x' AS BLOB)`,
    columnsEach: share(6, 1),
    isThorough: false,
    begin: async () => {
      db.exec('BEGIN')
      // Somebody who changes rows by hand does not stop at a trigger.
      db.exec('DROP TRIGGER act_is_not_changed; DROP TRIGGER act_is_not_deleted')
    },
    change: async (text) => {
      const change = text.replace(/^UPDATE /, 'UPDATE OR IGNORE ')
      return Number(db.prepare(change).run().changes)
    },
    audit: () => runAudit(engine),
    repair: () => runRepair(engine),
    accept: () => acceptRows(engine, { reason: 'a test', since: null, ledgerOnly: false }),
    rows: async (table) =>
      connection
        .prepareBigints(`SELECT * FROM ${table}`)
        .all()
        .map((row) => Object.values(row).join(' | '))
        .sort(),
    rollback: async () => db.exec('ROLLBACK'),
    close: async () => {
      connection.close()
      await temp.dispose()
    },
  }
})
