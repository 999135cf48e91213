/** Programs that copy a file as it changes keep tables of their own in it. */
import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { it } from 'node:test'
import { openStore } from '../../../src/storage/open-store.ts'
import { anAccount } from '../../support/builders.ts'
import { openTempStore } from '../../support/temp-store.ts'

it('Litestream’s tables in a store are its own business, whenever it writes to them', async (t) => {
  const temp = await openTempStore('sqlite')
  t.after(() => temp.dispose())
  await temp.store.close()
  const guest = new DatabaseSync(temp.url.slice('sqlite:'.length))
  t.after(() => guest.close())
  guest.exec(`
    CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER);
    CREATE TABLE _litestream_lock (id INTEGER);
  `)
  const store = await openStore(temp.url)
  t.after(() => store.close())
  await store.createAccount(anAccount())
  guest.exec('INSERT INTO _litestream_seq (id, seq) VALUES (1, 1)')
  await store.createAccount(anAccount())
  assert.deepEqual((await store.audit()).differences, [])
})
