/** Sessions of the console: how they begin and end, and what they are good for. */
import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'
import { CONSOLE_SESSIONS_MAX } from '../../src/domain/console-session.ts'
import { LIMITS_DEFAULT } from '../../src/domain/limits.ts'
import { hashSecret, newSecret, newSid } from '../../src/domain/secret.ts'
import { formatInstant } from '../../src/domain/time.ts'
import { buildServer, type ServerOptions } from '../../src/http/server.ts'
import { openStore } from '../../src/storage/open-store.ts'
import { NOW } from '../support/builders.ts'
import { askSession, OWN_PAGE, type SessionReply, signedIn } from '../support/console-session.ts'
import { basic, HttpFixture, type TestCredential } from '../support/http-fixture.ts'
import { openTempStore } from '../support/temp-store.ts'

const { consoleIdleSeconds, consoleSessionSeconds } = LIMITS_DEFAULT

let fixture: HttpFixture
let reader: TestCredential
before(async () => {
  fixture = await HttpFixture.open()
  reader = await fixture.addKey({ account: fixture.owner, scope: 'read' })
})
after(() => fixture.close())

const signIn = ({ sid, secret }: TestCredential, headers: Record<string, string> = {}) =>
  askSession(fixture, 'POST', { payload: { sid, secret }, headers: { ...OWN_PAGE, ...headers } })

/** Whose usage the session asks for; null where it is not let in. */
async function lists(headers: Record<string, string>): Promise<number> {
  return (await fixture.get('/v1/Sims', { as: null, headers })).status
}

/** No request waits until the use that it makes of its session is on the disk. */
async function isNoted({ cookie }: { cookie: string }, at: number): Promise<void> {
  const tokenHash = hashSecret(cookie.split('=')[1]!)
  const until = Math.min(at + consoleIdleSeconds, NOW + consoleSessionSeconds)
  while ((await fixture.store.findConsoleSession(tokenHash))!.idleUntil < until) {
    await new Promise((resolve) => setImmediate(resolve))
  }
}

function assertRefused({ status, headers, body, cookie }: SessionReply, code: 401 | 403): void {
  assert.equal(status, code, JSON.stringify(body))
  assert.equal(headers['www-authenticate'], undefined)
  assert.ok(cookie === '' || cookie.endsWith('='), cookie)
}

async function openAt(t: TestContext, options: Partial<ServerOptions>): Promise<HttpFixture> {
  const opened = await HttpFixture.open(options)
  t.after(() => opened.close())
  return opened
}

