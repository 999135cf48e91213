/** Keys over HTTP: made with a secret that is shown once, listed, named and revoked, each by whom it concerns. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { NOW } from '../support/builders.ts'
import { HttpFixture, type TestAccount, type TestCredential } from '../support/http-fixture.ts'

let fixture: HttpFixture
let other: TestAccount
before(async () => {
  fixture = await HttpFixture.open({ limits: { keysPerAccount: 3 } })
  other = await fixture.addAccount()
})
after(() => fixture.close())

const get = <const Url extends string>(path: Url, as: TestCredential = fixture.owner) =>
  fixture.get<Url>(path, { as })
const post = <const Url extends string>(
  path: Url,
  form: Record<string, string>,
  as: TestCredential = fixture.owner,
) => fixture.post<Url>(path, form, { as })
const make = (form: Record<string, string>, as?: TestCredential) => post('/v1/Keys', form, as)

describe('a key', () => {
  it('is made with a secret that is good, shown once, and kept nowhere', async () => {
    const { status, body } = await make({ Scope: 'read', Label: 'billing job' })
    assert.equal(status, 201)
    const { secret, ...shown } = body
    assert.match(secret, /^[0-9a-f]{32}$/)
    assert.deepEqual(shown, {
      sid: body.sid,
      label: 'billing job',
      account_sid: fixture.owner.sid,
      scope: 'read',
      date_created: '2026-03-15T12:34:56Z',
      date_last_used: null,
      date_revoked: null,
      url: `http://localhost:80/v1/Keys/${body.sid}`,
    })
    const key = { sid: body.sid, secret }
    assert.equal((await get('/v1/Sims', key)).status, 200)
    assert.equal((await post('/v1/Groups', {}, key)).status, 403)
    for (const path of ['/v1/Keys', `/v1/Keys/${body.sid}`]) {
      const { text } = await get(path)
      assert.ok(text.includes(body.sid) && !text.includes(secret), path)
    }
    const { text } = await get('/v1/Log?Kind=key', fixture.operator)
    assert.ok(text.includes(body.sid) && !text.includes(secret))
  })

  it('is called otherwise, and revoked once for good, as the log says', async () => {
    const { body: key } = await make({ Scope: 'ingest' })
    const path = `/v1/Keys/${key.sid}` as const
    const named = await post(path, { Label: ' nightly ' })
    assert.equal(named.body.label, 'nightly')
    assert.equal((await post(path, {})).body.label, 'nightly')
    const refused = await post(path, { Scope: 'admin' })
    assert.match(refused.error.message, /^Scope: a key keeps its scope/)
    const revoked = await post(`${path}/Revoke`, {})
    assert.equal(revoked.body.date_revoked, '2026-03-15T12:34:56Z')
    fixture.clock.now = NOW + 60
    assert.deepEqual((await post(`${path}/Revoke`, {})).body, revoked.body)
    fixture.clock.now = NOW
    assert.equal((await get('/v1/Sims', key)).status, 401)
    const log = await get(`/v1/Log?Object=${key.sid}`, fixture.operator)
    assert.deepEqual(
      log.body.acts.map(({ verb, actor }) => [verb, actor]),
      ['revoke', 'change', 'change', 'create'].map((verb) => [verb, fixture.owner.sid]),
    )
  })

  it('needs a scope, and room', async () => {
    assert.match((await make({})).error.message, /^Scope is missing: expected read, ingest, admin/)
    assert.match((await make({ Scope: 'all' })).error.message, /^Scope "all": expected read/)
    const long = await make({ Scope: 'read', Label: 'x'.repeat(65) })
    assert.match(long.error.message, /^Label .*at most 64 characters/)
    const scope = { Scope: 'read' }
    assert.deepEqual([(await make(scope)).status, (await make(scope)).status], [201, 201])
    const full = await make(scope)
    assert.equal(full.status, 400)
    assert.match(full.error.message, /has 3 keys, as many as allowed; revoke those/)
  })

  it('does not exist for another account, whose list does not name it either', async () => {
    const { body: key } = await make({ Scope: 'admin' }, other)
    const own = { sid: key.sid, secret: key.secret }
    const list = async (as: TestCredential) =>
      (await get('/v1/Keys', as)).body.keys.map(({ sid }) => sid)
    assert.ok(!(await list(fixture.owner)).includes(key.sid))
    assert.deepEqual(await list(own), [key.sid])
    for (const send of [
      () => get(`/v1/Keys/${key.sid}`),
      () => post(`/v1/Keys/${key.sid}`, { Label: 'mine' }),
      () => post(`/v1/Keys/${key.sid}/Revoke`, {}),
    ]) {
      assert.equal((await send()).status, 404)
    }
    // An account cannot name whose keys it means.
    const { body: made } = await make({ Scope: 'read', AccountSid: fixture.owner.sid }, own)
    assert.equal(made.account_sid, other.sid)
    const { body: not } = await make({ Scope: 'read', Operator: 'true' }, own)
    assert.equal(not.account_sid, other.sid)
  })
})

describe('the keys of the operator', () => {
  it('are made and listed only where the request says so', async () => {
    const as = fixture.operator
    for (const send of [() => make({ Scope: 'read' }, as), () => get('/v1/Keys', as)]) {
      const { status, error } = await send()
      assert.equal(status, 400)
      assert.match(error.message, /^AccountSid is missing/)
    }
    const both = await make({ Scope: 'read', Operator: 'true', AccountSid: other.sid }, as)
    assert.match(both.error.message, /^AccountSid and Operator: give one of them/)
    const { body: key } = await make({ Scope: 'read', Operator: 'true' }, as)
    assert.equal(key.account_sid, null)
    assert.equal((await get('/v1/Feeds', key)).status, 200)
    const { body } = await get('/v1/Keys?Operator=true&PageSize=1', as)
    assert.equal(body.keys[0]!.sid, as.sid)
    assert.match(body.meta.next_page_url!, /\?Operator=true&PageSize=1&Page=1$/)
    const ofOther = await get(`/v1/Keys?AccountSid=${other.sid}`, as)
    assert.ok(ofOther.body.keys.every((row) => row.account_sid === other.sid))
  })
})
