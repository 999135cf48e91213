/** A store from before imports could be taken back: what it needs for that is made when it is upgraded. */
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { openStore } from '../../src/storage/open-store.ts'
import { undo as undoOfPostgres } from '../../src/storage/postgres/migrations/0004-undo.ts'
import { undo as undoOfSqlite } from '../../src/storage/sqlite/migrations/0006-undo.ts'
import { postgresEngine } from '../contract/postgres-engine.ts'
import { execute, plainUrl, schemaOf, takeChecksumsAnew } from '../support/postgres-schema.ts'
import { stopServerAtEnd } from '../support/postgres-server.ts'
import { openTempStore } from '../support/temp-store.ts'
import { assertUndoAfterUpgrade } from './undo-after-upgrade.ts'

/** Takes out what the upgrade brings, without what it makes of the rows. */
const DOWNGRADE = `
  DROP TABLE import_bucket;
  ALTER TABLE import DROP COLUMN undone_at;
  ALTER TABLE import DROP COLUMN rereading;
  ALTER TABLE quarantine_delivery DROP COLUMN record;
  UPDATE ledger SET stated = stated & 7;
  UPDATE ledger_history SET stated = stated & 7;`

describe('a store from before imports could be taken back', () => {
  it('takes them back after its upgrade, on SQLite', async (t) => {
    const engine = {
      name: 'SQLite',
      open: () => openTempStore('sqlite'),
      reopen: openStore,
      corrupt: async () => {},
    }
    await assertUndoAfterUpgrade(t, engine, async (url) => {
      const database = new DatabaseSync(url.slice('sqlite:'.length))
      database.exec(DOWNGRADE)
      database.exec(undoOfSqlite)
      database.close()
    })
  })

  it('takes them back after its upgrade, on PostgreSQL', async (t) => {
    await assertUndoAfterUpgrade(t, postgresEngine('PostgreSQL', 'postgres'), async (url) => {
      const path = `SET search_path TO ${schemaOf(url)};`
      await execute(plainUrl(url), path + DOWNGRADE + undoOfPostgres)
      await takeChecksumsAnew(url)
    })
  })
})

stopServerAtEnd()
