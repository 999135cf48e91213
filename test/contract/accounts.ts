/** Accounts and the keys that callers show. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { aKey, anAccount, homeSet, NOW, sidOf } from '../support/builders.ts'
import { type Engine, failureOf, openEmpty } from './engine.ts'

export function describeAccounts(engine: Engine): void {
  describe('accounts', () => {
    it('are found by SID and by id, as they were created', async (t) => {
      const { store } = await openEmpty(t, engine)
      const stated = anAccount({ name: 'Añejo & Söhne', home: homeSet('310-260 310-160', 'US PR') })
      const account = await store.createAccount(stated)
      assert.deepEqual(account, { id: account.id, ...stated })
      assert.deepEqual(await store.findAccount(account.sid), account)
      assert.deepEqual(await store.findAccountById(account.id), account)
    })

    it('may have no home set at all', async (t) => {
      const { store } = await openEmpty(t, engine)
      const account = await store.createAccount(anAccount({ home: homeSet('', '') }))
      assert.deepEqual((await store.findAccount(account.sid))?.home, { plmns: [], countries: [] })
    })

    it('are null where there is none', async (t) => {
      const { store } = await openEmpty(t, engine)
      const account = await store.createAccount(anAccount())
      assert.equal(await store.findAccount(sidOf('AC', 0xfff)), null)
      assert.equal(await store.findAccountById(account.id + 1), null)
    })

    it('are found by nothing but their SID and their id', async (t) => {
      const { store } = await openEmpty(t, engine)
      const account = await store.createAccount(anAccount({ name: 'Acme' }))
      for (const text of ['', 'Acme', `${account.id}`, `id ${account.id}`, '%', 'null']) {
        assert.equal(await store.findAccount(text), null)
        assert.deepEqual(await store.findAccountById(account.id), account)
        assert.equal(await store.findAccount(text), null)
      }
    })

    it('are listed in order of creation', async (t) => {
      const { store } = await openEmpty(t, engine)
      assert.deepEqual(await store.listAccounts(), [])
      const later = await store.createAccount(anAccount({ sid: sidOf('AC', 2), name: 'B' }))
      const last = await store.createAccount(anAccount({ sid: sidOf('AC', 1), name: 'A' }))
      assert.deepEqual(await store.listAccounts(), [later, last])
    })

    it('do not share a SID', async (t) => {
      const { store } = await openEmpty(t, engine)
      const account = await store.createAccount(anAccount({ name: 'first' }))
      await failureOf('conflict', store.createAccount(anAccount({ sid: account.sid })))
      assert.deepEqual(await store.listAccounts(), [account])
    })
  })

  describe('API keys', () => {
    it('belong to an account or to the operator', async (t) => {
      const { store } = await openEmpty(t, engine)
      const account = await store.createAccount(anAccount())
      const stated = aKey({ accountId: account.id, scope: 'ingest' })
      const key = await store.createApiKey(stated)
      assert.deepEqual(key, { ...stated, accountSid: account.sid })
      const operators = await store.createApiKey(aKey({ accountId: null, scope: 'admin' }))
      assert.deepEqual([operators.accountId, operators.accountSid], [null, null])
      assert.deepEqual(await store.findApiKey(key.sid), key)
      assert.deepEqual(await store.findApiKey(operators.sid), operators)
    })

    it('are null where there is none', async (t) => {
      const { store } = await openEmpty(t, engine)
      assert.equal(await store.findApiKey(sidOf('SK', 1)), null)
      assert.equal(await store.revokeApiKey(sidOf('SK', 1), NOW), null)
    })

    it('are still found when revoked, and tell since when', async (t) => {
      const { store } = await openEmpty(t, engine)
      const key = await store.createApiKey(aKey())
      const revoked = { ...key, revokedAt: NOW + 10 }
      assert.deepEqual(await store.revokeApiKey(key.sid, NOW + 10), revoked)
      assert.deepEqual(await store.findApiKey(key.sid), revoked)
    })

    it('keep the first instant when revoked again', async (t) => {
      const { store } = await openEmpty(t, engine)
      const key = await store.createApiKey(aKey())
      await store.revokeApiKey(key.sid, NOW + 10)
      assert.equal((await store.revokeApiKey(key.sid, NOW + 99))?.revokedAt, NOW + 10)
      assert.equal((await store.findApiKey(key.sid))?.revokedAt, NOW + 10)
    })

    it('are all listed, revoked ones too', async (t) => {
      const { store } = await openEmpty(t, engine)
      const account = await store.createAccount(anAccount())
      const one = await store.createApiKey(aKey({ accountId: account.id }))
      const two = await store.createApiKey(aKey())
      const revoked = await store.revokeApiKey(two.sid, NOW)
      const bySid = (await store.listApiKeys()).toSorted((a, b) => (a.sid < b.sid ? -1 : 1))
      assert.deepEqual(bySid, [one, revoked])
    })
  })
}
