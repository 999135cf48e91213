/** `…/UsageEvents`: from a number to its lines in the file. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { Sim } from '../../src/domain/directory.ts'
import { NOW } from '../support/builders.ts'
import { HttpFixture } from '../support/http-fixture.ts'

describe('usage events', () => {
  let fixture: HttpFixture
  let sim: Sim
  let path: `/v1/Sims/${string}/UsageEvents`

  before(async () => {
    fixture = await HttpFixture.open()
    sim = await fixture.addSim({ uniqueName: 'tracker-1' })
    path = `/v1/Sims/${sim.sid}/UsageEvents`
    await fixture.addFeed({ name: 'fixes', onConflict: 'replace' })
  })

  after(() => fixture.close())

  const follow = (url: string | null) => {
    assert.notEqual(url, null)
    return fixture.get<typeof path>(url!)
  }

  const deliverCsv = async (feed: string, text: string | Buffer) => {
    const url = `/v1/Feeds/${feed}/Records` as const
    const headers = { 'content-type': 'text/csv' }
    const answer = await fixture.send('POST', url, text, { as: fixture.operator, headers })
    assert.equal(answer.status, 200, answer.text)
    return answer.body.import
  }

  it('are listed with feed, import, source, line, and the versions they replaced', async () => {
    const header = 'record_id,sim,occurred_at,plmn,upload,download,to_sim,from_sim'
    const line = (upload: number, plmn: string) =>
      `"r,1",${sim.sid},2026-03-14T10:20:30Z,${plmn},${upload},2,3,4`
    const first = await deliverCsv('fixes', [header, '', line(1, '208-01')].join('\n'))
    fixture.clock.now = NOW + 60
    const second = await deliverCsv('fixes', gzipSync([header, line(9, '310-260')].join('\n')))
    fixture.clock.now = NOW
    const { status, body, headers } = await fixture.get(
      `${path}?Start=2026-03-14T10:20:30Z&End=2026-03-14T10:20:30Z`,
    )
    assert.equal(status, 200)
    assert.deepEqual(body.usage_events, [
      {
        account_sid: fixture.owner.sid,
        sim_sid: sim.sid,
        feed: 'fixes',
        record_id: 'r,1',
        occurred_at: '2026-03-14T10:20:30Z',
        status: 'counted',
        reading: null,
        zone: 'home',
        country_code: 'USA',
        plmn: '310-260',
        upload: 9,
        download: 2,
        to_sim: 3,
        from_sim: 4,
        import: second,
        source: 'http',
        line: 2,
        date_known: '2026-03-15T12:35:56Z',
        replaced: [
          {
            zone: 'international_roaming',
            country_code: 'FRA',
            plmn: '208-01',
            upload: 1,
            download: 2,
            to_sim: 3,
            from_sim: 4,
            import: first,
            source: 'http',
            line: 3,
            date_known: '2026-03-15T12:34:56Z',
            date_replaced: '2026-03-15T12:35:56Z',
            replaced_by_import: second,
          },
        ],
        undone: [],
      },
    ])
    assert.equal(headers['usage-complete-through'], '2026-03-13T12:00:00Z')
    assert.deepEqual(body.period, {
      start: '2026-03-14T10:20:30Z',
      end: '2026-03-14T10:20:30Z',
      open: true,
    })
    assert.equal(headers['usage-retained-from'], undefined)
  })

  it('take the period as usage records do, and the SIM by its unique name', async () => {
    const other = await fixture.addSim({ uniqueName: 'borders' })
    for (const [at, upload] of [
      ['2026-01-31T23:59:59Z', 1],
      ['2026-02-01T00:00:00Z', 10],
      ['2026-02-28T23:59:59Z', 100],
      ['2026-03-01T00:00:00Z', 1000],
    ] as const) {
      await fixture.use(other, at, { upload })
    }
    const uploads = async (period: string) => {
      const { body } = await fixture.get(`/v1/Sims/borders/UsageEvents?${period}`)
      return body.usage_events.map(({ upload }) => upload)
    }
    assert.deepEqual(await uploads('Start=2026-02-01&End=2026-03-01'), [10, 100])
    assert.deepEqual(await uploads('Start=2026-02-01&End=2026-02-28T23:59:59Z'), [10, 100])
    assert.deepEqual(await uploads('Start=2026-02-01&End=2026-02-28T23:59:58Z'), [10])
    assert.deepEqual(await uploads('Start=2026-02-28T05:45:00 05:45'), [100, 1000])
    assert.deepEqual(await uploads(''), [100, 1000])
    const { status, error } = await fixture.get(`${path}?Start=2026-03-02&End=2026-03-01`)
    assert.equal(status, 400)
    assert.match(error.message, /^Start 2026-03-02T00:00:00Z is after End 2026-03-01T00:00:00Z/)
  })

  it('say whether their period is open: whether late records may still come', async () => {
    const coversFrom = NOW - 90 * 86_400
    for (const { id } of await fixture.store.listFeeds()) {
      await fixture.store.updateFeed(id, { coversFrom })
    }
    const isOpen = async (end: string) =>
      (await fixture.get(`${path}?Start=2026-03-01&End=${end}`)).body.period.open
    assert.equal(await isOpen('2026-03-13T11:59:59Z'), false)
    assert.equal(await isOpen('2026-03-13T12:00:00Z'), false)
    assert.equal(await isOpen('2026-03-13T12:00:01Z'), true)
    const unused = await fixture.addSim({}, await fixture.addAccount())
    const url = `/v1/Sims/${unused.sid}/UsageEvents?Start=2025-01-01&End=2025-01-02` as const
    assert.equal((await fixture.get(url, { as: fixture.operator })).body.period.open, true)
  })

  it('end at retention, and say so', async () => {
    const { headers } = await fixture.get(`${path}?Start=2020-01-01`)
    assert.equal(headers['usage-retained-from'], '2024-09-15T12:00:00Z')
  })

  it('are narrowed by zone, country in either form, and feed', async () => {
    const abroad = await fixture.addSim()
    await fixture.use(abroad, NOW - 60, { upload: 1 })
    await fixture.use(abroad, NOW - 60, { plmn: '208-01', upload: 2 })
    await fixture.use(abroad, NOW - 60, { plmn: '234-10', upload: 4 })
    const uploads = async (filter: string) => {
      const { body } = await fixture.get(`/v1/Sims/${abroad.sid}/UsageEvents?${filter}`)
      return body.usage_events.map(({ upload }) => upload)
    }
    assert.deepEqual(await uploads('Zone=home'), [1])
    assert.deepEqual(await uploads('Zone=international_roaming'), [2, 4])
    for (const code of ['FRA', 'FR', 'fra']) assert.deepEqual(await uploads(`Country=${code}`), [2])
    assert.deepEqual(await uploads('Zone=home&Country=FRA'), [])
    assert.deepEqual(await uploads('Feed=hub'), [1, 2, 4])
    assert.deepEqual(await uploads('Feed=fixes'), [])
    assert.deepEqual(await uploads('Zone=&Country=&Feed='), [1, 2, 4])
  })

  it('refuse wrong parameters, all at once', async () => {
    const { status, error } = await fixture.get(
      `${path}?Zone=abroad&Country=UK&Start=yesterday&PageSize=0`,
    )
    assert.deepEqual([status, error.code], [400, 33101])
    for (const part of [
      'Zone "abroad": expected home, national_roaming, international_roaming',
      'Country "UK": expected an ISO 3166-1 country code',
      'Start "yesterday": expected an ISO 8601',
      'PageSize "0"',
    ]) {
      assert.ok(error.message.includes(part), error.message)
    }
    const unknown = await fixture.get(`${path}?Feed=nobody`)
    assert.deepEqual([unknown.status, unknown.error.code], [400, 33101])
    assert.match(unknown.error.message, /^Feed "nobody": there is no such feed/)
    const later = await fixture.get(`${path}?Page=1`)
    assert.match(later.error.message, /^Page "1": a later page needs its PageToken/)
  })

  it('of another account are not there', async () => {
    const stranger = await fixture.addAccount()
    for (const name of [sim.sid, 'tracker-1']) {
      const { status, error } = await fixture.get(`/v1/Sims/${name}/UsageEvents`, { as: stranger })
      assert.deepEqual([status, error.code], [404, 20404])
    }
    assert.equal((await fixture.get(path, { as: null })).status, 401)
    assert.equal((await fixture.get(path, { as: fixture.operator })).status, 200)
    const byName = `/v1/Sims/tracker-1/UsageEvents?AccountSid=${fixture.owner.sid}`
    assert.equal((await fixture.get(byName, { as: fixture.operator })).status, 200)
  })

  describe('on pages', () => {
    let many: Sim
    let listPath: typeof path

    before(async () => {
      many = await fixture.addSim()
      listPath = `/v1/Sims/${many.sid}/UsageEvents`
      const longId = '\u{1f600}'.repeat(100)
      const records = Array.from({ length: 7 }, (_, i) => ({
        record_id: `${longId.slice(0, 198)}${i}`,
        sim: many.sid,
        occurred_at: '2026-03-15T10:00:00Z',
        plmn: i % 2 === 0 ? '310-260' : '208-01',
        upload: 2 ** i,
      }))
      const text = records.map((record) => JSON.stringify(record)).join('\n')
      assert.equal((await fixture.deliver(text, { as: fixture.operator })).body.accepted, 7)
    })

    const uploadsOf = (body: { usage_events: readonly { upload: number }[] }) =>
      body.usage_events.map(({ upload }) => upload)

    it('come each once, however the clock and the ledger go on', async () => {
      const first = await fixture.get(`${listPath}?PageSize=3`)
      assert.deepEqual(uploadsOf(first.body), [1, 2, 4])
      assert.deepEqual(Object.keys(first.body.meta), [
        ...['first_page_url', 'key', 'next_page_url', 'page', 'page_size'],
        ...['previous_page_url', 'url'],
      ])
      assert.equal(first.body.meta.key, 'usage_events')
      fixture.clock.now = NOW + 40 * 86_400
      await fixture.use(many, NOW - 3 * 86_400, { upload: 1_000 })
      await fixture.use(many, NOW + 10 * 86_400, { upload: 2_000 })
      const second = await follow(first.body.meta.next_page_url)
      assert.deepEqual(uploadsOf(second.body), [8, 16, 32])
      assert.deepEqual([second.body.meta.page, second.body.meta.page_size], [1, 3])
      assert.equal(second.body.meta.previous_page_url, null)
      const third = await follow(second.body.meta.next_page_url)
      assert.deepEqual(uploadsOf(third.body), [64])
      assert.equal(third.body.meta.next_page_url, null)
      fixture.clock.now = NOW
    })

    it('keep their filters, which may be left out but not changed', async () => {
      const { body } = await fixture.get(
        `${listPath}?PageSize=2&Zone=home&Start=2026-03-15&End=2026-03-16`,
      )
      assert.deepEqual(uploadsOf(body), [1, 4])
      const token = new URL(body.meta.next_page_url!).searchParams.get('PageToken')
      const bare = await fixture.get(`${listPath}?PageToken=${token}`)
      assert.deepEqual(uploadsOf(bare.body), [16, 64])
      for (const change of [
        'Zone=national_roaming',
        'Country=USA',
        'Feed=hub',
        'Start=2026-03-14',
        'Page=2',
      ]) {
        const { status, error } = await fixture.get(`${listPath}?PageToken=${token}&${change}`)
        assert.deepEqual([status, error.code], [400, 21481], change)
      }
      const otherSim = await fixture.get(`${path}?PageToken=${token}`)
      assert.equal(otherSim.error.code, 21481)
      const otherList = await fixture.get(`/v1/Sims/${many.sid}/UsageRecords?PageToken=${token}`)
      assert.equal(otherList.error.code, 21481)
      const forged = await fixture.get(`${listPath}?PageToken=x${token}`)
      assert.equal(forged.error.code, 21481)
    })
  })
})
