/** What PostgreSQL makes of a database from before feeds knew how far they are complete. */
import { describe, it } from 'node:test'
import { openStore } from '../../src/storage/open-store.ts'
import { parsePostgresUrl } from '../../src/storage/postgres/database-url.ts'
import { completeness } from '../../src/storage/postgres/migrations/0003-completeness.ts'
import { MIGRATIONS } from '../../src/storage/postgres/migrations/migrations.ts'
import { migrateSchema } from '../../src/storage/postgres/schema.ts'
import { assertUpgraded, ROWS_BEFORE } from '../support/before-completeness.ts'
import { execute, newSchema, plainUrl, schemaOf } from '../support/postgres-schema.ts'
import { stopServerAtEnd } from '../support/postgres-server.ts'

stopServerAtEnd()

describe('a database from before', () => {
  it('has what its finished imports say', async (t) => {
    const { url, remove } = await newSchema('postgres')
    t.after(remove)
    const steps = MIGRATIONS.slice(0, MIGRATIONS.indexOf(completeness))
    await execute(
      plainUrl(url),
      `CREATE SCHEMA ${schemaOf(url)}`,
      `SET search_path = ${schemaOf(url)}`,
      'CREATE TABLE simtally_schema (version integer NOT NULL)',
      `INSERT INTO simtally_schema (version) VALUES (${steps.length})`,
      ...steps,
      ROWS_BEFORE,
      `INSERT INTO setting (name, value) VALUES ('signing_key', '${'5a'.repeat(32)}')`,
    )
    await migrateSchema(parsePostgresUrl(url))
    const store = await openStore(url)
    t.after(() => store.close())
    await assertUpgraded(store)
  })
})
