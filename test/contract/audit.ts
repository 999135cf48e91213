/** The audit: recomputes every derived number, and names each one that differs. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AuditState } from '../../src/storage/usage-store.ts'
import { abroad, instant } from '../support/builders.ts'
import { DERIVED_TABLES, type Engine, openEmpty, openLedger, reopen } from './engine.ts'

export function describeAudit(engine: Engine): void {
  describe('an audit', () => {
    it('finds nothing to check in an empty store', async (t) => {
      const { store } = await openEmpty(t, engine)
      assert.deepEqual(await store.audit(), {
        ledgerRows: 0,
        cellsChecked: 0,
        checksummedThrough: null,
        differences: [],
        differenceCount: 0,
      })
    })

    it('counts the rows of the ledger and the cells it checked', async (t) => {
      const { store, append, event } = await openLedger(t, engine)
      const at = (time: string) => event({ at: `2026-03-14T${time}Z`, upload: 1 })
      await append([at('10:00:00'), at('10:59:59'), at('11:00:00')])
      const hoursAndDay = 3
      assert.deepEqual(await store.audit(), {
        ledgerRows: 3,
        cellsChecked: hoursAndDay,
        checksummedThrough: null,
        differences: [],
        differenceCount: 0,
      })
    })

    for (const table of DERIVED_TABLES) {
      it(`names a wrong cell of ${table}, with both numbers`, async (t) => {
        const { temp, store, append, event } = await openLedger(t, engine)
        await append([event({ at: '2026-03-01T10:00:00Z', upload: 1_233, serving: abroad('FR') })])
        assert.equal(await store.sealNextDay(instant('2026-03-10T00:00:00Z')), true)
        assert.equal((await store.audit()).differenceCount, 0)
        await store.close()
        await engine.corrupt(temp.url, table)
        const damaged = await reopen(t, engine, temp.url)
        const { differences, differenceCount } = await damaged.audit()
        assert.equal(differenceCount, 1)
        assert.equal(differences.length, 1)
        // The same if each question has a state of the store to itself.
        assert.deepEqual((await damaged.audit({ lookMs: 0 })).differences, differences)
        const difference = differences[0]!
        assert.equal(difference.table, table)
        assert.match(difference.cell, /2026-03-01/)
        assert.match(difference.cell, /international_roaming/)
        assert.match(difference.cell, /FR/)
        assert.match(difference.stored, /1234/)
        assert.match(difference.recomputed, /1233/)
        const { rebuilt, notRebuilt } = await damaged.repairDerived()
        assert.deepEqual(
          rebuilt.filter((one) => one.table === table),
          differences,
        )
        assert.deepEqual(notRebuilt, [])
        assert.equal((await damaged.audit()).differenceCount, 0)
        const [act] = await damaged.listActs({ objectKind: 'store' }, { limit: 1 })
        assert.equal(act?.verb, 'repair')
        assert.equal(act.details[table.replace(' ', '_')], 1)
        assert.deepEqual(await damaged.repairDerived(), { rebuilt: [], notRebuilt: [] })
      })
    }

    it('continues with the step in which it was stopped, and reports nothing twice', async (t) => {
      const { temp, store, append, event } = await openLedger(t, engine)
      await append([event({ at: '2026-03-01T10:00:00Z', upload: 1_233 })])
      while (await store.sealNextDay(instant('2026-03-10T00:00:00Z')));
      await store.close()
      await engine.corrupt(temp.url, 'account hour')
      const damaged = await reopen(t, engine, temp.url)
      const whole = await damaged.audit()
      assert.ok(whole.differenceCount > 0)
      let resumeFrom: AuditState | null = null
      let isDone = false
      let stops = 0
      let report = whole
      for (let looks = 0; !isDone; looks++) {
        let asked = 0
        report = await damaged.audit({
          lookMs: 0,
          resumeFrom,
          isStopped: () => asked++ >= looks,
          onStep: ({ done, total, state }) => {
            resumeFrom = state
            isDone = done === total
          },
        })
        stops++
      }
      assert.ok(stops > 5, `${stops} stops`)
      assert.deepEqual(report, whole)
    })

    it('is not disturbed by an import that runs', async (t) => {
      const { store, append, event } = await openLedger(t, engine)
      const batches = Array.from({ length: 20 }, (_, b) =>
        Array.from({ length: 50 }, (_, i) => event({ upload: b * i })),
      )
      const appended = Promise.all(batches.map((batch) => append(batch)))
      for (let round = 0; round < 5; round++) {
        const { differences, ledgerRows } = await store.audit()
        assert.deepEqual(differences, [])
        assert.equal(ledgerRows % 50, 0)
      }
      await appended
      assert.equal((await store.audit()).ledgerRows, 1_000)
    })
  })
}
