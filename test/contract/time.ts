/**
 * What a store knows about the time: from its usage, its deliveries' stamps, and the time seen to pass.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NO_VERDICTS } from '../../src/domain/import.ts'
import { anImportStart, instant, NOW } from '../support/builders.ts'
import { type Engine, openEmpty, openLedger, reopen } from './engine.ts'

const DAY = 86_400

export function describeTime(engine: Engine): void {
  describe('the time of a store', () => {
    it('is unknown for an empty one', async (t) => {
      const { store } = await openEmpty(t, engine)
      const { serverAt: _, ...known } = await store.readTime()
      const confirmed = { newestUsageAt: null, provenAt: null, purgedThrough: null }
      assert.deepEqual(known, { ...confirmed, newestStampAt: null })
      assert.deepEqual(await store.readConfirmedTime(), confirmed)
    })

    it('is the newest day of usage, the newest stamp that was not undone, and the limit', async (t) => {
      const { store, feed, importId, ...ledger } = await openLedger(t, engine)
      await ledger.append([
        ledger.event({ at: '2026-03-14T23:59:59Z', recordId: 'a' }),
        ledger.event({ at: '2024-01-01T00:00:00Z', recordId: 'b' }),
      ])
      const end = { status: 'done', checksum: 'aa', error: null } as const
      await store.finishImport(importId, { ...end, finishedAt: NOW + 60 })
      const wrong = await store.beginImport(anImportStart(feed, { startedAt: NOW + 700 * DAY }))
      assert.equal((await store.readTime()).newestStampAt, NOW + 700 * DAY)
      await store.undoImport(wrong.id, NOW)
      const before = instant('2024-06-01T00:00:00Z')
      await store.purge({ before, rowsMax: 100, dryRun: false })
      const { serverAt: _, ...known } = await store.readTime()
      const confirmed = {
        newestUsageAt: instant('2026-03-14T00:00:00Z'),
        provenAt: null,
        purgedThrough: before,
      }
      assert.deepEqual(known, { ...confirmed, newestStampAt: NOW + 60 })
      assert.deepEqual(await store.readConfirmedTime(), confirmed)
      assert.deepEqual((await store.findImport(importId))!.counts, { ...NO_VERDICTS, accepted: 2 })
    })

    it('is corrected if a clock that was ahead has stamped deliveries', async (t) => {
      const { store, feed, importId, assertAuditClean } = await openLedger(t, engine)
      const ahead = NOW + 700 * DAY
      const end = { status: 'done', checksum: 'aa', error: null } as const
      await store.finishImport(importId, { ...end, finishedAt: NOW })
      const known = await store.listFeedProgress()
      const wrong = await store.beginImport(anImportStart(feed, { startedAt: ahead }))
      await store.finishImport(wrong.id, { ...end, finishedAt: ahead })
      assert.notDeepEqual(await store.listFeedProgress(), known)
      assert.equal(await store.trustClock(NOW), 1)
      assert.deepEqual(await store.listFeedProgress(), known)
      assert.equal((await store.readTime()).newestStampAt, NOW)
      assert.equal(await store.trustClock(NOW), 0)
      const [act] = await store.listActs({ objectKind: 'store' }, { limit: 9 })
      assert.equal(act!.verb, 'trust clock')
      await assertAuditClean()
    })

    it('keeps the latest instant seen, for every process', async (t) => {
      const { store, url } = await openEmpty(t, engine)
      for (const at of [NOW, NOW + DAY, NOW - DAY]) await store.proveTime(at)
      const other = await reopen(t, engine, url)
      assert.equal((await other.readTime()).provenAt, NOW + DAY)
      assert.equal((await other.readConfirmedTime()).provenAt, NOW + DAY)
    })
  })
}
