/** The unchanged client of the original API, npm `twilio`, with nothing but its base URL set. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import twilio from 'twilio'
import { iccidOf } from '../../support/builders.ts'
import type { HttpFixture } from '../../support/http-fixture.ts'
import { NETWORKS, openSuperSimWorld, type SuperSimWorld } from '../../support/super-sim-world.ts'

const { RestException } = twilio
type Client = ReturnType<typeof twilio>
type Records = Awaited<ReturnType<Client['supersim']['v1']['usageRecords']['list']>>

const GROUPS = ['sim', 'fleet', 'network', 'isoCountry'] as const
const MARCH = {
  startTime: new Date('2026-03-01T00:00:00Z'),
  endTime: new Date('2026-03-16T00:00:00Z'),
}

describe('the Super SIM client of npm twilio', () => {
  let world: SuperSimWorld
  let fixture: HttpFixture
  let baseUrl: string
  let client: Client

  before(async () => {
    // Either would splice itself into the host name of every URL, also into this server's.
    delete process.env.TWILIO_EDGE
    delete process.env.TWILIO_REGION
    world = await openSuperSimWorld()
    fixture = world.fixture
    baseUrl = `${await fixture.listen()}/supersim`
    client = connect(fixture.owner)
  })

  after(() => fixture.close())

  function connect({ sid, secret }: { sid: string; secret: string }): Client {
    const connected = twilio(sid, secret, { accountSid: fixture.owner.sid })
    connected.supersim.baseUrl = baseUrl
    connected.wireless.baseUrl = baseUrl.replace('/supersim', '')
    return connected
  }

  const usage = () => client.supersim.v1.usageRecords

  /** What each record is of, with its total. */
  function told(records: Records) {
    return records.map(({ simSid, fleetSid, networkSid, isoCountry, dataTotal }) => [
      simSid ?? fleetSid ?? networkSid ?? isoCountry,
      dataTotal,
    ])
  }

  it('lists one record of the last month by default', async () => {
    const [record, ...more] = await usage().list()
    assert.deepEqual(more, [])
    assert.deepEqual(record?.period, {
      start_time: '2026-02-15T13:00:00Z',
      end_time: '2026-03-15T13:00:00Z',
    })
    assert.equal(record?.accountSid, fixture.owner.sid)
    assert.deepEqual(
      [record?.dataUpload, record?.dataDownload, record?.dataTotal],
      [400_015, 6_032_100, 6_432_115],
    )
    assert.deepEqual([record?.dataTotalBilled, record?.billedUnit], ['0', null])
    assert.deepEqual(told([record!]), [[null, 6_432_115]])
  })

  it('lists one record a member that used something, in each group', async () => {
    const { sims, fleets } = world
    const by = async (group: (typeof GROUPS)[number]) =>
      told(await usage().list({ ...MARCH, group }))
    assert.deepEqual(await by('sim'), [
      [sims.roamer.sid, 32_115],
      [sims.fixed.sid, 6_400_000],
    ])
    const byFleet = Object.fromEntries(await by('fleet'))
    assert.deepEqual(byFleet, {
      [fleets.eu.sid]: 2_110,
      [fleets.us.sid]: 30_005,
      null: 6_400_000,
    })
    assert.deepEqual(Object.fromEntries(await by('network')), {
      [NETWORKS.home]: 6_432_000,
      [NETWORKS.france]: 110,
      [NETWORKS.mexico]: 5,
    })
    assert.deepEqual(Object.fromEntries(await by('isoCountry')), {
      US: 6_432_000,
      FR: 110,
      MX: 5,
    })
  })

  it('adds up in every group and granularity, and to what the wireless API says', async () => {
    const { start, end } = { start: MARCH.startTime, end: MARCH.endTime }
    const [wireless] = await client.wireless.v1.usageRecords.list({ start, end })
    for (const granularity of ['hour', 'day', 'all'] as const) {
      for (const group of [undefined, ...GROUPS]) {
        const asked = { ...MARCH, granularity, ...(group && { group }), pageSize: 100 }
        const records = await usage().list(asked)
        const sum = records.reduce((total, { dataTotal }) => total + dataTotal, 0)
        assert.equal(sum, wireless!.data.total, `${granularity} ${group}`)
        const keys = new Set(
          records.map((record) => JSON.stringify([record.period, told([record])[0]![0]])),
        )
        assert.equal(keys.size, records.length)
        const starts = records.map(({ period }) => period.start_time)
        assert.deepEqual(starts, [...starts].sort().reverse(), 'newest first')
        if (group === undefined) {
          // The hours and days that have not begun are not there.
          assert.equal(records.length, { hour: 14 * 24 + 13, day: 15, all: 1 }[granularity])
        }
      }
    }
  })

  it('filters by SIM, fleet at the time of use, network and country, and by several', async () => {
    const { sims, fleets } = world
    const total = async (filter: object) => {
      const [record, ...more] = await usage().list({ ...MARCH, ...filter })
      assert.deepEqual(more, [])
      return [
        record!.dataTotal,
        record!.simSid,
        record!.fleetSid,
        record!.networkSid,
        record!.isoCountry,
      ]
    }
    assert.deepEqual(await total({ sim: 'roamer' }), [32_115, sims.roamer.sid, null, null, null])
    assert.deepEqual(await total({ fleet: 'eu fleet' }), [2_110, null, fleets.eu.sid, null, null])
    assert.deepEqual(await total({ fleet: fleets.us.sid }), [
      30_005,
      null,
      fleets.us.sid,
      null,
      null,
    ])
    const { france, home } = NETWORKS
    assert.deepEqual(await total({ network: france }), [110, null, null, france, null])
    assert.deepEqual(await total({ isoCountry: 'MX' }), [5, null, null, null, 'MX'])
    assert.deepEqual(
      await total({ sim: sims.roamer.sid, fleet: 'us fleet', network: home, isoCountry: 'us' }),
      [30_000, sims.roamer.sid, fleets.us.sid, home, 'US'],
    )
    assert.deepEqual(await total({ sim: 'fixed', isoCountry: 'FR' }), [
      0,
      sims.fixed.sid,
      null,
      null,
      'FR',
    ])
    const [both] = await usage().list({ ...MARCH, isoCountry: 'FR', group: 'sim' })
    assert.deepEqual(
      [both?.simSid, both?.isoCountry, both?.fleetSid],
      [sims.roamer.sid, 'FR', null],
    )
  })

  it('pages through hours and members, none twice and none missing', async () => {
    const hours = await usage().list({ ...MARCH, granularity: 'hour', pageSize: 7 })
    assert.deepEqual(hours, await usage().list({ ...MARCH, granularity: 'hour', pageSize: 1000 }))
    for (const group of GROUPS) {
      for (const granularity of ['hour', 'all'] as const) {
        const asked = { ...MARCH, group, granularity }
        assert.deepEqual(
          (await usage().list({ ...asked, pageSize: 1 })).map((record) => record.toJSON()),
          (await usage().list({ ...asked, limit: 2000 })).map((record) => record.toJSON()),
        )
      }
    }
    const first = await usage().page({ ...MARCH, granularity: 'day', pageSize: 5 })
    assert.ok(first.nextPageUrl?.startsWith(`${baseUrl}/v1/UsageRecords?Granularity=day&`))
    const second = await first.nextPage()
    const back = await second!.previousPage()
    assert.deepEqual(
      back!.instances.map(({ period }) => period),
      first.instances.map(({ period }) => period),
    )
  })

  it('makes, finds, changes and lists fleets, and gives back what they were made with', async () => {
    const { fleets } = client.supersim.v1
    const made = await fleets.create({
      networkAccessProfile: `HA${'a'.repeat(32)}`,
      uniqueName: 'GPS Trackers Fleet 5GB',
      dataEnabled: false,
      dataLimit: 5000,
      ipCommandsUrl: 'https://example.com/ip',
      ipCommandsMethod: 'GET',
      smsCommandsEnabled: false,
      smsCommandsUrl: 'https://example.com/sms',
      smsCommandsMethod: 'GET',
    })
    assert.match(made.sid, /^HF[0-9a-f]{32}$/)
    const { dateCreated, dateUpdated, ...rest } = made.toJSON()
    assert.deepEqual([dateCreated, dateUpdated], Array(2).fill(new Date('2026-03-15T12:34:56Z')))
    assert.deepEqual(rest, {
      accountSid: fixture.owner.sid,
      sid: made.sid,
      uniqueName: 'GPS Trackers Fleet 5GB',
      url: `${baseUrl}/v1/Fleets/${made.sid}`,
      dataEnabled: false,
      dataLimit: 5000,
      dataMetering: 'payg',
      smsCommandsEnabled: false,
      smsCommandsUrl: 'https://example.com/sms',
      smsCommandsMethod: 'GET',
      networkAccessProfileSid: `HA${'a'.repeat(32)}`,
      ipCommandsUrl: 'https://example.com/ip',
      ipCommandsMethod: 'GET',
    })
    const changed = await fleets(made.sid).update({
      uniqueName: 'trackers',
      networkAccessProfile: 'all of Europe',
      dataLimit: 1,
      ipCommandsUrl: '',
    })
    assert.deepEqual(
      [changed.uniqueName, changed.dataLimit, changed.ipCommandsUrl, changed.smsCommandsUrl],
      ['trackers', 1, null, 'https://example.com/sms'],
    )
    assert.match(changed.networkAccessProfileSid, /^HA[0-9a-f]{32}$/)
    assert.deepEqual((await fleets('trackers').fetch()).toJSON(), changed.toJSON())
    const listed = await fleets.list({ pageSize: 2 })
    assert.deepEqual(
      listed.map(({ uniqueName }) => uniqueName),
      ['eu fleet', 'us fleet', 'trackers'],
    )
    for (const profile of ['all of Europe', changed.networkAccessProfileSid]) {
      const withProfile = await fleets.list({ networkAccessProfile: profile })
      assert.deepEqual(
        withProfile.map(({ sid }) => sid),
        [made.sid],
      )
    }
    assert.deepEqual(await fleets.list({ networkAccessProfile: 'another' }), [])
  })

  it('lists networks and fetches one', async () => {
    const { networks } = client.supersim.v1
    assert.deepEqual(
      (await networks.list()).map(({ sid, isoCountry }) => [sid, isoCountry]),
      [
        [NETWORKS.france, 'FR'],
        [NETWORKS.home, 'US'],
        [NETWORKS.mexico, 'MX'],
      ],
    )
    for (const filter of [{ isoCountry: 'FR' }, { mcc: '208' }, { mnc: '01' }]) {
      assert.deepEqual(
        (await networks.list(filter)).map(({ sid }) => sid),
        [NETWORKS.france],
      )
    }
    const france = await networks(NETWORKS.france).fetch()
    assert.deepEqual(france.toJSON(), {
      sid: NETWORKS.france,
      friendlyName: '208-01',
      url: `${baseUrl}/v1/Networks/${NETWORKS.france}`,
      isoCountry: 'FR',
      identifiers: [{ mcc: '208', mnc: '01' }],
    })
  })

  it('registers, finds, changes and lists SIMs', async () => {
    const { sims } = client.supersim.v1
    const made = await sims.create({ iccid: iccidOf(777), registrationCode: 'H3LL0W0RLD' })
    assert.match(made.sid, /^HS[0-9a-f]{32}$/)
    assert.deepEqual([made.status, made.fleetSid, made.iccid], ['new', null, iccidOf(777)])
    assert.equal(made.links.billing_periods, `${made.url}/BillingPeriods`)
    const ready = await sims(made.sid).update({
      status: 'ready',
      uniqueName: 'third',
      fleet: 'eu fleet',
    })
    assert.deepEqual(
      [ready.status, ready.uniqueName, ready.fleetSid],
      ['ready', 'third', world.fleets.eu.sid],
    )
    const moved = await sims('third').update({ fleet: world.fleets.us.sid, status: 'inactive' })
    assert.deepEqual([moved.status, moved.fleetSid], ['inactive', world.fleets.us.sid])
    assert.deepEqual((await sims('third').fetch()).toJSON(), moved.toJSON())
    const listed = async (filter: object) =>
      (await sims.list({ ...filter, pageSize: 1 })).map(({ uniqueName }) => uniqueName)
    assert.deepEqual(await listed({}), ['roamer', 'fixed', 'third'])
    assert.deepEqual(await listed({ status: 'inactive' }), ['third'])
    assert.deepEqual(await listed({ status: 'active' }), ['roamer', 'fixed'])
    assert.deepEqual(await listed({ status: 'scheduled' }), [])
    assert.deepEqual(await listed({ fleet: 'us fleet' }), ['roamer', 'third'])
    assert.deepEqual(await listed({ fleet: 'us fleet', status: 'active' }), ['roamer'])
    assert.deepEqual(await listed({ iccid: iccidOf(777) }), ['third'])
  })

  it('calls with an API key', async () => {
    const key = await fixture.addKey({ account: fixture.owner, scope: 'read' })
    const [record] = await connect(key).supersim.v1.usageRecords.list(MARCH)
    assert.equal(record?.dataTotal, 6_432_115)
  })

  const failures: [string, (of: Client['supersim']['v1']) => Promise<unknown>, number, number][] = [
    [
      'a wrong token',
      () => connect({ ...fixture.owner, secret: 'x' }).supersim.v1.usageRecords.list(),
      401,
      20003,
    ],
    ['an unknown group', (of) => of.usageRecords.list({ group: 'zone' as never }), 400, 83600],
    [
      'a fleet of another account',
      (of) => of.usageRecords.list({ fleet: world.otherFleet.sid }),
      400,
      83600,
    ],
    [
      'days that are cut',
      (of) =>
        of.usageRecords.list({ granularity: 'day', startTime: new Date('2026-03-01T01:00:00Z') }),
      400,
      83601,
    ],
    [
      'hours that are cut',
      (of) => of.usageRecords.list({ endTime: new Date('2026-03-01T01:30:00Z') }),
      400,
      83602,
    ],
    [
      'SIMs for too long',
      (of) => of.usageRecords.list({ group: 'sim', startTime: new Date('2026-02-01T00:00:00Z') }),
      400,
      83603,
    ],
    [
      'too many hours',
      (of) =>
        of.usageRecords.list({ granularity: 'hour', startTime: new Date('2026-02-01T00:00:00Z') }),
      400,
      83604,
    ],
    [
      'what is not kept',
      (of) =>
        of.usageRecords.list({
          startTime: new Date('2024-09-01T00:00:00Z'),
          endTime: new Date('2024-10-01T00:00:00Z'),
        }),
      400,
      83605,
    ],
    [
      'a page token that was not issued',
      (of) => of.usageRecords.page({ pageToken: 'DNAQ' }),
      400,
      21481,
    ],
    ['a fleet that there is not', (of) => of.fleets('nowhere').fetch(), 404, 20404],
    ['a network that there is not', (of) => of.networks(`HW${'a'.repeat(32)}`).fetch(), 404, 20404],
    ['a SIM of another account', (of) => of.sims(world.otherSim.sid).fetch(), 404, 20404],
    [
      'a fleet of another account, to move to',
      (of) => of.sims('fixed').update({ fleet: world.otherFleet.sid }),
      400,
      33101,
    ],
  ]
  for (const [what, call, status, code] of failures) {
    it(`gets a RestException with status ${status} and code ${code} for ${what}`, async () => {
      await assert.rejects(call(client.supersim.v1), (error) => {
        assert.ok(error instanceof RestException)
        assert.deepEqual([error.status, error.code], [status, code])
        assert.equal(error.moreInfo, `https://www.twilio.com/docs/errors/${code}`)
        return true
      })
    })
  }
})