describe('signing in to the console', () => {
  it('says who is signed in: an account, its key, the operator', async () => {
    const dates = {
      date_created: formatInstant(NOW),
      date_expires: formatInstant(NOW + consoleSessionSeconds),
      idle_seconds: consoleIdleSeconds,
    }
    const { owner, operator } = fixture
    const account = { sid: owner.sid, name: owner.account.name }
    const cases: [TestCredential, object][] = [
      [owner, { name: owner.account.name, role: 'account', scope: 'admin', account }],
      [reader, { name: null, role: 'account', scope: 'read', account }],
      [operator, { name: null, role: 'operator', scope: 'admin', account: null }],
    ]
    for (const [credential, expected] of cases) {
      const { status, body, cookie } = await signIn(credential)
      const told = { credential_sid: credential.sid, ...expected, ...dates }
      assert.deepEqual([status, body], [201, told])
      const shown = await askSession(fixture, 'GET', { headers: { ...OWN_PAGE, cookie } })
      assert.deepEqual([shown.status, shown.body], [200, told])
      assert.equal(await lists({ ...OWN_PAGE, cookie }), 200)
    }
  })

  it('sets a cookie that no script reads, no other site sends, and no proxy keeps', async () => {
    const { setCookie, headers } = await signIn(reader)
    assert.match(
      setCookie,
      /^simtally-session=[0-9a-f]{32}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/,
    )
    assert.equal(headers['cache-control'], 'no-store')
  })

  it('binds the cookie to the host where it is reached by TLS, and takes no other there', async (t) => {
    const proxied = await openAt(t, { trustProxy: true })
    const elsewhere = await openAt(t, { publicUrl: 'https://usage.example.com/iot' })
    const byTls = { ...OWN_PAGE, 'x-forwarded-proto': 'https' }
    for (const [of, headers] of [
      [proxied, byTls],
      [elsewhere, OWN_PAGE],
    ] as const) {
      const { sid, secret } = of.owner
      const reply = await askSession(of, 'POST', { payload: { sid, secret }, headers })
      assert.match(
        reply.setCookie,
        /^__Host-simtally-session=.*; Path=\/; HttpOnly; SameSite=Strict; Secure$/,
      )
      const told = async (cookie: string) =>
        (await askSession(of, 'GET', { headers: { ...headers, cookie } })).status
      assert.equal(await told(reply.cookie), 200)
      // Plain HTTP, and so anybody on the way, may have set this one.
      assert.equal(await told(reply.cookie.replace('__Host-', '')), 401)
    }
    // Not trusted, nobody's word on TLS counts.
    const { setCookie } = await signIn(reader, { 'x-forwarded-proto': 'https' })
    assert.doesNotMatch(setCookie, /Secure/)
  })

  it('refuses wrong, unknown, revoked and replaced secrets, and says what is missing', async () => {
    const account = await fixture.addAccount()
    const revoked = await fixture.addKey({ account, scope: 'admin' })
    await fixture.store.revokeApiKey(revoked.sid, NOW)
    await fixture.store.rotateAuthToken(account.account.id, {
      hash: hashSecret(newSecret()),
      previousUntil: NOW + 60,
    })
    const unknown = { sid: newSid('SK'), secret: newSecret() }
    for (const wrong of [{ ...reader, secret: newSecret() }, unknown, revoked]) {
      const reply = await signIn(wrong)
      assertRefused(reply, 401)
      assert.equal(reply.error.message, 'Authenticate: the SID or the secret is wrong')
    }
    // For programs that do not have the new one yet it is good still.
    assert.equal((await fixture.get('/v1/Sims', { as: account })).status, 200)
    const replaced = await signIn(account)
    assertRefused(replaced, 401)
    assert.match(replaced.error.message, /has been replaced, sign in with the new one/)
    for (const payload of [{}, { sid: reader.sid }, { secret: 'x' }, { sid: 7, secret: 'x' }]) {
      const { status, body } = await askSession(fixture, 'POST', { payload })
      assert.equal(status, 400, JSON.stringify(body))
    }
  })

  it('counts failures as those of any other log-in', async (t) => {
    const held = await openAt(t, { limits: { failedLogIns: 2 } })
    const wrong = { sid: held.owner.sid, secret: newSecret() }
    const from = (remoteAddress: string, payload: object) =>
      askSession(held, 'POST', { payload, remoteAddress })
    assertRefused(await from('10.0.0.1', wrong), 401)
    assertRefused(await from('10.0.0.1', { code: newSecret() }), 401)
    for (const payload of [wrong, { code: newSecret() }]) {
      const refused = await from('10.0.0.1', payload)
      assert.equal(refused.status, 429)
      assert.ok(Number(refused.headers['retry-after']) > 0)
    }
    const elsewhere = await from('10.0.0.2', { sid: held.owner.sid, secret: held.owner.secret })
    assert.equal(elsewhere.status, 201)
  })

  it('begins under a new token each time, and ends the session that was there', async () => {
    const chosen = `simtally-session=${newSecret()}`
    const first = await signIn(reader, { cookie: chosen })
    assert.notEqual(first.cookie, chosen)
    assert.equal(await lists({ cookie: chosen }), 401)
    const second = await signIn(fixture.owner, { cookie: first.cookie })
    assert.notEqual(second.cookie, first.cookie)
    assert.equal(await lists({ cookie: first.cookie }), 401)
    assert.equal(await lists({ cookie: second.cookie }), 200)
  })

  it(`ends the oldest of more than ${CONSOLE_SESSIONS_MAX} sessions of one credential`, async () => {
    const key = await fixture.addKey({ account: fixture.owner, scope: 'read' })
    const others = await signedIn(fixture, reader)
    const oldest = await signedIn(fixture, key)
    fixture.clock.now++
    for (let i = 0; i < CONSOLE_SESSIONS_MAX - 1; i++) await signIn(key)
    assert.equal(await lists(oldest), 200)
    await signIn(key)
    assert.deepEqual([await lists(oldest), await lists(others)], [401, 200])
    fixture.clock.now = NOW
  })
})

