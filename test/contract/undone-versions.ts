/** What an undo has removed, as shown by a SIM's usage events. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { LedgerEntry, LedgerFilter } from '../../src/domain/ledger-entry.ts'
import type { UsageEvent } from '../../src/domain/usage-event.ts'
import { AT_HOME, aBatch, abroad, anImportStart, instant, NOW } from '../support/builders.ts'
import { type Engine, type Ledger, openLedger } from './engine.ts'

const PERIOD = { start: instant('2026-01-01T00:00:00Z'), end: instant('2027-01-01T00:00:00Z') }
const AT = '2026-03-14T10:20:30Z'

function list(ledger: Ledger, filter: Partial<LedgerFilter> = {}, limit = 100) {
  return ledger.store.listUsageEvents({ simId: ledger.sim.id, ...PERIOD, ...filter }, { limit })
}

async function deliver({ store, feed }: Ledger, source: string, events: readonly UsageEvent[]) {
  const { id } = await store.beginImport(anImportStart(feed, { source }))
  await store.append(aBatch({ importId: id, feed, events, knownAt: NOW + 1 }))
  return id
}

const inShort = ({ recordId, isCounted, upload, replaced, undone }: LedgerEntry) => ({
  recordId,
  isCounted,
  upload,
  replaced: replaced.map((version) => version.upload),
  undone: undone.map((version) => version.upload),
})

export function describeUndoneVersions(engine: Engine): void {
  describe('versions that were undone', () => {
    it('appear in place of an event that has nothing left, and count nothing', async (t) => {
      const ledger = await openLedger(t, engine)
      const event = ledger.event({
        ...{ recordId: 'r', at: AT, upload: 7, download: 3, toSim: 2, fromSim: 1, line: 5 },
        serving: abroad('FR'),
      })
      const importId = await deliver(ledger, 'wrong.csv', [event])
      await ledger.store.undoImport(importId, NOW + 9)
      const [found, ...others] = await list(ledger)
      assert.deepEqual(others, [])
      const from = { importId, source: 'wrong.csv', line: 5, knownAt: NOW + 1 }
      const { feedId, feedName, occurredAt, ...rest } = found!
      assert.deepEqual(
        [feedId, feedName, occurredAt],
        [ledger.feed.id, ledger.feed.name, instant(AT)],
      )
      assert.deepEqual(rest, {
        ...{ recordId: 'r', isCounted: false, reading: null, serving: abroad('FR'), ...from },
        ...{ upload: 0, download: 0, toSim: 0, fromSim: 0, replaced: [] },
        undone: [
          {
            ...{ upload: 7, download: 3, toSim: 2, fromSim: 1, serving: abroad('FR'), ...from },
            ...{ replacedAt: null, undoneAt: NOW + 9 },
          },
        ],
      })
      assert.equal((await list(ledger, { zone: 'home' })).length, 0)
      assert.equal((await list(ledger, { zone: 'international_roaming' })).length, 1)
      assert.equal((await list(ledger, { start: instant(AT) + 1 })).length, 0)
      await ledger.assertAuditClean()
    })

    it('appear with what counts now, in the order in which they were undone', async (t) => {
      const ledger = await openLedger(t, engine, { onConflict: 'replace' })
      const version = (upload: number) => ledger.event({ recordId: 'r', at: AT, upload })
      const first = await deliver(ledger, 'a', [version(1)])
      const second = await deliver(ledger, 'b', [version(2), { ...version(3), line: 2 }])
      await ledger.store.undoImport(second, NOW + 5)
      const afterOne = { recordId: 'r', isCounted: true, upload: 1, replaced: [], undone: [2, 3] }
      assert.deepEqual((await list(ledger)).map(inShort), [afterOne])
      const [{ undone }] = (await list(ledger)) as [LedgerEntry]
      assert.deepEqual(
        undone.map(({ replacedAt }) => replacedAt),
        [NOW + 1, null],
      )
      await ledger.store.undoImport(first, NOW + 4)
      const gone = { ...afterOne, isCounted: false, upload: 0, undone: [1, 2, 3] }
      assert.deepEqual((await list(ledger)).map(inShort), [gone])
      await deliver(ledger, 'c', [version(4)])
      const again = { ...gone, isCounted: true, upload: 4 }
      assert.deepEqual((await list(ledger)).map(inShort), [again])
      await ledger.assertAuditClean()
    })

    it('do not exist if another import has delivered the same', async (t) => {
      const ledger = await openLedger(t, engine)
      const event = ledger.event({ recordId: 'r', at: AT, upload: 7 })
      const first = await deliver(ledger, 'a', [event])
      await deliver(ledger, 'b', [event])
      await ledger.store.undoImport(first, NOW)
      const [{ undone, isCounted, source }] = (await list(ledger)) as [LedgerEntry]
      assert.deepEqual([undone, isCounted, source], [[], true, 'b'])
    })

    it('appear in their place among the events, page by page', async (t) => {
      const ledger = await openLedger(t, engine)
      const ids = ['A', 'a', 'b', 'z', 'é', '🚚']
      const events = ids.map((recordId, line) => ledger.event({ recordId, at: AT, line: line + 1 }))
      const even = await deliver(
        ledger,
        'even',
        events.filter((_, i) => i % 2 === 0),
      )
      await deliver(
        ledger,
        'odd',
        events.filter((_, i) => i % 2 === 1),
      )
      await ledger.store.undoImport(even, NOW)
      for (const limit of [1, 2, 4, 6]) {
        const found: LedgerEntry[] = []
        for (;;) {
          const after = found.at(-1)
          const page = { limit, ...(after !== undefined && { after }) }
          const filter = { simId: ledger.sim.id, ...PERIOD }
          const entries = await ledger.store.listUsageEvents(filter, page)
          if (entries.length === 0) break
          found.push(...entries)
        }
        assert.deepEqual(
          found.map(({ recordId, isCounted }) => [recordId, isCounted]),
          ids.map((id, i) => [id, i % 2 === 1]),
        )
      }
    })

    it('tell what was used at a reading, not what its counters stood at', async (t) => {
      const ledger = await openLedger(t, engine)
      const at = (hour: number, upload: number) =>
        ledger.event({
          ...{ recordId: 's', upload, line: hour, serving: AT_HOME, reading: { is32Bit: false } },
          occurredAt: instant('2026-03-14T00:00:00Z') + hour * 3_600,
        })
      await deliver(ledger, 'a', [at(1, 100), at(3, 170)])
      const second = await deliver(ledger, 'b', [at(2, 150)])
      await ledger.store.undoImport(second, NOW)
      assert.deepEqual(
        (await list(ledger)).map(({ upload, undone }) => [upload, ...undone.map((u) => u.upload)]),
        [[100], [0, 50], [70]],
      )
    })

    it('tell for readings of several days what each was, not what it came to without earlier ones', async (t) => {
      const ledger = await openLedger(t, engine)
      const at = (day: number, upload: number) =>
        ledger.event({
          ...{ recordId: 's', upload, line: day, serving: AT_HOME, reading: { is32Bit: false } },
          occurredAt: instant('2026-03-10T06:00:00Z') + day * 86_400,
        })
      await deliver(ledger, 'a', [at(0, 100)])
      const second = await deliver(ledger, 'b', [at(1, 150), at(2, 250), at(3, 400)])
      await ledger.store.undoImport(second, NOW)
      assert.deepEqual(
        (await list(ledger)).map(({ upload, undone }) => [upload, ...undone.map((u) => u.upload)]),
        [[100], [0, 50], [0, 100], [0, 150]],
      )
      await ledger.assertAuditClean()
    })

    it('go with the usage that retention deletes', async (t) => {
      const ledger = await openLedger(t, engine)
      const events = ['2026-01-10T00:00:00Z', AT].map((at, i) => ledger.event({ at, line: i + 1 }))
      const importId = await deliver(ledger, 'a', events)
      await ledger.store.undoImport(importId, NOW)
      const before = instant('2026-02-01T00:00:00Z')
      while (!(await ledger.store.purge({ before, rowsMax: 10, dryRun: false })).done);
      assert.equal((await list(ledger)).length, 1)
      await ledger.assertAuditClean()
    })
  })
}
