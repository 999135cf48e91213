/** Groups and labels over HTTP: made, named, given to SIMs, and SIMs found by them. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Sim } from '../../src/domain/directory.ts'
import { newSid } from '../../src/domain/secret.ts'
import { DAY_SECONDS, formatInstant } from '../../src/domain/time.ts'
import { iccidOf, imsiOf, msisdnOf, NOW, sidOf } from '../support/builders.ts'
import { HttpFixture, type TestAccount } from '../support/http-fixture.ts'

let fixture: HttpFixture
let other: TestAccount
before(async () => {
  fixture = await HttpFixture.open()
  other = await fixture.addAccount()
})
after(() => fixture.close())

const group = (UniqueName: string, as: TestAccount = fixture.owner) =>
  fixture.post('/v1/Groups', { UniqueName }, { as })

describe('a group', () => {
  it('is made, fetched by SID and name, and renamed', async () => {
    const { status, body } = await group('pumps')
    assert.equal(status, 201)
    const url = `http://localhost:80/v1/Groups/${body.sid}`
    assert.match(body.sid, /^HF[0-9a-f]{32}$/)
    assert.deepEqual(body, {
      sid: body.sid,
      unique_name: 'pumps',
      account_sid: fixture.owner.sid,
      date_created: formatInstant(NOW),
      date_updated: formatInstant(NOW),
      url,
      links: {
        sims: `http://localhost:80/v1/Sims?Group=${body.sid}`,
        usage: `http://localhost:80/v1/Usage?Group=${body.sid}`,
      },
    })
    for (const name of ['pumps', body.sid]) {
      assert.deepEqual((await fixture.get(`/v1/Groups/${name}`)).body, body)
    }
    const renamed = await fixture.post('/v1/Groups/pumps', { UniqueName: 'meters 1' })
    assert.deepEqual([renamed.status, renamed.body.unique_name], [200, 'meters 1'])
    assert.equal((await fixture.get('/v1/Groups/pumps')).status, 404)
    const unnamed = await fixture.post('/v1/Groups/meters%201', { UniqueName: '' })
    assert.equal(unnamed.body.unique_name, null)
    assert.equal((await fixture.post(`/v1/Groups/${body.sid}`, {})).status, 200)
  })

  it('needs no name, and none that another has, or that could be a SID or not be in a path', async () => {
    const { body } = await fixture.post('/v1/Groups', {})
    assert.equal(body.unique_name, null)
    await group('taken')
    const again = await group('taken')
    assert.equal(again.status, 400)
    assert.match(again.error.message, /taken/)
    for (const name of ['a/b', sidOf('HF', 1), '..', ' x']) {
      assert.match((await group(name)).error.message, /^UniqueName ".*": a unique name/)
    }
    const moved = await fixture.post(`/v1/Groups/${body.sid}`, { AccountSid: other.sid })
    assert.match(moved.error.message, /^AccountSid: a group stays with its account/)
  })

  it('is listed, page by page, for its account alone', async () => {
    const owner = await fixture.addAccount()
    for (const name of ['a', 'b', 'c']) await group(name, owner)
    const names: (string | null)[] = []
    for await (const { body } of fixture.pages('/v1/Groups?PageSize=2', { as: owner })) {
      names.push(...body.groups.map(({ unique_name }) => unique_name))
    }
    assert.deepEqual(names, ['a', 'b', 'c'])
    const as = fixture.operator
    assert.equal((await fixture.get('/v1/Groups', { as })).status, 400)
    const asked = await fixture.get(`/v1/Groups?AccountSid=${owner.sid}`, { as })
    assert.equal(asked.body.groups.length, 3)
    const made = await fixture.post('/v1/Groups', { AccountSid: owner.sid }, { as })
    assert.equal(made.body.account_sid, owner.sid)
  })

  it('does not exist for another account', async () => {
    const { sid } = (await group('hidden')).body
    const told = async (name: string) => {
      const { status, text } = await fixture.get(`/v1/Groups/${name}`, { as: other })
      return [status, text.replaceAll(name, '()')]
    }
    assert.deepEqual(await told(sid), await told(newSid('HF')))
    assert.deepEqual(await told('hidden'), await told('nobody'))
    const changed = await fixture.post(`/v1/Groups/${sid}`, { UniqueName: 'mine' }, { as: other })
    assert.equal(changed.status, 404)
    // And its name is free there.
    assert.equal((await group('hidden', other)).status, 201)
  })
})

describe('a SIM', () => {
  const put = (sim: Sim, form: string) =>
    fixture.send('POST', `/v1/Sims/${sim.sid}`, form, {
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    })
  const membership = async (sim: Sim) => {
    const { body } = await fixture.get(`/v1/Sims/${sim.sid}/Membership`)
    return [body.group, body.labels]
  }

  it('is put into a group and labelled, and taken out again', async () => {
    await group('here')
    const sim = await fixture.addSim()
    assert.deepEqual(await membership(sim), [null, {}])
    const changed = await put(sim, 'Group=here&Label=customer%3Dacme&Label=site%3Da%3Db')
    assert.equal(changed.status, 200, changed.text)
    assert.deepEqual(Object.keys(changed.body), Object.keys((await put(sim, '')).body))
    assert.deepEqual(await membership(sim), ['here', { customer: 'acme', site: 'a=b' }])
    fixture.clock.now += 60
    await put(sim, 'Label=customer%3D&Label=site%3Dc')
    assert.deepEqual(await membership(sim), ['here', { site: 'c' }])
    fixture.clock.now += 60
    assert.equal((await put(sim, 'Group=&FriendlyName=Out')).body.friendly_name, 'Out')
    assert.deepEqual(await membership(sim), [null, { site: 'c' }])
  })

  it('keeps what it used where it was used, and moves from Since on', async () => {
    await group('before')
    await group('after')
    const sim = await fixture.addSim()
    await fixture.use(sim, '2026-03-01T00:00:00Z', { upload: 1 })
    await fixture.use(sim, '2026-03-02T00:00:00Z', { upload: 20 })
    const used = async () => {
      const { body } = await fixture.get(`/v1/Usage?Sim=${sim.sid}&GroupBy=group`)
      return body.usage.map(({ group: name, data }) => `${name} ${data.total}`).sort()
    }
    await put(sim, 'Group=before&Since=2026-01-01')
    assert.deepEqual(await used(), ['before 21'])
    await put(sim, 'Group=after&Since=2026-03-02T00%3A00%3A00Z')
    assert.deepEqual(await used(), ['after 20', 'before 1'])
    await put(sim, 'Group=')
    assert.deepEqual(await used(), ['after 20', 'before 1'])
  })

  it('has no more labels than a SIM may have', async () => {
    const sim = await fixture.addSim()
    const labels = (count: number, first = 0) =>
      Array.from({ length: count }, (_, i) => `Label=k${first + i}%3Dx`).join('&')
    assert.equal((await put(sim, labels(64))).status, 200)
    const more = await put(sim, labels(1, 64))
    assert.deepEqual([more.status, more.error.code], [400, 33101])
    assert.match(more.error.message, /^Label "65": a SIM may have up to 64 labels$/)
    fixture.clock.now += 60
    assert.equal((await put(sim, `Label=k0%3D&${labels(1, 64)}`)).status, 200)
  })

  it('is put nowhere by a request of which anything is wrong', async () => {
    await group('theirs', other)
    await fixture.addSim({ uniqueName: 'has-it' })
    await group('right')
    const sim = await fixture.addSim()
    for (const [form, message] of [
      ['Group=theirs', /^Group "theirs": there is no such group$/],
      ['Group=right&Label=x', /^Label "x": expected key=value/],
      [`Label=a%3D${'x'.repeat(3_000)}`, /^Label "x+…": the value of a label has 1 to 256/],
      [`Label=a%3D${'x'.repeat(10_240)}`, /Label/],
      ['Label=a%3D1&Label=a%3D2', /the key "a" is given twice/],
      ['Group=right&Since=soon', /^Since "soon": expected an ISO 8601/],
      ['Group=right&Since=2026-04-01', /^Since "2026-04-01T00:00:00Z": lies after now/],
      ['Since=2026-01-01', /^Since says since when something holds: give Group or Label too$/],
      ['Group=right&UniqueName=has-it', /^UniqueName "has-it": another SIM has this name$/],
      ['Group=right&Status=lost', /^Status "lost"/],
    ] as const) {
      const { status, error } = await put(sim, form)
      assert.equal(status, 400, form)
      assert.match(error.message, message)
    }
    assert.deepEqual(await membership(sim), [null, {}])
  })
})

describe('a list of SIMs', () => {
  let owner: TestAccount
  let sims: Sim[]
  before(async () => {
    owner = await fixture.addAccount()
    sims = [
      await fixture.addSim({ uniqueName: 'Truck-1', iccid: iccidOf(7_001) }, owner),
      await fixture.addSim(
        { friendlyName: 'the TRUCK by the gate', imsis: [imsiOf(7_002)] },
        owner,
      ),
      await fixture.addSim({ sid: sidOf('DE', 0xfeed), msisdn: msisdnOf(7_003) }, owner),
    ]
    await group('listed', owner)
    const [first, second] = sims as [Sim, Sim]
    await fixture.post(`/v1/Sims/${first.sid}`, { Group: 'listed' }, { as: owner })
    await fixture.post(`/v1/Sims/${second.sid}`, { Label: 'customer=acme' }, { as: owner })
    await fixture.use(first, NOW - 60 * DAY_SECONDS, { upload: 1 })
    await fixture.use(second, NOW - DAY_SECONDS, { upload: 1 })
  })

  const found = async (query: string, as = owner as TestAccount) => {
    const { status, text, body } = await fixture.get(`/v1/Sims?${query}`, { as })
    assert.equal(status, 200, text)
    return body.sims.map(({ sid }) => sims.findIndex((sim) => sim.sid === sid))
  }

  it('is searched by any part of names and numbers, whatever the case', async () => {
    for (const [text, expected] of [
      ['truck', [0, 1]],
      [iccidOf(7_001).slice(2, 18), [0]],
      [imsiOf(7_002).slice(5), [1]],
      [msisdnOf(7_003).slice(2), [2]],
      ['000FEED', [2]],
      ['100%25', []],
      ['_', []],
    ] as const) {
      assert.deepEqual(await found(`Search=${text}`), expected, text)
    }
  })

  it('is filtered by group, label and silence, at present', async () => {
    assert.deepEqual(await found('Group=listed'), [0])
    assert.deepEqual(await found('Label=customer%3Dacme'), [1])
    assert.deepEqual(await found('Label=customer%3Dbeta'), [])
    assert.deepEqual(await found('Silent=30d'), [0, 2])
    assert.deepEqual(await found('Silent=90d'), [2])
    assert.deepEqual(await found('Silent=30d&Search=truck'), [0])
  })

  it('keeps its filters from page to page, silence as of the first', async () => {
    const { body } = await fixture.get('/v1/Sims?Silent=30d&PageSize=1', { as: owner })
    const { now } = fixture.clock
    fixture.clock.now += 30 * DAY_SECONDS
    const next = body.meta.next_page_url!
    const second = await fixture.get<'/v1/Sims'>(next, { as: owner })
    fixture.clock.now = now
    assert.deepEqual(
      second.body.sims.map(({ sid }) => sid),
      [sims[2]!.sid],
    )
    assert.equal(second.body.meta.next_page_url, null)
    const other = await fixture.get(next.replace('Silent=30d', 'Silent=31d'), { as: owner })
    assert.equal(other.error.code, 21481)
  })

  it('is refused for filters that are wrong, and for groups of others as for none', async () => {
    for (const [query, message] of [
      ['Silent=30', /^Silent "30": expected minutes, hours or days, at most 550d/],
      ['Silent=900d', /^Silent "900d": expected/],
      [`Search=${'x'.repeat(65)}`, /^Search "x+": expected at most 64 characters/],
      ['Label=acme', /^Label "acme": expected key=value/],
      ['Group=here', /^Group "here": there is no such group$/],
      ['Group=nobody', /^Group "nobody": there is no such group$/],
    ] as const) {
      const { status, error } = await fixture.get(`/v1/Sims?${query}`, { as: owner })
      assert.equal(status, 400, query)
      assert.match(error.message, message)
    }
    const asked = await fixture.get('/v1/Sims?Group=listed', { as: fixture.operator })
    assert.match(asked.error.message, /^AccountSid is missing/)
  })
})

describe('the networks', () => {
  it('are those on which an account’s SIMs used anything, or all that an operator has', async () => {
    const owner = await fixture.addAccount()
    const sim = await fixture.addSim({}, owner)
    await fixture.use(sim, NOW - 60, { plmn: '334-020', upload: 1 })
    await fixture.use(sim, NOW - 60, { plmn: '208-01', upload: 1 })
    const networks = async (query = '', as: TestAccount = owner) =>
      (await fixture.get(`/v1/Networks${query}`, { as })).body.networks
    const mexican = { network: '334-020', country_code: 'MEX' }
    assert.deepEqual(
      [...(await networks())].sort((a, b) => (a.network < b.network ? -1 : 1)),
      [{ network: '208-01', country_code: 'FRA' }, mexican],
    )
    assert.deepEqual(await networks('?Country=MX'), [mexican])
    assert.deepEqual(await networks('', await fixture.addAccount()), [])
    const { body } = await fixture.get('/v1/Networks', { as: fixture.operator })
    assert.ok(body.networks.length >= 3)
    assert.equal(body.meta.key, 'networks')
  })
})

describe('the keys of labels', () => {
  it('are those of the account’s SIMs, also of labels that have ended, and of no other account', async () => {
    const account = await fixture.addAccount()
    const keys = async (as: TestAccount) =>
      (await fixture.get('/v1/LabelKeys', { as })).body.label_keys.map(
        ({ key }: { key: string }) => key,
      )
    assert.deepEqual(await keys(account), [])
    const sim = await fixture.addSim({}, account)
    const label = (form: Record<string, string>) =>
      fixture.post(`/v1/Sims/${sim.sid}`, form, { as: account })
    await label({ Label: 'site=lisbon' })
    await label({ Label: 'customer=acme' })
    fixture.clock.now = NOW + 60
    await label({ Label: 'site=' })
    fixture.clock.now = NOW
    assert.deepEqual(await keys(account), ['customer', 'site'])
    await fixture.store.moveSim(
      sim.id,
      { toAccountId: other.account.id, since: NOW + 90 },
      NOW + 90,
    )
    assert.ok(!(await keys(other)).includes('customer'))
    assert.deepEqual(await keys(account), [])
    assert.equal((await fixture.get('/v1/LabelKeys', { as: fixture.operator })).status, 400)
  })
})
