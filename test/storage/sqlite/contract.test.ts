/** SQLite keeps the promises of the port. What only SQLite does is in the files beside this one. */
import { DatabaseSync } from 'node:sqlite'
import { openStore } from '../../../src/storage/open-store.ts'
import type { DerivedTable } from '../../contract/engine.ts'
import { describeUsageStore } from '../../contract/usage-store.ts'
import { newPlace, openTempStore } from '../../support/temp-store.ts'

const TABLE_NAMES: Record<DerivedTable, string> = {
  'account hour': 'account_hour',
  'account day': 'account_day',
  'sim day': 'sim_day',
}

async function corrupt(url: string, table: DerivedTable): Promise<void> {
  const db = new DatabaseSync(url.slice('sqlite:'.length))
  const { changes } = db.prepare(`UPDATE ${TABLE_NAMES[table]} SET upload = upload + 1`).run()
  db.close()
  if (changes !== 1) throw new Error(`${changes} cells of ${table} were changed, expected one`)
}

describeUsageStore({
  name: 'SQLite',
  open: () => openTempStore('sqlite'),
  make: () => openTempStore('sqlite', (dir) => newPlace('sqlite', dir)),
  reopen: openStore,
  corrupt,
})
