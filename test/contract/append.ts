/** Storing batches: each event once, each batch whole or not at all. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { NO_VERDICTS } from '../../src/domain/import.ts'
import { DAY_SECONDS } from '../../src/domain/time.ts'
import type { UsageEvent } from '../../src/domain/usage-event.ts'
import {
  AT_HOME,
  aBatch,
  abroad,
  aFeed,
  anAccount,
  anImportStart,
  aQuarantinedRecord,
  instant,
  NATIONAL,
} from '../support/builders.ts'
import { share } from '../support/volume.ts'
import { assertAuditClean, type Engine, openLedger, register, usageLines } from './engine.ts'

export function describeAppend(engine: Engine): void {
  describe('appending', () => {
    it('counts what an event used', async (t) => {
      const ledger = await openLedger(t, engine)
      const at = '2026-03-14T10:20:30Z'
      const used = { upload: 1, download: 20, toSim: 300, fromSim: 4_000 }
      const { counts, conflicts } = await ledger.append([ledger.event({ at, ...used })])
      assert.deepEqual(counts, { ...NO_VERDICTS, accepted: 1 })
      assert.deepEqual(conflicts, [])
      const hour = ['2026-03-14T10:00:00Z home US 1/20/300/4000']
      assert.deepEqual(await ledger.simUsage({ granularity: 'hourly' }), hour)
      assert.deepEqual(await ledger.accountUsage({ granularity: 'hourly' }), hour)
      await ledger.assertAuditClean()
    })

    it('gives one verdict for each record of a batch', async (t) => {
      const { append, event } = await openLedger(t, engine)
      const same = event({ upload: 1 })
      const { counts } = await append([same, event({}), same, { ...same, upload: 2 }], {
        quarantined: [aQuarantinedRecord('a'), aQuarantinedRecord('b')],
        expired: 5,
      })
      assert.deepEqual(counts, {
        accepted: 2,
        duplicate: 1,
        replaced: 0,
        quarantined: 3,
        expired: 5,
      })
    })

    it('stores an empty batch', async (t) => {
      const { append, simUsage } = await openLedger(t, engine)
      assert.deepEqual((await append([])).counts, NO_VERDICTS)
      assert.deepEqual(await simUsage(), [])
    })

    it('counts an event once that is repeated in a batch', async (t) => {
      const { append, event, simUsage, assertAuditClean } = await openLedger(t, engine)
      const one = event({ at: '2026-03-14T10:00:00Z', upload: 7 })
      const { counts } = await append([one, { ...one, line: 2 }, one])
      assert.deepEqual(counts, { ...NO_VERDICTS, accepted: 1, duplicate: 2 })
      assert.deepEqual(await simUsage(), ['2026-01-01T00:00:00Z home US 7/0/0/0'])
      await assertAuditClean()
    })

    it('counts an event once that is repeated in later batches and imports', async (t) => {
      const { append, event, simUsage, store, feed, accountUsage } = await openLedger(t, engine)
      const events = [event({ upload: 7 }), event({ download: 5 })]
      await append(events)
      assert.deepEqual((await append(events)).counts, { ...NO_VERDICTS, duplicate: 2 })
      const { id: importId } = await store.beginImport(anImportStart(feed))
      const again = await store.append(aBatch({ importId, feed, events: events.toReversed() }))
      assert.deepEqual(again.counts, { ...NO_VERDICTS, duplicate: 2 })
      assert.deepEqual(await simUsage(), ['2026-01-01T00:00:00Z home US 7/5/0/0'])
      assert.deepEqual(await accountUsage(), ['2026-01-01T00:00:00Z home US 7/5/0/0'])
    })

    it('tells events apart by SIM, time, feed and record id', async (t) => {
      const ledger = await openLedger(t, engine)
      const { store, account, append, event } = ledger
      const second = await register(store, account)
      const one = event({ recordId: 'r', at: '2026-03-14T10:00:00Z', upload: 1 })
      const { counts } = await append([
        one,
        { ...one, simId: second.id },
        { ...one, occurredAt: one.occurredAt + 1 },
        { ...one, recordId: 'R' },
        { ...one, recordId: 'r ' },
      ])
      assert.equal(counts.accepted, 5)
      const feed = await store.createFeed(aFeed())
      const { id: importId } = await store.beginImport(anImportStart(feed))
      const other = await store.append(aBatch({ importId, feed, events: [one] }))
      assert.equal(other.counts.accepted, 1)
      assert.deepEqual(await ledger.accountUsage(), ['2026-01-01T00:00:00Z home US 6/0/0/0'])
      await ledger.assertAuditClean()
    })

    it('tells record ids of any text apart', async (t) => {
      const { append, event } = await openLedger(t, engine)
      const ids = [
        '',
        '0',
        '00',
        "o'clock",
        'ñ',
        'n\u0303',
        'a\tb',
        'a\\tb',
        '\\N',
        '\r\n',
        'a',
        '🚚',
        '\u{1f69a}\ufe0f',
      ]
      const at = '2026-03-14T10:00:00Z'
      const events = ids.map((recordId) => event({ recordId, at, upload: 1 }))
      assert.equal((await append(events)).counts.accepted, ids.length)
      assert.equal((await append(events)).counts.duplicate, ids.length)
    })

    it('keeps the largest counters exactly', async (t) => {
      const { append, event, simUsage, accountUsage } = await openLedger(t, engine)
      const max = Number.MAX_SAFE_INTEGER
      await append([event({ upload: max, download: max - 1, toSim: max - 2, fromSim: 1 })])
      const line = `2026-01-01T00:00:00Z home US ${max}/${max - 1}/${max - 2}/1`
      assert.deepEqual(await simUsage(), [line])
      assert.deepEqual(await accountUsage(), [line])
    })

    it('counts zones, countries and networks separately', async (t) => {
      const { append, event, simUsage, accountUsage, assertAuditClean } = await openLedger(
        t,
        engine,
      )
      const unknown = { ...AT_HOME, plmn: null, country: null }
      await append([
        event({ upload: 1 }),
        event({ upload: 2, serving: NATIONAL }),
        event({ upload: 4, serving: abroad('FR') }),
        event({ upload: 8, serving: abroad('FR', '208-10') }),
        event({ upload: 16, serving: abroad('GP', '340-01') }),
        event({ upload: 32, serving: unknown }),
      ])
      const lines = [
        '2026-01-01T00:00:00Z home - 32/0/0/0',
        '2026-01-01T00:00:00Z home US 1/0/0/0',
        '2026-01-01T00:00:00Z international_roaming FR 12/0/0/0',
        '2026-01-01T00:00:00Z international_roaming GP 16/0/0/0',
        '2026-01-01T00:00:00Z national_roaming US 2/0/0/0',
      ]
      assert.deepEqual((await simUsage()).toSorted(), lines)
      assert.deepEqual((await accountUsage()).toSorted(), lines)
      await assertAuditClean()
    })

    it('keeps nothing if one event of a batch cannot be stored', async (t) => {
      const ledger = await openLedger(t, engine)
      await ledger.append([ledger.event({ upload: 1 })])
      const unstorable: Partial<UsageEvent>[] = [
        { upload: Number.NaN },
        { download: 0.5 },
        { toSim: Number.POSITIVE_INFINITY },
      ]
      for (const fault of unstorable) {
        const events = [
          ledger.event({ upload: 2 }),
          ledger.event(fault),
          ledger.event({ upload: 4 }),
        ]
        const rest = { quarantined: [aQuarantinedRecord('a')], expired: 1 }
        await assert.rejects(ledger.append(events, rest))
      }
      assert.deepEqual(await ledger.simUsage(), ['2026-01-01T00:00:00Z home US 1/0/0/0'])
      assert.deepEqual(await ledger.accountUsage(), ['2026-01-01T00:00:00Z home US 1/0/0/0'])
      const { store, importId } = ledger
      assert.deepEqual((await store.findImport(importId))?.counts, { ...NO_VERDICTS, accepted: 1 })
      assert.deepEqual(await store.listQuarantine({ importId }, { limit: 9 }), [])
      await ledger.assertAuditClean()
      assert.equal((await ledger.append([ledger.event({})])).counts.accepted, 1)
    })

    it('gives the same numbers however a delivery is cut into batches', async (t) => {
      const texts = new Set<string>()
      for (const size of [1, 3, 100]) {
        const { append, event, simUsage, accountUsage } = await openLedger(t, engine)
        const events = Array.from({ length: 40 }, (_, i) =>
          event({
            recordId: `r${i % 30}`,
            occurredAt: Date.UTC(2026, 2, 1 + (i % 5), i % 24) / 1000,
            upload: i,
            serving: i % 3 === 0 ? abroad('FR') : AT_HOME,
          }),
        )
        let accepted = 0
        for (let from = 0; from < events.length; from += size) {
          accepted += (await append(events.slice(from, from + size))).counts.accepted
        }
        const answers = [await simUsage(), await accountUsage({ granularity: 'hourly' }), accepted]
        texts.add(JSON.stringify(answers))
      }
      assert.equal(texts.size, 1)
    })

    it('finds what is known anywhere among what is new', async (t) => {
      const ledger = await openLedger(t, engine)
      const { store, account, append } = ledger
      const sims = [ledger.sim, await register(store, account), await register(store, account)]
      const runs = fc.oneof(
        fc.record({ fresh: fc.integer({ min: 1, max: 60 }) }),
        fc.record({ known: fc.nat(), isChanged: fc.boolean() }),
      )
      const batches = fc.array(
        fc.record({
          runs: fc.array(runs, { minLength: 1, maxLength: 8 }),
          sealsFirst: fc.boolean(),
        }),
        { minLength: 1, maxLength: 4 },
      )
      let total = 0
      let serial = 0
      const counted: UsageEvent[] = []
      /** Three days, SIMs and hours take turns, so runs are torn apart by the order of the ledger. */
      const fresh = () => {
        const number = serial++
        const at =
          instant('2026-03-01T00:00:00Z') + (number % 3) * DAY_SECONDS + (number % 41) * 1_800
        const simId = sims[number % sims.length]!.id
        return ledger.event({ simId, occurredAt: at, recordId: `r${number}`, upload: 1 })
      }
      await fc.assert(
        fc.asyncProperty(batches, async (given) => {
          for (const { runs, sealsFirst } of given) {
            if (sealsFirst) {
              while (await store.sealNextDay(instant('2026-03-03T00:00:00Z')));
              while (await store.checksumNextDay());
            }
            const expected = { ...NO_VERDICTS }
            const events: UsageEvent[] = []
            for (const run of runs) {
              if ('fresh' in run) {
                const some = Array.from({ length: run.fresh }, fresh)
                events.push(...some)
                counted.push(...some)
                expected.accepted += some.length
              } else if (counted.length > 0) {
                const one = counted[run.known % counted.length]!
                events.push(run.isChanged ? { ...one, upload: 2 } : one)
                expected[run.isChanged ? 'quarantined' : 'duplicate']++
              }
            }
            assert.deepEqual((await append(events)).counts, expected)
            total += expected.accepted
          }
          const usage = await usageLines(store, { accountId: account.id })
          assert.deepEqual(
            usage,
            total === 0 ? [] : [`2026-01-01T00:00:00Z home US ${total}/0/0/0`],
          )
        }),
        { numRuns: share(8, 60) },
      )
      assert.equal(counted.length, total)
      await ledger.assertAuditClean()
    })

    it("counts each account's usage separately", async (t) => {
      const { store, append, event, account } = await openLedger(t, engine)
      const other = await store.createAccount(anAccount())
      const foreign = await register(store, other)
      await append([
        event({ upload: 1 }),
        event({ simId: foreign.id, accountId: other.id, upload: 2 }),
      ])
      const lines = (accountId: number) => usageLines(store, { accountId })
      assert.deepEqual(await lines(account.id), ['2026-01-01T00:00:00Z home US 1/0/0/0'])
      assert.deepEqual(await lines(other.id), ['2026-01-01T00:00:00Z home US 2/0/0/0'])
      await assertAuditClean(store)
    })
  })
}
