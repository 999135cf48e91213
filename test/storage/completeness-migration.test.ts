/** What SQLite makes of a database from before feeds knew how far they are complete. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { openStore } from '../../src/storage/open-store.ts'
import { completeness } from '../../src/storage/sqlite/migrations/0005-completeness.ts'
import { MIGRATIONS } from '../../src/storage/sqlite/migrations/migrations.ts'
import { assertUpgraded, ROWS_BEFORE } from '../support/before-completeness.ts'

describe('a database from before', () => {
  it('has what its finished imports say', async (t) => {
    const dir = await mkdtemp(join(tmpdir(), 'simtally-test-'))
    t.after(() => rm(dir, { recursive: true, force: true }))
    const path = join(dir, 'simtally.db')
    const db = new DatabaseSync(path)
    const steps = MIGRATIONS.slice(0, MIGRATIONS.indexOf(completeness))
    for (const step of steps) db.exec(step)
    db.exec(`PRAGMA application_id = ${0x536d546c}; PRAGMA user_version = ${steps.length}`)
    db.exec(ROWS_BEFORE)
    db.close()
    const store = await openStore(`sqlite:${path}`)
    t.after(() => store.close())
    await assertUpgraded(store)
  })
})
