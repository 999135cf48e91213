/** Feeds, and the deliveries to them. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NO_FACTS, NO_VERDICTS } from '../../src/domain/import.ts'
import {
  aFeed,
  anAccount,
  anImportStart,
  aQuarantinedRecord,
  NOW,
  sha256,
} from '../support/builders.ts'
import { type Engine, failureOf, openEmpty, openLedger } from './engine.ts'

export function describeImports(engine: Engine): void {
  describe('feeds', () => {
    it('are found by name, as they were created', async (t) => {
      const { store } = await openEmpty(t, engine)
      const stated = aFeed({
        format: 'ndjson',
        settings: { fields: { sim: 'IC–CID' }, rows: [1, null] },
        onConflict: 'max',
        defaultZone: 'national_roaming',
      })
      const feed = await store.createFeed(stated)
      assert.deepEqual(feed, { id: feed.id, ...stated })
      assert.deepEqual(await store.findFeed(feed.name), feed)
      assert.equal(await store.findFeed(feed.name.toUpperCase()), null)
    })

    it('are all listed', async (t) => {
      const { store } = await openEmpty(t, engine)
      assert.deepEqual(await store.listFeeds(), [])
      const one = await store.createFeed(aFeed({ name: 'b' }))
      const two = await store.createFeed(aFeed({ name: 'a', defaultZone: 'home' }))
      const byId = (await store.listFeeds()).toSorted((a, b) => a.id - b.id)
      assert.deepEqual(byId, [one, two])
    })

    it('do not share a name', async (t) => {
      const { store } = await openEmpty(t, engine)
      const feed = await store.createFeed(aFeed())
      await failureOf('conflict', store.createFeed(aFeed({ name: feed.name, format: 'ndjson' })))
      assert.deepEqual(await store.listFeeds(), [feed])
    })
  })

  describe('imports', () => {
    it('run from their beginning, with nothing counted', async (t) => {
      const { store } = await openEmpty(t, engine)
      const feed = await store.createFeed(aFeed())
      const begun = await store.beginImport(anImportStart(feed, { source: 'märz.csv.gz' }))
      assert.deepEqual(begun, {
        id: begun.id,
        feedId: feed.id,
        feedName: feed.name,
        source: 'märz.csv.gz',
        format: feed.format,
        accountSid: null,
        status: 'running',
        counts: NO_VERDICTS,
        checksum: null,
        error: null,
        facts: NO_FACTS,
        startedAt: NOW,
        finishedAt: null,
      })
      assert.deepEqual(await store.findImport(begun.id), begun)
      assert.equal(await store.findImport(begun.id + 1), null)
    })

    it('name the account that delivers', async (t) => {
      const { store } = await openEmpty(t, engine)
      const account = await store.createAccount(anAccount())
      const feed = await store.createFeed(aFeed())
      const start = anImportStart(feed, { accountId: account.id, source: 'http' })
      assert.equal((await store.beginImport(start)).accountSid, account.sid)
    })

    it('count what became of every record, batch by batch', async (t) => {
      const { store, append, event, importId } = await openLedger(t, engine)
      const same = event({ recordId: 'same', upload: 1 })
      await append([event({}), same], { quarantined: [aQuarantinedRecord('a')], expired: 3 })
      await append([event({}), same, { ...same, upload: 2 }], { expired: 1 })
      assert.deepEqual((await store.findImport(importId))?.counts, {
        accepted: 3,
        duplicate: 1,
        replaced: 0,
        quarantined: 2,
        expired: 4,
      })
    })

    it('end done or failed, and keep what was counted', async (t) => {
      const { store, feed, append, event, importId } = await openLedger(t, engine)
      await append([event({})])
      const end = {
        status: 'done',
        finishedAt: NOW + 9,
        checksum: sha256('x'),
        error: null,
      } as const
      const done = await store.finishImport(importId, end)
      assert.deepEqual(done, { ...done, ...end, counts: { ...NO_VERDICTS, accepted: 1 } })
      assert.deepEqual(await store.findImport(importId), done)

      const { id } = await store.beginImport(anImportStart(feed))
      const broken = { status: 'failed', checksum: null, error: 'cut in line 3' } as const
      const failed = await store.finishImport(id, { ...broken, finishedAt: NOW + 9 })
      assert.deepEqual(failed, { ...failed, ...broken, finishedAt: NOW + 9 })
      assert.deepEqual(await store.findImport(id), failed)
    })

    it('are found by what they have read, when they are done', async (t) => {
      const { store } = await openEmpty(t, engine)
      const feed = await store.createFeed(aFeed())
      const deliver = async (to: typeof feed, end: { status: 'done' | 'failed'; read: string }) => {
        const { id } = await store.beginImport(anImportStart(to))
        const { status, read } = end
        const checksum = sha256(read)
        return store.finishImport(id, { status, checksum, finishedAt: NOW, error: null })
      }
      await deliver(feed, { status: 'done', read: 'a' })
      const newest = await deliver(feed, { status: 'done', read: 'a' })
      await deliver(feed, { status: 'failed', read: 'a' })
      await deliver(feed, { status: 'failed', read: 'b' })
      const other = await store.createFeed(aFeed())
      await deliver(other, { status: 'done', read: 'c' })
      await store.beginImport(anImportStart(feed))
      assert.deepEqual(await store.findImportByChecksum(feed.id, sha256('a')), newest)
      for (const read of ['b', 'c', 'd', '']) {
        assert.equal(await store.findImportByChecksum(feed.id, sha256(read)), null)
      }
    })

    it('are listed newest first, page by page', async (t) => {
      const { store } = await openEmpty(t, engine)
      const feed = await store.createFeed(aFeed())
      assert.deepEqual(await store.listImports({}, { limit: 9 }), [])
      const a = await store.beginImport(anImportStart(feed))
      const b = await store.beginImport(anImportStart(feed))
      const c = await store.beginImport(anImportStart(feed))
      assert.deepEqual(await store.listImports({}, { limit: 2 }), [c, b])
      assert.deepEqual(await store.listImports({}, { limit: 2, beforeId: b.id }), [a])
      assert.deepEqual(await store.listImports({}, { limit: 2, beforeId: a.id }), [])
    })
  })

  describe('imports of an account', () => {
    it('are listed without those of the operator and of other accounts', async (t) => {
      const { store } = await openEmpty(t, engine)
      const feed = await store.createFeed(aFeed())
      const own = await store.createAccount(anAccount())
      const other = await store.createAccount(anAccount())
      await store.beginImport(anImportStart(feed))
      await store.beginImport({ ...anImportStart(feed), accountId: other.id })
      const first = await store.beginImport({ ...anImportStart(feed), accountId: own.id })
      const second = await store.beginImport({ ...anImportStart(feed), accountId: own.id })
      const filter = { accountId: own.id }
      assert.deepEqual(await store.listImports(filter, { limit: 9 }), [second, first])
      assert.deepEqual(await store.listImports(filter, { limit: 9, beforeId: second.id }), [first])
    })
  })
}
