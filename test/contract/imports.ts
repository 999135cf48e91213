/** Feeds, and the deliveries to them. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NO_SERIES_COUNTS } from '../../src/domain/counter-series.ts'
import type { Feed } from '../../src/domain/directory.ts'
import { FOLDER_FORGOTTEN_SECONDS } from '../../src/domain/drop-folder.ts'
import { NO_FACTS, NO_VERDICTS, type QuarantinedRecord } from '../../src/domain/import.ts'
import type { UsageEvent } from '../../src/domain/usage-event.ts'
import {
  aBatch,
  aFeed,
  anAccount,
  anImportStart,
  aQuarantinedRecord,
  NOW,
  sha256,
} from '../support/builders.ts'
import { type Engine, failureOf, openEmpty, openLedger } from './engine.ts'

interface Delivered {
  readonly to: Feed
  readonly accountId: number
  readonly status: 'done' | 'failed'
  readonly events: readonly UsageEvent[]
  readonly quarantined: readonly QuarantinedRecord[]
  readonly expired: number
}

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
        series: NO_SERIES_COUNTS,
        checksum: null,
        error: null,
        facts: NO_FACTS,
        startedAt: NOW,
        finishedAt: null,
        undoneAt: null,
        rereading: null,
      })
      assert.deepEqual(await store.findImport(begun.id), begun)
      assert.equal(await store.findImport(begun.id + 1), null)
    })

    it('name the account that delivered', async (t) => {
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

    it('are found by the bytes they have read, if they are done and counted something', async (t) => {
      const ledger = await openLedger(t, engine)
      const { store, feed, account } = ledger
      const event = ledger.event({ recordId: 'r' })
      const event2 = ledger.event({ recordId: 'other' })
      const deliver = async (read: string, given: Partial<Delivered> = {}) => {
        const to = given.to ?? feed
        const start = { ...anImportStart(to), accountId: given.accountId ?? null }
        const { id } = await store.beginImport(start)
        const { status = 'done', events = [event], quarantined = [], expired = 0 } = given
        await store.append(aBatch({ importId: id, feed: to, events, quarantined, expired }))
        const end = { status, checksum: sha256(read), finishedAt: NOW, error: null }
        return store.finishImport(id, end)
      }
      const found = async (read: string) =>
        (await store.findCountedImport(feed.id, sha256(read)))?.id ?? null

      const first = await deliver('a', { events: [event, event2] })
      const again = await deliver('a')
      await deliver('a', { status: 'failed' })
      await deliver('b', { status: 'failed' })
      await deliver('c', { to: await store.createFeed(aFeed()) })
      await deliver('d', { events: [] })
      await deliver('e', { quarantined: [aQuarantinedRecord('x')] })
      await deliver('f', { expired: 1 })
      await deliver('g', { accountId: account.id })
      await store.beginImport(anImportStart(feed))
      assert.equal(await found('a'), again.id)
      for (const read of ['b', 'c', 'd', 'e', 'f', 'g', '']) assert.equal(await found(read), null)

      // What made the second one a duplicate may have gone with any import that was undone.
      const other = await deliver('h', { events: [ledger.event({ recordId: 'new' })] })
      await store.undoImport(other.id, NOW)
      assert.equal(await found('a'), first.id)
      assert.equal(await found('h'), null)
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

  describe('imports of a feed or a status', () => {
    it('are listed separately', async (t) => {
      const { store } = await openEmpty(t, engine)
      const [feed, other] = [await store.createFeed(aFeed()), await store.createFeed(aFeed())]
      const end = { finishedAt: NOW, checksum: null, error: null }
      const deliver = async (to: Feed, status: 'done' | 'failed' | null) => {
        const { id } = await store.beginImport(anImportStart(to))
        if (status !== null) await store.finishImport(id, { ...end, status })
        return id
      }
      const failed = await deliver(feed, 'failed')
      const done = await deliver(feed, 'done')
      const failedToo = await deliver(feed, 'failed')
      const elsewhere = await deliver(other, 'failed')
      const running = await deliver(feed, null)
      const listed = async (filter: Parameters<typeof store.listImports>[0], page = { limit: 9 }) =>
        (await store.listImports(filter, page)).map(({ id }) => id)
      assert.deepEqual(await listed({ status: 'failed' }), [elsewhere, failedToo, failed])
      assert.deepEqual(await listed({ feedId: feed.id, status: 'failed' }), [failedToo, failed])
      assert.deepEqual(await listed({ feedId: other.id }), [elsewhere])
      assert.deepEqual(await listed({ status: 'running' }), [running])
      assert.deepEqual(await listed({ status: 'undone' }), [])
      assert.deepEqual(await listed({ feedId: feed.id, status: 'done' }), [done])
      assert.deepEqual(await listed({ accountId: 1, status: 'failed' }), [])
      const rest = { limit: 1, beforeId: elsewhere }
      assert.deepEqual(await listed({ status: 'failed' }, rest), [failedToo])
    })
  })

  describe('drop folders', () => {
    it('are known as last reported, until nobody reports them any more', async (t) => {
      const { store } = await openEmpty(t, engine)
      assert.deepEqual(await store.listDropFolders(), [])
      const feed = await store.createFeed(aFeed())
      const second = await store.createFeed(aFeed())
      const state = (path: string, of = feed, seenAt = NOW) => ({
        feedId: of.id,
        path,
        waiting: 0,
        waitingSince: null,
        failed: 0,
        leftAlone: 0,
        seenAt,
      })
      await store.noteDropFolder(state('/b'))
      await store.noteDropFolder(state('/a', second))
      await store.noteDropFolder(state('/ä\n'))
      const busy = { ...state('/b'), waiting: 3, waitingSince: NOW - 60, failed: 2, leftAlone: 1 }
      await store.noteDropFolder(busy)
      assert.deepEqual(await store.listDropFolders(), [busy, state('/ä\n'), state('/a', second)])
      const later = NOW + FOLDER_FORGOTTEN_SECONDS + 1
      await store.noteDropFolder(state('/b', feed, later))
      assert.deepEqual(await store.listDropFolders(), [state('/b', feed, later)])
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
