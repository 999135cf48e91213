/** What clients do that the documents do not tell of: parameters sent again, page sizes changed midway. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { anyList } from '../support/answers.ts'
import { NOW } from '../support/builders.ts'
import { HttpFixture, type RequestOptions } from '../support/http-fixture.ts'

const ROWS = 7
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

describe('habits of clients', () => {
  let fixture: HttpFixture
  let operator: RequestOptions
  let sid: string
  /** Every list, with how many rows it has. */
  let lists: readonly string[]

  before(async () => {
    fixture = await HttpFixture.open()
    operator = { as: fixture.operator }
    for (let i = 0; i < ROWS; i++) {
      const sim = await fixture.addSim({ uniqueName: `tracker-${i}` })
      sid ??= sim.sid
    }
    const sim = (await fixture.store.findSim(null, sid))!
    for (let i = 0; i < ROWS; i++) await fixture.use(sim, NOW - 3_600 - i, { upload: 1 })
    const bad = await fixture.deliver(`${'{"sim":1}\n'.repeat(ROWS)}`, operator)
    lists = [
      '/v1/Sims',
      '/v1/UsageRecords?Granularity=hourly&Start=2026-03-15',
      `/v1/Sims/${sid}/UsageRecords?Granularity=daily&Start=2026-03-01&End=2026-03-08`,
      `/v1/Sims/${sid}/UsageEvents`,
      '/v1/Imports',
      `/v1/Imports/${bad.body.import}/Quarantine`,
      '/v1/Log',
    ]
  })
  after(() => fixture.close())

  const asking = (list: string, more: string) => `${list}${list.includes('?') ? '&' : '?'}${more}`
  const asOf = (list: string): RequestOptions =>
    list.startsWith('/v1/UsageRecords') || list === '/v1/Sims' ? {} : operator

  async function page(url: string, options: RequestOptions) {
    const { status, body, text } = await fixture.get(url, options)
    assert.equal(status, 200, `${url}: ${text}`)
    const { meta, rows } = anyList(body)
    return { meta, rows: rows.map((row) => JSON.stringify(row)) }
  }

  it('a page size that is sent again counts last, and once in the URLs, on every list', async () => {
    for (const list of lists) {
      const { meta, rows } = await page(asking(list, 'PageSize=5&PageSize=2'), asOf(list))
      assert.deepEqual([rows.length, meta.page_size], [2, 2], list)
      assert.equal(meta.next_page_url!.match(/PageSize=/g)!.length, 1)
      const next = await page(`${meta.next_page_url}&PageSize=3`, asOf(list))
      assert.equal(next.rows.length, 3, list)
    }
  })

  it('every list has each row once, whatever page sizes stand beside its tokens', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 8, maxLength: 8 })
    const run = async (list: string, [first, ...others]: readonly number[]) => {
      const all = await page(asking(list, 'PageSize=1000'), asOf(list))
      let { meta, rows } = await page(asking(list, `PageSize=${first}`), asOf(list))
      const seen = [...rows]
      for (let i = 0; meta.next_page_url !== null; i++) {
        const resized = meta.next_page_url.replace(/PageSize=\d+/, `PageSize=${others[i] ?? 4}`)
        ;({ meta, rows } = await page(resized, asOf(list)))
        seen.push(...rows)
      }
      assert.deepEqual(seen, all.rows, list)
    }
    for (const list of lists) {
      await fc.assert(
        fc.asyncProperty(sizes, (changing) => run(list, changing)),
        { numRuns: 4, endOnFailure: true },
      )
    }
  })

  it('equal values that are sent again are one, in queries and in forms', async () => {
    const again = (text: string) => `${text}&${text}`
    for (const query of [
      `/v1/Sims?${again('Status=active')}`,
      `/v1/Sims?${again('PageSize=5')}&${again('Page=0')}`,
      `/v1/UsageRecords?${again('Start=2026-03-01')}&${again('Granularity=daily')}`,
      `/v1/Sims/${sid}/UsageEvents?${again('Zone=home')}&${again('End=2026-03-15')}`,
    ]) {
      assert.equal((await fixture.get(query)).status, 200, query)
    }
    const form = again('FriendlyName=Van%20%26%20Co')
    const { status, body } = await fixture.send('POST', `/v1/Sims/${sid}`, form, { headers: FORM })
    assert.deepEqual([status, body.friendly_name], [200, 'Van & Co'])
  })

  it('different values of one parameter are refused, in queries and in forms', async () => {
    const query = await fixture.get('/v1/Sims?Status=active&Status=ready')
    const form = 'FriendlyName=a&FriendlyName=b'
    const body = await fixture.send('POST', `/v1/Sims/${sid}`, form, { headers: FORM })
    for (const answer of [query, body]) {
      assert.deepEqual([answer.status, answer.error.code], [400, 33101])
      assert.match(answer.error.message, /is given 2 times: expected once/)
    }
  })

  it('a parameter of another API or letter case is named, on every list of usage', async () => {
    const told: Readonly<Record<string, RegExp>> = {
      'start=2026-03-01': /start is not known: write Start/,
      'END=2026-03-01': /END is not known: write End/,
      'granularity=daily': /granularity is not known: write Granularity/,
      'StartTime=2026-03-01': /StartTime: .*here it is Start/,
      'EndTime=2026-03-01': /EndTime: .*here it is End/,
      'Granularity=day': /Granularity "day": expected hourly, daily, all/,
      'Group=sim': /Group: this is of the Super SIM API/,
      'Fleet=HF1': /Fleet: this is of the Super SIM API/,
      'Network=HW1': /Network: this is of the Super SIM API/,
      'IsoCountry=US': /IsoCountry: this is of the Super SIM API/,
      'Sim=HS1': /Sim: .*the SIM is part of the path/,
    }
    for (const path of ['/v1/UsageRecords', `/v1/Sims/${sid}/UsageRecords`]) {
      for (const [query, message] of Object.entries(told)) {
        const { status, error } = await fixture.get(`${path}?${query}`)
        assert.equal(status, 400, `${path}?${query}`)
        assert.match(error.message, message)
      }
    }
  })

  it('a change of status is answered 200, each to each', async () => {
    for (const Status of ['ready', 'suspended', 'active', 'deactivated', 'canceled']) {
      const { status, body } = await fixture.post(`/v1/Sims/${sid}`, { Status })
      assert.deepEqual([status, body.status], [200, Status])
    }
  })
})
