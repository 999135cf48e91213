/** `/v1/Usage`: questions about a fleet in every form, and what is told of those that are wrong. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Sim } from '../../src/domain/directory.ts'
import { newSid } from '../../src/domain/secret.ts'
import type { SimGroup } from '../../src/domain/sim-group.ts'
import type { BodyOf } from '../support/answers.ts'
import { iccidOf, instant } from '../support/builders.ts'
import { HttpFixture, type RequestOptions } from '../support/http-fixture.ts'

const FEBRUARY = 'Start=2026-02-01&End=2026-03-01'

let fixture: HttpFixture
let trackers: SimGroup
let nameless: SimGroup
let one: Sim
let two: Sim
let three: Sim

/**
 * One is in `trackers` until 10 February and then in a group without a name; two is in none and acme's, and
 * of beta's from 15 February; three is nowhere.
 */
before(async () => {
  fixture = await HttpFixture.open()
  const { store, owner } = fixture
  const { id } = owner.account
  const at = instant('2026-01-01T00:00:00Z')
  const group = (uniqueName: string | null) =>
    store.createGroup(id, { sid: newSid('HF'), uniqueName, settings: {} }, at)
  trackers = await group('trackers')
  nameless = await group(null)
  one = await fixture.addSim({ uniqueName: 'one' })
  two = await fixture.addSim({ uniqueName: 'two' })
  three = await fixture.addSim({})
  const now = fixture.clock.now
  await store.assignSims(
    id,
    [
      { simId: one.id, groupId: trackers.id, since: at },
      { simId: two.id, labels: { customer: 'acme', site: 'lisbon' }, since: at },
    ],
    now,
  )
  await store.assignSims(
    id,
    [
      { simId: one.id, groupId: nameless.id, since: instant('2026-02-10T00:00:00Z') },
      { simId: two.id, labels: { customer: 'beta' }, since: instant('2026-02-15T00:00:00Z') },
    ],
    now,
  )
  await fixture.use(one, '2026-02-09T23:30:00Z', { upload: 1, download: 10, to_sim: 1 })
  await fixture.use(one, '2026-02-10T00:30:00Z', { upload: 2, download: 20, from_sim: 1 })
  await fixture.use(two, '2026-02-14T10:00:00Z', { plmn: '334-020', download: 300 })
  await fixture.use(two, '2026-02-15T10:00:00Z', { plmn: '334-020', download: 4_000, to_sim: 2 })
  await fixture.use(three, '2026-02-20T10:00:00Z', { plmn: '310-410', download: 50_000 })
  await fixture.use(three, '2026-03-01T00:00:00Z', { plmn: '208-01', download: 600_000 })
})
after(() => fixture.close())

const get = (query: string, options?: RequestOptions) => fixture.get(`/v1/Usage?${query}`, options)

type Member = BodyOf<'/v1/Usage'>['usage'][number]

async function usage(query: string): Promise<Member[]> {
  const { status, text, body } = await get(`${FEBRUARY}&${query}`)
  assert.equal(status, 200, text)
  return body.usage
}

/** `what total`, with the dimensions named. */
async function told(query: string, ...names: (keyof Member)[]): Promise<string[]> {
  const members = await usage(query)
  return members.map((member) =>
    [...names.map((name) => member[name]), member.data.total].join(' '),
  )
}

async function refused(query: string): Promise<string> {
  const { status, error, text } = await get(query)
  assert.deepEqual([status, error.code], [400, 33101], text)
  return error.message
}

