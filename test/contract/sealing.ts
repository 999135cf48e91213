/** Sealing: per-SIM totals of whole days, which must never show in an answer. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NO_VERDICTS } from '../../src/domain/import.ts'
import type { UsageStore } from '../../src/storage/usage-store.ts'
import { abroad, instant, NATIONAL } from '../support/builders.ts'
import { type Engine, failureOf, type Ledger, openLedger, register, usageLines } from './engine.ts'

const MARCH_10 = instant('2026-03-10T00:00:00Z')

/** Seals all days that ended before; returns how many there were. */
async function sealAll(store: UsageStore, before = MARCH_10): Promise<number> {
  let days = 0
  while (await store.sealNextDay(before)) days += 1
  return days
}

/** Every kind of answer, with bounds that cut days, hours and months in every way. */
async function answers(ledger: Ledger, simIds: readonly number[] = [ledger.sim.id]) {
  const bounds = [
    ['2026-01-01T00:00:00Z', '2026-04-01T00:00:00Z'],
    ['2026-02-27T00:00:00Z', '2026-03-02T00:00:00Z'],
    ['2026-02-27T13:14:15Z', '2026-03-01T16:17:18Z'],
    ['2026-02-28T10:00:00Z', '2026-02-28T10:00:01Z'],
    ['2026-02-28T23:59:59Z', '2026-03-01T00:00:01Z'],
    ['2026-03-01T00:00:00Z', '2026-03-02T00:00:00Z'],
  ] as const
  const all: unknown[] = []
  for (const granularity of ['all', 'daily', 'hourly'] as const) {
    for (const [start, end] of bounds) {
      for (const simId of simIds) {
        all.push(await usageLines(ledger.store, { simId }, { start, end, granularity }))
      }
    }
    all.push(await ledger.accountUsage({ granularity }))
  }
  return all
}

/** Three days with usage at their borders, in several zones and countries. */
function threeDays(ledger: Ledger, simId = ledger.sim.id) {
  const instants = [
    '2026-02-27T00:00:00Z',
    '2026-02-27T13:14:15Z',
    '2026-02-28T10:00:00Z',
    '2026-02-28T23:59:59Z',
    '2026-03-01T00:00:00Z',
    '2026-03-01T16:17:18Z',
  ]
  return instants.map((at, i) =>
    ledger.event({
      simId,
      recordId: `r${i}`,
      at,
      upload: 3 ** i,
      download: i,
      toSim: i % 2,
      ...(i % 3 === 1 && { serving: NATIONAL }),
      ...(i % 3 === 2 && { serving: abroad(i % 2 === 0 ? 'FR' : 'GB') }),
    }),
  )
}

