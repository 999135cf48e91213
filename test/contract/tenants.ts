/** What keeps one account's doings from another's numbers. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { aFeed, anAccount } from '../support/builders.ts'
import { type Engine, failureOf, openEmpty, openLedger } from './engine.ts'

export function describeTenants(engine: Engine): void {
  describe('feeds and the accounts they are for', () => {
    it('binds a feed to an account, and gives it names as its binding allows', async (t) => {
      const { store } = await openEmpty(t, engine)
      const { id: accountId, sid } = await store.createAccount(anAccount())
      const { accountId: _, accountSid: __, simNames: ___, ...plain } = aFeed()
      const shared = await store.createFeed(plain)
      assert.deepEqual([shared.accountId, shared.accountSid], [null, null])
      assert.deepEqual(shared.simNames, ['sid', 'iccid', 'imsi', 'msisdn'])
      const bound = await store.createFeed({ ...plain, name: 'bound', accountId })
      assert.deepEqual([bound.accountId, bound.accountSid], [accountId, sid])
      assert.deepEqual(bound.simNames, ['sid', 'iccid', 'imsi', 'msisdn', 'unique_name'])
      assert.deepEqual(await store.listFeeds(), [shared, bound])

      const changes = { accountId, simNames: ['imsi', 'unique_name'] } as const
      const changed = await store.updateFeed(shared.id, changes)
      assert.deepEqual(changed, { ...shared, ...changes, accountSid: sid })
      assert.deepEqual(await store.findFeed(shared.name), changed)
    })

    it('refuses unique names on a feed of no account in particular, and no names', async (t) => {
      const { store } = await openEmpty(t, engine)
      const { id: accountId } = await store.createAccount(anAccount())
      const stated = aFeed({ simNames: ['iccid', 'unique_name'] })
      await failureOf('invalid', store.createFeed(stated))
      const bound = await store.createFeed({ ...stated, accountId })
      await failureOf('invalid', store.updateFeed(bound.id, { accountId: null }))
      await failureOf('invalid', store.updateFeed(bound.id, { simNames: [] }))
      assert.deepEqual(await store.listFeeds(), [bound])
    })

    it('binds no feed that has brought usage of another account', async (t) => {
      const { store, feed, account, event, append } = await openLedger(t, engine)
      const other = await store.createAccount(anAccount())
      await append([event({})])
      await failureOf('conflict', store.updateFeed(feed.id, { accountId: other.id }))
      assert.deepEqual(await store.findFeed(feed.name), feed)
      const bound = await store.updateFeed(feed.id, { accountId: account.id })
      assert.equal(bound.accountSid, account.sid)
    })
  })
}
