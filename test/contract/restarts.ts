/** Restarts announced by sources, and the series that have continued after one. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ReadingTraits } from '../../src/domain/usage-event.ts'
import { aBatch, aFeed, anImportStart, instant, NOW } from '../support/builders.ts'
import { type Engine, openLedger } from './engine.ts'

const FROM = instant('2026-03-08T00:00:00Z')

export function describeRestarts(engine: Engine): void {
  describe('restarts', () => {
    it('are those last noted by imports that were not undone', async (t) => {
      const { store, feed, account } = await openLedger(t, engine)
      const restart = (at: number, seriesPrefix = 'gw/') => ({ seriesPrefix, at })
      const begin = async (accountId: number | null) =>
        (await store.beginImport({ ...anImportStart(feed), accountId })).id
      const [ours, theirs] = [await begin(null), await begin(account.id)]
      assert.deepEqual(await store.listRestarts(feed.id), [])
      await store.noteRestarts(ours, [restart(1)])
      await store.noteRestarts(ours, [restart(1), restart(2, '\'ü\\/"/')])
      await store.noteRestarts(theirs, [restart(3)])
      const listed = await store.listRestarts(feed.id)
      assert.deepEqual(
        listed.sort((a, b) => a.at - b.at),
        [
          { ...restart(1), accountId: null },
          { ...restart(2, '\'ü\\/"/'), accountId: null },
          { ...restart(3), accountId: account.id },
        ],
      )
      assert.deepEqual(await store.listRestarts((await store.createFeed(aFeed())).id), [])
      await store.undoImport(ours, NOW)
      assert.deepEqual(await store.listRestarts(feed.id), [
        { ...restart(3), accountId: account.id },
      ])
    })

    it('are missing in series whose first reading in a range is not a start', async (t) => {
      const ledger = await openLedger(t, engine)
      const { store, feed, account, sim } = ledger
      const reading = (recordId: string, at: number, traits: Partial<ReadingTraits> = {}) => {
        const event = { recordId, occurredAt: FROM + at, upload: at }
        return ledger.event({ ...event, reading: { is32Bit: false, ...traits } })
      }
      const start = { isStart: true, resets: 'start' } as const
      await ledger.append([
        ...[reading('gw/before', 9), reading('gw/at', 10), reading('gw/last', 20)],
        ...[reading('gw/started', 11, start), reading('gw/started', 12)],
        ...[reading('gw/late', 11), reading('gw/late', 12, start), reading('gw/after', 21)],
        ...[reading('gw', 11), reading('GW/x', 11), reading('gw2/x', 11)],
        { ...reading('gw/usage', 11), reading: null },
      ])
      const { id: importId } = await store.beginImport(
        anImportStart(await store.createFeed(aFeed())),
      )
      const elsewhere = { feed: { id: feed.id + 1, onConflict: 'max' } as const, importId }
      await store.append(aBatch({ ...elsewhere, events: [reading('gw/elsewhere', 11)] }))
      const filter = { feedId: feed.id, accountId: null, recordIdPrefix: 'gw/' }
      const range = { from: FROM + 10, until: FROM + 20 }
      const places = ['gw/at', 'gw/last', 'gw/late'].map((recordId) => ({
        ...{ simId: sim.id, accountId: account.id, recordId },
      }))
      const list = (
        page: Parameters<typeof store.listSeries>[1],
        accountId: number | null = null,
      ) => store.listSeries({ ...filter, ...range, accountId }, page)
      assert.deepEqual(await list({ limit: 10 }), places)
      assert.deepEqual(await list({ limit: 2 }), places.slice(0, 2))
      assert.deepEqual(await list({ limit: 2, after: places[1]! }), places.slice(2))
      assert.deepEqual(await list({ limit: 10 }, account.id), places)
      assert.deepEqual(await list({ limit: 10 }, account.id + 1), [])
    })
  })
}
