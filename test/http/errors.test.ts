/** What every wrong request is told, and what no answer or log gives away. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { pino } from 'pino'
import { UsageError, type UsageErrorCode } from '../../src/domain/usage-error.ts'
import { buildServer } from '../../src/http/server.ts'
import type { UsageStore } from '../../src/storage/usage-store.ts'
import { ask } from '../support/answers.ts'
import { iccidOf, imsiOf, msisdnOf, NOW } from '../support/builders.ts'
import { basic, HttpFixture } from '../support/http-fixture.ts'

interface ListOfApi {
  readonly get?: { readonly parameters?: readonly { readonly name: string }[] }
}

describe('errors', () => {
  let fixture: HttpFixture

  before(async () => {
    fixture = await HttpFixture.open()
  })

  after(() => fixture.close())

  it('name the resource that was not found, without the version', async () => {
    const { status, headers, body } = await fixture.get('/v1/Sims/nowhere/UsageRecords?Page=0')
    assert.equal(status, 404)
    assert.deepEqual(body, {
      code: 20404,
      message: 'The requested resource /Sims/nowhere/UsageRecords was not found',
      more_info: 'https://www.twilio.com/docs/errors/20404',
      status: 404,
    })
    assert.match(String(headers['content-type']), /^application\/json/)
    assert.match(String(headers['twilio-request-id']), /^RQ[0-9a-f]{32}$/)
  })

  it('say the same of paths that no route has, also without credentials', async () => {
    for (const [url, path] of [
      ['/v1/Nowhere', '/Nowhere'],
      ['/v2/Sims', '/v2/Sims'],
      ['/', '/'],
      ['/v1/sims', '/sims'],
    ] as const) {
      const { status, error } = await fixture.get(url, { as: null })
      assert.equal(status, 404)
      assert.equal(error.message, `The requested resource ${path} was not found`)
    }
  })

  it('name the methods that are allowed', async () => {
    const { status, headers, error } = await fixture.send('DELETE', '/v1/Sims/x', undefined)
    assert.equal(status, 405)
    assert.equal(headers.allow, 'GET, HEAD, POST')
    assert.equal(error.code, 20004)
    const put = await fixture.send('PUT', '/v1/UsageRecords', '{}', {
      headers: { 'content-type': 'application/json' },
    })
    assert.equal(put.status, 405)
    assert.equal(put.headers.allow, 'GET, HEAD')
  })

  it('name every wrong parameter at once, with its value and what is allowed', async () => {
    const asked = 'Granularity=weekly&Start=yesterday&End=2026-02-30&PageSize=0&Page=-1'
    const { status, body } = await fixture.get(`/v1/UsageRecords?${asked}`)
    assert.equal(status, 400)
    assert.deepEqual(body, {
      code: 33101,
      message:
        'Start "yesterday": expected an ISO 8601 date or instant, such as 2026-01-31T23:59:59Z; ' +
        'End "2026-02-30": expected an ISO 8601 date or instant, such as 2026-01-31T23:59:59Z; ' +
        'Granularity "weekly": expected hourly, daily, all; ' +
        'PageSize "0": expected a whole number of at least 1 (1000 are the most on a page); ' +
        'Page "-1": expected a whole number from 0 to 999999999',
      more_info: 'https://www.twilio.com/docs/errors/33101',
      status: 400,
    })
  })

  it('refuse a parameter that is given twice', async () => {
    const { status, error } = await fixture.get(
      '/v1/UsageRecords?Start=2026-03-01&Start=2026-03-02',
    )
    assert.equal(status, 400)
    assert.equal(error.message, 'Start is given 2 times: expected once')
  })

  it('do not come from parameters that nobody knows, or that are empty', async () => {
    const asked = 'Start=&PageSize=&PageToken=&Sort=asc&Sort=desc'
    assert.equal((await fixture.get(`/v1/UsageRecords?${asked}`)).status, 200)
  })

  it('do not come from any parameter of any list that is empty and sent twice', async () => {
    const api = JSON.parse(
      readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8'),
    )
    let asked = 0
    for (const [path, { get }] of Object.entries<ListOfApi>(api.paths)) {
      if (get === undefined || path.includes('{')) continue
      const { status } = await fixture.get(path)
      for (const { name } of get.parameters ?? []) {
        const again = await fixture.get(`${path}?${name}&${name}=`)
        assert.equal(again.status, status, `${path} ${name}`)
        asked++
      }
    }
    assert.ok(asked > 50, `${asked} parameters`)
  })

  it('do not come from one value that is sent twice, or from a page size that is sent again', async () => {
    for (const asked of ['Start=2026-03-01&Start=2026-03-01', 'PageSize=5&PageSize=100']) {
      const { status, body } = await fixture.get(`/v1/UsageRecords?${asked}`)
      assert.equal(status, 200, asked)
      assert.equal(body.meta.page_size, asked.startsWith('Page') ? 100 : 50)
    }
  })

  it('name the parameter that one in another letter case, or of another API, would have been', async () => {
    const asked = 'start=2026-03-01&pagesize=5&EndTime=2026-03-02&IsoCountry=MX'
    const { status, error } = await fixture.get(`/v1/UsageRecords?${asked}`)
    assert.equal(status, 400)
    assert.equal(
      error.message,
      'start is not known: write Start; pagesize is not known: write PageSize; ' +
        'EndTime: this is how the Super SIM API calls it; here it is End; ' +
        'IsoCountry: this is of the Super SIM API; a record lists the usage of each country here; ' +
        'the Super SIM API is answered under http://localhost:80/supersim',
    )
  })

  it('say what this is to whoever asks for what the original APIs have and Simtally has not', async () => {
    const { sid } = await fixture.addSim()
    for (const [path, words] of [
      ['/Commands', 'Commands'],
      ['/Commands/DC1', 'Commands'],
      ['/RatePlans', 'rate plans'],
      [`/Sims/${sid}/DataSessions`, 'data sessions'],
    ]) {
      const { status, error } = await fixture.get(`/v1${path}`)
      assert.deepEqual([status, error.code], [404, 20404])
      const here = `this is Simtally, which counts what SIMs use and has no ${words}`
      assert.equal(error.message, `The requested resource ${path} was not found: ${here}`)
    }
    const { error } = await fixture.get('/supersim/v1/SmsCommands')
    assert.match(
      error.message,
      /^The requested resource \/SmsCommands was not found: .* no SMS Commands$/,
    )
    for (const path of ['/v1/Nothing', '/v1/constructor', '/Commands', '/v1/Sims/Commands']) {
      assert.doesNotMatch((await fixture.get(path)).error.message, /Simtally/)
    }
  })

  it('name the base URL of the Super SIM API to whoever asks by its names at another', async () => {
    const headers = { host: 'usage.example.com:8443' }
    const pointer = / is answered under http:\/\/usage\.example\.com:8443\/supersim$/
    for (const asked of [
      'StartTime=2026-03-01',
      'EndTime=2026-03-02',
      'Sim=HS1',
      'Fleet=trackers',
      'Network=HW1',
      'IsoCountry=MX',
      'Group=sim',
      'Granularity=day',
      'Granularity=hour',
    ]) {
      const { status, error } = await fixture.get(`/v1/UsageRecords?${asked}`, { headers })
      assert.deepEqual([status, error.code], [400, 33101], asked)
      assert.match(error.message, pointer)
    }
    const { sid } = await fixture.addSim()
    for (const answer of [
      await fixture.get('/v1/Sims?Fleet=trackers', { headers }),
      await fixture.get('/v1/Sims?Status=inactive', { headers }),
      await fixture.post('/v1/Sims', { Iccid: iccidOf(9), RegistrationCode: 'X' }, { headers }),
      await fixture.post(`/v1/Sims/${sid}`, { Fleet: 'trackers' }, { headers }),
    ]) {
      assert.deepEqual([answer.status, answer.error.code], [400, 33101])
      assert.match(answer.error.message, pointer)
    }
    for (const query of ['UsageRecords?Granularity=weekly', 'Sims?Status=lost']) {
      const { error } = await fixture.get(`/v1/${query}`, { headers })
      assert.doesNotMatch(error.message, pointer)
    }
  })

  it('refuse filters of SIMs that would have been ignored', async () => {
    for (const name of ['RatePlan', 'EId', 'SimRegistrationCode']) {
      const { status, error } = await fixture.get(`/v1/Sims?${name}=x`)
      assert.deepEqual([status, error.code], [400, 33101])
      assert.match(error.message, new RegExp(`^${name}: SIMs have no `))
    }
  })

  it('cut what they repeat', async () => {
    const { error } = await fixture.get(`/v1/UsageRecords?Start=${'x'.repeat(5_000)}`)
    assert.ok(error.message.length < 250)
  })

  it('tell of a path that cannot be decoded', async () => {
    const { status, headers, error } = await fixture.get('/v1/Sims/%zz')
    assert.equal(status, 400)
    assert.equal(error.code, 33101)
    assert.match(String(headers['twilio-request-id']), /^RQ[0-9a-f]{32}$/)
  })

  it('tell of a path longer than any name', async () => {
    assert.equal((await fixture.get(`/v1/Sims/${'x'.repeat(1_000)}`)).status, 404)
  })

  it('tell of a body that is not what it says it is', async () => {
    const sim = await fixture.addSim()
    const url = `/v1/Sims/${sim.sid}`
    const json = { 'content-type': 'application/json' }
    const bad = await fixture.send('POST', url, '{"FriendlyName":', { headers: json })
    assert.deepEqual([bad.status, bad.error.code], [400, 33101])
    const list = await fixture.send('POST', url, '["FriendlyName"]', { headers: json })
    assert.equal(list.status, 400)
    const number = await fixture.send('POST', url, '{"FriendlyName":7}', { headers: json })
    assert.equal(number.error.message, 'FriendlyName "7": expected text')
    const xml = await fixture.send('POST', url, '<a/>', {
      headers: { 'content-type': 'application/xml' },
    })
    assert.deepEqual([xml.status, xml.error.code], [415, 20415])
    const large = await fixture.post(url, { FriendlyName: 'x'.repeat(100_000) })
    assert.deepEqual([large.status, large.error.code], [413, 20413])
  })

  it('do not repeat subscriber numbers', async () => {
    const [iccid, imsi, msisdn] = [iccidOf(77), imsiOf(77), msisdnOf(77)]
    await fixture.addSim({ iccid, imsis: [imsi], msisdn })
    const answers = [
      await fixture.get(`/v1/Sims?Iccid=${iccid}x`),
      await fixture.get(`/v1/Sims/${iccid}/UsageRecords`),
      await fixture.post('/v1/Sims', { Iccid: iccid }),
      await fixture.post('/v1/Sims', { Imsi: imsi }),
      await fixture.post('/v1/Sims', { Imsi: `${imsi}x`, Msisdn: `${msisdn}x` }),
      await fixture.post('/v1/Sims', { Imsi: imsiOf(78), Msisdn: msisdn }),
      await fixture.send('POST', '/v1/Sims', `{"Iccid":${iccid}}`, {
        headers: { 'content-type': 'application/json' },
      }),
    ]
    for (const { status, text } of answers) {
      assert.ok(status === 400 || status === 404, text)
      for (const number of [iccid, imsi, msisdn]) assert.ok(!text.includes(number), text)
      // Not even where JSON reads a number and rounds it.
      assert.ok(!text.includes(iccid.slice(0, 12)), text)
    }
  })
})

describe('errors of the store', () => {
  let fixture: HttpFixture

  before(async () => {
    fixture = await HttpFixture.open()
  })

  after(() => fixture.close())

  /** Asks a server whose store fails to answer how much was used. */
  async function fail(error: unknown) {
    const lines: string[] = []
    const logger = pino({ base: null }, { write: (line) => lines.push(line) })
    const store = new Proxy<UsageStore>(fixture.store, {
      get: (target, name) => {
        if (name === 'queryUsage') return () => Promise.reject(error)
        const value = Reflect.get(target, name)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    const server = buildServer({ store, clock: () => NOW, logger })
    const headers = { authorization: basic(fixture.owner) }
    const reply = await ask(server, { url: '/v1/UsageRecords', headers })
    await server.close()
    return { reply, log: lines.join('') }
  }

  const cases: [
    UsageErrorCode,
    { status: number; code: number; retryAfter: string | undefined },
  ][] = [
    ['unavailable', { status: 503, code: 20503, retryAfter: '5' }],
    ['storage_full', { status: 503, code: 20503, retryAfter: undefined }],
    ['read_only', { status: 503, code: 20503, retryAfter: undefined }],
    ['incompatible', { status: 503, code: 20503, retryAfter: undefined }],
  ]
  for (const [failure, { status, code, retryAfter }] of cases) {
    it(`that is ${failure} are ${status}, logged in its words and told in ours`, async () => {
      const { reply, log } = await fail(new UsageError(failure, 'cannot write /var/secret.db'))
      assert.equal(reply.status, status)
      assert.equal(reply.error.code, code)
      assert.equal(reply.headers['retry-after'], retryAfter)
      assert.ok(!reply.text.includes('/var/secret.db'))
      assert.ok(log.includes('/var/secret.db'))
    })
  }

  it('that nobody foresaw are 500, with the request id that finds them in the log', async () => {
    const { reply, log } = await fail(new TypeError('x is not a function'))
    assert.equal(reply.status, 500)
    const requestId = reply.headers['twilio-request-id']
    assert.deepEqual(reply.error, {
      code: 20500,
      message: `An unexpected error occurred; it is logged under the request id ${requestId}`,
      more_info: 'https://www.twilio.com/docs/errors/20500',
      status: 500,
    })
    assert.ok(log.includes('x is not a function') && log.includes(String(requestId)))
  })
})

describe('the request log', () => {
  it('names route, caller and status, and no subscriber number', async () => {
    const fixture = await HttpFixture.open()
    const lines: string[] = []
    const logger = pino({ base: null }, { write: (line) => lines.push(line) })
    const server = buildServer({ store: fixture.store, clock: () => NOW, logger })
    const headers = { authorization: basic(fixture.owner) }
    const iccid = iccidOf(77)
    await server.inject({ url: `/v1/Sims?Iccid=${iccid}`, headers })
    await server.inject({ url: `/v1/Sims/${iccid}/UsageRecords`, headers })
    await server.inject({ url: `/v1/Nowhere/${iccid}` })
    await server.inject({ url: `/v1/Nowhere/${iccid}/%zz` })
    await server.close()
    await fixture.close()
    const log = lines.join('')
    assert.ok(!log.includes(iccid), log)
    assert.ok(!log.includes(fixture.owner.secret))
    const { requestId, milliseconds, time, ...facts } = JSON.parse(lines[1]!)
    assert.match(requestId, /^RQ[0-9a-f]{32}$/)
    assert.equal(typeof milliseconds, 'number')
    assert.equal(typeof time, 'number')
    assert.deepEqual(facts, {
      level: 30,
      method: 'GET',
      route: '/v1/Sims/:SidOrUniqueName/UsageRecords',
      caller: fixture.owner.sid,
      status: 404,
      msg: 'request',
    })
  })
})
