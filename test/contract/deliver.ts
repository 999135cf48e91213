/**
 * A delivery of one batch in one transaction: the outcomes of the three steps, and nothing if one fails.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { aBatch, aFeed, anImportStart, aQuarantinedRecord, NOW } from '../support/builders.ts'
import { type Engine, failureOf, openLedger } from './engine.ts'

export function describeDelivering(engine: Engine): void {
  describe('delivering as a whole, if the engine can', () => {
    it('has the result of beginning, appending and finishing', async (t) => {
      const ledger = await openLedger(t, engine)
      const { store } = ledger
      if (store.deliver === undefined) return
      const known = ledger.event({ upload: 5, line: 1 })
      await ledger.append([known])
      const feed = await store.createFeed(aFeed())
      const events = [known, ledger.event({ upload: 7, line: 2 })]
      const content = { events, quarantined: [aQuarantinedRecord('x', { line: 3 })], expired: 4 }
      const end = {
        status: 'done',
        finishedAt: NOW + 1,
        checksum: 'c'.repeat(64),
        error: null,
        facts: { sequence: null, completeThrough: NOW - 60, usageFrom: NOW - 7_200 },
      } as const
      const both = []
      for (const to of [ledger.feed, feed]) {
        const start = anImportStart(to)
        const { importId: _, ...batch } = aBatch({ importId: 0, feed: to, ...content })
        const whole = await store.deliver({ start, batch, end })
        const { id } = await store.beginImport(start)
        const outcome = await store.append({ ...batch, importId: id })
        both.push([whole, { outcome, import: await store.finishImport(id, end) }] as const)
      }
      const [[first, again], [elsewhere]] = both as [(typeof both)[0], (typeof both)[0]]
      const { counts } = first.import
      assert.deepEqual(counts, {
        accepted: 1,
        duplicate: 1,
        replaced: 0,
        quarantined: 1,
        expired: 4,
      })
      assert.deepEqual(first.outcome.counts, counts)
      assert.deepEqual(again.import.counts, { ...counts, accepted: 0, duplicate: 2 })
      const { id: _, counts: __, ...same } = first.import
      const { id, counts: ___, ...other } = again.import
      assert.deepEqual(same, other)
      assert.deepEqual(await store.findImport(first.import.id), first.import)
      assert.equal(elsewhere.import.counts.accepted, 2)
      for (const { completeThrough } of await store.listFeedProgress()) assert.ok(completeThrough)
      assert.ok(id > first.import.id)
      await ledger.assertAuditClean()
    })

    it('leaves nothing if a part of it fails', async (t) => {
      const ledger = await openLedger(t, engine)
      const { store, feed } = ledger
      if (store.deliver === undefined) return
      const before = await store.listImports({}, { limit: 9 })
      const upload = Number.MAX_SAFE_INTEGER
      const events = Array.from({ length: 1_025 }, (_, i) => ledger.event({ upload, line: i + 1 }))
      const { importId: _, ...batch } = aBatch({ importId: 0, feed, events })
      const end = { status: 'done', finishedAt: NOW, checksum: null, error: null } as const
      await failureOf('overflow', store.deliver({ start: anImportStart(feed), batch, end }))
      assert.deepEqual(await store.listImports({}, { limit: 9 }), before)
      assert.deepEqual(await ledger.simUsage(), [])
      await ledger.assertAuditClean()
    })
  })
}
