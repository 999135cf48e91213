/** Dumps of released versions: restored and migrated, they answer as the store in a file did. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { migrateStore, openStore } from '../../../src/storage/open-store.ts'
import { NOW } from '../../support/builders.ts'
import {
  answersOf,
  assertAnswersStill,
  assertKnownNumbers,
  assertPartsByPlace,
  keptAnswers,
  keptFile,
  keptVersions,
  TO_TAP3,
} from '../../support/kept-store.ts'
import { execute, newDatabase, plainUrl } from '../../support/postgres-schema.ts'
import { stopServerAtEnd } from '../../support/postgres-server.ts'
import { newStore } from '../../support/postgres-stores.ts'

stopServerAtEnd()

/** A dump leaves the search path empty. */
const TO_TAP3_THERE = TO_TAP3.replace('feed', 'public.feed')

/** For every table except the partitions, which come with usage. */
async function columnsOf(url: string): Promise<unknown[]> {
  const [found] = await execute(
    plainUrl(url),
    `SELECT table_name, column_name, data_type, is_nullable
     FROM information_schema.columns JOIN pg_class ON oid = ('public.' || table_name)::regclass
     WHERE table_schema = 'public' AND NOT relispartition
     ORDER BY table_name, column_name`,
  )
  return found!.rows
}

describe('a dump of a store of', () => {
  for (const version of keptVersions()) {
    it(`${version} answers as it did, undoes a delivery and counts it again`, async (t) => {
      const place = await newDatabase()
      t.after(() => place.remove())
      await execute(
        plainUrl(place.url),
        'DROP SCHEMA public',
        String(keptFile(version, 'postgres.sql')),
      )
      const { from, to } = await migrateStore(place.url)
      assert.ok(from >= 1 && from <= to, `${from} to ${to}`)
      const fresh = await newStore()
      t.after(() => fresh.remove())
      assert.deepEqual(await columnsOf(place.url), await columnsOf(fresh.url))
      const store = await openStore(place.url, { serverClock: () => NOW })
      t.after(() => store.close())
      const answers = await answersOf(store)
      assertKnownNumbers(answers)
      assertAnswersStill(answers, keptAnswers(version))
    })
  }

  it('1.0.0-rc.1 still tells parts of TAP3 by their place', async (t) => {
    const place = await newDatabase()
    t.after(() => place.remove())
    const dump = String(keptFile('1.0.0-rc.1', 'postgres.sql'))
    await execute(plainUrl(place.url), 'DROP SCHEMA public', dump, TO_TAP3_THERE)
    await migrateStore(place.url)
    const store = await openStore(place.url, { serverClock: () => NOW })
    t.after(() => store.close())
    await assertPartsByPlace(store)
  })
})
