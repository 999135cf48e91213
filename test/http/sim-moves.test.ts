/** A SIM that moves to another account, as both accounts and the operator see it over HTTP. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Sim } from '../../src/domain/directory.ts'
import { newSid } from '../../src/domain/secret.ts'
import { DAY_SECONDS, formatInstant } from '../../src/domain/time.ts'
import { NOW } from '../support/builders.ts'
import { HttpFixture, type TestAccount, type TestCredential } from '../support/http-fixture.ts'

let fixture: HttpFixture
let other: TestAccount
let stranger: TestAccount
before(async () => {
  fixture = await HttpFixture.open()
  other = await fixture.addAccount()
  stranger = await fixture.addAccount()
})
after(() => fixture.close())

const LATER = NOW + 2 * DAY_SECONDS
const MOVED = NOW + DAY_SECONDS
const PERIOD = `Start=${formatInstant(NOW - DAY_SECONDS)}&End=${formatInstant(LATER)}`

const move = (sim: Sim, form: Record<string, string> = {}, as: TestCredential = fixture.operator) =>
  fixture.post(`/v1/Sims/${sim.sid}`, { AccountSid: other.sid, ...form }, { as })

/** A SIM with usage of 1 byte before and 20 bytes after it may move. */
async function usedSim(name: string): Promise<Sim> {
  fixture.clock.now = NOW
  const sim = await fixture.addSim({ uniqueName: name, friendlyName: `The ${name}` })
  fixture.clock.now = LATER
  await fixture.use(sim, NOW + 60, { upload: 1 })
  await fixture.use(sim, MOVED, { upload: 20 })
  return sim
}

/** What each way of asking says that the account used with the SIM. */
async function usedBy(
  as: TestCredential,
  sim: Sim,
  name: string = sim.sid,
  query = '',
): Promise<number[]> {
  const get = async <const Url extends string>(url: Url) => {
    const { status, body } = await fixture.get<Url>(url + query, { as })
    assert.equal(status, 200, url)
    return body
  }
  const records = await get(`/v1/Sims/${name}/UsageRecords?${PERIOD}&Granularity=all`)
  const events = await get(`/v1/Sims/${name}/UsageEvents?${PERIOD}`)
  const usage = await get(`/v1/Usage?Sim=${name}&GroupBy=sim&${PERIOD}`)
  const superSim = await get(
    `/supersim/v1/UsageRecords?Sim=${name}&StartTime=2026-03-15T10:00:00Z&EndTime=2026-03-17T12:00:00Z`,
  )
  for (const { sim_sid } of [...records.usage_records, ...usage.usage]) {
    assert.equal(sim_sid, sim.sid)
  }
  return [
    records.usage_records[0]!.data.total,
    events.usage_events.reduce((sum, { upload }) => sum + upload, 0),
    usage.usage[0]?.data.total ?? 0,
    superSim.usage_records.reduce((sum, { data_upload }) => sum + data_upload, 0),
  ]
}

