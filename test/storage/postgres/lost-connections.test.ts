/** Connections and servers that go away under a store: what was under way is done once, or refused. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import pg from 'pg'
import { formatInstant } from '../../../src/domain/time.ts'
import { buildServer } from '../../../src/http/server.ts'
import { openStore } from '../../../src/storage/open-store.ts'
import { Database } from '../../../src/storage/postgres/connection.ts'
import { parsePostgresUrl } from '../../../src/storage/postgres/database-url.ts'
import { TOPOLOGIES } from '../../../src/storage/postgres/topology.ts'
import type { UsageStore } from '../../../src/storage/usage-store.ts'
import { Process, run, SIMTALLY } from '../../bad-input/cli-world.ts'
import { assertAuditClean, failureOf } from '../../contract/engine.ts'
import { ask, askAt } from '../../support/answers.ts'
import {
  aBatch,
  aFeed,
  anAccount,
  anEvent,
  anImportStart,
  aSim,
  NOW,
  newSimSid,
} from '../../support/builders.ts'
import { endConnections, newDatabase, plainUrl } from '../../support/postgres-schema.ts'
import { startPostgresServer, stopServerAtEnd } from '../../support/postgres-server.ts'
import { TcpProxy } from '../../support/tcp-proxy.ts'
import { itLong, share } from '../../support/volume.ts'

stopServerAtEnd()

const EVENTS = 2_000
const BATCHES = 15

async function openWithImport(t: TestContext, url: string, options = {}) {
  const store = await openStore(url, { create: true, ...options })
  t.after(() => store.close())
  const account = await store.createAccount(anAccount())
  const sim = await store.createSim(account.id, aSim(), { at: NOW, newSid: newSimSid })
  const feed = await store.createFeed(aFeed())
  const { id: importId } = await store.beginImport(anImportStart(feed))
  const append = (count: number) => {
    const stated = { simId: sim.id, accountId: account.id, upload: 1 }
    const events = Array.from({ length: count }, () => anEvent(stated))
    return store.append(aBatch({ importId, feed, events }))
  }
  return { store, account, sim, feed, importId, append }
}

async function bytesOf(store: UsageStore, simId: number): Promise<number> {
  const query = { start: NOW - 86_400, end: NOW, granularity: 'all' } as const
  const groups = await store.queryUsage({ ...query, scope: { simId } })
  return groups.reduce((sum, { upload }) => sum + Number(upload), 0)
}

async function database(t: TestContext): Promise<string> {
  const place = await newDatabase()
  t.after(() => place.remove())
  return place.url
}

describe('connections that end', () => {
  it(`while ${BATCHES} batches are stored: each is counted once, and its verdicts say so`, async (t) => {
    const url = await database(t)
    const { store, sim, importId, append } = await openWithImport(t, url)
    const startedAt = performance.now()
    await append(EVENTS)
    const msPerBatch = performance.now() - startedAt
    let isOver = false
    let terminated = 0
    // One to three batches apart, so that each interruption hits another moment and batches still get
    // through.
    const terminating = (async () => {
      for (let times = 1; !isOver; times++) {
        await setTimeout(msPerBatch * (1 + ((times * 0.37) % 2)))
        terminated += await endConnections(url)
      }
    })()
    for (let batch = 1; batch < BATCHES; batch++) {
      const { counts } = await append(EVENTS)
      assert.equal(counts.accepted, EVENTS)
    }
    isOver = true
    await terminating
    assert.ok(terminated >= 2, `only ${terminated} connections were ended`)
    assert.equal(await bytesOf(store, sim.id), BATCHES * EVENTS)
    const { counts } = (await store.findImport(importId))!
    const none = { duplicate: 0, replaced: 0, quarantined: 0, expired: 0 }
    assert.deepEqual(counts, { accepted: BATCHES * EVENTS, ...none })
    await assertAuditClean(store)
  })

  it('before they are ready for use are replaced', async (t) => {
    const url = await database(t)
    const proxy = await TcpProxy.open(url)
    t.after(() => proxy.close())
    for (const statement of ['pg_stat_get_activity', 'search_path', 'transaction_read_only']) {
      const ended = proxy.before(statement, async () => {
        assert.ok((await endConnections(url)) >= 1)
      })
      const store = await openStore(proxy.through(url), { create: true })
      await ended
      await store.check()
      await store.close()
    }
  })

  it('silently are replaced', async (t) => {
    const { query } = pg.Client.prototype
    let broken: string | null = null
    t.mock.method(pg.Client.prototype, 'query', function (this: pg.Client, ...given: [unknown]) {
      const [asked] = given as [string | { text: string }]
      const text = typeof asked === 'string' ? asked : asked.text
      if (broken !== null && text.includes(broken)) {
        broken = null
        // What `pg` does after a connection has ended before anybody listened.
        Object.assign(this, { _queryable: false })
      }
      return query.apply(this, given as never)
    } as never)
    const { store, append } = await openWithImport(t, await database(t))
    for (const statement of ['INSERT INTO commit_mark', 'COMMIT']) {
      broken = statement
      assert.equal((await append(3)).counts.accepted, 3)
      assert.equal(broken, null)
    }
    await assertAuditClean(store)
  })

  itLong('while a store is opened, new or not, are replaced', async (t) => {
    const url = await database(t)
    const proxy = await TcpProxy.open(url)
    t.after(() => proxy.close())
    for (const statement of ['CREATE TABLE ledger', 'server_version_num']) {
      const cut = proxy.cutAt('before', statement)
      const store = await openStore(proxy.through(url), { create: true })
      await cut
      await store.check()
      await store.close()
    }
  })

  it('while they are idle are replaced without anybody noticing', async (t) => {
    const url = await database(t)
    const { store, append } = await openWithImport(t, url)
    await Promise.all(Array.from({ length: 5 }, () => store.listAccounts()))
    for (let times = 0; times < 5; times++) {
      await endConnections(url)
      assert.equal((await store.listAccounts()).length, 1)
      assert.equal((await append(10)).counts.accepted, 10)
    }
  })
})

/** A message of PostgreSQL's protocol. */
function message(type: string, ...parts: (string | number[])[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part as string)))
  const head = Buffer.alloc(5, type)
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

