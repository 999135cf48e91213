/** The operator's accounts, two auth tokens for a while, and keys that tell when they were used. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { KEY_USE_NOTED_SECONDS } from '../../src/domain/directory.ts'
import { hashSecret } from '../../src/domain/secret.ts'
import { UsageError } from '../../src/domain/usage-error.ts'
import { KeyUses } from '../../src/http/key-uses.ts'
import { aKey, NOW, sidOf } from '../support/builders.ts'
import { HttpFixture } from '../support/http-fixture.ts'

let fixture: HttpFixture
before(async () => {
  fixture = await HttpFixture.open()
})
after(() => fixture.close())

describe('/v1/Accounts', () => {
  it('lists and shows accounts to the operator, without their tokens', async () => {
    const { owner, operator } = fixture
    const second = await fixture.addAccount()
    const { body } = await fixture.get('/v1/Accounts?PageSize=1', { as: operator })
    const { accounts, meta } = body
    assert.deepEqual(accounts, [
      {
        sid: owner.sid,
        name: owner.account.name,
        home_plmns: ['310-260'],
        home_countries: ['US'],
        may_register_numbers: true,
        previous_token_until: null,
        date_created: '2026-03-15T12:34:56Z',
        url: `http://localhost:80/v1/Accounts/${owner.sid}`,
      },
    ])
    const next = await fixture.get<'/v1/Accounts'>(meta.next_page_url!, { as: operator })
    assert.equal(next.body.accounts[0]!.sid, second.sid)
    const one = await fixture.get(`/v1/Accounts/${owner.sid}`, { as: operator })
    assert.deepEqual(one.body, accounts[0])
    assert.equal(
      (await fixture.get(`/v1/Accounts/${sidOf('AC', 0xffffff)}`, { as: operator })).status,
      404,
    )
  })

  it('changes name and home set for the operator', async () => {
    const { operator } = fixture
    const { sid, account } = await fixture.addAccount()
    const { status, body } = await fixture.post(
      `/v1/Accounts/${sid}`,
      { Name: ' Acme ', HomePlmns: '262-01 262-02', HomeCountries: '' },
      { as: operator },
    )
    assert.deepEqual(
      [status, body.name, body.home_plmns, body.home_countries],
      [200, 'Acme', ['262-01', '262-02'], []],
    )
    assert.equal((await fixture.store.findAccountById(account.id))?.name, 'Acme')
    const wrong = await fixture.post(
      `/v1/Accounts/${sid}`,
      { Name: 'x'.repeat(65), HomePlmns: '1' },
      { as: operator },
    )
    assert.equal(wrong.status, 400)
    assert.match(wrong.text, /Name .*at most 64 characters.*HomePlmns/)
  })

  it('is made by the operator, with a token that only this answer has', async () => {
    const { operator, owner } = fixture
    const form = { Name: 'Acme', HomePlmns: '310-260', MayRegisterNumbers: 'true' }
    const { status, body } = await fixture.post('/v1/Accounts', form, { as: operator })
    const { auth_token, ...shown } = body
    assert.deepEqual(
      [status, shown.name, shown.home_plmns, shown.may_register_numbers, shown.date_created],
      [201, 'Acme', ['310-260'], true, '2026-03-15T12:34:56Z'],
    )
    const made = { sid: shown.sid, secret: auth_token }
    assert.deepEqual((await fixture.get(`/v1/Accounts/${shown.sid}`, { as: made })).body, shown)
    const { text } = await fixture.get('/v1/Log?Kind=account', { as: operator })
    assert.ok(text.includes(shown.sid) && !text.includes(auth_token))
    for (const [wrong, message] of [
      [{}, /^Name is missing/],
      [{ Name: 'x', Sid: 'AC1' }, /^Sid "AC1"/],
      [{ Name: 'x', Sid: owner.sid }, /an account with this SID exists already/],
      [{ Name: 'x', HomePlmns: '1' }, /^HomePlmns/],
    ] as const) {
      const refused = await fixture.post('/v1/Accounts', wrong, { as: operator })
      assert.equal(refused.status, 400)
      assert.match(refused.error.message, message)
    }
    assert.equal((await fixture.post('/v1/Accounts', form)).status, 403)
  })

  it('is nobody else’s', async () => {
    const { owner, operator } = fixture
    const reader = await fixture.addKey({ account: null, scope: 'read' })
    const path = `/v1/Accounts/${owner.sid}` as const
    assert.equal((await fixture.get('/v1/Accounts')).status, 403)
    assert.equal((await fixture.get(path)).body.sid, owner.sid)
    const other = await fixture.addAccount()
    assert.equal((await fixture.get(path, { as: other })).status, 404)
    assert.equal((await fixture.post(path, { Name: 'mine' })).status, 403)
    assert.equal((await fixture.post(path, { Name: 'x' }, { as: reader })).status, 403)
    assert.equal((await fixture.get(path, { as: operator })).body.sid, owner.sid)
  })
})

describe('a token that was replaced', () => {
  it('is good beside the new one until its end, and no longer', async () => {
    const account = await fixture.addAccount()
    const next = { ...account, secret: 'the next one' }
    const statusOf = async (as: typeof account) => (await fixture.get('/v1/Sims', { as })).status
    await fixture.store.rotateAuthToken(account.account.id, {
      hash: hashSecret(next.secret),
      previousUntil: NOW + 60,
    })
    assert.deepEqual([await statusOf(account), await statusOf(next)], [200, 200])
    fixture.clock.now = NOW + 60
    assert.deepEqual([await statusOf(account), await statusOf(next)], [401, 200])
    fixture.clock.now = NOW
    assert.equal(await statusOf(account), 200)
    await fixture.store.endPreviousToken(account.account.id)
    assert.deepEqual([await statusOf(account), await statusOf(next)], [401, 200])
  })
})

describe('the use of a key', () => {
  it('is noted when it is good, once an hour', async () => {
    const own = await HttpFixture.open()
    const key = await own.addKey({ account: null, scope: 'read' })
    const wrong = await own.addKey({ account: null, scope: 'read' })
    assert.equal((await own.get('/v1/Feeds', { as: key })).status, 200)
    assert.equal((await own.get('/v1/Feeds', { as: { ...wrong, secret: 'no' } })).status, 401)
    await own.server.close()
    assert.equal((await own.store.findApiKey(key.sid))?.lastUsedAt, NOW)
    assert.equal((await own.store.findApiKey(wrong.sid))?.lastUsedAt, null)
    await own.close()
  })

  it('is one write an hour, and none where the store cannot be written', async () => {
    const writes: string[] = []
    const uses = new KeyUses({
      noteKeyUses: async (noted) => {
        writes.push(noted.map(({ sid, at }) => `${sid.slice(-1)} ${at - NOW}`).join(', '))
        throw new UsageError('read_only', 'the store is read-only')
      },
    })
    const key = (n: number, lastUsedAt: number | null) => ({
      ...aKey({ sid: sidOf('SK', n) }),
      accountSid: null,
      lastUsedAt,
    })
    for (const at of [NOW, NOW + 1, NOW + KEY_USE_NOTED_SECONDS - 1]) uses.note(key(1, null), at)
    uses.note(key(2, NOW - 60), NOW)
    uses.note(key(3, NOW - KEY_USE_NOTED_SECONDS), NOW)
    await uses.flush()
    await uses.flush()
    uses.note(key(1, null), NOW + KEY_USE_NOTED_SECONDS)
    await uses.flush()
    assert.deepEqual(writes, ['1 0, 3 0', `1 ${KEY_USE_NOTED_SECONDS}`])
  })
})