describe('moving a SIM to another account', () => {
  it('leaves each account what it used, in every answer', async () => {
    const sim = await usedSim('pump')
    const { status, body, error } = await move(sim, {
      Since: formatInstant(MOVED),
      FriendlyName: 'Here',
    })
    assert.equal(status, 200, error.message)
    assert.deepEqual(
      [body.sid, body.account_sid, body.unique_name, body.friendly_name, body.iccid],
      [sim.sid, other.sid, null, 'Here', sim.iccid],
    )
    for (const name of [sim.sid, 'pump']) {
      assert.deepEqual(await usedBy(fixture.owner, sim, name), [1, 1, 1, 1])
    }
    assert.deepEqual(await usedBy(other, sim), [20, 20, 20, 20])
    const { operator } = fixture
    assert.deepEqual(await usedBy(operator, sim, 'pump', `&AccountSid=${fixture.owner.sid}`), [
      ...[1, 1, 1, 1],
    ])
    assert.deepEqual(await usedBy(operator, sim, sim.sid, `&AccountSid=${other.sid}`), [
      ...[20, 20, 20, 20],
    ])
    const asFound = await fixture.get(`/v1/Sims/${sim.sid}/UsageRecords?${PERIOD}`, {
      as: operator,
    })
    assert.equal(asFound.body.usage_records[0]!.account_sid, other.sid)
  })

  it('takes the SIM itself away from the old account, with the way to its usage', async () => {
    const sim = await usedSim('meter')
    await move(sim, { Since: formatInstant(MOVED) })
    const path = `/v1/Sims/${sim.sid}` as const
    const asked = [
      await fixture.get(path),
      await fixture.get(`${path}/Membership`),
      await fixture.post(path, { FriendlyName: 'mine' }),
      await fixture.get('/v1/Sims/meter'),
    ]
    for (const { status, error } of asked) {
      assert.deepEqual([status, error.code], [404, 20404])
      assert.match(
        error.message,
        new RegExp(
          `has moved to another account at ${formatInstant(MOVED)}; .*${path}/UsageRecords`,
        ),
      )
    }
    assert.equal((await fixture.get(`/supersim${path}`)).status, 404)
    const listed = async (as: TestAccount) =>
      (await fixture.get('/v1/Sims?PageSize=100', { as })).body.sims.map(({ sid }) => sid)
    assert.ok(!(await listed(fixture.owner)).includes(sim.sid))
    assert.ok((await listed(other)).includes(sim.sid))
    // To anybody else it is what it was: nothing.
    for (const rest of ['', '/UsageRecords', '/UsageEvents', '/Membership']) {
      const { status, error } = await fixture.get(path + rest, { as: stranger })
      assert.equal(status, 404)
      assert.doesNotMatch(error.message, /moved/)
    }
    assert.equal((await fixture.get(`/v1/Usage?Sim=${sim.sid}`, { as: stranger })).status, 400)
    // The new account does not learn what the old one called it.
    for (const url of ['/v1/Sims/meter/UsageRecords', '/v1/Usage?Sim=meter']) {
      assert.notEqual((await fixture.get(url, { as: other })).status, 200)
    }
  })

  it('counts what is delivered late for the account of the time', async () => {
    const sim = await usedSim('late')
    await move(sim, { Since: formatInstant(MOVED) })
    await fixture.use(sim, NOW + 120, { upload: 300 })
    await fixture.use(sim, MOVED + 60, { upload: 4_000 })
    assert.deepEqual(await usedBy(fixture.owner, sim), [301, 301, 301, 301])
    assert.deepEqual(await usedBy(other, sim), [4_020, 4_020, 4_020, 4_020])
    // By its own key, an account still brings what it used, and nothing of what came after.
    const record = (id: string, at: number) =>
      `${JSON.stringify({ record_id: id, sim: 'late', occurred_at: formatInstant(at), plmn: '310-260', upload: 50_000 })}\n`
    const own = await fixture.deliver(record('own', NOW + 180) + record('others', MOVED + 90))
    assert.deepEqual([own.body.accepted, own.body.quarantined], [1, 1])
    assert.equal((await usedBy(fixture.owner, sim))[0], 50_301)
    assert.equal((await usedBy(other, sim))[0], 4_020)
  })

  it('is for the operator, who is told what is wrong', async () => {
    const sim = await usedSim('stays')
    for (const as of [fixture.owner, other]) {
      for (const AccountSid of [other.sid, newSid('AC'), fixture.owner.sid]) {
        const { status } = await fixture.post(`/v1/Sims/${sim.sid}`, { AccountSid }, { as })
        assert.equal(status, as === fixture.owner ? 403 : 404)
      }
    }
    const refused = async (form: Record<string, string>) => {
      const { status, error } = await move(sim, { FriendlyName: 'not kept', ...form })
      assert.ok(status === 400 || status === 409, `${status}`)
      return error.message
    }
    assert.match(
      await refused({ AccountSid: newSid('AC') }),
      /^AccountSid "AC.*": there is no such/,
    )
    assert.match(await refused({ AccountSid: '' }), /^AccountSid "": there is no such account/)
    assert.match(
      await refused({ AccountSid: fixture.owner.sid }),
      /^AccountSid AC.*already belongs to this account; name/,
    )
    assert.match(await refused({ Since: formatInstant(LATER + 1) }), /^Since ".*lies after now/)
    assert.match(await refused({ Since: formatInstant(NOW - 1) }), /^Since ".*was registered at/)
    assert.match(await refused({ Since: 'yesterday' }), /^Since "yesterday"/)
    assert.match(await refused({ Group: 'x' }), /^Group: a move ends it/)
    assert.match(await refused({ Label: 'a=b' }), /^Label: a move ends it/)
    await fixture.addSim({ uniqueName: 'stays' }, other)
    assert.match(await refused({ UniqueName: 'stays' }), /^UniqueName "stays": another SIM/)
    const { body } = await fixture.get(`/v1/Sims/${sim.sid}`)
    assert.deepEqual([body.account_sid, body.friendly_name], [fixture.owner.sid, 'The stays'])
  })

  it('is known to the Super SIM API, from now on', async () => {
    const sim = await usedSim('tracker')
    const url = `/supersim/v1/Sims/${sim.sid}` as const
    const as = fixture.operator
    const beside = await fixture.post(url, { AccountSid: other.sid, Fleet: 'x' }, { as })
    assert.equal(beside.status, 400)
    const owner = await fixture.post(url, { AccountSid: other.sid })
    assert.equal(owner.status, 403)
    const { status, body } = await fixture.post(url, { AccountSid: other.sid }, { as })
    assert.deepEqual([status, body.account_sid, body.unique_name], [200, other.sid, null])
    assert.deepEqual(await usedBy(fixture.owner, sim), [21, 21, 21, 21])
  })
})
