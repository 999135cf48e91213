/**
 * Conflicts that a person decides in favour of what waits: what counts then, and after undoing either
 * side.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NO_VERDICTS } from '../../src/domain/import.ts'
import { aBatch, anImportStart, instant, NOW } from '../support/builders.ts'
import { type Engine, type Ledger, openLedger } from './engine.ts'

const AT = '2026-03-14T10:20:30Z'
const ACCEPTANCE = { by: 'Ada', reason: 'the carrier says so' }

const total = (upload: number) =>
  upload === 0 ? [] : [`2026-01-01T00:00:00Z home US ${upload}/0/0/0`]

/** A ledger in which import 1 has stated 10, and another import states 11, which waits. */
async function openConflict(t: Parameters<typeof openLedger>[0], engine: Engine) {
  const ledger = await openLedger(t, engine)
  await ledger.append([version(ledger, 10)])
  const second = await deliver(ledger, 11)
  assert.deepEqual(second.counts, { ...NO_VERDICTS, quarantined: 1 })
  return { ...ledger, secondId: second.importId }
}

const version = (ledger: Ledger, upload: number) =>
  ledger.event({ recordId: 'r', at: AT, upload, raw: `${upload}`, line: upload })

async function deliver(ledger: Ledger, upload: number, accountId: number | null = null) {
  const { store, feed } = ledger
  const { id } = await store.beginImport({ ...anImportStart(feed), accountId })
  const events = [version(ledger, upload)]
  const { counts } = await store.append(aBatch({ importId: id, accountId, feed, events }))
  return { importId: id, counts }
}

/** Accepts what an import has left waiting. */
async function accept(ledger: Ledger, importId: number, upload: number) {
  const { store, feed } = ledger
  const [entry] = await store.listQuarantine({ importId }, { limit: 1 })
  return store.recycle({
    ...{ importId, feed, expired: [], faults: [], knownAt: NOW + 60, acceptance: ACCEPTANCE },
    events: [{ entryId: entry!.id, event: version(ledger, upload) }],
  })
}

async function assertTotal(ledger: Ledger, upload: number): Promise<void> {
  assert.deepEqual(await ledger.simUsage(), total(upload))
  assert.deepEqual(await ledger.accountUsage(), total(upload))
  await ledger.assertAuditClean()
}

const eventOf = async ({ store, sim }: Ledger) => {
  const filter = { simId: sim.id, start: instant(AT), end: instant(AT) + 1 }
  return (await store.listUsageEvents(filter, { limit: 9 }))[0]!
}

