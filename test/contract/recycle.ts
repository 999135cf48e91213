/** Quarantined records that are counted later, as if they had been right the first time. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NO_VERDICTS, type QuarantineEntry } from '../../src/domain/import.ts'
import type { UsageEvent } from '../../src/domain/usage-event.ts'
import type { RecordFault } from '../../src/storage/usage-store.ts'
import {
  AT_HOME,
  aBatch,
  abroad,
  anImportStart,
  aQuarantinedRecord,
  instant,
  NOW,
} from '../support/builders.ts'
import { type Engine, failureOf, type Ledger, openLedger, reopen } from './engine.ts'

const AT = '2026-03-14T10:20:30Z'
const LATER = NOW + 3_600

/** Quarantines one record per text, and returns the entries. */
async function waiting(ledger: Ledger, ...texts: string[]): Promise<QuarantineEntry[]> {
  const quarantined = texts.map((text, i) => aQuarantinedRecord(text, { line: i + 1 }))
  await ledger.append([], { quarantined })
  return ledger.store.listQuarantine({ importId: ledger.importId }, { limit: 100 })
}

interface Looked {
  readonly importId?: number
  readonly events?: readonly { entryId: number; event: UsageEvent }[]
  readonly expired?: readonly number[]
  readonly faults?: readonly { entryId: number; fault: RecordFault }[]
}

function recycle({ store, feed, importId }: Ledger, looked: Looked) {
  const batch = { importId, feed, events: [], expired: [], faults: [], knownAt: LATER }
  return store.recycle({ ...batch, ...looked })
}

/** The entry's record as read now: an event on its line. */
function read(ledger: Ledger, { id, line }: QuarantineEntry, stated: Partial<UsageEvent> = {}) {
  return { entryId: id, event: { ...ledger.event({ at: AT, upload: 1, ...stated }), line } }
}

const countsOf = async ({ store, importId }: Ledger) => (await store.findImport(importId))!.counts
const reasonsOf = async ({ store }: Ledger) =>
  (await store.listQuarantine({}, { limit: 100 })).map(({ id, reason }) => [id, reason])

