/** The log of acts: its entries, the transaction of each, and that nothing is ever removed. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Act } from '../../src/domain/act.ts'
import type { Account } from '../../src/domain/directory.ts'
import { aKey, anAccount, aSim, NOW, newSimSid } from '../support/builders.ts'
import { type Engine, failureOf, openEmpty, openLedger } from './engine.ts'

const told = ({ id: _, details: __, ...act }: Act) => act

export function describeActs(engine: Engine): void {
  describe('acts', () => {
    it('are logged with who did them and when, newest first, without secrets', async (t) => {
      const { store } = await openEmpty(t, engine)
      const operator = store.actingAs({ name: 'operator', clock: () => NOW })
      const account = await operator.createAccount(anAccount({ name: 'Acme' }))
      const key = await store
        .actingAs({ name: account.sid, clock: () => NOW + 1 })
        .createApiKey(aKey({ accountId: account.id }))
      const acts = await store.listActs({}, { limit: 10 })
      assert.deepEqual(acts.map(told), [
        { at: NOW + 1, actor: account.sid, verb: 'create', objectKind: 'key', object: key.sid },
        { at: NOW, actor: 'operator', verb: 'create', objectKind: 'account', object: account.sid },
      ])
      assert.equal(acts[1]!.details.name, 'Acme')
      const text = JSON.stringify(acts)
      for (const secret of [key.secretHash, account.authTokenHash]) {
        assert.ok(!text.includes(secret))
      }
    })

    it('have the database’s time if no clock is given', async (t) => {
      const { store } = await openEmpty(t, engine)
      await store.createAccount(anAccount())
      const [act] = await store.listActs({}, { limit: 1 })
      assert.equal(act!.actor, 'program')
      assert.ok(act!.at > 1_700_000_000)
    })

    it('are not logged for what failed or changed nothing', async (t) => {
      const { store } = await openEmpty(t, engine)
      const account = await store.createAccount(anAccount())
      const sim = aSim()
      const options = { at: NOW, newSid: newSimSid }
      await store.registerSims(account.id, [sim], options)
      const before = await store.listActs({}, { limit: 10 })
      await failureOf('conflict', store.createAccount(anAccount({ sid: account.sid })))
      await failureOf('conflict', store.createSim(account.id, sim, options))
      await store.registerSims(account.id, [sim], options)
      await store.discardQuarantine([4_711], { by: 'Ada', reason: 'test SIMs' })
      assert.equal(await store.revokeApiKey('SKnone', NOW), null)
      assert.deepEqual(await store.listActs({}, { limit: 10 }), before)
    })

    it('are found by instant, kind and object, page by page', async (t) => {
      const { store } = await openEmpty(t, engine)
      const at = (seconds: number) => store.actingAs({ name: 'x', clock: () => NOW + seconds })
      const accounts: Account[] = []
      for (const second of [0, 1, 2]) accounts.push(await at(second).createAccount(anAccount()))
      await at(3).createApiKey(aKey({ accountId: accounts[0]!.id }))
      const [first, second, third] = accounts.map(({ sid }) => sid)
      const objects = (acts: readonly Act[]) => acts.map(({ object }) => object)
      const ofAccounts = { objectKind: 'account' } as const
      const newest = await store.listActs(ofAccounts, { limit: 2 })
      assert.deepEqual(objects(newest), [third, second])
      const page = { limit: 9, beforeId: newest[1]!.id }
      assert.deepEqual(objects(await store.listActs(ofAccounts, page)), [first])
      const one = await store.listActs({ ...ofAccounts, object: second! }, { limit: 9 })
      assert.deepEqual(objects(one), [second])
      assert.equal((await store.listActs({ since: NOW + 2 }, { limit: 9 })).length, 2)
      assert.deepEqual(await store.listActs({ since: NOW + 4 }, { limit: 9 }), [])
    })

    it('tell how much an undo or a purge removed', async (t) => {
      const { store, importId, append, event } = await openLedger(t, engine)
      await append([event({ at: '2026-03-01T10:00:00Z' }), event({ at: '2026-03-02T10:00:00Z' })])
      await store.undoImport(importId, NOW)
      const [undo] = await store.listActs({ objectKind: 'import' }, { limit: 1 })
      assert.deepEqual(
        [undo!.verb, undo!.object, undo!.details.removed],
        ['undo', `${importId}`, 2],
      )
    })
  })
}
