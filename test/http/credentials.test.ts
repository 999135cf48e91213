/** Who may call, with what, for whom, and how often at once. */
import assert from 'node:assert/strict'
import { request } from 'node:http'
import { after, before, describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { Sim } from '../../src/domain/directory.ts'
import { buildServer } from '../../src/http/server.ts'
import type { UsageStore } from '../../src/storage/usage-store.ts'
import { ask } from '../support/answers.ts'
import { NOW, sidOf } from '../support/builders.ts'
import {
  basic,
  HttpFixture,
  type TestAccount,
  type TestCredential,
} from '../support/http-fixture.ts'

const UNAUTHENTICATED = {
  code: 20003,
  message: 'Authenticate',
  more_info: 'https://www.twilio.com/docs/errors/20003',
  status: 401,
}

describe('credentials', () => {
  let fixture: HttpFixture
  let stranger: TestAccount
  let sim: Sim

  before(async () => {
    fixture = await HttpFixture.open()
    stranger = await fixture.addAccount()
    sim = await fixture.addSim({ uniqueName: 'tracker-1' })
    await fixture.use(sim, NOW - 60, { upload: 42 })
  })

  after(() => fixture.close())

  it('that are wrong in any way get one and the same answer', async () => {
    const { owner } = fixture
    const wrong: Record<string, Record<string, string>> = {
      'no credentials': {},
      'a wrong token': { authorization: basic({ ...owner, secret: stranger.secret }) },
      'an empty token': { authorization: basic({ ...owner, secret: '' }) },
      'an unknown account': { authorization: basic({ ...owner, sid: sidOf('AC', 0xdead) }) },
      'an unknown key': { authorization: basic({ ...owner, sid: sidOf('SK', 0xdead) }) },
      'an unknown key without a secret': {
        authorization: basic({ sid: sidOf('SK', 0xdead), secret: '' }),
      },
      'the SID of a SIM': { authorization: basic({ ...owner, sid: sim.sid }) },
      'no colon': { authorization: `Basic ${Buffer.from(owner.sid).toString('base64')}` },
      'another scheme': { authorization: `Bearer ${owner.secret}` },
      'no base64': { authorization: 'Basic ***' },
    }
    for (const [what, headers] of Object.entries(wrong)) {
      const answer = await fixture.get('/v1/UsageRecords', { as: null, headers })
      assert.equal(answer.status, 401, what)
      assert.deepEqual(answer.body, UNAUTHENTICATED, what)
      const challenge =
        what === 'another scheme'
          ? 'Bearer realm="Simtally", error="invalid_token"'
          : 'Basic realm="Simtally"'
      assert.equal(answer.headers['www-authenticate'], challenge)
      assert.match(String(answer.headers['twilio-request-id']), /^RQ[0-9a-f]{32}$/)
    }
  })

  it('that are revoked are as good as none', async () => {
    const key = await fixture.addKey({ account: fixture.owner, scope: 'read' })
    assert.equal((await fixture.get('/v1/UsageRecords', { as: key })).status, 200)
    await fixture.store.revokeApiKey(key.sid, NOW)
    const answer = await fixture.get('/v1/UsageRecords', { as: key })
    assert.deepEqual(answer.body, UNAUTHENTICATED)
  })

  it('keep a secret with a colon in it whole', async () => {
    const answer = await fixture.get('/v1/UsageRecords', {
      as: { ...fixture.owner, secret: `${fixture.owner.secret}:more` },
    })
    assert.equal(answer.status, 401)
  })

  it('allow what their scope includes, and name the one that is needed', async () => {
    const { owner } = fixture
    const url = `/v1/Sims/${sim.sid}`
    const calls: Record<string, (as: TestAccount) => Promise<{ status: number }>> = {
      read: (as) => fixture.get(url, { as }),
      ingest: (as) => fixture.deliver('', { as }),
      admin: (as) => fixture.post(url, {}, { as }),
    }
    const scopes = ['read', 'ingest', 'admin'] as const
    for (const [held, scope] of scopes.entries()) {
      const key = { ...owner, ...(await fixture.addKey({ account: owner, scope })) }
      for (const [needed, name] of scopes.entries()) {
        const { status } = await calls[name]!(key)
        assert.equal(status, needed <= held ? 200 : 403, `${name} with ${scope}`)
      }
    }
    const reader = await fixture.addKey({ account: owner, scope: 'read' })
    const { body } = await fixture.post(url, {}, { as: reader })
    assert.deepEqual(body, {
      code: 20003,
      message: 'Permission Denied: this needs the scope "admin", the key has "read"',
      more_info: 'https://www.twilio.com/docs/errors/20003',
      status: 403,
    })
  })

  it('of one account do not reach the SIM of another: it does not exist', async () => {
    const calls = [
      () => fixture.get(`/v1/Sims/${sim.sid}/UsageRecords`, { as: stranger }),
      () => fixture.get('/v1/Sims/tracker-1/UsageRecords', { as: stranger }),
      () => fixture.get(`/v1/Sims/${sim.sid}`, { as: stranger }),
      () => fixture.post(`/v1/Sims/${sim.sid}`, { FriendlyName: 'Mine' }, { as: stranger }),
    ]
    const unknown = await fixture.get(`/v1/Sims/${sidOf('DE', 0xdead)}`, { as: stranger })
    for (const call of calls) {
      const { status, error } = await call()
      assert.equal(status, 404)
      assert.deepEqual(Object.keys(error), Object.keys(unknown.error))
      assert.equal(error.code, unknown.error.code)
    }
    const list = await fixture.get(`/v1/Sims?Iccid=${sim.iccid}`, { as: stranger })
    assert.deepEqual(list.body.sims, [])
    assert.equal((await fixture.store.findSim(null, sim.sid))?.friendlyName, null)
  })

  it('of an account cannot choose another account', async () => {
    const { body } = await fixture.get(`/v1/UsageRecords?AccountSid=${fixture.owner.sid}`, {
      as: stranger,
    })
    assert.equal(body.usage_records[0]!.account_sid, stranger.sid)
    assert.equal(body.usage_records[0]!.data.total, 0)
  })

  describe('of the operator', () => {
    it('read the usage of the account they name', async () => {
      const query = `AccountSid=${fixture.owner.sid}&Granularity=hourly&PageSize=2`
      const { body } = await fixture.get(`/v1/UsageRecords?${query}`, { as: fixture.operator })
      assert.equal(body.usage_records[0]!.data.total, 42)
      const next = await fixture.get(body.meta.next_page_url!, { as: fixture.operator })
      assert.equal(next.status, 200)
    })

    it('have to name an account where there is no telling', async () => {
      const missing = 'AccountSid is missing: an operator key has to name the account'
      const usage = await fixture.get('/v1/UsageRecords', { as: fixture.operator })
      assert.equal(usage.status, 400)
      assert.equal(usage.error.code, 33101)
      assert.equal(usage.error.message, missing)
      const created = await fixture.post(
        '/v1/Sims',
        { Imsi: '310260000009999' },
        {
          as: fixture.operator,
        },
      )
      assert.equal(created.error.message, missing)
    })

    it('hear it when the account they name does not exist', async () => {
      for (const sid of [sidOf('AC', 0xdead), 'nobody']) {
        const url = `/v1/UsageRecords?AccountSid=${sid}`
        const { status, error } = await fixture.get(url, { as: fixture.operator })
        assert.equal(status, 400)
        assert.equal(error.message, `AccountSid "${sid}": there is no such account`)
      }
    })

    it('find any SIM by SID, and by unique name with its account', async () => {
      const as = fixture.operator
      assert.equal((await fixture.get(`/v1/Sims/${sim.sid}/UsageRecords`, { as })).status, 200)
      assert.equal((await fixture.get('/v1/Sims/tracker-1', { as })).status, 404)
      const named = `/v1/Sims/tracker-1?AccountSid=${fixture.owner.sid}` as const
      assert.equal((await fixture.get(named, { as })).body.sid, sim.sid)
      const others = `/v1/Sims/${sim.sid}?AccountSid=${stranger.sid}`
      assert.equal((await fixture.get(others, { as })).status, 404)
    })

    it('list the SIMs of all accounts, or of one', async () => {
      const other = await fixture.addSim({}, stranger)
      const as = fixture.operator
      const sids = async (query: string) =>
        (await fixture.get(`/v1/Sims?${query}`, { as })).body.sims.map(({ sid }) => sid)
      const all = await sids('')
      assert.ok(all.includes(sim.sid) && all.includes(other.sid))
      const strangers = await sids(`AccountSid=${stranger.sid}`)
      assert.ok(!strangers.includes(sim.sid) && strangers.includes(other.sid))
    })

    it('register SIMs for the account they name', async () => {
      const form = { AccountSid: stranger.sid, Imsi: '310260000000777' }
      const { status, body } = await fixture.post('/v1/Sims', form, { as: fixture.operator })
      assert.equal(status, 201)
      assert.equal(body.account_sid, stranger.sid)
    })
  })
})

describe('requests at once', () => {
  let fixture: HttpFixture

  before(async () => {
    fixture = await HttpFixture.open()
  })

  after(() => fixture.close())

  /** A server whose questions for usage wait until the test lets them go. */
  function heldServer() {
    const waiting: (() => void)[] = []
    const store: UsageStore = Object.create(fixture.store, {
      accountCoverage: {
        value: () => new Promise((resolve) => waiting.push(() => resolve([]))),
      },
    })
    const held = new Proxy(store, {
      get: (target, name) => {
        const value = Reflect.get(target, name, fixture.store)
        const own = Object.hasOwn(target, name)
        return typeof value === 'function' && !own ? value.bind(fixture.store) : value
      },
    })
    const server = buildServer({ store: held, clock: () => NOW, limits: { requestsInFlight: 2 } })
    const release = () => {
      for (const go of waiting.splice(0)) go()
    }
    return { server, waiting, release }
  }

  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await setImmediate()
  }

  it('are limited for each credential until they finish', { timeout: 10_000 }, async () => {
    const { server, waiting, release } = heldServer()
    const key = await fixture.addKey({ account: fixture.owner, scope: 'read' })
    const inject = (as: TestCredential = fixture.owner) =>
      ask(server, { url: '/v1/UsageRecords', headers: { authorization: basic(as) } })
    const held = [inject(), inject()]
    await until(() => waiting.length === 2)
    const refused = await inject()
    assert.equal(refused.status, 429)
    assert.equal(refused.headers['retry-after'], '1')
    assert.deepEqual(refused.error, {
      code: 20429,
      message: 'Too many concurrent requests: at most 2 at once; this one was not processed',
      more_info: 'https://www.twilio.com/docs/errors/20429',
      status: 429,
    })
    const other = inject(key)
    await until(() => waiting.length === 3)
    release()
    for (const reply of await Promise.all([...held, other])) assert.equal(reply.status, 200)
    const again = [inject(), inject()]
    await until(() => waiting.length === 2)
    release()
    for (const reply of await Promise.all(again)) assert.equal(reply.status, 200)
    await server.close()
  })

  it('give their place back when the caller hangs up', { timeout: 10_000 }, async () => {
    const { server, waiting, release } = heldServer()
    const url = await server.listen({ host: '127.0.0.1', port: 0 })
    const headers = { authorization: basic(fixture.owner) }
    const hungUp = [1, 2].map(() => {
      const call = request(`${url}/v1/UsageRecords`, { headers, agent: false })
      call.on('error', () => {}).end()
      return call
    })
    await until(() => waiting.length === 2)
    const status = async () => (await server.inject({ url: '/v1/Sims', headers })).statusCode
    assert.equal(await status(), 429)
    for (const call of hungUp) call.destroy()
    // The server hears of it in its own time; a refused request changes nothing.
    while ((await status()) === 429) await setImmediate()
    assert.equal(waiting.length, 2)
    release()
    await server.close()
  })
})
