/** SIMs whose names are taken: what is refused, and that nothing is half done. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SimRegistration } from '../../src/domain/directory.ts'
import { aSim, iccidOf, imsiOf, msisdnOf, NOW, newSimSid, sidOf } from '../support/builders.ts'
import { type Engine, failureOf, register } from './engine.ts'
import { openAccounts } from './sims.ts'

export function describeSimCollisions(engine: Engine): void {
  describe('SIMs that collide', () => {
    const taken = {
      sid: sidOf('DE', 0xabc),
      iccid: iccidOf(100),
      imsis: [imsiOf(100)],
      msisdn: msisdnOf(100),
    }
    const collisions = [
      ['sid', { sid: taken.sid }, taken.sid],
      ['iccid', { iccid: taken.iccid }, taken.iccid],
      ['imsi', { imsis: [imsiOf(99), ...taken.imsis] }, imsiOf(100)],
      ['msisdn', { imsis: [imsiOf(98)], msisdn: taken.msisdn }, taken.msisdn],
    ] as const
    for (const [field, stated, value] of collisions) {
      it(`refuses the ${field} of another account's SIM without naming that SIM`, async (t) => {
        const { store, other, registerAll, account } = await openAccounts(t, engine)
        const foreign = await register(store, other, { ...taken, uniqueName: 'secret truck' })
        const list = [aSim({ uniqueName: 'first' }), stated, aSim({ uniqueName: 'third' })]
        const error = await failureOf('conflict', registerAll(list))
        assert.match(error.field ?? '', new RegExp(`^1\\.${field}`))
        assert.ok(error.message.startsWith(error.field!), error.message)
        assert.equal(error.value, value)
        const told = `${error.message} ${error.hint}`
        assert.ok(!told.includes('secret truck') && !told.includes(other.sid))
        if (field !== 'sid') assert.ok(!told.includes(foreign.sid))
        assert.deepEqual(await store.listSims({ accountId: account.id }, { limit: 10 }), [])
      })
    }

    it('refuses the number of another SIM in the account', async (t) => {
      const { registerAll } = await openAccounts(t, engine)
      await registerAll([taken, { iccid: iccidOf(200), imsis: [imsiOf(200)] }])
      const steals: readonly [string, SimRegistration][] = [
        ['0.imsi', { iccid: iccidOf(200), imsis: [imsiOf(100)] }],
        ['0.msisdn', { iccid: iccidOf(200), msisdn: msisdnOf(100) }],
        ['0.iccid', { sid: taken.sid, iccid: iccidOf(200) }],
      ]
      for (const [field, stated] of steals) {
        const error = await failureOf('conflict', registerAll([stated]))
        assert.ok(error.field?.startsWith(field), `${error.field} for ${field}`)
      }
    })

    it('refuses a unique name twice in an account, but allows it in other accounts', async (t) => {
      const { registerAll, store, other } = await openAccounts(t, engine)
      await registerAll([aSim({ uniqueName: 'truck' })])
      const error = await failureOf(
        'conflict',
        registerAll([aSim(), aSim({ uniqueName: 'truck' })]),
      )
      assert.match(error.field ?? '', /^1\.unique_?name$/i)
      assert.equal(error.value, 'truck')
      assert.equal(
        (await register(store, other, aSim({ uniqueName: 'truck' }))).uniqueName,
        'truck',
      )
    })

    it('leaves everything as it was if one SIM of a list is refused', async (t) => {
      const { registerAll, store, account, other } = await openAccounts(t, engine)
      await register(store, other, taken)
      const mine = (await registerAll([{ iccid: iccidOf(1), imsis: [imsiOf(1)] }])).sims
      const list = [
        { iccid: iccidOf(1), imsis: [imsiOf(2)], friendlyName: 'changed' },
        { iccid: iccidOf(2) },
        { msisdn: taken.msisdn, iccid: iccidOf(3) },
      ]
      await failureOf('conflict', registerAll(list, NOW + 60))
      assert.deepEqual(await store.listSims({ accountId: account.id }, { limit: 10 }), mine)
    })

    it('refuses to create an existing SIM, by any of its names', async (t) => {
      const { store, account } = await openAccounts(t, engine)
      const options = { at: NOW, newSid: newSimSid }
      const sim = await store.createSim(account.id, taken, options)
      assert.equal(sim.sid, taken.sid)
      for (const stated of [{ iccid: taken.iccid }, { imsis: taken.imsis }, { sid: taken.sid }]) {
        await failureOf('conflict', store.createSim(account.id, stated, options))
      }
      assert.deepEqual(await store.listSims({}, { limit: 10 }), [sim])
    })
  })
}