export function describeSealing(engine: Engine): void {
  describe('sealing', () => {
    it('refuses a day with totals that are too large, and answers as before', async (t) => {
      const ledger = await openLedger(t, engine)
      // The day of each network fits; that of the country does not.
      const most = ['208-01', '208-10'].flatMap((plmn) =>
        Array.from({ length: 600 }, (_, i) =>
          ledger.event({
            at: '2026-03-02T10:00:00Z',
            recordId: `${plmn} ${i}`,
            upload: Number.MAX_SAFE_INTEGER,
            serving: abroad('FR', plmn),
          }),
        ),
      )
      await ledger.append([ledger.event({ at: '2026-03-01T10:00:00Z', upload: 1 }), ...most])
      const ofFirst = { end: '2026-03-02T00:00:00Z' }
      const before = await ledger.simUsage(ofFirst)
      assert.equal(await ledger.store.sealNextDay(MARCH_10), true)
      for (let again = 0; again < 2; again++) {
        const failure = await failureOf('overflow', ledger.store.sealNextDay(MARCH_10))
        assert.match(
          failure.message,
          /2026-03-02 and later days are not sealed.*9223372036854775807/,
        )
      }
      assert.deepEqual(await ledger.simUsage(ofFirst), before)
      await ledger.assertAuditClean()
    })

    it('goes day by day until none is left', async (t) => {
      const ledger = await openLedger(t, engine)
      assert.equal(await ledger.store.sealNextDay(MARCH_10), false)
      await ledger.append(threeDays(ledger))
      assert.equal(await sealAll(ledger.store), 3)
      assert.equal(await ledger.store.sealNextDay(MARCH_10), false)
    })

    it('leaves a day that has not ended alone', async (t) => {
      const ledger = await openLedger(t, engine)
      await ledger.append(threeDays(ledger))
      assert.equal(await sealAll(ledger.store, instant('2026-03-01T23:59:59Z')), 2)
      assert.equal(await sealAll(ledger.store, instant('2026-03-03T00:00:00Z')), 1)
    })

    it('changes no answer at any moment', async (t) => {
      const ledger = await openLedger(t, engine)
      const second = await register(ledger.store, ledger.account)
      await ledger.append([...threeDays(ledger), ...threeDays(ledger, second.id)])
      const simIds = [ledger.sim.id, second.id]
      const before = await answers(ledger, simIds)
      while (await ledger.store.sealNextDay(MARCH_10)) {
        assert.deepEqual(await answers(ledger, simIds), before)
        await ledger.assertAuditClean()
      }
    })

    it('submits its totals to the audit', async (t) => {
      const ledger = await openLedger(t, engine)
      await ledger.append(threeDays(ledger))
      const before = await ledger.store.audit()
      await sealAll(ledger.store)
      const after = await ledger.store.audit()
      assert.ok(after.cellsChecked > before.cellsChecked)
      assert.equal(after.ledgerRows, 6)
      assert.deepEqual(after.differences, [])
    })

    for (const onConflict of ['reject', 'replace', 'max'] as const) {
      it(`leads to the same numbers before and after late records, under ${onConflict}`, async (t) => {
        const late = (ledger: Ledger) => [
          ledger.event({ recordId: 'late', at: '2026-02-28T10:00:00Z', upload: 5_000 }),
          ledger.event({ recordId: 'new place', at: '2026-02-27T01:00:00Z', upload: 7_000 }),
          ledger.event({ recordId: 'abroad', at: '2026-03-01T05:00:00Z', serving: abroad('GP') }),
          { ...threeDays(ledger)[1]!, upload: 40_000, serving: abroad('XK') },
          { ...threeDays(ledger)[4]!, upload: 0, download: 0, toSim: 0 },
          threeDays(ledger)[2]!,
        ]
        const ends: unknown[] = []
        for (const seals of [false, true]) {
          const ledger = await openLedger(t, engine, { onConflict })
          await ledger.append(threeDays(ledger))
          if (seals) assert.equal(await sealAll(ledger.store), 3)
          const { counts } = await ledger.append(late(ledger))
          if (seals) await sealAll(ledger.store)
          await ledger.assertAuditClean()
          ends.push([await answers(ledger), counts])
        }
        assert.deepEqual(ends[1], ends[0])
      })
    }

    it('empties a sealed cell when its usage is replaced elsewhere', async (t) => {
      const ledger = await openLedger(t, engine, { onConflict: 'replace' })
      const only = ledger.event({ at: '2026-02-27T01:00:00Z', upload: 9 })
      await ledger.append([only])
      await sealAll(ledger.store)
      await ledger.append([{ ...only, serving: abroad('FR') }])
      const day = '2026-02-27T00:00:00Z'
      const lines = [`${day} international_roaming FR 9/0/0/0`]
      assert.deepEqual(await ledger.simUsage({ granularity: 'daily' }), lines)
      await ledger.append([{ ...only, upload: 0 }])
      assert.deepEqual(await ledger.simUsage({ granularity: 'daily' }), [])
      await ledger.assertAuditClean()
    })

    it('continues with an older day that a late record opens', async (t) => {
      const ledger = await openLedger(t, engine)
      await ledger.append(threeDays(ledger))
      await sealAll(ledger.store)
      await ledger.append([ledger.event({ at: '2026-01-05T00:00:00Z', upload: 1 })])
      await ledger.append([ledger.event({ at: '2026-03-05T00:00:00Z', upload: 2 })])
      const before = await answers(ledger)
      await ledger.assertAuditClean()
      await sealAll(ledger.store)
      assert.deepEqual(await answers(ledger), before)
      await ledger.assertAuditClean()
    })

    it('counts a SIM whose first usage on a sealed day comes late', async (t) => {
      const ledger = await openLedger(t, engine)
      await ledger.append(threeDays(ledger))
      await sealAll(ledger.store)
      const second = await register(ledger.store, ledger.account)
      const event = ledger.event({ simId: second.id, at: '2026-02-28T12:00:00Z', upload: 77 })
      assert.deepEqual((await ledger.append([event])).counts, { ...NO_VERDICTS, accepted: 1 })
      const lines = await usageLines(ledger.store, { simId: second.id }, { granularity: 'daily' })
      assert.deepEqual(lines, ['2026-02-28T00:00:00Z home US 77/0/0/0'])
      await ledger.assertAuditClean()
    })

    it('keeps sums past 2^53 exact', async (t) => {
      const ledger = await openLedger(t, engine)
      const at = '2026-02-28T12:00:00Z'
      const max = Number.MAX_SAFE_INTEGER
      await ledger.append([1, 2, 3].map(() => ledger.event({ at, upload: max })))
      await sealAll(ledger.store)
      await ledger.append([ledger.event({ at, upload: max })])
      const line = `2026-02-28T00:00:00Z home US ${4n * BigInt(max)}/0/0/0`
      assert.deepEqual(await ledger.simUsage({ granularity: 'daily' }), [line])
      await ledger.assertAuditClean()
    })
  })
}
