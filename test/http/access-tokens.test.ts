/** Tokens that a key's SID and secret are exchanged for, and what they open. */
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import type { Sid } from '../../src/domain/identifiers.ts'
import { newSecret, newSid } from '../../src/domain/secret.ts'
import { ACCESS_TOKEN_SECONDS, AccessTokens } from '../../src/http/access-token.ts'
import { buildServer } from '../../src/http/server.ts'
import { NOW } from '../support/builders.ts'
import { basic, HttpFixture, type TestCredential } from '../support/http-fixture.ts'

const TOKEN_URL = '/api-services/v1/auth/token'

describe('access tokens', () => {
  let fixture: HttpFixture
  let key: TestCredential

  before(async () => {
    fixture = await HttpFixture.open({ limits: { failedLogIns: 3 } })
    key = await fixture.addKey({ account: fixture.owner, scope: 'read' })
  })
  afterEach(() => {
    fixture.clock.now = NOW
  })
  after(() => fixture.close())

  function exchange(form: Record<string, string>, headers: Record<string, string> = {}) {
    return fixture.post(TOKEN_URL, form, { as: null, headers })
  }

  async function tokenOf({ sid, secret }: TestCredential): Promise<string> {
    const form = { grant_type: 'client_credentials', client_id: sid, client_secret: secret }
    return (await exchange(form)).body.access_token
  }

  function getWith(token: string) {
    return fixture.get('/v1/UsageRecords', {
      as: null,
      headers: { authorization: `Bearer ${token}` },
    })
  }

  function askFrom(remoteAddress: string, authorization: string) {
    const options = { as: null, headers: { authorization }, remoteAddress }
    return fixture.get('/v1/UsageRecords', options)
  }

  it('are issued for the credentials of a key in the form or in the header', async () => {
    const grant = { grant_type: 'client_credentials' }
    const inForm = await exchange({ ...grant, client_id: key.sid, client_secret: key.secret })
    const inHeader = await exchange(grant, { authorization: basic(key) })
    for (const { status, headers, body } of [inForm, inHeader]) {
      const { access_token, ...rest } = body
      assert.equal(status, 200)
      assert.deepEqual(rest, { expires_in: 3_600, token_type: 'Bearer', scope: 'read' })
      assert.equal(headers['cache-control'], 'no-store')
      assert.equal((await getWith(access_token)).status, 200)
    }
  })

  it('are refused to all other credentials in the form of OAuth', async () => {
    const { owner } = fixture
    const revoked = await fixture.addKey({ account: owner, scope: 'read' })
    await fixture.store.revokeApiKey(revoked.sid, NOW)
    const wrong: TestCredential[] = [
      { ...key, secret: newSecret() },
      { sid: newSid('SK'), secret: key.secret },
      { sid: '', secret: '' },
      revoked,
      owner,
    ]
    for (const [i, { sid, secret }] of wrong.entries()) {
      const form = { grant_type: 'client_credentials', client_id: sid, client_secret: secret }
      const remoteAddress = `10.1.0.${i + 1}`
      const reply = await fixture.post(TOKEN_URL, form, { as: null, remoteAddress })
      assert.equal(reply.status, 401)
      assert.deepEqual(reply.error, {
        error: 'invalid_client',
        error_description: 'Invalid client or Invalid client credentials',
      })
      assert.equal(reply.headers['www-authenticate'], 'Basic realm="Simtally"')
    }
  })

  it('are not exchanged for another token', async () => {
    const authorization = `Bearer ${await tokenOf(key)}`
    const { status } = await exchange({ grant_type: 'client_credentials' }, { authorization })
    assert.equal(status, 401)
  })

  it('need the grant that there is', async () => {
    const form = { client_id: key.sid, client_secret: key.secret }
    for (const grant of [{}, { grant_type: 'password' }, { grant_type: '' }]) {
      const { status, error } = await exchange({ ...form, ...grant })
      assert.equal(status, 400)
      assert.equal(error.code, 33101)
      assert.match(error.message, /grant_type/)
    }
    const twice = await fixture.send(
      'POST',
      TOKEN_URL,
      'grant_type=client_credentials&client_id=a&client_id=b',
      { as: null, headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    )
    assert.equal(twice.status, 400)
  })

  it('open what the key does, for the account of the key', async () => {
    const token = await tokenOf(key)
    const { body } = await getWith(token)
    assert.equal(body.usage_records[0]!.account_sid, fixture.owner.sid)
    const change = await fixture.post(
      '/v1/Sims',
      {},
      {
        as: null,
        headers: { authorization: `bearer ${token}` },
      },
    )
    assert.equal(change.status, 403)
    const headers = { authorization: `Bearer ${await tokenOf(fixture.operator)}` }
    assert.equal((await fixture.get('/v1/Accounts', { as: null, headers })).status, 200)
  })

  it('end when they say, and when the key is revoked', async () => {
    const other = await fixture.addKey({ account: fixture.owner, scope: 'read' })
    const token = await tokenOf(other)
    fixture.clock.now = NOW + ACCESS_TOKEN_SECONDS - 1
    assert.equal((await getWith(token)).status, 200)
    fixture.clock.now = NOW + ACCESS_TOKEN_SECONDS
    const ended = await getWith(token)
    assert.deepEqual([ended.status, ended.error.code], [401, 20003])
    assert.match(ended.error.message, /expired/)
    fixture.clock.now = NOW
    await fixture.store.revokeApiKey(other.sid, NOW)
    const revoked = await getWith(token)
    assert.deepEqual([revoked.status, revoked.error.message], [401, 'Authenticate'])
  })

  it('are understood by another server on the store, and by none on another store', async () => {
    const token = await tokenOf(key)
    const sibling = buildServer({ store: fixture.store, clock: () => NOW })
    const stranger = await HttpFixture.open()
    const request = { url: '/v1/UsageRecords', headers: { authorization: `Bearer ${token}` } }
    assert.equal((await sibling.inject(request)).statusCode, 200)
    assert.equal((await stranger.server.inject(request)).statusCode, 401)
    await sibling.close()
    await stranger.close()
  })

  it('that are made up count as wrong credentials of their address, those that ended do not', async () => {
    const good = `Bearer ${await tokenOf(key)}`
    const ended = `Bearer ${await new AccessTokens(fixture.store).issue(key.sid as Sid, NOW - 7_200)}`
    for (let i = 0; i < 10; i++) {
      assert.equal((await askFrom('10.2.0.1', ended)).status, 401)
    }
    const statuses: number[] = []
    for (let i = 0; i < 5; i++) {
      statuses.push((await askFrom('10.2.0.1', `${good.slice(0, -4)}AAAA`)).status)
    }
    assert.deepEqual(statuses, [401, 401, 401, 429, 429])
    assert.equal((await askFrom('10.2.0.1', good)).status, 429)
    assert.equal((await askFrom('10.2.0.2', good)).status, 200)
  })

  it('are a use of their key', async () => {
    const other = await fixture.addKey({ account: fixture.owner, scope: 'read' })
    const token = await new AccessTokens(fixture.store).issue(other.sid as Sid, NOW)
    const server = buildServer({ store: fixture.store, clock: () => NOW })
    await server.inject({
      url: '/v1/UsageRecords',
      headers: { authorization: `Bearer ${token}` },
    })
    await server.close()
    assert.equal((await fixture.store.findApiKey(other.sid))?.lastUsedAt, NOW)
  })
})
