/** The unchanged client of the original API, npm `twilio`, with nothing but its base URL set. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import twilio from 'twilio'
import type { Sim } from '../../src/domain/directory.ts'
import { HttpFixture, type TestCredential } from '../support/http-fixture.ts'

const { RestException } = twilio
type Client = ReturnType<typeof twilio>

describe('the wireless client of npm twilio', () => {
  let fixture: HttpFixture
  let baseUrl: string
  let client: Client
  let sim: Sim

  before(async () => {
    // Either would splice itself into the host name of every URL, also into this server's.
    delete process.env.TWILIO_EDGE
    delete process.env.TWILIO_REGION
    fixture = await HttpFixture.open()
    baseUrl = await fixture.listen()
    client = connect(fixture.owner)
    sim = await fixture.addSim({ uniqueName: 'tracker-1', friendlyName: 'The first' })
    await fixture.use(sim, '2026-03-15T11:59:59Z', { upload: 10, download: 100, to_sim: 2 })
    await fixture.use(sim, '2026-03-13T00:00:00Z', { plmn: '208-01', upload: 5 })
  })

  after(() => fixture.close())

  function connect({ sid, secret }: TestCredential, accountSid = sid): Client {
    const connected = twilio(sid, secret, { accountSid })
    connected.wireless.baseUrl = baseUrl
    return connected
  }

  const records = () => client.wireless.v1.sims(sim.sid).usageRecords

  it('lists the usage of a SIM as one record', async () => {
    const [record, ...more] = await records().list()
    assert.deepEqual(more, [])
    assert.equal(record?.accountSid, fixture.owner.sid)
    assert.equal(record?.simSid, sim.sid)
    assert.deepEqual(record?.period, {
      start: '2026-02-15T12:34:56Z',
      end: '2026-03-15T12:34:56Z',
    })
    assert.equal(record?.data.total, 115)
    assert.deepEqual(record?.data.international_roaming, [
      { country_code: 'FRA', total: 5, download: 0, upload: 5, units: 'bytes' },
    ])
    assert.deepEqual(record?.commands.home, { total: 2, to_sim: 2, from_sim: 0 })
  })

  it('finds the SIM by its unique name', async () => {
    const [record] = await client.wireless.v1.sims('tracker-1').usageRecords.list()
    assert.equal(record?.simSid, sim.sid)
  })

  it('lists the usage of the account without a SIM in it', async () => {
    const [record] = await client.wireless.v1.usageRecords.list()
    assert.equal(record?.accountSid, fixture.owner.sid)
    assert.equal(record?.data.total, 115)
    const answer = await fixture.get('/v1/UsageRecords')
    assert.ok(!('sim_sid' in answer.body.usage_records[0]!))
  })

  it('lists days of a SIM and of the account, from Date objects', async () => {
    const asked = {
      granularity: 'daily' as const,
      start: new Date('2026-03-13T00:00:00Z'),
      end: new Date('2026-03-15T12:00:00Z'),
    }
    const lists = [await records().list(asked), await client.wireless.v1.usageRecords.list(asked)]
    for (const days of lists) {
      assert.deepEqual(
        days.map(({ period, data }) => [period.start, period.end, data.total]),
        [
          ['2026-03-15T00:00:00Z', '2026-03-16T00:00:00Z', 110],
          ['2026-03-14T00:00:00Z', '2026-03-15T00:00:00Z', 0],
          ['2026-03-13T00:00:00Z', '2026-03-14T00:00:00Z', 5],
        ],
      )
    }
  })

  it('pages through every hour of a month, none twice and none missing', async () => {
    const asked = {
      granularity: 'hourly' as const,
      start: new Date('2026-02-13T00:00:00Z'),
      end: new Date('2026-03-13T00:00:00Z'),
    }
    const hours = await records().list({ ...asked, pageSize: 100 })
    assert.equal(hours.length, 28 * 24)
    assert.equal(new Set(hours.map(({ period }) => period.start)).size, 28 * 24)
    assert.equal(hours.at(0)?.period.end, '2026-03-13T00:00:00Z')
    assert.equal(hours.at(-1)?.period.start, '2026-02-13T00:00:00Z')
  })

  it('goes page by page, forward and back', async () => {
    const first = await records().page({ granularity: 'hourly', pageSize: 10 })
    assert.equal(first.instances.length, 10)
    assert.equal(first.previousPageUrl, undefined)
    assert.ok(first.nextPageUrl?.startsWith(`${baseUrl}/v1/Sims/${sim.sid}/UsageRecords?`))
    const second = await records().getPage(first.nextPageUrl!)
    const third = await second.nextPage()
    const starts = (page: Pick<typeof first, 'instances'>) =>
      page.instances.map(({ period }) => period.start)
    assert.notDeepEqual(starts(second), starts(first))
    assert.notDeepEqual(starts(third!), starts(second))
    const back = await third!.previousPage()
    assert.deepEqual(starts(back!), starts(second))
    const start = await back!.previousPage()
    assert.deepEqual(starts(start!), starts(first))
    assert.equal(start!.previousPageUrl, undefined)
  })

  it('calls back for each record', async () => {
    const seen: string[] = []
    await new Promise<void>((resolve, reject) => {
      records().each({
        granularity: 'daily',
        pageSize: 7,
        limit: 20,
        callback: ({ period }) => seen.push(period.start),
        done: (error?: Error) => (error ? reject(error) : resolve()),
      })
    })
    assert.equal(new Set(seen).size, 20)
  })

  it('takes a limit above the largest page as two pages', async () => {
    const asked = { granularity: 'hourly' as const, start: new Date('2025-11-01T00:00:00Z') }
    const hours = await records().list({ ...asked, limit: 2000 })
    assert.equal(hours.length, 2000)
    assert.equal(new Set(hours.map(({ period }) => period.start)).size, 2000)
  })

  it('calls with an API key, which the server maps to its account', async () => {
    const key = await fixture.addKey({ account: fixture.owner, scope: 'read' })
    const [record] = await connect(key, fixture.owner.sid).wireless.v1.usageRecords.list()
    assert.equal(record?.accountSid, fixture.owner.sid)
  })

  it('fetches a SIM by SID and by unique name', async () => {
    const bySid = await client.wireless.v1.sims(sim.sid).fetch()
    const byName = await client.wireless.v1.sims('tracker-1').fetch()
    assert.equal(byName.sid, sim.sid)
    assert.equal(bySid.iccid, sim.iccid)
    assert.equal(bySid.friendlyName, 'The first')
    assert.equal(bySid.status, 'active')
    assert.deepEqual(bySid.dateCreated, new Date('2026-03-15T12:34:56Z'))
    assert.equal(bySid.links.usage_records, `${baseUrl}/v1/Sims/${sim.sid}/UsageRecords`)
  })

  it('updates names and status of a SIM', async () => {
    const other = await fixture.addSim()
    const context = client.wireless.v1.sims(other.sid)
    const named = await context.update({ uniqueName: 'tracker-2', friendlyName: 'Büro & Hof' })
    assert.equal(named.uniqueName, 'tracker-2')
    assert.equal(named.friendlyName, 'Büro & Hof')
    const reported = await context.update({
      commandsCallbackUrl: 'https://example.com/commands',
      smsMethod: 'GET',
    })
    assert.equal(reported.commandsCallbackUrl, 'https://example.com/commands')
    assert.deepEqual([reported.smsMethod, reported.smsUrl], ['GET', null])
    await assert.rejects(context.update({ ratePlan: 'WP1' }), { status: 400, message: /RatePlan/ })
    const suspended = await context.update({ status: 'suspended' })
    assert.equal(suspended.status, 'suspended')
    assert.equal((await context.fetch()).uniqueName, 'tracker-2')
  })

  it('lists SIMs, all and by ICCID and status', async () => {
    const ready = await fixture.addSim({ status: 'ready' })
    const all = await client.wireless.v1.sims.list({ pageSize: 1 })
    assert.ok(all.length >= 2)
    const byIccid = await client.wireless.v1.sims.list({ iccid: ready.iccid! })
    assert.deepEqual(
      byIccid.map(({ sid }) => sid),
      [ready.sid],
    )
    const byStatus = await client.wireless.v1.sims.list({ status: 'ready' })
    assert.deepEqual(
      byStatus.map(({ sid }) => sid),
      [ready.sid],
    )
  })

  const failures: [string, () => Promise<unknown>, { status: number; code: number }][] = [
    [
      'a wrong token',
      () => connect({ ...fixture.owner, secret: 'wrong' }).wireless.v1.usageRecords.list(),
      { status: 401, code: 20003 },
    ],
    [
      'an unknown SIM',
      () => client.wireless.v1.sims('nowhere').fetch(),
      { status: 404, code: 20404 },
    ],
    [
      'usage of an unknown SIM',
      () => client.wireless.v1.sims('nowhere').usageRecords.list(),
      { status: 404, code: 20404 },
    ],
    [
      'a bad parameter',
      () => records().list({ granularity: 'weekly' as never }),
      { status: 400, code: 33101 },
    ],
    [
      'a page token that was not issued',
      () => records().page({ granularity: 'hourly', pageToken: 'DNAQ' }),
      { status: 400, code: 21481 },
    ],
  ]
  for (const [what, call, { status, code }] of failures) {
    it(`gets a RestException with status ${status} and code ${code} for ${what}`, async () => {
      await assert.rejects(call, (error) => {
        assert.ok(error instanceof RestException)
        assert.equal(error.status, status)
        assert.equal(error.code, code)
        assert.equal(error.moreInfo, `https://www.twilio.com/docs/errors/${code}`)
        return true
      })
    })
  }
})
