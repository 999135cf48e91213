/** How long answers took, and who is told. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { buildServer } from '../../src/http/server.ts'
import { StoreTime } from '../../src/http/server-timing.ts'
import type { UsageStore } from '../../src/storage/usage-store.ts'
import { NOW } from '../support/builders.ts'
import { basic, HttpFixture } from '../support/http-fixture.ts'
import { talk } from '../support/raw-http.ts'

let fixture: HttpFixture
before(async () => {
  fixture = await HttpFixture.open()
})
after(() => fixture.close())

function timingOf({ headers }: { headers: object }): { total: number; store: number } {
  const text = String((headers as Record<string, unknown>)['server-timing'])
  const [, total, store] = /^total;dur=(\d+\.\d), store;dur=(\d+\.\d)$/.exec(text) ?? []
  assert.ok(store !== undefined, text)
  return { total: Number(total), store: Number(store) }
}

/** As long as it keeps the processor busy, a question is open. */
function busy(milliseconds: number): void {
  const until = performance.now() + milliseconds
  while (performance.now() < until);
}

describe('Server-Timing', () => {
  it('is on answers to right credentials, whatever they say', async () => {
    const sim = await fixture.addSim()
    for (const [url, status] of [
      ['/v1/Sims', 200],
      [`/v1/Sims/${sim.sid}/UsageRecords`, 200],
      ['/v1/Sims/nobody', 404],
      ['/v1/UsageRecords?Granularity=weekly', 400],
    ] as const) {
      const headers = { authorization: basic(fixture.owner) }
      const answer = await fixture.server.inject({ url, headers })
      assert.equal(answer.statusCode, status, url)
      const { total, store } = timingOf(answer)
      assert.ok(store <= total + 0.1, `${store} of ${total}`)
    }
  })

  it('tells strangers nothing', async () => {
    const wrong = { sid: fixture.owner.sid, secret: '0'.repeat(32) }
    for (const [url, headers] of [
      ['/v1/Sims', {}],
      ['/v1/Sims', { authorization: basic(wrong) }],
      ['/healthz', {}],
      ['/nothing', {}],
      ['/v1/%zz', { authorization: basic(fixture.owner) }],
    ] as const) {
      const answer = await fixture.server.inject({ url, headers })
      assert.equal(answer.headers['server-timing'], undefined, url)
      assert.match(String(answer.headers['twilio-request-id']), /^RQ/)
    }
  })

  it('counts what the store takes for the request that asked, and for no other', async () => {
    const slow: UsageStore = {
      ...fixture.store,
      listSims: async (...given) => {
        busy(30)
        return await fixture.store.listSims(...given)
      },
      listFeeds: async (...given) => {
        busy(20)
        return await fixture.store.listFeeds(...given)
      },
    }
    const server = buildServer({ store: slow, clock: () => NOW })
    const headers = { authorization: basic(fixture.operator) }
    const [sims, feeds, created] = await Promise.all([
      server.inject({ url: `/v1/Sims?AccountSid=${fixture.owner.sid}`, headers }),
      server.inject({ url: '/v1/Feeds', headers }),
      server.inject({
        method: 'POST',
        url: `/v1/Accounts/${fixture.owner.sid}`,
        headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
        payload: 'FriendlyName=Acme',
      }),
    ])
    await server.close()
    assert.ok(timingOf(sims).store >= 30)
    assert.ok(timingOf(feeds).store >= 20)
    // A body was read in between, and what it changed was written.
    assert.equal(created.statusCode, 200, created.payload)
    assert.ok(timingOf(created).store > 0)
    assert.ok(timingOf(created).total >= timingOf(created).store)
  })

  it('makes no failure of what is no request, and has been through no hook', async () => {
    const { port } = new URL(await fixture.listen())
    const { status, text } = await talk(Number(port), 'PRI /v1/Feeds/hub/Records\r\n\r\n')
    assert.ok([0, 400].includes(status), text)
  })

  it('counts questions that are open at once only once', () => {
    const time = new StoreTime()
    assert.equal(time.milliseconds, 0)
    time.begin()
    time.begin()
    busy(2)
    time.end()
    assert.equal(time.milliseconds, 0)
    time.end()
    assert.ok(time.milliseconds >= 2)
  })
})