describe('connections that end as soon as they are established', () => {
  it('end no process', async (t) => {
    // Login accepted, ready, and over: in one piece, as a hasty server may send it.
    const words = Buffer.concat([
      message('R', [0, 0, 0, 0]),
      message('Z', 'I'),
      message('E', 'SFATAL\0C57P01\0Mterminating connection\0\0'),
    ])
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => socket.end(words))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => server.close())
    const { port } = server.address() as AddressInfo
    const target = parsePostgresUrl(`postgres://u:p@127.0.0.1:${port}/db?read_retry_ms=100`)
    const database = new Database(target, TOPOLOGIES.plain, {})
    t.after(() => database.close())
    const reading = database.read((session) => session.all('SELECT 1'))
    const { message: told } = await failureOf('unavailable', reading)
    assert.match(told, /cannot be reached now/)
  })
})

describe('a server that restarts', () => {
  for (const signal of (['SIGQUIT', 'SIGKILL'] as const).slice(0, share(1, 2))) {
    it(`(${signal}) in mid-import: everything is counted once, and the verdicts are exact`, async (t) => {
      const server = await startPostgresServer()
      t.after(() => server.stop())
      const { store, sim, importId, append } = await openWithImport(t, server.url)
      for (let restarts = 1; restarts <= 2; restarts++) {
        await append(EVENTS)
        // In the middle of a batch, and in the middle of what the next one does.
        const appending = append(EVENTS)
        await setTimeout(restarts * 15)
        await server.crash(signal)
        const waiting = store.listAccounts()
        await server.start()
        assert.equal((await appending).counts.accepted, EVENTS)
        assert.equal((await waiting).length, 1)
      }
      assert.equal(await bytesOf(store, sim.id), 4 * EVENTS)
      assert.equal((await store.findImport(importId))!.counts.accepted, 4 * EVENTS)
      await assertAuditClean(store)
    })
  }
})

