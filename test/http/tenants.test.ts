/** What an account's key can reach of feeds: those that the operator granted to it. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { DAY_SECONDS } from '../../src/domain/time.ts'
import type { Answer } from '../support/answers.ts'
import { aFeed, iccidOf, imsiOf, msisdnOf, NOW, sidOf } from '../support/builders.ts'
import { HttpFixture, type TestAccount } from '../support/http-fixture.ts'

let fixture: HttpFixture
let other: TestAccount
before(async () => {
  fixture = await HttpFixture.open()
  other = await fixture.addAccount()
})
after(() => fixture.close())

const NO_IMPORT = `IM${'0'.repeat(32)}`

/** What an answer says, but for the request's own id and path. */
function told({ status, text, headers }: Answer, path: string): unknown[] {
  const { date: _, 'twilio-request-id': __, ...rest } = headers
  return [status, text.replaceAll(path.replace('/v1', ''), '(path)'), Object.keys(rest).sort()]
}

const deliver = (feed: string, records: string, as: TestAccount) =>
  fixture.send('POST', `/v1/Feeds/${feed}/Records`, records, { as })

describe('a feed that an account was not granted', () => {
  it('does not exist for its deliveries, bound to it or not', async () => {
    const mine = await fixture.store.createFeed(aFeed({ accountId: other.account.id }))
    for (const [name, body] of [
      ['hub', ''],
      [mine.name, '{}\n'],
    ] as const) {
      const hidden = await deliver(name, body, other)
      const missing = await deliver('none', body, other)
      assert.deepEqual(
        told(hidden, `/v1/Feeds/${name}/Records`),
        told(missing, '/v1/Feeds/none/Records'),
      )
      assert.equal(hidden.status, 404)
    }
  })

  it('is no filter for its usage events, until it has brought usage of the account', async () => {
    const sim = await fixture.addSim({}, other)
    const events = (feed: string) =>
      fixture.get(`/v1/Sims/${sim.sid}/UsageEvents?Feed=${feed}`, { as: other })
    const [hidden, missing] = [await events('hub'), await events('non')]
    assert.equal(hidden.status, 400)
    assert.equal(hidden.text.replace('hub', ''), missing.text.replace('non', ''))
    await fixture.use(sim, NOW - 60, { upload: 7 })
    assert.equal((await events('hub')).body.usage_events.length, 1)
    assert.equal((await deliver('hub', '', other)).status, 404)
  })

  it('takes what it has delivered back no more, and counts no more of it', async () => {
    await fixture.store.grantFeed(fixture.feed.id, other.account.id, NOW)
    const { body } = await deliver('hub', 'unreadable\n', other)
    await fixture.store.revokeFeedGrant(fixture.feed.id, other.account.id)
    const url = `/v1/Imports/${body.import}` as const
    const acts = ['Undo', 'Undo/DryRun', 'Quarantine/Recycle', 'Quarantine/Accept']
    for (const act of [...acts, 'Quarantine/Discard']) {
      const refused = await fixture.post(`${url}/${act}`, {}, { as: other })
      const missing = await fixture.post(`/v1/Imports/${NO_IMPORT}/${act}`, {}, { as: other })
      assert.deepEqual(
        told(refused, `${url}/${act}`),
        told(missing, `/v1/Imports/${NO_IMPORT}/${act}`),
      )
    }
    assert.equal((await fixture.get(url, { as: other })).body.quarantined, 1)
  })
})

describe('the numbers of SIMs', () => {
  it('are not for an account to register, unless the operator allows it to', async () => {
    const account = await fixture.addAccount()
    const forms = [
      [{ Iccid: iccidOf(801) }, 'Iccid'],
      [{ Imsi: imsiOf(802), Msisdn: msisdnOf(802), UniqueName: 'x' }, 'Imsi, Msisdn'],
      [{ Sid: sidOf('DE', 803), Imsi: imsiOf(803) }, 'Sid, Imsi'],
      [{ UniqueName: 'x' }, 'Iccid or Imsi'],
    ] as const
    for (const [form, named] of forms) {
      const { status, error } = await fixture.post('/v1/Sims', form, { as: account })
      assert.equal(status, 403)
      assert.ok(error.message.startsWith(`Permission Denied: ${named}: SIMs and their numbers`))
    }
    const sim = await fixture.addSim({}, account)
    const named = { UniqueName: 'mine', FriendlyName: 'Mine', Status: 'suspended' }
    assert.equal((await fixture.post(`/v1/Sims/${sim.sid}`, named, { as: account })).status, 200)

    const as = fixture.operator
    const allow = (MayRegisterNumbers: string) =>
      fixture.post(`/v1/Accounts/${account.sid}`, { MayRegisterNumbers }, { as })
    assert.equal((await allow('yes')).status, 400)
    assert.equal((await allow('true')).body.may_register_numbers, true)
    assert.equal((await fixture.post('/v1/Sims', forms[0][0], { as: account })).status, 201)
    const mayNot = await fixture.post(`/v1/Accounts/${account.sid}`, {}, { as: account })
    assert.equal(mayNot.status, 403)
  })

  it('change nothing of records that name a SIM of another account otherwise', async () => {
    const sim = await fixture.addSim({ uniqueName: 'pump-4' })
    const bound = await fixture.addFeed({ format: 'ndjson', accountId: fixture.owner.account.id })
    const record = {
      record_id: 'r',
      occurred_at: '2026-03-14T10:00:00Z',
      plmn: '310-260',
      upload: 1,
    }
    const bring = (name: string) =>
      fixture.send(
        'POST',
        `/v1/Feeds/${bound.name}/Records`,
        JSON.stringify({ ...record, sim: name }),
        {
          as: fixture.operator,
        },
      )
    assert.equal((await bring('pump-4')).body.accepted, 1)
    await fixture.addSim({ uniqueName: 'pump-4' }, other)
    assert.equal((await bring('pump-4')).body.duplicate, 1)
    const usage = await fixture.get(`/v1/Sims/${sim.sid}/UsageRecords`)
    assert.equal(usage.body.usage_records[0]!.data.total, 1)
  })
})

describe('an empty delivery of an account', () => {
  it('makes no silent feed current, and moves nobody’s completeness', async () => {
    const sim = await fixture.addSim()
    await fixture.use(sim, NOW - 60, { upload: 7 })
    await fixture.store.grantFeed(fixture.feed.id, other.account.id, NOW)
    fixture.clock.now = NOW + 10 * DAY_SECONDS
    const usage = () => fixture.get(`/v1/Sims/${sim.sid}/UsageRecords`)
    const hub = async () => {
      const { body } = await fixture.get('/v1/Feeds', { as: fixture.operator })
      const { state, silent_seconds, complete_through, granted_to } = body.feeds[0]!
      return { state, silent_seconds, complete_through, granted_to }
    }
    const before = { of: (await usage()).headers['usage-complete-through'], hub: await hub() }
    assert.equal(before.hub.state, 'overdue')
    assert.deepEqual(before.hub.granted_to, [fixture.owner.sid, other.sid])
    assert.equal((await deliver('hub', '', other)).status, 200)
    const after = { of: (await usage()).headers['usage-complete-through'], hub: await hub() }
    assert.deepEqual(after, before)
  })
})
