/** Records that wait instead of being counted: kept once, and listed for each delivery. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type KeptRecord, NO_VERDICTS } from '../../src/domain/import.ts'
import { aBatch, aFeed, anImportStart, aQuarantinedRecord, NOW } from '../support/builders.ts'
import { type Engine, openLedger } from './engine.ts'

export function describeQuarantine(engine: Engine): void {
  describe('quarantine', () => {
    it('returns a record as it was delivered, byte by byte', async (t) => {
      const { store, append, importId, feed } = await openLedger(t, engine)
      const raw = Uint8Array.of(0, 0xff, 0xc3, 0x28, 10, 34)
      const record = aQuarantinedRecord('x', {
        line: 17,
        reason: 'unreadable',
        detail: 'line 17 is not UTF-8',
        field: null,
        raw,
      })
      await append([], { quarantined: [record], knownAt: NOW + 5 })
      const entries = await store.listQuarantine({ importId }, { limit: 9 })
      const { id, raw: kept, ...entry } = entries[0]!
      assert.ok(Number.isSafeInteger(id))
      assert.deepEqual(Buffer.from(kept), Buffer.from(raw))
      assert.deepEqual(entry, {
        importId,
        feedName: feed.name,
        line: 17,
        reason: 'unreadable',
        detail: 'line 17 is not UTF-8',
        field: null,
        rawHash: record.rawHash,
        record: null,
        seenAt: NOW + 5,
      })
    })

    it('keeps what a record stated, separately for each delivery', async (t) => {
      const { store, append, importId } = await openLedger(t, engine)
      const said = (sim: string): KeptRecord => ({
        ...{ recordId: 'ñ"🚚', sim, occurredAt: NOW, plmn: null, country: null, zone: 'home' },
        ...{ upload: 2 ** 53 - 1, download: 0, toSim: 1, fromSim: 0, reading: { is32Bit: true } },
      })
      const [one, two] = ['one', 'two'].map((sim, i) =>
        aQuarantinedRecord('same text', { line: i + 1, record: said(sim) }),
      )
      await append([], { quarantined: [one!, two!] })
      const entries = await store.listQuarantine({ importId }, { limit: 9 })
      assert.deepEqual(
        entries.map(({ record }) => record),
        [said('one'), said('two')],
      )
    })

    it('counts a record each time, and lists it for each delivery', async (t) => {
      const { store, append, importId, feed } = await openLedger(t, engine)
      const record = aQuarantinedRecord('unknown', { line: 3 })
      await append([], { quarantined: [record] })
      const { id: secondId } = await store.beginImport(anImportStart(feed))
      const second = { ...record, line: 8 }
      const { counts } = await store.append(
        aBatch({ importId: secondId, feed, quarantined: [second], knownAt: NOW + 60 }),
      )
      assert.deepEqual(counts, { ...NO_VERDICTS, quarantined: 1 })
      const entries = await store.listQuarantine({}, { limit: 9 })
      assert.deepEqual(
        entries.map((entry) => [entry.importId, entry.line, entry.seenAt]),
        [
          [importId, 3, NOW],
          [secondId, 8, NOW + 60],
        ],
      )
      assert.deepEqual(await store.listQuarantine({ importId: secondId }, { limit: 9 }), [
        entries[1],
      ])
    })

    it('keeps the same text with another reason beside the first', async (t) => {
      const { store, append } = await openLedger(t, engine)
      await append([], { quarantined: [aQuarantinedRecord('a', { reason: 'unknown_sim' })] })
      await append([], { quarantined: [aQuarantinedRecord('a', { reason: 'future' })] })
      const entries = await store.listQuarantine({}, { limit: 9 })
      assert.deepEqual(
        entries.map(({ reason }) => reason),
        ['unknown_sim', 'future'],
      )
    })

    it('lists in order of arrival, by import or by feed, page by page', async (t) => {
      const { store, append, feed, importId } = await openLedger(t, engine)
      const texts = ['c', 'a', 'b']
      await append([], { quarantined: texts.map((text) => aQuarantinedRecord(text)) })
      const other = await store.createFeed(aFeed())
      const { id: otherId } = await store.beginImport(anImportStart(other))
      const quarantined = [aQuarantinedRecord('d')]
      await store.append(aBatch({ importId: otherId, feed: other, quarantined }))
      await append([], { quarantined: [aQuarantinedRecord('e')] })

      type Filter = Parameters<typeof store.listQuarantine>[0]
      const list = async (filter: Filter, page: { limit: number; afterId?: number }) =>
        (await store.listQuarantine(filter, page)).map(({ raw }) => Buffer.from(raw).toString())
      assert.deepEqual(await list({}, { limit: 9 }), ['c', 'a', 'b', 'd', 'e'])
      assert.deepEqual(await list({ importId }, { limit: 9 }), ['c', 'a', 'b', 'e'])
      assert.deepEqual(await list({ feedId: other.id }, { limit: 9 }), ['d'])
      assert.deepEqual(await list({ feedId: feed.id, importId: otherId }, { limit: 9 }), [])
      const first = await store.listQuarantine({ importId }, { limit: 2 })
      const afterId = first.at(-1)!.id
      assert.deepEqual(await list({ importId }, { limit: 2, afterId }), ['b', 'e'])
    })
  })
}