describe('a server that is away', () => {
  itLong('is reported by `serve`, which continues when it is back', async (t) => {
    const server = await startPostgresServer()
    t.after(() => server.stop())
    const url = `${server.url}?read_retry_ms=200&write_retry_ms=200`
    await (await openStore(url, { create: true })).close()
    const serving = new Process(process.execPath, [
      ...[SIMTALLY, 'serve', '--port', '0', '--json', '--database', url],
    ])
    t.after(() => serving.kill('SIGTERM'))
    await serving.printed('"url"')
    const { url: base } = JSON.parse(serving.stdout)
    const headers = { authorization: `Basic ${btoa(`AC${'0'.repeat(32)}:x`)}` }
    const get = (path: string) => askAt(base, { url: path, headers })
    assert.equal((await get('/readyz')).status, 200)
    for (const signal of ['SIGQUIT', 'SIGKILL'] as const) {
      await server.crash(signal)
      assert.equal((await get('/healthz')).status, 200)
      for (const path of ['/readyz', '/v1/UsageRecords']) {
        const { status, headers, error } = await get(path)
        assert.deepEqual([status, headers['retry-after']], [503, '5'])
        assert.equal(error.code, 20503)
        assert.doesNotMatch(error.message, /127\.0\.0\.1/)
      }
      await server.start()
      assert.equal((await get('/readyz')).status, 200)
      assert.equal((await get('/healthz')).status, 200)
    }
    serving.kill('SIGTERM')
    assert.equal((await serving.ended()).code, 0)
  })

  itLong('ends an import with one line once retries are over', async (t) => {
    const server = await startPostgresServer()
    t.after(() => server.stop())
    const { account, sim, feed } = await openWithImport(t, server.url)
    assert.ok(account)
    const url = `${server.url}?read_retry_ms=200&write_retry_ms=200`
    const importing = new Process(process.execPath, [
      ...[SIMTALLY, 'import', '-', '--feed', feed.name, '--batch-size', '10', '--database', url],
    ])
    const today = Math.floor(Date.now() / 1_000) - 86_400
    const lines = (from: number) =>
      Array.from({ length: 10 }, (_, i) => {
        return `r${from + i},${sim.sid},${formatInstant(today + from + i)},310-260,1\n`
      }).join('')
    importing.send(`record_id,sim,occurred_at,plmn,upload\n${lines(0)}`)
    await importing.said('10 records')
    await server.crash()
    importing.send(lines(10))
    const { code, stdout, stderr } = await importing.ended()
    assert.deepEqual([code, stdout], [1, ''])
    const said = stderr.trimEnd().split('\n').slice(1)
    assert.match(said[0]!, /^simtally: -: 127\.0\.0\.1:\d+\/postgres cannot be reached now \(/)
    assert.match(said[1]!, /^ {2}10 records of it are committed; importing it again/)
    assert.equal(said.length, 2)
    await server.start()
  })

  it('is waited for by a command while it starts', async (t) => {
    const server = await startPostgresServer()
    t.after(() => server.stop())
    const { url } = server
    await openWithImport(t, url)
    await server.crash()
    const starting = server.start()
    // At first it refuses, then it answers "starting up" for a moment, and then it answers for good.
    let ended = await run(process.execPath, [SIMTALLY, 'account', 'list', '--database', url])
    while (ended.code !== 0) {
      assert.match(ended.stderr, /no server answers at/)
      ended = await run(process.execPath, [SIMTALLY, 'account', 'list', '--database', url])
    }
    await starting
  })
})

describe('a database that does not answer', () => {
  it('in time is reported with the limit and how to raise it', async (t) => {
    const url = await database(t)
    const { store } = await openWithImport(t, `${url}?read_timeout_ms=200&write_timeout_ms=300`)
    const unlock = await lockTable(t, url, 'account')
    const read = await failureOf('unavailable', store.listAccounts())
    assert.match(
      read.message,
      /did not answer in time \(canceling statement due to statement timeout\)/,
    )
    assert.match(read.hint!, /read_timeout_ms and write_timeout_ms/)
    await failureOf('unavailable', store.createAccount(anAccount()))
    const http = buildServer({ store, clock: () => NOW })
    const headers = { authorization: `Basic ${btoa(`AC${'0'.repeat(32)}:x`)}` }
    const reply = await ask(http, { url: '/v1/UsageRecords', headers })
    assert.deepEqual([reply.status, reply.headers['retry-after']], [503, '5'])
    assert.equal(reply.error.code, 20503)
    await unlock()
    assert.equal((await store.listAccounts()).length, 1)
  })

  it('because the network is dead does not hold a call forever', async (t) => {
    const url = await database(t)
    const proxy = await TcpProxy.open(url)
    t.after(() => proxy.close())
    const limits = 'connect_timeout_ms=200&read_timeout_ms=100&write_timeout_ms=100'
    const through = `${proxy.through(url)}?${limits}&read_retry_ms=100&write_retry_ms=100`
    const { store, append } = await openWithImport(t, through, { answerGraceMs: 200 })
    // One call is caught in the middle; the others find connections that were idle.
    const appending = append(50_000)
    await setTimeout(20)
    proxy.freeze()
    await failureOf('unavailable', appending)
    await failureOf('unavailable', store.listAccounts())
    await failureOf('unavailable', store.check())
    await store.close()
  })

  itLong('because the network is dead does not hold a process forever', async (t) => {
    const url = await database(t)
    await openWithImport(t, url)
    const proxy = await TcpProxy.open(url)
    t.after(() => proxy.close())
    const limits = 'connect_timeout_ms=200&read_timeout_ms=100&read_retry_ms=100&write_retry_ms=100'
    const args = [SIMTALLY, 'account', 'list', '--database', `${proxy.through(url)}?${limits}`]
    proxy.freeze()
    const { code, stderr } = await run(process.execPath, args)
    assert.equal(code, 1)
    assert.match(stderr, /^simtally: \S+ cannot be reached \([^\n]*\n$/)
  })
})

/** Locks a table on another connection; returns a function that releases it. */
async function lockTable(t: TestContext, url: string, table: string): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: plainUrl(url) })
  await client.connect()
  let ended: Promise<void> | null = null
  const end = () => (ended ??= client.end())
  t.after(end)
  await client.query(`BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`)
  return end
}
