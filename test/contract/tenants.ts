/** What keeps one account's actions out of another's numbers. */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { feedGaps } from '../../src/domain/completeness.ts'
import type { Account, Feed } from '../../src/domain/directory.ts'
import type { UsageStore } from '../../src/storage/usage-store.ts'
import {
  aBatch,
  aFeed,
  anAccount,
  anImportStart,
  aQuarantinedRecord,
  NOW,
  sha256,
} from '../support/builders.ts'
import { type Engine, failureOf, openEmpty, openLedger } from './engine.ts'

export function describeTenants(engine: Engine): void {
  describe('feeds and their accounts', () => {
    it('binds a feed to an account, and allows the kinds of name that go with that', async (t) => {
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

    it('refuses unique names on an unbound feed, and no kind of name at all', async (t) => {
      const { store } = await openEmpty(t, engine)
      const { id: accountId } = await store.createAccount(anAccount())
      const stated = aFeed({ simNames: ['iccid', 'unique_name'] })
      await failureOf('invalid', store.createFeed(stated))
      const bound = await store.createFeed({ ...stated, accountId })
      await failureOf('invalid', store.updateFeed(bound.id, { accountId: null }))
      await failureOf('invalid', store.updateFeed(bound.id, { simNames: [] }))
      assert.deepEqual(await store.listFeeds(), [bound])
    })

    it('does not bind a feed that has brought usage of another account', async (t) => {
      const { store, feed, account, event, append } = await openLedger(t, engine)
      const other = await store.createAccount(anAccount())
      await append([event({})])
      await failureOf('conflict', store.updateFeed(feed.id, { accountId: other.id }))
      assert.deepEqual(await store.findFeed(feed.name), feed)
      const bound = await store.updateFeed(feed.id, { accountId: account.id })
      assert.equal(bound.accountSid, account.sid)
    })
  })

  describe('grants of feeds', () => {
    it('make a feed exist for an account until they end', async (t) => {
      const { store } = await openEmpty(t, engine)
      const account = await store.createAccount(anAccount())
      const other = await store.createAccount(anAccount())
      const feed = await store.createFeed(aFeed())
      const find = () => store.findAccountFeed(account.id, feed.name)
      assert.equal(await find(), null)
      const grant = await store.grantFeed(feed.id, account.id, NOW)
      const { id: accountId, sid: accountSid } = account
      assert.deepEqual(grant, { feedId: feed.id, accountId, accountSid, grantedAt: NOW })
      assert.deepEqual(await store.grantFeed(feed.id, account.id, NOW + 1), grant)
      assert.deepEqual(await store.listFeedGrants(), [grant])
      assert.deepEqual(await find(), { feed, mayDeliver: true })
      assert.equal(await store.findAccountFeed(other.id, feed.name), null)
      assert.equal(await store.findAccountFeed(account.id, 'none'), null)
      assert.deepEqual(await store.revokeFeedGrant(feed.id, account.id), grant)
      assert.equal(await store.revokeFeedGrant(feed.id, account.id), null)
      assert.equal(await find(), null)
      assert.deepEqual(await store.listFeedGrants(), [])
      await failureOf('not_found', store.grantFeed(feed.id, 9_999, NOW))
      await failureOf('not_found', store.grantFeed(9_999, account.id, NOW))
    })

    it('are needed to deliver, but not to see a feed that has brought usage', async (t) => {
      const { store, feed, account, event, append } = await openLedger(t, engine)
      await append([event({})])
      const found = await store.findAccountFeed(account.id, feed.name)
      assert.deepEqual(found, { feed, mayDeliver: false })
    })

    it('are refused on a feed that is bound to another account', async (t) => {
      const { store } = await openEmpty(t, engine)
      const account = await store.createAccount(anAccount())
      const other = await store.createAccount(anAccount())
      const bound = await store.createFeed(aFeed({ accountId: account.id }))
      await failureOf('conflict', store.grantFeed(bound.id, other.id, NOW))
      await store.grantFeed(bound.id, account.id, NOW)
      await failureOf('conflict', store.updateFeed(bound.id, { accountId: other.id }))
    })
  })

  describe('what an account delivers itself', () => {
    async function openFeeds(t: TestContext) {
      const { store } = await openEmpty(t, engine)
      const account = await store.createAccount(anAccount())
      const shared = await store.createFeed(aFeed())
      const bound = await store.createFeed(aFeed({ accountId: account.id }))
      return { store, account, shared, bound }
    }

    async function deliver(store: UsageStore, feed: Feed, account: Account | null, at = NOW) {
      const by = account === null ? {} : { accountId: account.id }
      const { id } = await store.beginImport(anImportStart(feed, { startedAt: at, ...by }))
      const facts = { sequence: { stream: 's', number: at }, usageFrom: null, completeThrough: at }
      const end = { status: 'done', checksum: sha256('same'), error: null, facts } as const
      return store.finishImport(id, { ...end, finishedAt: at })
    }

    const progressOf = async (store: UsageStore, { id }: Feed) =>
      (await store.listFeedProgress()).find(({ feedId }) => feedId === id)!

    it('says nothing about a feed that others have usage from, even when derived again', async (t) => {
      const { store, account, shared } = await openFeeds(t)
      await deliver(store, shared, null)
      const before = await progressOf(store, shared)
      const { id } = await deliver(store, shared, account, NOW + 86_400)
      assert.deepEqual(await progressOf(store, shared), before)
      await store.updateFeed(shared.id, {})
      assert.deepEqual(await progressOf(store, shared), before)
      await store.undoImport(id, NOW)
      assert.deepEqual(await progressOf(store, shared), before)
    })

    it("speaks for a feed bound to the account, as the operator's does", async (t) => {
      const { store, account, bound } = await openFeeds(t)
      await deliver(store, bound, account)
      const delivered = await progressOf(store, bound)
      assert.deepEqual(delivered.deliveries.newestAt, NOW)
      await deliver(store, bound, null, NOW + 2)
      assert.equal(feedGaps(await progressOf(store, bound)).length, 1)
      await store.updateFeed(bound.id, {})
      assert.equal(feedGaps(await progressOf(store, bound)).length, 1)
      const unbound = await store.updateFeed(bound.id, { accountId: null, simNames: ['imsi'] })
      assert.deepEqual(feedGaps(await progressOf(store, unbound)), [])
    })
  })
  describe('the same bytes in quarantine', () => {
    const record = (detail: string) => aQuarantinedRecord('same bytes', { line: 2, detail })

    /** One import each for two accounts and the operator; `entry` is what an import has waiting. */
    async function openQuarantine(t: TestContext) {
      const ledger = await openLedger(t, engine)
      const { store, feed } = ledger
      const accounts = [
        await store.createAccount(anAccount()),
        await store.createAccount(anAccount()),
      ]
      const deliver = async (accountId: number | null, detail: string) => {
        const start = anImportStart(feed, accountId === null ? {} : { accountId })
        const { id: importId } = await store.beginImport(start)
        const quarantined = [record(detail)]
        const batch = aBatch({ importId, accountId, feed, quarantined })
        assert.equal((await store.append(batch)).counts.quarantined, 1)
        return importId
      }
      const details = async (importId: number) =>
        (await store.listQuarantine({ importId }, { limit: 9 })).map(({ detail }) => detail)
      return { ...ledger, accounts, deliver, details }
    }

    it('are described to each deliverer in its own words, and go with its own import', async (t) => {
      const { store, feed, accounts, deliver, details } = await openQuarantine(t)
      const [a, b] = accounts.map(({ id }) => id)
      const ofA = await deliver(a!, 'for A')
      const ofB = await deliver(b!, 'for B')
      const ofOperator = await deliver(null, 'for the operator')
      const again = await deliver(b!, 'for B once more')
      assert.deepEqual(await details(ofA), ['for A'])
      assert.deepEqual(await details(ofB), ['for B'])
      assert.deepEqual(await details(ofOperator), ['for the operator'])
      // A deliverer's own record is kept once, as it first was.
      assert.deepEqual(await details(again), ['for B'])
      const waiting = async () =>
        (await store.listFeedTotals()).find(({ feedId }) => feedId === feed.id)!.waiting
      assert.deepEqual(await waiting(), { unknown_sim: 3 })

      assert.equal((await store.undoImport(ofB, NOW)).quarantineEntries, 1)
      assert.deepEqual(await waiting(), { unknown_sim: 3 })
      await store.undoImport(again, NOW)
      assert.deepEqual(await waiting(), { unknown_sim: 2 })
      assert.deepEqual(await details(ofB), [])
      assert.deepEqual(await details(ofA), ['for A'])
      assert.deepEqual(await details(ofOperator), ['for the operator'])
      assert.equal((await store.audit()).differenceCount, 0)
    })

    it('are tried again, counted and discarded separately for each deliverer', async (t) => {
      const { store, feed, event, accounts, deliver, details } = await openQuarantine(t)
      const ofA = await deliver(accounts[0]!.id, 'for A')
      const ofB = await deliver(accounts[1]!.id, 'for B')
      const ofOperator = await deliver(null, 'for the operator')
      const entryOf = async (importId: number) =>
        (await store.listQuarantine({ importId }, { limit: 9 }))[0]!.id
      const nothing = { events: [], expired: [], faults: [], knownAt: NOW + 1 }
      const later = (detail: string) => ({ ...record(detail), reason: 'future' as const })
      for (const importId of [ofA, ofB]) {
        const faults = [{ entryId: await entryOf(importId), fault: later(`later ${importId}`) }]
        await store.recycle({ ...nothing, importId, feed, faults })
      }
      assert.deepEqual(await details(ofA), [`later ${ofA}`])
      assert.deepEqual(await details(ofB), [`later ${ofB}`])
      assert.deepEqual(await details(ofOperator), ['for the operator'])

      const counted = [{ entryId: await entryOf(ofOperator), event: event({ line: 2, upload: 5 }) }]
      const recycled = { ...nothing, importId: ofOperator, feed, events: counted }
      assert.equal((await store.recycle(recycled)).counts.accepted, 1)
      assert.equal(
        await store.discardQuarantine([await entryOf(ofB)], { by: 'Ada', reason: 'x' }),
        1,
      )
      assert.deepEqual(await details(ofOperator), [])
      assert.deepEqual(await details(ofB), [])
      assert.deepEqual(await details(ofA), [`later ${ofA}`])
      assert.equal((await store.audit()).differenceCount, 0)
    })
  })
}