export function describeAccepting(engine: Engine): void {
  describe('accepting a conflict', () => {
    it('lets it count, sealed or not, and keeps what counted in the history', async (t) => {
      const ledger = await openConflict(t, engine)
      const { store, importId, secondId } = ledger
      assert.equal(await store.sealNextDay(NOW), true)
      const { counts } = await accept(ledger, secondId, 11)
      assert.deepEqual(counts, { ...NO_VERDICTS, replaced: 1 })
      await assertTotal(ledger, 11)
      const { importId: by, line, knownAt, replaced } = await eventOf(ledger)
      assert.deepEqual([by, line, knownAt], [secondId, 11, NOW + 60])
      assert.deepEqual(
        replaced.map((old) => [old.importId, old.line, old.upload, old.replacedByImport]),
        [[importId, 10, 10, secondId]],
      )
      assert.deepEqual(await store.listQuarantine({}, { limit: 9 }), [])
      assert.deepEqual((await store.findImport(secondId))!.counts, { ...NO_VERDICTS, replaced: 1 })
      const [act] = await store.listActs({}, { limit: 1 })
      assert.deepEqual([act!.verb, act!.object], ['accept conflict', String(secondId)])
      assert.deepEqual(act!.details, { ...NO_VERDICTS, replaced: 1, lines: ['11'], ...ACCEPTANCE })
    })

    it('makes both versions duplicates when they come again', async (t) => {
      const ledger = await openConflict(t, engine)
      await accept(ledger, ledger.secondId, 11)
      for (const upload of [10, 11, 10]) {
        const { counts } = await deliver(ledger, upload)
        assert.deepEqual(counts, { ...NO_VERDICTS, duplicate: 1 })
        await assertTotal(ledger, 11)
      }
    })

    it('is undone with the import of what was accepted', async (t) => {
      const ledger = await openConflict(t, engine)
      await accept(ledger, ledger.secondId, 11)
      const undone = await ledger.store.undoImport(ledger.secondId, NOW + 90)
      assert.deepEqual([undone.removed, undone.restored, undone.kept], [0, 1, 0])
      await assertTotal(ledger, 10)
    })

    it('holds when the import that counted before is undone, then or later', async (t) => {
      const ledger = await openConflict(t, engine)
      await accept(ledger, ledger.secondId, 11)
      // Delivered again, the older version stays in its place.
      const again = await deliver(ledger, 10)
      await ledger.store.undoImport(ledger.importId, NOW + 90)
      await assertTotal(ledger, 11)
      await ledger.store.undoImport(ledger.secondId, NOW + 91)
      await assertTotal(ledger, 10)
      assert.equal((await eventOf(ledger)).importId, again.importId)
      await ledger.store.undoImport(again.importId, NOW + 92)
      await assertTotal(ledger, 0)
    })

    it('can go back and forth, with the deliveries of each version still known', async (t) => {
      const ledger = await openConflict(t, engine)
      const { store, importId, secondId } = ledger
      const third = await deliver(ledger, 12)
      const fourth = await deliver(ledger, 11)
      await accept(ledger, secondId, 11)
      await accept(ledger, third.importId, 12)
      await assertTotal(ledger, 12)
      // It is in the history, and should count again.
      const { counts } = await accept(ledger, fourth.importId, 11)
      assert.deepEqual(counts, { ...NO_VERDICTS, replaced: 1 })
      await assertTotal(ledger, 11)
      assert.equal((await eventOf(ledger)).importId, fourth.importId)
      await store.undoImport(fourth.importId, NOW + 90)
      await assertTotal(ledger, 11)
      assert.equal((await eventOf(ledger)).importId, secondId)
      await store.undoImport(secondId, NOW + 91)
      await assertTotal(ledger, 12)
      await store.undoImport(third.importId, NOW + 92)
      await assertTotal(ledger, 10)
      await store.undoImport(importId, NOW + 93)
      await assertTotal(ledger, 0)
    })

    it('does not let an account outrank the operator', async (t) => {
      const ledger = await openLedger(t, engine)
      await ledger.append([version(ledger, 10)])
      const own = await deliver(ledger, 11, ledger.account.id)
      const { counts, conflicts } = await accept(ledger, own.importId, 11)
      assert.deepEqual(counts, { ...NO_VERDICTS, quarantined: 1 })
      assert.match(conflicts[0]!.detail, /the version of the operator outranks it/)
      await assertTotal(ledger, 10)
      assert.equal((await ledger.store.listActs({ objectKind: 'import' }, { limit: 9 })).length, 0)
    })

    it('measures a reading from the one before it, and adjusts the share of the next', async (t) => {
      const ledger = await openLedger(t, engine)
      const reading = { is32Bit: false }
      const read = (at: string, upload: number, line: number) =>
        ledger.event({ recordId: 's', at, upload, reading, line })
      await ledger.append([
        read('2026-03-14T10:00:00Z', 100, 1),
        read('2026-03-14T11:00:00Z', 150, 2),
        read('2026-03-14T12:00:00Z', 300, 3),
      ])
      const other = read('2026-03-14T11:00:00Z', 250, 4)
      await ledger.append([other])
      const [entry] = await ledger.store.listQuarantine({}, { limit: 1 })
      const hours = () =>
        ledger.simUsage({ granularity: 'hourly' }).then((lines) => lines.map((l) => l.slice(11)))
      const before = await hours()
      const { counts } = await ledger.store.recycle({
        ...{ importId: ledger.importId, feed: ledger.feed, expired: [], faults: [] },
        ...{ knownAt: NOW, acceptance: ACCEPTANCE },
        events: [{ entryId: entry!.id, event: other }],
      })
      assert.deepEqual(counts, { ...NO_VERDICTS, replaced: 1 })
      assert.deepEqual(before.slice(-2), [
        '11:00:00Z home US 50/0/0/0',
        '12:00:00Z home US 150/0/0/0',
      ])
      assert.deepEqual((await hours()).slice(-2), [
        '11:00:00Z home US 150/0/0/0',
        '12:00:00Z home US 50/0/0/0',
      ])
      await ledger.assertAuditClean()
    })
  })
}
