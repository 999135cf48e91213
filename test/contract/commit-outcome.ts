/** A connection that is cut at COMMIT: what was stored is counted once, and what was not is stored. */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { openStore } from '../../src/storage/open-store.ts'
import {
  aBatch,
  aFeed,
  anAccount,
  anEvent,
  anImportStart,
  aSim,
  NOW,
  newSimSid,
} from '../support/builders.ts'
import { newSchema, type TempPlace } from '../support/postgres-schema.ts'
import { type Cut, TcpProxy } from '../support/tcp-proxy.ts'
import { share } from '../support/volume.ts'
import { assertAuditClean } from './engine.ts'

/** In one batch. */
export const EVENTS = 20
const WAYS: readonly Cut[] = ['before', 'after', 'before, unnoticed']

/** A store that reaches its server through a proxy, and an import into it. */
export async function openBehindProxy(t: TestContext, place: Pick<TempPlace, 'url'>) {
  const proxy = await TcpProxy.open(place.url)
  t.after(() => proxy.close())
  const store = await openStore(proxy.through(place.url), { create: true })
  t.after(() => store.close())
  const account = await store.createAccount(anAccount())
  const options = { at: NOW, newSid: newSimSid }
  const sim = await store.createSim(account.id, aSim(), options)
  const feed = await store.createFeed(aFeed())
  const { id: importId } = await store.beginImport(anImportStart(feed))
  const append = (count: number) => {
    const stated = { simId: sim.id, accountId: account.id, upload: 1 }
    const events = Array.from({ length: count }, () => anEvent(stated))
    return store.append(aBatch({ importId, feed, events }))
  }
  /** Once as the import counts it, once as the ledger does. */
  const counted = async () => {
    const { counts } = (await store.findImport(importId))!
    const query = { start: NOW - 86_400, end: NOW, granularity: 'all' } as const
    const [group] = await store.queryUsage({ ...query, scope: { simId: sim.id } })
    return { ...counts, bytes: Number(group!.upload) }
  }
  return { proxy, store, append, counted }
}

type Behind = Awaited<ReturnType<typeof openBehindProxy>>

/** Gets the extra work of a first batch done, such as creating partitions. */
export async function warmedUp(opening: Promise<Behind>): Promise<Behind> {
  const behind = await opening
  await behind.append(1)
  return behind
}

export function countedOnce(records: number) {
  const none = { duplicate: 0, replaced: 0, quarantined: 0, expired: 0 }
  return { accepted: records, ...none, bytes: records }
}

/** On PostgreSQL or Citus: everything that a cut connection may leave behind. */
export function describeCommitOutcome(engine: 'postgres' | 'citus'): void {
  describe(`a connection to ${engine} that is cut at COMMIT`, () => {
    for (const where of WAYS.slice(0, share(2, 3))) {
      it(`${where}: a batch is counted once, and its verdicts say so`, async (t) => {
        const place = await newSchema(engine)
        t.after(() => place.remove())
        const { proxy, store, append, counted } = await warmedUp(openBehindProxy(t, place))
        for (let cuts = 1; cuts <= 3; cuts++) {
          const cut = proxy.cutAt(where)
          const { counts } = await append(EVENTS)
          await cut
          assert.equal(counts.accepted, EVENTS)
          assert.deepEqual(await counted(), countedOnce(1 + cuts * EVENTS))
        }
        await assertAuditClean(store)
      })

      it(`${where}: an account, a feed and an import are created once`, async (t) => {
        const place = await newSchema(engine)
        t.after(() => place.remove())
        const { proxy, store } = await warmedUp(openBehindProxy(t, place))
        const cuts: Promise<void>[] = []
        const cut = () => void cuts.push(proxy.cutAt(where))
        cut()
        const account = await store.createAccount(anAccount())
        cut()
        const feed = await store.createFeed(aFeed())
        cut()
        const { id } = await store.beginImport(anImportStart(feed))
        await Promise.all(cuts)
        assert.deepEqual((await store.listAccounts()).at(-1), account)
        assert.deepEqual((await store.listFeeds()).at(-1), feed)
        const imports = await store.listImports({}, { limit: 10 })
        assert.deepEqual(
          imports.filter(({ feedId }) => feedId === feed.id).map((one) => one.id),
          [id],
        )
      })
    }

    it('does not wait for a server that has not noticed and is still at work', async (t) => {
      const place = await newSchema(engine)
      t.after(() => place.remove())
      const { proxy, append, counted } = await openBehindProxy(t, place)
      // By then the rows are in the ledger, so that nobody else can add them.
      const cut = proxy.cutAt('before, unnoticed', 'INSERT INTO account_feed')
      const { counts } = await append(EVENTS)
      await cut
      assert.equal(counts.accepted, EVENTS)
      assert.deepEqual(await counted(), countedOnce(EVENTS))
    })
  })
}