describe('a session of the console', () => {
  it('counts where no credentials are given, and before them for the console', async () => {
    const headers = await signedIn(fixture, fixture.operator)
    const { 'simtally-console': _, ...withoutName } = headers
    const authorization = basic(reader)
    const log = async (given: Record<string, string>) =>
      (await fixture.get('/v1/Log', { as: null, headers: given })).status
    // The operator may read the log, and the key of the account may not.
    assert.equal(await log(headers), 200)
    assert.equal(await log(withoutName), 200)
    assert.equal(await log({ ...withoutName, authorization }), 403)
    // A browser adds what somebody once typed into its own box.
    assert.equal(await log({ ...headers, authorization }), 200)
    assert.equal(await log({ ...OWN_PAGE, authorization }), 401)
  })

  it('may do what its credential may, and names the account as the operator’s keys do', async () => {
    const own = await signedIn(fixture, reader)
    const sim = await fixture.addSim()
    const url = `/v1/Sims/${sim.sid}`
    const renamed = await fixture.post(url, { FriendlyName: 'x' }, { as: null, headers: own })
    assert.equal(renamed.status, 403)
    const operator = await signedIn(fixture, fixture.operator)
    const of = async (query: string) =>
      (await fixture.get(`/v1/UsageRecords${query}`, { as: null, headers: operator })).status
    assert.equal(await of(''), 400)
    assert.equal(await of(`?AccountSid=${fixture.owner.sid}`), 200)
    await fixture.post(url, { FriendlyName: 'x' }, { as: null, headers: operator })
    const [act] = await fixture.store.listActs({}, { limit: 1 })
    assert.equal(act!.actor, fixture.operator.sid)
  })

  it('ends on signing out, and signing out twice is no fault', async () => {
    const headers = await signedIn(fixture, reader)
    const other = await signedIn(fixture, reader)
    for (const _ of [1, 2]) {
      const { status, setCookie } = await askSession(fixture, 'DELETE', { headers })
      assert.equal(status, 204)
      assert.match(setCookie, /^simtally-session=; Max-Age=0; Path=\/; HttpOnly; SameSite=Strict$/)
    }
    assert.equal((await askSession(fixture, 'DELETE')).status, 204)
    assert.deepEqual([await lists(headers), await lists(other)], [401, 200])
    const gone = await askSession(fixture, 'GET', { headers })
    assertRefused(gone, 401)
    assert.match(gone.setCookie, /Max-Age=0/)
  })

  it('ends at once when its key is revoked, or its token replaced', async () => {
    const account = await fixture.addAccount()
    const key = await fixture.addKey({ account, scope: 'read' })
    const [byToken, byKey] = [await signedIn(fixture, account), await signedIn(fixture, key)]
    assert.deepEqual([await lists(byToken), await lists(byKey)], [200, 200])
    await fixture.store.revokeApiKey(key.sid, NOW)
    assert.deepEqual([await lists(byToken), await lists(byKey)], [200, 401])
    const token = { hash: hashSecret(newSecret()), previousUntil: NOW + 60 }
    await fixture.store.rotateAuthToken(account.account.id, token)
    assert.equal(await lists(byToken), 401)
  })

  it('ends when nobody uses it, and at its end even when somebody does', async () => {
    const { clock } = fixture
    const idle = await signedIn(fixture, reader)
    const used = await signedIn(fixture, reader)
    const background = { ...(await signedIn(fixture, reader)), 'simtally-console': 'background' }
    for (let now = NOW; now < NOW + consoleSessionSeconds; now += consoleIdleSeconds / 2) {
      clock.now = now
      assert.equal(await lists(used), 200)
      await isNoted(used, now)
      if (now < NOW + consoleIdleSeconds) assert.equal(await lists(background), 200)
    }
    assert.deepEqual([await lists(idle), await lists(background)], [401, 401])
    clock.now = NOW + consoleSessionSeconds - 1
    assert.equal(await lists(used), 200)
    clock.now++
    assert.equal(await lists(used), 401)
    clock.now = NOW
  })

  it('goes on where its use cannot be noted', async (t) => {
    const headers = await signedIn(fixture, reader)
    const { mock } = t.mock.method(fixture.store, 'extendConsoleSession', () =>
      Promise.reject(new Error('the disk is full')),
    )
    fixture.clock.now = NOW + 600
    assert.equal(await lists(headers), 200)
    assert.equal(mock.callCount(), 1)
    fixture.clock.now = NOW
  })

  it('is one for all processes on a store', async (t) => {
    const temp = await openTempStore()
    t.after(() => temp.dispose())
    const other = await openStore(temp.url)
    t.after(() => other.close())
    const servers = [temp.store, other].map((store) => ({
      server: buildServer({ store, clock: () => NOW }),
    }))
    for (const { server } of servers) t.after(() => server.close())
    const secret = newSecret()
    const sid = newSid('SK')
    await temp.store.createApiKey({
      ...{ sid, accountId: null, scope: 'admin', secretHash: hashSecret(secret) },
      ...{ label: 'desk', createdAt: NOW, revokedAt: null },
    })
    const headers = await signedIn(servers[0]!, { sid, secret })
    const seen = () =>
      Promise.all(servers.map(async (each) => (await askSession(each, 'GET', { headers })).status))
    assert.deepEqual(await seen(), [200, 200])
    assert.equal((await askSession(servers[1]!, 'DELETE', { headers })).status, 204)
    assert.deepEqual(await seen(), [401, 401])
  })

  it('is known by nothing that the store keeps', async () => {
    const { cookie } = await signedIn(fixture, reader)
    const token = cookie.split('=')[1]!
    assert.equal(await fixture.store.findConsoleSession(token), null)
    const kept = await fixture.store.findConsoleSession(hashSecret(token))
    assert.ok(!JSON.stringify(kept).includes(token))
    assert.equal(await lists({ cookie: `simtally-session=${kept!.tokenHash}` }), 401)
  })
})