export function describeRecycling(engine: Engine): void {
  describe('recycling quarantined records', () => {
    it('counts them, and moves them to their new verdict in their import’s counts', async (t) => {
      const ledger = await openLedger(t, engine)
      const [a, b, c] = await waiting(ledger, 'a', 'b', 'c')
      const again = ledger.event({ at: AT, upload: 7, recordId: 'there' })
      await ledger.append([again])
      const { counts, conflicts } = await recycle(ledger, {
        events: [read(ledger, a!), read(ledger, b!, again)],
      })
      assert.deepEqual(counts, { ...NO_VERDICTS, accepted: 1, duplicate: 1 })
      assert.deepEqual(conflicts, [])
      const now = { ...NO_VERDICTS, accepted: 2, duplicate: 1, quarantined: 1 }
      assert.deepEqual(await countsOf(ledger), now)
      assert.deepEqual(await reasonsOf(ledger), [[c!.id, 'unknown_sim']])
      assert.deepEqual(await ledger.simUsage(), ['2026-01-01T00:00:00Z home US 8/0/0/0'])
      await ledger.assertAuditClean()
    })

    it('gives rows the import and line that brought them, and the time of recycling', async (t) => {
      const ledger = await openLedger(t, engine)
      const [, entry] = await waiting(ledger, 'a', 'b')
      const { id: other } = await ledger.store.beginImport(anImportStart(ledger.feed))
      await recycle(ledger, { events: [read(ledger, entry!)] })
      const second = { ...read(ledger, entry!, { upload: 2 }).event, line: 9 }
      const event = { ...second, recordId: 'x' }
      await ledger.store.append(aBatch({ importId: other, feed: ledger.feed, events: [event] }))
      const filter = { simId: ledger.sim.id, start: instant(AT), end: instant(AT) + 1 }
      const entries = await ledger.store.listUsageEvents(filter, { limit: 9 })
      const provenance = entries.map(({ importId, line, knownAt, upload }) => {
        return [importId, line, knownAt, upload]
      })
      assert.deepEqual(provenance.sort(), [
        [ledger.importId, 2, LATER, 1],
        [other, 9, NOW, 2],
      ])
    })

    it('counts a record once, however often and by however many callers it is tried', async (t) => {
      const ledger = await openLedger(t, engine)
      const [entry] = await waiting(ledger, 'a')
      const other = await reopen(t, engine, ledger.temp.url)
      const looked = { events: [read(ledger, entry!, { upload: 5 })] }
      const tries = await Promise.all([
        recycle(ledger, looked),
        recycle({ ...ledger, store: other }, looked),
        recycle(ledger, looked),
      ])
      const accepted = tries.map(({ counts }) => counts.accepted)
      assert.deepEqual(accepted.sort(), [0, 0, 1])
      assert.deepEqual(await countsOf(ledger), { ...NO_VERDICTS, accepted: 1 })
      assert.deepEqual(await ledger.simUsage(), ['2026-01-01T00:00:00Z home US 5/0/0/0'])
      assert.deepEqual(await reasonsOf(ledger), [])
    })

    it('keeps what still cannot be counted waiting, for its present reason', async (t) => {
      const ledger = await openLedger(t, engine)
      const [a, b] = await waiting(ledger, 'a', 'b')
      const record = {
        ...{ recordId: 'r', sim: 'x', occurredAt: NOW, plmn: null, country: null, zone: null },
        ...{ upload: 1, download: 2, toSim: 3, fromSim: 4, reading: { is32Bit: true } },
      }
      const fault = { reason: 'unknown_network', detail: 'where?', field: 'plmn', record } as const
      const { counts } = await recycle(ledger, { faults: [{ entryId: a!.id, fault }] })
      assert.deepEqual(counts, { ...NO_VERDICTS, quarantined: 1 })
      assert.deepEqual(await countsOf(ledger), { ...NO_VERDICTS, quarantined: 2 })
      assert.deepEqual(await ledger.store.findQuarantineEntry(a!.id), {
        ...a!,
        ...fault,
        raw: (await ledger.store.findQuarantineEntry(a!.id))!.raw,
      })
      assert.deepEqual(Buffer.from(a!.raw).toString(), 'a')
      assert.deepEqual(await reasonsOf(ledger), [
        [a!.id, 'unknown_network'],
        [b!.id, 'unknown_sim'],
      ])
      const only = await ledger.store.listQuarantine({ reason: 'unknown_sim' }, { limit: 9 })
      assert.deepEqual(
        only.map(({ id }) => id),
        [b!.id],
      )
    })

    it('keeps a conflict waiting as one, with its content', async (t) => {
      const ledger = await openLedger(t, engine)
      const [entry] = await waiting(ledger, 'a')
      await ledger.append([ledger.event({ at: AT, recordId: 'r', upload: 3 })])
      const serving = { ...abroad('FR'), countryStated: true }
      const looked = { events: [read(ledger, entry!, { recordId: 'r', upload: 4, serving })] }
      for (const _ of [1, 2]) {
        const { counts, conflicts } = await recycle(ledger, looked)
        assert.deepEqual(counts, { ...NO_VERDICTS, quarantined: 1 })
        assert.equal(conflicts[0]!.line, entry!.line)
        const now = await ledger.store.findQuarantineEntry(entry!.id)
        assert.deepEqual([now!.reason, Buffer.from(now!.raw).toString()], ['conflict', 'a'])
        assert.deepEqual(now!.record, {
          ...{ recordId: 'r', sim: ledger.sim.sid, occurredAt: instant(AT) },
          ...{ plmn: '208-01', country: 'FR', zone: null },
          ...{ upload: 4, download: 0, toSim: 0, fromSim: 0, reading: null },
        })
      }
      assert.deepEqual(await countsOf(ledger), { ...NO_VERDICTS, accepted: 1, quarantined: 1 })
      await ledger.assertAuditClean()
    })

    it('removes what is beyond retention from quarantine, as expired', async (t) => {
      const ledger = await openLedger(t, engine)
      const [a, b] = await waiting(ledger, 'a', 'b')
      await ledger.store.purge({ before: instant(AT) + 1_770, rowsMax: 10, dryRun: false })
      const { counts } = await recycle(ledger, { events: [read(ledger, a!)], expired: [b!.id] })
      assert.deepEqual(counts, { ...NO_VERDICTS, expired: 2 })
      assert.deepEqual(await countsOf(ledger), { ...NO_VERDICTS, expired: 2 })
      assert.deepEqual(await reasonsOf(ledger), [])
    })

    it('skips entries that are gone, or another import’s', async (t) => {
      const ledger = await openLedger(t, engine)
      const [entry] = await waiting(ledger, 'a')
      const { id: importId } = await ledger.store.beginImport(anImportStart(ledger.feed))
      const event = read(ledger, entry!)
      const nothing = await recycle(ledger, { importId, events: [event] })
      assert.deepEqual(nothing.counts, NO_VERDICTS)
      await ledger.store.undoImport(ledger.importId, LATER)
      assert.deepEqual((await recycle(ledger, { events: [event] })).counts, NO_VERDICTS)
      assert.deepEqual(await ledger.simUsage(), [])
      assert.deepEqual(await countsOf(ledger), { ...NO_VERDICTS, quarantined: 1 })
    })

    it('is undone with the import that brought the record', async (t) => {
      const ledger = await openLedger(t, engine)
      const [entry] = await waiting(ledger, 'a')
      await recycle(ledger, { events: [read(ledger, entry!)] })
      const { removed } = await ledger.store.undoImport(ledger.importId, LATER)
      assert.equal(removed, 1)
      assert.deepEqual(await ledger.simUsage(), [])
      await ledger.assertAuditClean()
    })

    it('keeps the record as long as another delivery of it waits', async (t) => {
      const ledger = await openLedger(t, engine)
      const { store, feed } = ledger
      const [entry] = await waiting(ledger, 'a')
      const { id } = await store.beginImport(anImportStart(feed))
      const quarantined = [aQuarantinedRecord('a', { line: 5 })]
      await store.append(aBatch({ importId: id, feed, quarantined }))
      await recycle(ledger, { events: [read(ledger, entry!)] })
      const left = await store.listQuarantine({}, { limit: 9 })
      assert.deepEqual(
        left.map(({ importId, line, raw }) => [importId, line, Buffer.from(raw).toString()]),
        [[id, 5, 'a']],
      )
    })

    for (const isReading of [false, true]) {
      const kind = isReading ? 'a reading' : 'usage'
      it(`puts ${kind} that came first before the version that counts, under replace`, async (t) => {
        const ledger = await openLedger(t, engine, { onConflict: 'replace' })
        const { store, feed } = ledger
        const reading = isReading ? { is32Bit: false } : null
        const version = { at: AT, recordId: 'r', reading, serving: AT_HOME }
        const [early, late] = await waiting(ledger, 'early', 'late')
        const { id: second } = await store.beginImport(anImportStart(feed))
        const correction = ledger.event({ ...version, upload: 20 })
        await store.append(aBatch({ importId: second, feed, events: [correction] }))
        const first = await recycle(ledger, {
          events: [read(ledger, early!, { ...version, upload: 10 })],
        })
        assert.deepEqual(first.counts, { ...NO_VERDICTS, duplicate: 1 })
        const next = await recycle(ledger, {
          events: [read(ledger, late!, { ...version, upload: 15 })],
        })
        assert.deepEqual(next.counts, { ...NO_VERDICTS, duplicate: 1 })
        const total = (upload: number) => [`2026-01-01T00:00:00Z home US ${upload}/0/0/0`]
        assert.deepEqual(await ledger.simUsage(), total(20))
        // Each has been there once, so none comes back.
        const repeats = [10, 15, 20].map((upload) => ledger.event({ ...version, upload }))
        assert.deepEqual((await ledger.append(repeats)).counts, { ...NO_VERDICTS, duplicate: 3 })
        await store.undoImport(second, LATER)
        assert.deepEqual(await ledger.simUsage(), total(15))
        await ledger.assertAuditClean()
      })

      it(`replaces the version that counts by ${kind} that came after it`, async (t) => {
        const ledger = await openLedger(t, engine, { onConflict: 'replace' })
        const reading = isReading ? { is32Bit: false } : null
        const version = { at: AT, recordId: 'r', reading }
        await ledger.append([{ ...ledger.event({ ...version, upload: 1 }), line: 1 }])
        const [, entry] = await waiting(ledger, 'a', 'b')
        const { counts } = await recycle(ledger, {
          events: [read(ledger, entry!, { ...version, upload: 2 })],
        })
        assert.deepEqual(counts, { ...NO_VERDICTS, replaced: 1 })
        assert.deepEqual(await ledger.simUsage(), ['2026-01-01T00:00:00Z home US 2/0/0/0'])
        await ledger.assertAuditClean()
      })
    }
  })

  describe('discarding quarantined records', () => {
    it('deletes them, and leaves the counts of their import', async (t) => {
      const ledger = await openLedger(t, engine)
      const [a, b, c] = await waiting(ledger, 'a', 'b', 'a')
      const why = { by: 'Ada', reason: 'test SIMs' }
      const discard = (ids: readonly number[]) => ledger.store.discardQuarantine(ids, why)
      assert.equal(await discard([a!.id, b!.id, b!.id + 1_000]), 2)
      assert.deepEqual(await reasonsOf(ledger), [[c!.id, 'unknown_sim']])
      assert.equal(await discard([c!.id, a!.id]), 1)
      assert.equal(await discard([]), 0)
      assert.deepEqual(await countsOf(ledger), { ...NO_VERDICTS, quarantined: 3 })
      assert.equal(await ledger.store.findQuarantineEntry(a!.id), null)
      const acts = await ledger.store.listActs({ objectKind: 'quarantine' }, { limit: 9 })
      assert.deepEqual(
        acts.map(({ details }) => [details.discarded, details.by, details.reason]),
        [
          [1, 'Ada', 'test SIMs'],
          [2, 'Ada', 'test SIMs'],
        ],
      )
    })
  })

  describe('what an import keeps for rereading', () => {
    it('is what its first batch says', async (t) => {
      const ledger = await openLedger(t, engine)
      const { store, feed, importId } = ledger
      for (const rereading of ['first', 'second']) {
        await store.append(aBatch({ importId, feed, rereading }))
      }
      await ledger.append([])
      assert.equal((await store.findImport(importId))!.rereading, 'first')
      await store.undoImport(importId, LATER)
      const refused = store.append(aBatch({ importId, feed, rereading: 'third' }))
      await failureOf('conflict', refused)
    })
  })
}
