/** What both engines make of a quarantine from before deliverers were told apart. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { openStore } from '../../src/storage/open-store.ts'
import { parsePostgresUrl } from '../../src/storage/postgres/database-url.ts'
import { deliverers as ofPostgres } from '../../src/storage/postgres/migrations/0014-deliverers.ts'
import { MIGRATIONS as POSTGRES_STEPS } from '../../src/storage/postgres/migrations/migrations.ts'
import { migrateSchema } from '../../src/storage/postgres/schema.ts'
import { deliverers as ofSqlite } from '../../src/storage/sqlite/migrations/0016-deliverers.ts'
import { MIGRATIONS as SQLITE_STEPS } from '../../src/storage/sqlite/migrations/migrations.ts'
import { assertDeliverersTold, rowsBeforeDeliverers } from '../support/before-deliverers.ts'
import { execute, newSchema, plainUrl, schemaOf } from '../support/postgres-schema.ts'
import { stopServerAtEnd } from '../support/postgres-server.ts'

stopServerAtEnd()

describe('a quarantine from before', () => {
  it('is told apart by deliverers, on SQLite', async (t) => {
    const dir = await mkdtemp(join(tmpdir(), 'simtally-test-'))
    t.after(() => rm(dir, { recursive: true, force: true }))
    const path = join(dir, 'simtally.db')
    const db = new DatabaseSync(path)
    const steps = SQLITE_STEPS.slice(0, SQLITE_STEPS.indexOf(ofSqlite))
    for (const step of steps) db.exec(step)
    db.exec(`PRAGMA application_id = ${0x536d546c}; PRAGMA user_version = ${steps.length}`)
    db.exec(rowsBeforeDeliverers((hexadecimal) => `x'${hexadecimal}'`))
    db.close()
    const store = await openStore(`sqlite:${path}`)
    t.after(() => store.close())
    await assertDeliverersTold(store)
  })

  it('is told apart by deliverers, on PostgreSQL', async (t) => {
    const { url, remove } = await newSchema('postgres')
    t.after(remove)
    const steps = POSTGRES_STEPS.slice(0, POSTGRES_STEPS.indexOf(ofPostgres))
    await execute(
      plainUrl(url),
      `CREATE SCHEMA ${schemaOf(url)}`,
      `SET search_path = ${schemaOf(url)}`,
      'CREATE TABLE simtally_schema (version integer NOT NULL)',
      `INSERT INTO simtally_schema (version) VALUES (${steps.length})`,
      ...steps,
      rowsBeforeDeliverers((hexadecimal) => `'\\x${hexadecimal}'`),
      `INSERT INTO setting (name, value) VALUES ('signing_key', '${'5a'.repeat(32)}')`,
    )
    await migrateSchema(parsePostgresUrl(url))
    const store = await openStore(url)
    t.after(() => store.close())
    await assertDeliverersTold(store)
  })
})
