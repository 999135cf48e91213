/** Pages of usage: page sizes, page tokens, and the URLs of `meta`. */
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import fc from 'fast-check'
import type { Sim } from '../../src/domain/directory.ts'
import type { AnswerTo } from '../support/answers.ts'
import { NOW } from '../support/builders.ts'
import { HttpFixture, type RequestOptions } from '../support/http-fixture.ts'

describe('pages of usage records', () => {
  let fixture: HttpFixture
  let sim: Sim
  let path: `/v1/Sims/${string}/UsageRecords`

  before(async () => {
    fixture = await HttpFixture.open()
    sim = await fixture.addSim()
    path = `/v1/Sims/${sim.sid}/UsageRecords`
  })

  afterEach(() => {
    fixture.clock.now = NOW
  })

  after(() => fixture.close())

  const startsOf = ({ body }: AnswerTo<'/v1/UsageRecords'>) =>
    body.usage_records.map(({ period }) => period.start)

  /** Follows a URL of `meta`. */
  const follow = (url: string | null) => {
    assert.notEqual(url, null)
    return fixture.get<typeof path>(url!)
  }

  const tokenOf = (answer: AnswerTo<'/v1/UsageRecords'>) =>
    new URL(answer.body.meta.next_page_url!).searchParams.get('PageToken')!

  it('have 50 records unless PageSize says otherwise', async () => {
    const { body } = await fixture.get(`${path}?Granularity=hourly`)
    assert.equal(body.usage_records.length, 50)
    assert.equal(body.meta.page_size, 50)
    const ten = await fixture.get(`${path}?Granularity=hourly&PageSize=10`)
    assert.equal(ten.body.usage_records.length, 10)
    assert.equal(ten.body.meta.page_size, 10)
  })

  it('have at most 1000 records, whatever is asked for', async () => {
    for (const size of ['1000', '1001', '2000', '99999999999999999999']) {
      const query = `Granularity=hourly&Start=2026-01-01&PageSize=${size}`
      const { body } = await fixture.get(`${path}?${query}`)
      assert.equal(body.usage_records.length, 1000)
      assert.equal(body.meta.page_size, 1000)
    }
  })

  for (const size of ['0', '-1', '1.5', '1e3', 'ten', '+5', '0x10']) {
    it(`refuse a PageSize of ${size}`, async () => {
      const { status, error } = await fixture.get(`${path}?PageSize=${encodeURIComponent(size)}`)
      assert.equal(status, 400)
      assert.equal(error.code, 33101)
      assert.equal(
        error.message,
        `PageSize "${size}": expected a whole number of at least 1 (1000 are the most on a page)`,
      )
    })
  }

  it('tell in meta where they are and what is beside them', async () => {
    const asked = 'Start=2026-03-15T00%3A00%3A00Z&Granularity=hourly'
    const first = (await fixture.get(`${path}?${asked}&PageSize=5`)).body.meta
    const base = `http://localhost:80${path}?${asked}&PageSize=5`
    assert.deepEqual(Object.keys(first), [
      'first_page_url',
      'key',
      'next_page_url',
      'page',
      'page_size',
      'previous_page_url',
      'url',
    ])
    assert.equal(first.first_page_url, `${base}&Page=0`)
    assert.equal(first.url, `${base}&Page=0`)
    assert.equal(first.key, 'usage_records')
    assert.equal(first.page, 0)
    assert.equal(first.previous_page_url, null)
    assert.match(first.next_page_url!, /&PageSize=5&Page=1&PageToken=[\w-]+$/)
    const second = (await follow(first.next_page_url)).body.meta
    assert.equal(second.url, first.next_page_url)
    assert.equal(second.page, 1)
    assert.match(second.previous_page_url!, /&PageSize=5&Page=0&PageToken=[\w-]+$/)
    const third = (await follow(second.next_page_url)).body
    assert.equal(third.usage_records.length, 3)
    assert.equal(third.meta.next_page_url, null)
  })

  it('echo only the filters that were sent, in one order and encoded', async () => {
    const asked = `Granularity=daily&PageSize=3&End=2026-03-15T05:45:00%2B05:45&Other=1`
    const { body } = await fixture.get(`${path}?${asked}`)
    assert.equal(
      body.meta.url,
      `http://localhost:80${path}?End=2026-03-15T05%3A45%3A00%2B05%3A45&Granularity=daily` +
        '&PageSize=3&Page=0',
    )
  })

  it('are one page for all, with nothing beside it', async () => {
    const { body } = await fixture.get(path)
    assert.equal(body.meta.next_page_url, null)
    assert.equal(body.meta.previous_page_url, null)
    assert.equal(body.usage_records.length, 1)
    assert.equal((await fixture.get(`${path}?Page=1`)).body.usage_records.length, 0)
  })

  it('beyond the last are empty', async () => {
    const query = 'Granularity=daily&Start=2026-03-01&Page=400'
    const { status, body } = await fixture.get(`${path}?${query}`)
    assert.equal(status, 200)
    assert.deepEqual(body.usage_records, [])
    assert.equal(body.meta.next_page_url, null)
    assert.equal(body.meta.page, 400)
  })

  it('show the same window however late they are asked for', async () => {
    const first = await fixture.get(`${path}?Granularity=hourly&PageSize=5`)
    assert.equal(startsOf(first)[0], '2026-03-15T12:00:00Z')
    fixture.clock.now = NOW + 3 * 3_600
    const second = await follow(first.body.meta.next_page_url)
    assert.equal(startsOf(second)[0], '2026-03-15T07:00:00Z')
    const back = await follow(second.body.meta.previous_page_url)
    assert.deepEqual(startsOf(back), startsOf(first))
    const again = await follow(second.body.meta.first_page_url)
    assert.deepEqual(startsOf(again), startsOf(first))
    const anew = await follow(first.body.meta.first_page_url)
    assert.equal(startsOf(anew)[0], '2026-03-15T15:00:00Z')
  })

  it('keep to the usage that was kept when the first one was asked for', async () => {
    await fixture.use(sim, '2024-09-15T12:00:00Z', { upload: 7 })
    const query = 'Granularity=hourly&Start=2024-09-15&End=2024-09-15T14:00:00Z&PageSize=1'
    const first = await fixture.get(`${path}?${query}`)
    fixture.clock.now = NOW + 3_600
    const last = await follow(first.body.meta.next_page_url)
    assert.deepEqual(startsOf(last), ['2024-09-15T12:00:00Z'])
    assert.equal(last.body.usage_records[0]!.data.total, 7)
    assert.equal(last.headers['usage-retained-from'], '2024-09-15T12:00:00Z')
  })

  it('can be asked for by the page token alone', async () => {
    const first = await fixture.get(`${path}?Granularity=hourly&Start=2026-03-01&PageSize=5`)
    const token = tokenOf(first)
    const full = await follow(first.body.meta.next_page_url)
    const bare = await fixture.get(`${path}?PageToken=${token}`)
    assert.deepEqual(startsOf(bare), startsOf(full))
    assert.equal(bare.body.meta.page, 1)
    assert.equal(bare.body.meta.page_size, 5)
    const next = await follow(bare.body.meta.next_page_url)
    assert.deepEqual(startsOf(next), startsOf(await follow(full.body.meta.next_page_url)))
    assert.deepEqual(startsOf(await follow(next.body.meta.first_page_url)), startsOf(first))
  })

  it('go on where the token says when the page size changes, and skip by Page', async () => {
    const first = await fixture.get(`${path}?Granularity=hourly&Start=2026-03-01&PageSize=5`)
    const token = tokenOf(first)
    const all = startsOf(await fixture.get(`${path}?Granularity=hourly&Start=2026-03-01`))
    const larger = await fixture.get(`${path}?PageToken=${token}&PageSize=10`)
    assert.deepEqual(startsOf(larger), all.slice(5, 15))
    const later = await fixture.get(`${path}?PageToken=${token}&Page=4`)
    assert.deepEqual(startsOf(later), all.slice(20, 25))
  })

  it('hold every record once, forward and back, however often the page size changes', async () => {
    const asked = `${path}?Granularity=hourly&Start=2026-03-01&End=2026-03-03` as const
    const all = startsOf(await fixture.get(asked))
    const size = fc.integer({ min: 1, max: 17 })
    const sizes = fc.array(size, { minLength: 48, maxLength: 48 })
    const run = async (forward: readonly number[], back: readonly number[]) => {
      const sized = (url: string, at: number | undefined) =>
        at === undefined ? url : url.replace(/PageSize=\d+/, `PageSize=${at}`)
      let page = await follow(`${asked}&PageSize=${forward[0]}`)
      const seen = startsOf(page)
      for (let i = 1; page.body.meta.next_page_url !== null; i++) {
        page = await follow(sized(page.body.meta.next_page_url, forward[i]))
        seen.push(...startsOf(page))
      }
      assert.deepEqual(seen, all)
      // What a client changes on the way back makes pages end elsewhere; what it is given does not.
      const behind = startsOf(page)
      for (let i = 0; page.body.meta.previous_page_url !== null; i++) {
        page = await follow(sized(page.body.meta.previous_page_url, undefined))
        behind.unshift(...startsOf(page))
        if (i % 2 === 0 && page.body.meta.next_page_url !== null) {
          const ahead = await follow(sized(page.body.meta.next_page_url, back[i]))
          const from = all.length - behind.length + startsOf(page).length
          assert.deepEqual(startsOf(ahead), all.slice(from, from + startsOf(ahead).length))
        }
      }
      assert.deepEqual(behind, all)
    }
    await fc.assert(fc.asyncProperty(sizes, sizes, run), { numRuns: 15, endOnFailure: true })
  })

  describe('refuse a page token', () => {
    async function refuses(url: string, options: RequestOptions = {}) {
      const { status, error } = await fixture.get(url, options)
      assert.equal(status, 400, url)
      assert.equal(error.code, 21481)
      assert.equal(error.more_info, 'https://www.twilio.com/docs/errors/21481')
    }

    const firstPage = () =>
      fixture.get(`${path}?Granularity=hourly&Start=2026-03-01&End=2026-03-10&PageSize=5`)

    it('that was not issued', async () => {
      for (const token of ['x', 'DNAQ', 'a'.repeat(4_000), '%00', '../../etc', 'eyJhIjoxfQ']) {
        await refuses(`${path}?PageToken=${token}`)
      }
    })

    it('that differs in any character', async () => {
      const token = tokenOf(await firstPage())
      for (let i = 0; i < token.length; i += 7) {
        const other = token[i] === 'A' ? 'B' : 'A'
        await refuses(`${path}?PageToken=${token.slice(0, i)}${other}${token.slice(i + 1)}`)
      }
      await refuses(`${path}?PageToken=${token}A`)
      await refuses(`${path}?PageToken=${token}=`)
      await refuses(`${path}?PageToken=${token.slice(0, -1)}`)
    })

    it('of another SIM, of the account, or of another account', async () => {
      const token = tokenOf(await firstPage())
      const other = await fixture.addSim()
      await refuses(`/v1/Sims/${other.sid}/UsageRecords?PageToken=${token}`)
      await refuses(`/v1/UsageRecords?PageToken=${token}`)
      const account = await fixture.get('/v1/UsageRecords?Granularity=hourly')
      await refuses(`${path}?PageToken=${tokenOf(account)}`)
      const stranger = await fixture.addAccount()
      await refuses(`/v1/UsageRecords?PageToken=${tokenOf(account)}`, { as: stranger })
    })

    it('of another list', async () => {
      const token = tokenOf(await firstPage())
      await refuses(`/v1/Sims?PageToken=${token}`)
      await refuses(`/v1/Imports?PageToken=${token}`)
      // Also where page numbers are enough, and no list has tokens of its own.
      for (const list of ['/v1/Keys', '/v1/LabelKeys', '/v1/Networks', '/supersim/v1/Networks']) {
        await refuses(`${list}?PageToken=${token}`)
      }
      for (const list of ['/v1/Accounts', '/v1/Feeds', `/v1/Feeds/${fixture.feed.name}/Gaps`]) {
        await refuses(`${list}?PageToken=${token}`, { as: fixture.operator })
      }
    })

    it('of another store', async () => {
      const token = tokenOf(await firstPage())
      const elsewhere = await HttpFixture.open()
      const answer = await elsewhere.get(`/v1/UsageRecords?PageToken=${token}`)
      await elsewhere.close()
      assert.equal(answer.error.code, 21481)
    })

    it('beside filters it was not issued for', async () => {
      const token = tokenOf(await firstPage())
      await refuses(`${path}?PageToken=${token}&Granularity=daily`)
      await refuses(`${path}?PageToken=${token}&Start=2026-03-02`)
      await refuses(`${path}?PageToken=${token}&End=2026-03-11`)
      const unfiltered = tokenOf(await fixture.get(`${path}?Granularity=hourly`))
      await refuses(`${path}?PageToken=${unfiltered}&Start=2026-03-01`)
      const kept = `${path}?PageToken=${token}&Granularity=hourly&Start=2026-03-01`
      assert.equal((await fixture.get(kept)).status, 200)
    })
  })
})
