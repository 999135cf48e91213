/** A connection that is cut at COMMIT: what was stored is counted once, what was not is stored. */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { openStore } from '../../src/storage/open-store.ts'
import { assertAuditClean } from '../contract/engine.ts'
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
import { execute, newSchema, type TempPlace } from '../support/postgres-schema.ts'
import { startPostgresServer, stopServerAtEnd } from '../support/postgres-server.ts'
import { type Cut, TcpProxy } from '../support/tcp-proxy.ts'

stopServerAtEnd()

const EVENTS = 20
const WAYS: readonly Cut[] = ['before', 'before, unnoticed', 'after']

/** A store that reaches its server through a proxy, and an import of it. */
async function openBehindProxy(t: TestContext, place: Pick<TempPlace, 'url'>) {
  const proxy = await TcpProxy.open(place.url)
  t.after(() => proxy.close())
  const store = await openStore(proxy.through(place.url))
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

/** What a first batch does besides, such as making partitions, is done. */
async function warmedUp(opening: Promise<Behind>): Promise<Behind> {
  const behind = await opening
  await behind.append(1)
  return behind
}

function countedOnce(records: number) {
  const none = { duplicate: 0, replaced: 0, quarantined: 0, expired: 0 }
  return { accepted: records, ...none, bytes: records }
}

describe('a connection that is cut at COMMIT', () => {
  for (const where of WAYS) {
    it(`${where}: a batch is counted once, and its verdicts say so`, async (t) => {
      const place = await newSchema('postgres')
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

    it(`${where}: an account, a feed and an import are made once`, async (t) => {
      const place = await newSchema('postgres')
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

  it('does not wait for what the server still does for it, which has not noticed', async (t) => {
    const place = await newSchema('postgres')
    t.after(() => place.remove())
    const { proxy, append, counted } = await openBehindProxy(t, place)
    // The rows are in the ledger by then, so that nobody else can add them.
    const cut = proxy.cutAt('before, unnoticed', 'INSERT INTO account_feed')
    const { counts } = await append(EVENTS)
    await cut
    assert.equal(counts.accepted, EVENTS)
    assert.deepEqual(await counted(), countedOnce(EVENTS))
  })

  it('and whose server crashes: another transaction of the same number is not taken for it', async (t) => {
    // Nothing but a commit writes the log, so that the crash forgets the transaction's number.
    const quiet = ['wal_writer_delay=10s', 'bgwriter_delay=10s', 'autovacuum=off']
    const server = await startPostgresServer({ settings: [...quiet, 'full_page_writes=off'] })
    t.after(() => server.stop())
    const { proxy, store, append, counted } = await warmedUp(openBehindProxy(t, server))
    const cut = proxy.cutAt('before, unnoticed')
    const appending = append(EVENTS)
    await cut
    proxy.refuse(true)
    const [underWay] = await execute(
      server.url,
      `SELECT backend_xid::text AS id FROM pg_stat_activity
       WHERE application_name = 'simtally' AND backend_xid IS NOT NULL`,
    )
    await server.crash()
    await server.start()
    // Others take the numbers after the crash, that of the lost transaction among them.
    const others = Array.from({ length: 20 }, () => 'SELECT pg_current_xact_id()::text AS id')
    const ids = (await execute(server.url, ...others)).map(({ rows }) => rows[0].id)
    const lost = underWay!.rows[0].id
    assert.ok(ids.includes(lost), `${ids.join(' ')} has no ${lost}`)
    proxy.refuse(false)
    const { counts } = await appending
    assert.equal(counts.accepted, EVENTS)
    assert.deepEqual(await counted(), countedOnce(1 + EVENTS))
    await assertAuditClean(store)
  })
})
