/** `/Sims`: registering, naming, finding and paging through SIMs. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { iccidOf, imsiOf, msisdnOf, sidOf } from '../support/builders.ts'
import { HttpFixture } from '../support/http-fixture.ts'

describe('registering a SIM', () => {
  let fixture: HttpFixture

  before(async () => {
    fixture = await HttpFixture.open()
  })

  after(() => fixture.close())

  it('answers 201 with the SIM, and keeps everything that was said of it', async () => {
    const sid = sidOf('DE', 0x5171)
    const { status, body } = await fixture.post('/v1/Sims', {
      Sid: sid,
      Iccid: iccidOf(1),
      Imsi: `${imsiOf(1)} ${imsiOf(2)}`,
      Msisdn: `+${msisdnOf(1)}`,
      UniqueName: 'tracker 1',
      FriendlyName: 'The first',
      Status: 'ready',
      HomePlmns: '310-260, 310-160',
      HomeCountries: 'US PRI',
    })
    assert.equal(status, 201)
    const url = `http://localhost:80/v1/Sims/${sid}`
    assert.deepEqual(body, {
      sid,
      unique_name: 'tracker 1',
      account_sid: fixture.owner.sid,
      rate_plan_sid: null,
      friendly_name: 'The first',
      iccid: iccidOf(1),
      e_id: null,
      status: 'ready',
      reset_status: null,
      commands_callback_url: null,
      commands_callback_method: 'POST',
      sms_fallback_method: 'POST',
      sms_fallback_url: null,
      sms_method: 'POST',
      sms_url: null,
      voice_fallback_method: 'POST',
      voice_fallback_url: null,
      voice_method: 'POST',
      voice_url: null,
      date_created: '2026-03-15T12:34:56Z',
      date_updated: '2026-03-15T12:34:56Z',
      url,
      links: {
        data_sessions: `${url}/DataSessions`,
        rate_plan: null,
        usage_records: `${url}/UsageRecords`,
      },
      ip_address: null,
    })
    const sim = await fixture.store.findSim(null, sid)
    assert.deepEqual(sim?.imsis, [imsiOf(1), imsiOf(2)])
    assert.equal(sim?.msisdn, msisdnOf(1))
    assert.deepEqual(sim?.home, { plmns: ['310-260', '310-160'], countries: ['US', 'PR'] })
    const found = await fixture.get('/v1/Sims/tracker%201')
    assert.deepEqual(found.body, body)
  })

  it('gives a SID, and status active, where none is stated', async () => {
    const { body } = await fixture.post('/v1/Sims', { Imsi: imsiOf(10), Status: '', Iccid: '' })
    assert.match(String(body.sid), /^DE[0-9a-f]{32}$/)
    assert.equal(body.status, 'active')
    assert.equal(body.iccid, null)
  })

  it('takes JSON, and several IMSIs as repeated parameters or a list', async () => {
    const json = await fixture.send(
      'POST',
      '/v1/Sims',
      JSON.stringify({ Imsi: [imsiOf(20), imsiOf(21)] }),
      { headers: { 'content-type': 'application/json' } },
    )
    const form = await fixture.send('POST', '/v1/Sims', `Imsi=${imsiOf(22)}&Imsi=${imsiOf(23)}`, {
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    })
    const imsis = async (sid: string) => (await fixture.store.findSim(null, sid))?.imsis
    assert.deepEqual(await imsis(json.body.sid), [imsiOf(20), imsiOf(21)])
    assert.deepEqual(await imsis(form.body.sid), [imsiOf(22), imsiOf(23)])
  })

  it('refuses one that has neither ICCID nor IMSI', async () => {
    const { status, error } = await fixture.post('/v1/Sims', { UniqueName: 'nobody' })
    assert.equal(status, 400)
    assert.equal(error.code, 33101)
    assert.equal(error.message, 'Iccid and Imsi are missing: a SIM is registered by one of them')
  })

  it('names every wrong parameter at once', async () => {
    const { status, error } = await fixture.post('/v1/Sims', {
      Sid: 'DE1',
      Iccid: '123',
      Status: 'lost',
      UniqueName: 'a/b',
      HomePlmns: '310260,x',
      HomeCountries: 'UK',
    })
    assert.equal(status, 400)
    assert.deepEqual(error.message.split('; '), [
      'Sid "DE1": expected DE or HS and 32 hexadecimal digits',
      'Iccid "12…": expected 18 to 20 digits starting with 89',
      'UniqueName "a/b": a unique name appears in paths: no slash, backslash or invisible character, and not . or ..',
      'Status "lost": expected new, ready, active, suspended, deactivated, canceled, scheduled, ' +
        'updating',
      'HomePlmns "310260,x": expected networks as MCC-MNC, such as 310-260, not "x"',
      'HomeCountries "UK": expected ISO 3166-1 country codes, such as US',
    ])
  })

  it('refuses what another SIM has, naming parameter and value', async () => {
    await fixture.addSim({ iccid: iccidOf(30), uniqueName: 'taken' })
    const iccid = await fixture.post('/v1/Sims', { Iccid: iccidOf(30) })
    assert.deepEqual([iccid.status, iccid.error.code], [400, 33101])
    assert.match(iccid.error.message, /^Iccid "890126…\d\d": /)
    const named = await fixture.post('/v1/Sims', { Imsi: imsiOf(31), UniqueName: 'taken' })
    assert.deepEqual([named.status, named.error.code], [400, 33101])
    assert.match(named.error.message, /^UniqueName "taken": /)
  })
})

describe('updating a SIM', () => {
  let fixture: HttpFixture

  before(async () => {
    fixture = await HttpFixture.open()
  })

  after(() => fixture.close())

  it('answers 200, also when the status changes', async () => {
    const sim = await fixture.addSim()
    const url = `/v1/Sims/${sim.sid}` as const
    const named = await fixture.post(url, { FriendlyName: 'First', UniqueName: 'first' })
    assert.deepEqual([named.status, named.body.friendly_name], [200, 'First'])
    const suspended = await fixture.post('/v1/Sims/first', { Status: 'suspended' })
    assert.deepEqual([suspended.status, suspended.body.status], [200, 'suspended'])
    assert.equal(suspended.body.friendly_name, 'First')
    assert.equal((await fixture.post(url, { Status: 'suspended' })).status, 200)
  })

  it('keeps URLs and methods of callbacks, and gives them back', async () => {
    const { sid } = await fixture.addSim()
    const given = {
      CommandsCallbackUrl: 'https://example.com/commands?a=b',
      CommandsCallbackMethod: 'GET',
      SmsUrl: 'http://example.com/sms',
      SmsFallbackUrl: 'https://example.com/fallback',
      SmsFallbackMethod: 'GET',
      VoiceMethod: 'GET',
      VoiceFallbackUrl: 'https://example.com/voice',
    }
    const { status, body } = await fixture.post(`/v1/Sims/${sid}`, given)
    assert.equal(status, 200)
    const told = {
      commands_callback_url: given.CommandsCallbackUrl,
      commands_callback_method: 'GET',
      sms_url: given.SmsUrl,
      sms_method: 'POST',
      sms_fallback_url: given.SmsFallbackUrl,
      sms_fallback_method: 'GET',
      voice_url: null,
      voice_method: 'GET',
      voice_fallback_url: given.VoiceFallbackUrl,
      voice_fallback_method: 'POST',
    }
    assert.partialDeepStrictEqual(body, told)
    assert.partialDeepStrictEqual((await fixture.get(`/v1/Sims/${sid}`)).body, told)
    const cleared = await fixture.post(`/v1/Sims/${sid}`, {
      SmsUrl: '',
      CommandsCallbackMethod: '',
    })
    const after = { ...told, sms_url: null, commands_callback_method: 'POST' }
    assert.partialDeepStrictEqual(cleared.body, after)
  })

  it('refuses what is no web address and no method, and changes nothing', async () => {
    const { sid } = await fixture.addSim()
    const wrong = {
      CommandsCallbackUrl: 'example.com/commands',
      SmsUrl: 'ftp://example.com',
      SmsFallbackUrl: 'https://example.com/a b',
      VoiceUrl: `https://example.com/${'a'.repeat(2_048)}`,
      VoiceFallbackUrl: 'https://example.com/\n',
      SmsMethod: 'PUT',
      VoiceMethod: 'get',
    }
    for (const [name, value] of Object.entries(wrong)) {
      const form = { FriendlyName: 'not kept', [name]: value }
      const { status, error } = await fixture.post(`/v1/Sims/${sid}`, form)
      assert.equal(status, 400, name)
      assert.match(error.message, new RegExp(`^${name} `))
    }
    assert.equal((await fixture.get(`/v1/Sims/${sid}`)).body.friendly_name, null)
  })

  it('refuses by name the documented changes that it cannot carry out', async () => {
    const { sid } = await fixture.addSim()
    const names = ['RatePlan', 'CallbackUrl', 'CallbackMethod', 'ResetStatus']
    for (const name of names) {
      const form = { FriendlyName: 'not kept', [name]: 'x' }
      const { status, error } = await fixture.post(`/v1/Sims/${sid}`, form)
      assert.deepEqual([status, error.code], [400, 33101])
      assert.match(error.message, new RegExp(`^${name}: `))
    }
    const json = await fixture.send('POST', `/v1/Sims/${sid}`, '{"RatePlan":"WP1"}', {
      headers: { 'content-type': 'application/json' },
    })
    assert.equal(json.status, 400)
    assert.equal((await fixture.get(`/v1/Sims/${sid}`)).body.friendly_name, null)
  })

  it('takes a form in parts, as the first clients send it, and no files', async () => {
    const { sid } = await fixture.addSim()
    const send = (parts: string, type = 'multipart/form-data; boundary=xyz') =>
      fixture.send('POST', `/v1/Sims/${sid}`, parts, { headers: { 'content-type': type } })
    const part = (name: string, value: string, more = '') =>
      `--xyz\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n`
    const named = await send(
      `${part('FriendlyName', 'Büro & Hof')}${part('Status', 'ready')}--xyz--\r\n`,
    )
    assert.equal(named.status, 200)
    assert.deepEqual([named.body.friendly_name, named.body.status], ['Büro & Hof', 'ready'])
    const wrong = [
      await send(`${part('FriendlyName', 'x', '; filename="x.txt"')}--xyz--\r\n`),
      await send(part('FriendlyName', 'x')),
      await send('FriendlyName=x'),
      await send(`${part('FriendlyName', 'x')}--xyz--\r\n`, 'multipart/form-data'),
      await send(`${part('RatePlan', 'x')}--xyz--\r\n`),
      await send(`${part('a', 'x').repeat(101)}--xyz--\r\n`),
      await send(`${part('FriendlyName', 'x')}${part('FriendlyName', 'y')}--xyz--\r\n`),
    ]
    for (const [i, { status, error }] of wrong.entries()) {
      assert.deepEqual([status, error.code], [400, 33101], `${i}: ${error.message}`)
    }
    assert.equal((await fixture.get(`/v1/Sims/${sid}`)).body.friendly_name, 'Büro & Hof')
  })

  it('takes a name away that is given empty, and leaves one that is not given', async () => {
    const sim = await fixture.addSim({ uniqueName: 'away', friendlyName: 'Stays' })
    const { body } = await fixture.post(`/v1/Sims/${sim.sid}`, { UniqueName: '' })
    assert.equal(body.unique_name, null)
    assert.equal(body.friendly_name, 'Stays')
  })

  it('changes nothing where nothing is said, with a body or without', async () => {
    const sim = await fixture.addSim({ friendlyName: 'Stays' })
    const url = `/v1/Sims/${sim.sid}`
    const before = (await fixture.get(url)).body
    assert.deepEqual((await fixture.post(url, { Unknown: 'x' })).body, before)
    const bare = await fixture.send('POST', url, undefined)
    assert.deepEqual([bare.status, bare.body], [200, before])
  })

  it('refuses a unique name that another SIM has', async () => {
    await fixture.addSim({ uniqueName: 'mine' })
    const sim = await fixture.addSim()
    const { status, error } = await fixture.post(`/v1/Sims/${sim.sid}`, { UniqueName: 'mine' })
    assert.deepEqual([status, error.code], [400, 33101])
    assert.match(error.message, /^UniqueName "mine": /)
  })
})

describe('listing SIMs', () => {
  let fixture: HttpFixture
  let sids: string[]

  before(async () => {
    fixture = await HttpFixture.open()
    sids = []
    for (const status of [
      'active',
      'ready',
      'active',
      'ready',
      'active',
      'ready',
      'active',
    ] as const) {
      sids.push((await fixture.addSim({ status })).sid)
    }
  })

  after(() => fixture.close())

  const page = async (url: string | null) => {
    const { status, body, text } = await fixture.get<'/v1/Sims'>(url!)
    assert.equal(status, 200, text)
    return { sids: body.sims.map(({ sid }) => sid), meta: body.meta }
  }

  it('goes through all of them in order of registration, and back', async () => {
    const first = await page('/v1/Sims?PageSize=3')
    const second = await page(first.meta.next_page_url)
    const third = await page(second.meta.next_page_url)
    assert.deepEqual([...first.sids, ...second.sids, ...third.sids], sids)
    assert.equal(first.meta.previous_page_url, null)
    assert.equal(third.meta.next_page_url, null)
    assert.deepEqual(
      [first, second, third].map(({ meta }) => meta.page),
      [0, 1, 2],
    )
    const back = await page(third.meta.previous_page_url)
    assert.deepEqual(back.sids, second.sids)
    assert.equal(back.meta.page, 1)
    const start = await page(back.meta.previous_page_url)
    assert.deepEqual(start.sids, first.sids)
    assert.equal(start.meta.previous_page_url, null)
    assert.deepEqual((await page(start.meta.next_page_url)).sids, second.sids)
  })

  it('has one page when they fit exactly', async () => {
    const { meta } = await page(`/v1/Sims?PageSize=${sids.length}`)
    assert.equal(meta.next_page_url, null)
  })

  it('keeps its filters on later pages, also by the token alone', async () => {
    const ready = sids.filter((_, i) => i % 2 === 1)
    const first = await page('/v1/Sims?Status=ready&PageSize=2')
    assert.deepEqual(first.sids, ready.slice(0, 2))
    assert.match(first.meta.next_page_url!, /\/v1\/Sims\?Status=ready&PageSize=2&Page=1&PageToken=/)
    assert.deepEqual((await page(first.meta.next_page_url)).sids, ready.slice(2))
    const token = new URL(first.meta.next_page_url!).searchParams.get('PageToken')
    assert.deepEqual((await page(`/v1/Sims?PageToken=${token}`)).sids, ready.slice(2))
    const changed = await fixture.get(`/v1/Sims?Status=active&PageToken=${token}`)
    assert.equal(changed.error.code, 21481)
    const stranger = await fixture.addAccount()
    const taken = await fixture.get(`/v1/Sims?PageToken=${token}`, { as: stranger })
    assert.equal(taken.error.code, 21481)
  })

  it('finds one by ICCID, written as it is printed', async () => {
    const sim = (await fixture.store.findSim(null, sids[2]!))!
    const printed = encodeURIComponent(`${sim.iccid!.slice(0, 6)} ${sim.iccid!.slice(6)}F`)
    assert.deepEqual((await page(`/v1/Sims?Iccid=${printed}`)).sids, [sim.sid])
    assert.deepEqual((await page(`/v1/Sims?Iccid=${sim.iccid}&Status=ready`)).sids, [])
    assert.deepEqual((await page(`/v1/Sims?Iccid=${iccidOf(987_654)}`)).sids, [])
  })

  it('ignores parameters it does not know', async () => {
    assert.deepEqual((await page('/v1/Sims?Sort=asc&Colour=red')).sids, sids)
  })

  it('refuses a later page that comes without its token, or with that of another', async () => {
    const bare = await fixture.get('/v1/Sims?Page=1')
    assert.deepEqual([bare.status, bare.error.code], [400, 33101])
    assert.equal(
      bare.error.message,
      'Page "1": a later page needs its PageToken; follow next_page_url as it is given',
    )
    const first = await page('/v1/Sims?PageSize=2')
    const other = first.meta.next_page_url!.replace('Page=1', 'Page=2')
    assert.equal((await fixture.get(other)).error.code, 21481)
  })
})