describe('pages of others', () => {
  const others = [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'none' },
    { 'sec-fetch-site': 'cross-site', origin: 'http://localhost:80' },
    { origin: 'http://evil.example' },
    { origin: 'null' },
    {},
  ]

  it('cannot sign a browser in or out', async () => {
    const { cookie } = await signedIn(fixture, reader)
    for (const headers of others) {
      const payload = { sid: reader.sid, secret: reader.secret }
      assertRefused(await askSession(fixture, 'POST', { payload, headers }), 403)
      const given = { headers: { ...headers, cookie } as Record<string, string> }
      assertRefused(await askSession(fixture, 'DELETE', given), 403)
    }
    assert.equal(await lists({ cookie }), 200)
  })

  it('change nothing by a session, and read nothing where the browser says whose they are', async () => {
    const { cookie } = await signedIn(fixture, fixture.owner)
    const { sid } = await fixture.addSim({ friendlyName: 'as it was' })
    for (const given of others) {
      const headers = { ...given, cookie } as Record<string, string>
      for (const named of [{}, { 'simtally-console': '1' }]) {
        const all = { as: null, headers: { ...headers, ...named } }
        const { status } = await fixture.post(`/v1/Sims/${sid}`, { FriendlyName: 'theirs' }, all)
        assert.equal(status, 403, JSON.stringify(headers))
      }
      const isOthers = ['cross-site', 'same-site'].includes(headers['sec-fetch-site'] ?? '')
      assert.equal(await lists(headers), isOthers ? 401 : 200, JSON.stringify(headers))
    }
    assert.equal((await fixture.get(`/v1/Sims/${sid}`)).body.friendly_name, 'as it was')
  })

  it('are told from our own by the origin, where a browser says nothing else', async () => {
    const { cookie } = await signedIn(fixture, fixture.owner)
    const { sid } = await fixture.addSim()
    const change = async (headers: Record<string, string>) =>
      (await fixture.post(`/v1/Sims/${sid}`, { FriendlyName: 'ours' }, { as: null, headers }))
        .status
    const host = '10.1.2.3:8080'
    assert.equal(await change({ cookie, host, origin: 'http://10.1.2.3:8080' }), 200)
    assert.equal(await change({ cookie, host, origin: 'http://10.1.2.3:9090' }), 403)
    assert.equal(await change({ cookie, host, origin: 'https://10.1.2.3:8080' }), 403)
  })
})