describe('the usage of an account', () => {
  it('is one record unless it is grouped, in exactly the form that programs read', async () => {
    assert.deepEqual(await usage(''), [
      {
        account_sid: fixture.owner.sid,
        sim_sid: null,
        group: null,
        label: null,
        zone: null,
        country_code: null,
        network: null,
        feed: null,
        period: { start: '2026-02-01T00:00:00Z', end: '2026-03-01T00:00:00Z' },
        data: { total: 54_333, download: 54_330, upload: 3, units: 'bytes' },
        commands: { total: 4, to_sim: 3, from_sim: 1 },
      },
    ])
    const { text } = await get(FEBRUARY)
    assert.match(text, /^\{"usage":\[\{"account_sid":/)
  })

  it('is grouped by anything, by the group and labels at the time of use', async () => {
    assert.deepEqual(await told('GroupBy=sim', 'sim_sid'), [
      `${one.sid} 33`,
      `${two.sid} 4300`,
      `${three.sid} 50000`,
    ])
    assert.deepEqual((await told('GroupBy=group', 'group')).sort(), [
      ' 54300',
      'HF 22'.replace('HF', nameless.sid),
      'trackers 11',
    ])
    assert.deepEqual((await told('GroupBy=label:customer', 'label')).sort(), [
      ' 50033',
      'acme 300',
      'beta 4000',
    ])
    assert.deepEqual((await told('GroupBy=zone', 'zone')).sort(), [
      'home 33',
      'international_roaming 4300',
      'national_roaming 50000',
    ])
    assert.deepEqual((await told('GroupBy=country,network', 'country_code', 'network')).sort(), [
      'MEX 334-020 4300',
      'USA 310-260 33',
      'USA 310-410 50000',
    ])
    assert.deepEqual(await told('GroupBy=feed', 'feed'), ['hub 54333'])
  })

  it('is filtered by anything, several at a time', async () => {
    for (const [query, total] of [
      ['Sim=one', 33],
      [`Sim=${two.sid}`, 4_300],
      ['Group=trackers', 11],
      [`Group=${nameless.sid}`, 22],
      ['Label=customer%3Dacme', 300],
      ['Label=site%3Dlisbon', 4_300],
      ['Zone=national_roaming', 50_000],
      ['Country=MX', 4_300],
      ['Country=MEX&Label=customer%3Dbeta', 4_000],
      ['Network=310-260', 33],
      ['Network=310260&Sim=two', 0],
      ['Feed=hub', 54_333],
      ['Group=trackers&Country=FRA', 0],
    ] as const) {
      const [member] = await usage(query)
      assert.equal(member?.data.total ?? 0, total, query)
    }
  })

  it('is sorted as asked', async () => {
    const sims = [one.sid, two.sid, three.sid]
    for (const [order, expected] of [
      ['-data', [2, 1, 0]],
      ['data', [0, 1, 2]],
    ] as const) {
      const members = await usage(`GroupBy=sim&Order=${order}`)
      assert.deepEqual(
        members.map(({ sim_sid }) => sims.indexOf(sim_sid as Sim['sid'])),
        expected,
      )
    }
    const byCommands = await usage('GroupBy=sim&Order=-commands')
    assert.deepEqual(
      byCommands.map(({ commands }) => commands.total),
      [2, 2, 0],
    )
    const days = await usage('Granularity=daily&Order=-start')
    assert.equal(days[0]?.period.start, '2026-02-20T00:00:00Z')
  })

  it('states exactly the period whose usage it counts, which widens to whole hours', async () => {
    const periods = async (query: string) =>
      (await get(query)).body.usage.map(
        ({ period, data }) => `${period.start} ${period.end} ${data.total}`,
      )
    assert.deepEqual(await periods('Start=2026-02-09T23:59:59Z&End=2026-02-10T00:00:01Z'), [
      '2026-02-09T23:00:00Z 2026-02-10T01:00:00Z 33',
    ])
    assert.deepEqual(
      await periods('Start=2026-02-09T23:10:00Z&End=2026-02-10T12:00:00Z&Granularity=daily'),
      [
        '2026-02-09T23:00:00Z 2026-02-10T00:00:00Z 11',
        '2026-02-10T00:00:00Z 2026-02-10T12:00:00Z 22',
      ],
    )
    assert.deepEqual(await periods('Start=2026-02-10&End=2026-03-15&Granularity=monthly'), [
      '2026-02-10T00:00:00Z 2026-03-01T00:00:00Z 54322',
      '2026-03-01T00:00:00Z 2026-03-15T00:00:00Z 600000',
    ])
    assert.deepEqual(await periods(`${FEBRUARY}&Sim=one&Granularity=hourly`), [
      '2026-02-09T23:00:00Z 2026-02-10T00:00:00Z 11',
      '2026-02-10T00:00:00Z 2026-02-10T01:00:00Z 22',
    ])
    assert.deepEqual(await periods('Start=2026-02-01&End=2026-02-01'), [])
  })

  it('says in headers what is complete and what is kept no more', async () => {
    const { headers } = await get('Start=2020-01-01&GroupBy=country')
    assert.match(String(headers['usage-complete-from']), /^2026-/)
    assert.equal(headers['usage-retained-from'], '2024-09-15T12:00:00Z')
    const { body } = await get('Start=2020-01-01&End=2021-01-01')
    assert.deepEqual(body.usage, [])
  })
})

describe('pages of usage', () => {
  it('go on where the one before ended, in the window of the first', async () => {
    const query = 'Start=2026-02-01&GroupBy=sim,country&Order=-data&PageSize=1'
    const seen: (string | null)[] = []
    const { now } = fixture.clock
    for await (const { status, body, text } of fixture.pages(`/v1/Usage?${query}`)) {
      fixture.clock.now = now + 60 * 86_400
      assert.equal(status, 200, text)
      seen.push(...body.usage.map(({ sim_sid }) => sim_sid))
      assert.equal(body.usage[0]?.period.end, '2026-03-15T13:00:00Z')
      assert.deepEqual([body.meta.key, body.meta.previous_page_url], ['usage', null])
    }
    fixture.clock.now = now
    assert.deepEqual(seen, [three.sid, three.sid, two.sid, one.sid])
  })

  it('have tokens for this question of this account alone', async () => {
    const { body } = await get(`${FEBRUARY}&GroupBy=sim&PageSize=1`)
    const token = new URL(body.meta.next_page_url!).searchParams.get('PageToken')
    const other = await fixture.addAccount()
    const ask = (query: string, options?: RequestOptions) =>
      get(`PageToken=${token}${query}`, options)
    assert.equal((await ask('')).body.usage.length, 1)
    assert.equal((await ask('&PageSize=2')).body.usage.length, 2)
    for (const { error } of [
      await ask('&GroupBy=zone'),
      await ask('&Sim=one'),
      await ask('&Page=5'),
      await ask('', { as: other }),
      await fixture.get(`/v1/UsageRecords?PageToken=${token}`),
    ]) {
      assert.equal(error.code, 21481)
    }
    assert.match(await refused('Page=3'), /^Page "3": a later page needs its PageToken/)
  })
})

describe('an operator', () => {
  it('names the account, and is answered for it', async () => {
    const as = fixture.operator
    assert.match((await get('', { as })).error.message, /^AccountSid is missing/)
    const { body } = await get(`AccountSid=${fixture.owner.sid}&${FEBRUARY}&GroupBy=group`, { as })
    assert.equal(body.usage.length, 3)
    assert.match(body.meta.url, new RegExp(`AccountSid=${fixture.owner.sid}`))
    const missing = await get(`AccountSid=${newSid('AC')}`, { as })
    assert.match(missing.error.message, /^AccountSid "AC.*": there is no such account$/)
  })
})

describe('a question that is wrong', () => {
  it('names every wrong parameter with its value and what is allowed', async () => {
    const message = await refused(
      'GroupBy=fleet&Granularity=weekly&Zone=abroad&Country=UK&Network=1&Order=size&Label=x&Start=x',
    )
    for (const sentence of [
      /Start "x": expected an ISO 8601/,
      /Granularity "weekly": expected hourly, daily, monthly, all/,
      /GroupBy "fleet": "fleet" is not a dimension: expected sim, group, label:KEY,/,
      /Label "x": expected key=value, such as customer=acme/,
      /Zone "abroad": expected home,/,
      /Country "UK": expected an ISO 3166-1/,
      /Network "1": expected a network as MCC-MNC, such as 334-020/,
      /Order "size": expected start, -start, data,/,
    ]) {
      assert.match(message, sentence)
    }
  })

  it('groups by something twice, or by a label of 10 kB', async () => {
    assert.match(await refused('GroupBy=sim,sim'), /^GroupBy "sim,sim": sim is named twice/)
    assert.match(
      await refused('GroupBy=sim&GroupBy=zone'),
      /^GroupBy is given 2 times: expected once/,
    )
    assert.match(await refused(`GroupBy=label:${'k'.repeat(2_000)}`), /the key of a label is/)
    assert.match(await refused(`Label=a%3D${'x'.repeat(3_000)}`), /1 to 256 characters/)
    const large = await get(`Label=a%3D${'x'.repeat(10_240)}`)
    assert.equal(large.status, 414)
  })

  it('is of what there is not, in the same words where it is another account’s', async () => {
    const other = await fixture.addAccount()
    const hidden = {
      Sim: (await fixture.addSim({}, other)).sid,
      Group: (
        await fixture.store.createGroup(
          other.account.id,
          { sid: newSid('HF'), uniqueName: 'secret', settings: {} },
          fixture.clock.now,
        )
      ).sid,
      Feed: (await fixture.store.createFeed({ ...fixture.feed, name: 'feed-of-others' })).name,
    }
    for (const [name, value] of Object.entries(hidden)) {
      const missing = name === 'Feed' ? 'feed-of-nobody' : newSid(name === 'Sim' ? 'DE' : 'HF')
      const told = await refused(`${name}=${value}`)
      assert.equal(
        told.replace(value, '()'),
        (await refused(`${name}=${missing}`)).replace(missing, '()'),
      )
      assert.match(told, new RegExp(`^${name} ".*": there is no such`))
    }
    assert.match(await refused('Group=secret'), /^Group "secret": there is no such group$/)
    assert.match(await refused(`Sim=${iccidOf(77)}`), /^Sim "890126…\d\d": there is no such SIM$/)
  })

  it('would read a year of the whole ledger: what makes it so, and what to ask instead', async () => {
    const year = 'Start=2025-03-01&End=2026-03-01'
    for (const [query, message] of [
      [
        'GroupBy=feed',
        /^GroupBy "feed": usage by feed is read from the ledger of all SIMs, for at most 31 days and not for 365; ask for 31 days at most, for one SIM with Sim, or leave feed out$/,
      ],
      ['Feed=hub', /^Feed "hub": usage of one feed/],
      ['GroupBy=sim,network', /^GroupBy "network": the network of a SIM, group or label/],
      ['GroupBy=group&Network=334-020', /^Network "334-020": the network/],
      ['Granularity=hourly&Label=customer%3Dacme', /^Granularity "hourly": .* ask by the day/],
    ] as const) {
      assert.match(await refused(`${year}&${query}`), message)
    }
    for (const query of ['GroupBy=network,country', 'GroupBy=sim', 'GroupBy=feed&Sim=one']) {
      assert.equal((await get(`${year}&${query}`)).status, 200, query)
    }
  })

  it('says parameters of the Super SIM API', async () => {
    for (const [name, right] of [
      ['StartTime', 'Start'],
      ['EndTime', 'End'],
      ['Fleet', 'Group'],
      ['IsoCountry', 'Country'],
    ] as const) {
      assert.match(await refused(`${name}=x`), new RegExp(`^${name}: .*; here it is ${right}$`))
    }
    assert.match(await refused('groupBy=sim'), /^groupBy is not known: write GroupBy$/)
  })

  it('has a Start after its End', async () => {
    assert.match(await refused('Start=2026-03-02&End=2026-03-01'), /^Start .* is after End/)
  })
})
