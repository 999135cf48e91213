/** Accounts and the keys that callers use. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { aKey, anAccount, homeSet, NOW, sha256, sidOf } from '../support/builders.ts'
import { type Engine, failureOf, openEmpty } from './engine.ts'

export function describeAccounts(engine: Engine): void {
  describe('accounts', () => {
    it('are found by SID and by id, as they were created', async (t) => {
      const { store } = await openEmpty(t, engine)
      const stated = anAccount({ name: 'Añejo & Söhne', home: homeSet('310-260 310-160', 'US PR') })
      const account = await store.createAccount(stated)
      assert.deepEqual(account, {
        ...{ id: account.id, previousToken: null, mayRegisterNumbers: false },
        ...stated,
      })
      assert.deepEqual(await store.findAccount(account.sid), account)
      assert.deepEqual(await store.findAccountById(account.id), account)
    })

    it('may have no home set at all', async (t) => {
      const { store } = await openEmpty(t, engine)
      const account = await store.createAccount(anAccount({ home: homeSet('', '') }))
      assert.deepEqual((await store.findAccount(account.sid))?.home, { plmns: [], countries: [] })
    })

    it('are null if there are none', async (t) => {
      const { store } = await openEmpty(t, engine)
      const account = await store.createAccount(anAccount())
      assert.equal(await store.findAccount(sidOf('AC', 0xfff)), null)
      assert.equal(await store.findAccountById(account.id + 1), null)
    })

    it('are found only by their SID and their id', async (t) => {
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

    it('change only what is stated', async (t) => {
      const { store } = await openEmpty(t, engine)
      const home = homeSet('310-260', 'US')
      const account = await store.createAccount(anAccount({ name: 'Acme', home }))
      const other = await store.createAccount(anAccount())
      const changed = await store.updateAccount(account.id, {
        name: 'Acme Inc',
        home: { countries: homeSet('', 'FR DE').countries },
      })
      assert.deepEqual(changed, {
        ...account,
        name: 'Acme Inc',
        home: homeSet('310-260', 'FR DE'),
      })
      assert.deepEqual(await store.findAccount(account.sid), changed)
      assert.deepEqual(await store.updateAccount(account.id, {}), changed)
      const homeless = await store.updateAccount(account.id, { home: homeSet('', '') })
      assert.deepEqual(homeless.home, homeSet('', ''))
      assert.deepEqual(await store.findAccountById(other.id), other)
      await failureOf('not_found', store.updateAccount(99, { name: 'x' }))
    })

    it('have two auth tokens for a while: the newest two', async (t) => {
      const { store } = await openEmpty(t, engine)
      const account = await store.createAccount(anAccount())
      const [second, third] = [sha256('second'), sha256('third')]
      const rotated = await store.rotateAuthToken(account.id, {
        hash: second,
        previousUntil: NOW + 60,
      })
      assert.deepEqual(rotated, {
        ...account,
        authTokenHash: second,
        previousToken: { hash: account.authTokenHash, until: NOW + 60 },
      })
      assert.deepEqual(await store.findAccount(account.sid), rotated)
      const again = await store.rotateAuthToken(account.id, { hash: third, previousUntil: NOW })
      assert.deepEqual(again.previousToken, { hash: second, until: NOW })
      const ended = await store.endPreviousToken(account.id)
      assert.deepEqual(ended, { ...account, authTokenHash: third })
      assert.deepEqual(await store.findAccountById(account.id), ended)
      await failureOf('not_found', store.endPreviousToken(99))
      await failureOf('not_found', store.rotateAuthToken(99, { hash: third, previousUntil: 0 }))
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
      const stated = aKey({ accountId: account.id, scope: 'ingest', label: 'Büro' })
      const key = await store.createApiKey(stated)
      assert.deepEqual(key, { ...stated, accountSid: account.sid, lastUsedAt: null })
      const operators = await store.createApiKey(aKey({ accountId: null, scope: 'admin' }))
      assert.deepEqual([operators.accountId, operators.accountSid], [null, null])
      assert.deepEqual(await store.findApiKey(key.sid), key)
      assert.deepEqual(await store.findApiKey(operators.sid), operators)
    })

    it('are null if there are none', async (t) => {
      const { store } = await openEmpty(t, engine)
      assert.equal(await store.findApiKey(sidOf('SK', 1)), null)
      assert.equal(await store.revokeApiKey(sidOf('SK', 1), NOW), null)
      const key = await store.createApiKey(aKey())
      const renamed = await store.updateApiKey(key.sid, { label: 'renamed' })
      assert.deepEqual(renamed, { ...key, label: 'renamed' })
      await failureOf('not_found', store.updateApiKey(sidOf('SK', 1), { label: 'none' }))
    })

    it('are still found when revoked, and tell when that was', async (t) => {
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

    it('tell when they were last used', async (t) => {
      const { store } = await openEmpty(t, engine)
      const key = await store.createApiKey(aKey())
      const other = await store.createApiKey(aKey())
      const use = (sid: string, at: number) => ({ sid: sid as typeof key.sid, at })
      await store.noteKeyUses([use(key.sid, NOW + 60), use(sidOf('SK', 0xfff), NOW)])
      await store.noteKeyUses([use(key.sid, NOW + 30)])
      await store.noteKeyUses([])
      assert.equal((await store.findApiKey(key.sid))?.lastUsedAt, NOW + 60)
      assert.deepEqual(await store.findApiKey(other.sid), other)
      await store.noteKeyUses([use(key.sid, NOW + 90)])
      assert.equal((await store.findApiKey(key.sid))?.lastUsedAt, NOW + 90)
    })

    it('are all listed, including revoked ones', async (t) => {
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
