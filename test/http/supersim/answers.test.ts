/** Answers of the Super SIM API against the OpenAPI file of the original, and to what is asked wrongly. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { buildServer } from '../../../src/http/server.ts'
import { ask } from '../../support/answers.ts'
import { iccidOf, NOW, sidOf } from '../../support/builders.ts'
import { basic, type HttpFixture } from '../../support/http-fixture.ts'
import { type OriginalOpenApi, originalOpenApi } from '../../support/original-openapi.ts'
import {
  allRecords,
  NETWORKS,
  openSuperSimWorld,
  recordsOf,
  type SuperSimWorld,
} from '../../support/super-sim-world.ts'

const USAGE = '/supersim/v1/UsageRecords'
const MARCH = 'StartTime=2026-03-01&EndTime=2026-03-16'

let world: SuperSimWorld
let fixture: HttpFixture
before(async () => {
  world = await openSuperSimWorld()
  fixture = world.fixture
})
after(() => fixture.close())

describe('answers of the Super SIM API, against the OpenAPI file of the original', () => {
  let openapi: OriginalOpenApi
  before(async () => {
    const record = 'supersim.v1.usage_record'
    openapi = await originalOpenApi('twilio_supersim_v1.json', (schemas) => {
      const { properties, ...rest } = schemas[record]!
      // The file calls this one a number, and shows it as a text in every example.
      const data_total_billed = { type: 'string' }
      return { [record]: { ...rest, properties: { ...properties, data_total_billed } } }
    })
  })

  const lists = [
    ['/v1/UsageRecords', ''],
    ['/v1/UsageRecords', 'Granularity=day&PageSize=5&Page=1'],
    ...['sim', 'fleet', 'network', 'isoCountry'].map(
      (group) => ['/v1/UsageRecords', `Group=${group}&Granularity=hour&PageSize=1`] as const,
    ),
    ['/v1/UsageRecords', `Sim=roamer&Fleet=eu%20fleet&Network=${NETWORKS.france}&IsoCountry=FR`],
    ['/v1/Sims', 'Status=active'],
    ['/v1/Fleets', 'PageSize=1'],
    ['/v1/Networks', ''],
  ] as const
  for (const [path, query] of lists) {
    it(`validates GET ${path}?${query}`, async () => {
      const { status, body } = await fixture.get(`/supersim${path}?${query}`)
      const validate = openapi.validatorOf(path)
      assert.equal(status, 200)
      assert.ok(validate(body), JSON.stringify(validate.errors))
      for (const url of [body.meta.url, body.meta.first_page_url, body.meta.next_page_url]) {
        assert.ok(url === null || url.startsWith(`http://localhost:80/supersim${path}?`), url!)
      }
    })
  }

  it('validates single SIMs, fleets and networks, with every field that the file names', async () => {
    const roamer = `/supersim/v1/Sims/${world.sims.roamer.sid}` as const
    const fleet = `/supersim/v1/Fleets/${world.fleets.eu.sid}` as const
    const answers = [
      ['/v1/Sims/{Sid}', 'get', 'sim', await fixture.get(roamer)],
      ['/v1/Sims/{Sid}', 'post', 'sim', await fixture.post(roamer, { Fleet: 'us fleet' })],
      ['/v1/Fleets/{Sid}', 'get', 'fleet', await fixture.get(fleet)],
      ['/v1/Fleets/{Sid}', 'post', 'fleet', await fixture.post(fleet, { DataLimit: '7' })],
      [
        '/v1/Networks/{Sid}',
        'get',
        'network',
        await fixture.get(`/supersim/v1/Networks/${NETWORKS.mexico}`),
      ],
    ] as const
    for (const [path, method, schema, { status, body }] of answers) {
      const validate = openapi.validatorOf(path, method)
      assert.equal(status, 200)
      assert.ok(validate(body), JSON.stringify(validate.errors))
      assert.deepEqual(Object.keys(body).sort(), openapi.fieldsOf(`supersim.v1.${schema}`))
    }
    const [record] = recordsOf(await fixture.get(USAGE))
    assert.deepEqual(Object.keys(record!).sort(), openapi.fieldsOf('supersim.v1.usage_record'))
  })

  it('validates what is made', async () => {
    for (const [path, form] of [
      ['/v1/Fleets', { NetworkAccessProfile: 'any' }],
      ['/v1/Sims', { Iccid: iccidOf(700), RegistrationCode: 'CODE' }],
    ] as const) {
      const { status, body } = await fixture.post(`/supersim${path}`, form)
      const validate = openapi.validatorOf(path, 'post', 201)
      assert.equal(status, 201)
      assert.ok(validate(body), JSON.stringify(validate.errors))
    }
  })
})

describe('usage records of the Super SIM API', () => {
  it('have their fields in the order of the original’s examples', async () => {
    const { text } = await fixture.get(`${USAGE}?${MARCH}&Group=sim&PageSize=1`)
    const { sid } = world.sims.roamer
    assert.ok(
      text.startsWith(
        '{"usage_records":[{"period":{"start_time":"2026-03-01T00:00:00Z","end_time":"2026-03-16T00:00:00Z"},' +
          `"account_sid":"${fixture.owner.sid}","data_upload":15,"data_download":32100,"data_total":32115,` +
          `"data_total_billed":"0","billed_unit":null,"sim_sid":"${sid}","fleet_sid":null,` +
          '"network_sid":null,"iso_country":null}],',
      ),
      text,
    )
  })

  it('begin with the bucket of StartTime and end before EndTime', async () => {
    const days = recordsOf(
      await fixture.get(`${USAGE}?StartTime=2026-03-09&EndTime=2026-03-11&Granularity=day`),
    )
    assert.deepEqual(
      days.map(({ period, data_total }) => [period.start_time, period.end_time, data_total]),
      [
        ['2026-03-10T00:00:00Z', '2026-03-11T00:00:00Z', 30_000],
        ['2026-03-09T00:00:00Z', '2026-03-10T00:00:00Z', 2_000],
      ],
    )
  })

  it('are exact beyond 2^53', async () => {
    const account = await fixture.addAccount()
    const sim = await fixture.addSim({ sid: sidOf('HS', 77) }, account)
    for (let i = 0; i < 3; i++) {
      await fixture.use(sim, '2026-03-14T10:00:00Z', { upload: 2 ** 53 - 1, download: i })
    }
    for (const query of ['', `Sim=${sim.sid}`, 'Group=sim', 'Group=network&Granularity=hour']) {
      const { text } = await fixture.get(`${USAGE}?${query}`, { as: account })
      const counts =
        '"data_upload":27021597764222973,"data_download":3,"data_total":27021597764222976,'
      assert.ok(text.includes(counts), text)
    }
  })

  it('keep the question of their first page, whatever the clock says by then', async () => {
    const ask = async (query: string) => {
      const first = await fixture.get(`${USAGE}?${query}&PageSize=1`)
      fixture.clock.now = NOW + 7_200
      const later = await allRecords(
        fixture,
        new URL(first.body.meta.next_page_url!).search.slice(1),
      )
      fixture.clock.now = NOW
      return [...recordsOf(first), ...later]
    }
    for (const query of ['Granularity=day', 'Group=network', 'Group=fleet&Granularity=hour']) {
      assert.deepEqual(await ask(query), await allRecords(fixture, query))
    }
  })

  it('take a page token for the same account and parameters only', async () => {
    const of = async (query: string) => {
      const { body } = await fixture.get(`${USAGE}?${query}&PageSize=1`)
      return new URL(body.meta.next_page_url!).searchParams.get('PageToken')!
    }
    const days = await of('Granularity=day')
    const members = await of('Group=network')
    const wireless = await fixture.get('/v1/UsageRecords?Granularity=daily&PageSize=1')
    const wirelessToken = new URL(wireless.body.meta.next_page_url!).searchParams.get('PageToken')
    for (const [query, as] of [
      [`Granularity=hour&PageToken=${days}`],
      [`Sim=roamer&PageToken=${days}`],
      [`PageToken=${days}`, world.other],
      [`Page=5&PageToken=${members}`],
      [`PageToken=${members}`, world.other],
      [`PageToken=${wirelessToken}`],
      ['PageToken=x'],
    ] as const) {
      const answer = await fixture.get(`${USAGE}?${query}`, { ...(as !== undefined && { as }) })
      assert.deepEqual([answer.status, answer.error.code], [400, 21481], query)
    }
    for (const token of [days, members]) {
      assert.equal((await fixture.get(`${USAGE}?PageToken=${token}`)).status, 200)
    }
  })

  it('of groups by the hour are summed for no more hours than their page shows', async (t) => {
    const asked = t.mock.method(fixture.store, 'answerUsage').mock
    const query = 'Group=sim&Granularity=hour&StartTime=2026-02-15&EndTime=2026-03-16'
    const hoursOf = (calls: typeof asked.calls) =>
      calls.map(({ arguments: [{ start, end }] }) => (end - start) / 3_600)
    assert.equal(recordsOf(await fixture.get(`${USAGE}?${query}&PageSize=1`)).length, 1)
    // The newest usage is an hour ago, the next one of 12 March: 1 + 2 + … + 64 hours reach it.
    assert.deepEqual(hoursOf(asked.calls), [1, 2, 4, 8, 16, 32, 64])
    asked.resetCalls()
    const all = await allRecords(fixture, `${query}&PageSize=1000`)
    assert.equal(
      hoursOf(asked.calls).reduce((a, b) => a + b, 0),
      28 * 24 + 13,
    )
    assert.deepEqual(await allRecords(fixture, `${query}&PageSize=1`), all)
  })

  const wrong: [query: string, message: RegExp][] = [
    ['Group=country', /^Group "country": expected sim, fleet, network, isoCountry$/],
    ['Group=constructor', /^Group "constructor": expected sim/],
    ['Group=label:customer', /^Group "label:customer": expected sim/],
    ['Granularity=daily', /^Granularity "daily": expected hour, day, all$/],
    ['group=sim', /^group is not known: write Group$/],
    ['Start=2026-03-01', /^Start: .*here it is StartTime$/],
    ['StartTime=yesterday', /^StartTime "yesterday": expected an ISO 8601/],
    ['IsoCountry=UK', /^IsoCountry "UK": expected an ISO 3166-1/],
    ['Network=310-260', /^Network "310-260": expected the SID of a network/],
    [`Network=HW${'a'.repeat(32)}`, /^Network "HWa+": expected the SID of a network/],
    ['Sim=nobody', /^Sim "nobody": there is no such SIM$/],
    ['Sim=theirs', /^Sim "theirs": there is no such SIM$/],
    ['Fleet=their%20fleet', /^Fleet "their fleet": there is no such fleet$/],
    ['Fleet=customer%3Dacme', /^Fleet "customer=acme": there is no such fleet$/],
    ['Group=sim&Page=2', /^Page "2": a later page needs its PageToken/],
    ['PageSize=0', /^PageSize "0": expected/],
    ['Group=zone&Granularity=week', /^Group "zone": .*; Granularity "week": /],
  ]
  for (const [query, message] of wrong) {
    it(`are refused with 83600 for ${query}`, async () => {
      const { status, error } = await fixture.get(`${USAGE}?${query}`)
      assert.deepEqual([status, error.code], [400, 83600])
      assert.match(error.message, message)
    })
  }

  it('are not read from the ledger of all SIMs for longer than a month, on any page', async () => {
    const window = 'StartTime=2026-01-01&EndTime=2026-03-01'
    for (const query of [
      `${window}&Group=fleet&Network=${NETWORKS.home}`,
      `${window}&Fleet=eu%20fleet&Network=${NETWORKS.home}&Granularity=day&PageSize=1`,
      `${window}&Fleet=eu%20fleet&Group=network`,
    ]) {
      const { status, error } = await fixture.get(`${USAGE}?${query}`)
      assert.deepEqual([status, error.code], [400, 83604], query)
      assert.match(error.message, /by at most 31 days/)
    }
    const bySim = await fixture.get(`${USAGE}?${window}&Sim=roamer&Network=${NETWORKS.home}`)
    assert.equal(recordsOf(bySim)[0]!.data_total, 0)
  })

  it('say of which account, for the operator', async () => {
    const as = fixture.operator
    const missing = await fixture.get(USAGE, { as })
    assert.deepEqual([missing.status, missing.error.code], [400, 83600])
    const { sid } = fixture.owner
    const asked = await fixture.get(`${USAGE}?AccountSid=${sid}&Group=isoCountry`, { as })
    assert.equal(recordsOf(asked)[0]!.account_sid, sid)
    assert.match(asked.body.meta.url, new RegExp(`AccountSid=${sid}&Group=isoCountry&`))
    const single = await fixture.get(`/supersim/v1/Fleets/eu%20fleet?AccountSid=${sid}`, { as })
    assert.equal(single.status, 200)
  })
})

describe('the host of the Super SIM API', () => {
  it('stands for the prefix where it is named so, and only there', async () => {
    const get = <const Url extends string>(url: Url, host: string) =>
      fixture.get<Url>(url, { headers: { host } })
    const { body, status } = await get('/v1/UsageRecords?Group=sim', 'SuperSIM.example.com')
    assert.equal(status, 200)
    assert.match(
      body.meta.url,
      /^http:\/\/SuperSIM.example.com\/supersim\/v1\/UsageRecords\?Group=sim/,
    )
    const same = await get('/supersim/v1/UsageRecords?Group=sim', 'supersim.example.com')
    assert.deepEqual(recordsOf(same), recordsOf(await fixture.get(`${USAGE}?Group=sim`)))
    assert.equal((await get('/v1/Fleets', 'supersim.example.com')).status, 200)
    for (const host of ['example.com', 'supersimple.example.com', 'x.supersim.example.com']) {
      assert.equal((await get('/v1/Fleets', host)).status, 404, host)
    }
    assert.equal((await get('/v1/Feeds', 'supersim.example.com')).status, 404)
    assert.equal((await get('/healthz', 'supersim.example.com')).status, 200)
  })

  it('is believed of a proxy where that is trusted, and leaves the public URL as it is', async () => {
    const headers = { host: 'inside', 'x-forwarded-host': 'elsewhere, supersim.example.com' }
    assert.equal((await fixture.get('/v1/Fleets', { headers })).status, 404)
    for (const [options, url] of [
      [{ trustProxy: true }, 'http://supersim.example.com/supersim/v1/Fleets?'],
      [
        { trustProxy: true, publicUrl: 'https://example.com/iot/' },
        'https://example.com/iot/supersim/v1/Fleets?',
      ],
    ] as const) {
      const server = buildServer({ store: fixture.store, clock: () => NOW, ...options })
      const authorization = basic(fixture.owner)
      const { body, text } = await ask<'/supersim/v1/Fleets'>(server, {
        url: '/v1/Fleets',
        headers: { ...headers, authorization },
      })
      await server.close()
      assert.ok(body.meta.url.startsWith(url), text)
      assert.ok(body.fleets[0]!.url.startsWith(url.replace('?', '/')), text)
    }
  })
})
