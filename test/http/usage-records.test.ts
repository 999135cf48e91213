/** What a usage record looks like on the wire, and what its headers say beside it. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Sim } from '../../src/domain/directory.ts'
import { anImportStart, instant, NOW } from '../support/builders.ts'
import { HttpFixture } from '../support/http-fixture.ts'

const NO_COMMANDS = {
  total: 0,
  to_sim: 0,
  from_sim: 0,
  home: null,
  national_roaming: null,
  international_roaming: [],
}
const NO_DATA = {
  total: 0,
  download: 0,
  upload: 0,
  units: 'bytes',
  home: null,
  national_roaming: null,
  international_roaming: [],
}

describe('a usage record', () => {
  let fixture: HttpFixture

  before(async () => {
    fixture = await HttpFixture.open()
  })

  after(() => fixture.close())

  const recordOf = async (sim: Sim) =>
    (await fixture.get(`/v1/Sims/${sim.sid}/UsageRecords`)).body.usage_records[0]!

  it('has exactly the keys of the original API, in its order', async () => {
    const sim = await fixture.addSim()
    await fixture.use(sim, NOW - 60, { upload: 3, download: 4, to_sim: 1, from_sim: 2 })
    await fixture.use(sim, NOW - 60, { plmn: '208-01', download: 5, from_sim: 6 })
    const { text } = await fixture.get(
      `/v1/Sims/${sim.sid}/UsageRecords?Start=2026-03-01&End=2026-03-16`,
    )
    const record = text.slice('{"usage_records":['.length, text.indexOf('],"meta"'))
    assert.equal(
      record,
      `{"account_sid":"${fixture.owner.sid}","sim_sid":"${sim.sid}",` +
        '"period":{"start":"2026-03-01T00:00:00Z","end":"2026-03-16T00:00:00Z"},' +
        '"commands":{"total":9,"to_sim":1,"from_sim":8,' +
        '"home":{"total":3,"to_sim":1,"from_sim":2},"national_roaming":null,' +
        '"international_roaming":[{"country_code":"FRA","total":6,"to_sim":0,"from_sim":6}]},' +
        '"data":{"total":12,"download":9,"upload":3,"units":"bytes",' +
        '"home":{"total":7,"download":4,"upload":3,"units":"bytes"},"national_roaming":null,' +
        '"international_roaming":[{"country_code":"FRA","total":5,"download":5,"upload":0,' +
        '"units":"bytes"}]}}',
    )
  })

  it('of nothing used has zero totals, null branches and no countries', async () => {
    const record = await recordOf(await fixture.addSim())
    assert.deepEqual(record.commands, NO_COMMANDS)
    assert.deepEqual(record.data, NO_DATA)
  })

  it('shows a branch of data alone as null among the commands, and the other way round', async () => {
    const sim = await fixture.addSim()
    await fixture.use(sim, NOW - 60, { plmn: '310-410', upload: 1 })
    await fixture.use(sim, NOW - 60, { to_sim: 1 })
    await fixture.use(sim, NOW - 60, { plmn: '208-01', upload: 1 })
    await fixture.use(sim, NOW - 60, { plmn: '262-01', from_sim: 1 })
    const { commands, data } = await recordOf(sim)
    assert.deepEqual([commands.home?.total, data.home], [1, null])
    assert.deepEqual([commands.national_roaming, data.national_roaming?.total], [null, 1])
    const codes = (list: readonly { country_code: string }[]) =>
      list.map(({ country_code }) => country_code)
    assert.deepEqual(codes(commands.international_roaming), ['DEU'])
    assert.deepEqual(codes(data.international_roaming), ['FRA'])
  })

  it('lists no branch for a record of zero bytes', async () => {
    const sim = await fixture.addSim()
    await fixture.use(sim, NOW - 60, { plmn: '208-01' })
    await fixture.use(sim, NOW - 60, {})
    assert.deepEqual((await recordOf(sim)).data, NO_DATA)
  })

  it('names countries by alpha-3 and sorts by it', async () => {
    const sim = await fixture.addSim()
    for (const country of ['CH', 'XK', 'ZZ', 'AT', 'GT', 'DE']) {
      await fixture.use(sim, NOW - 60, { country, plmn: '901-28', upload: 1 })
    }
    const { data } = await recordOf(sim)
    assert.deepEqual(
      data.international_roaming.map(({ country_code }) => country_code),
      ['AUT', 'CHE', 'DEU', 'GTM', 'XKX', 'ZZZ'],
    )
  })

  it('is exact above the integers that JavaScript can hold', async () => {
    const owner = await fixture.addAccount()
    const sim = await fixture.addSim({}, owner)
    const largest = Number.MAX_SAFE_INTEGER
    for (const second of [1, 2, 3]) {
      await fixture.use(sim, NOW - second, { upload: largest, download: largest })
    }
    const counts =
      '"total":54043195528445946,"download":27021597764222973,"upload":27021597764222973'
    for (const path of [`/v1/Sims/${sim.sid}/UsageRecords`, '/v1/UsageRecords']) {
      const { text } = await fixture.get(path, { as: owner })
      assert.ok(text.includes(`"data":{${counts},"units":"bytes","home":{${counts},`), text)
    }
  })

  it('of an account sums its SIMs and no other account’s', async () => {
    const owner = await fixture.addAccount()
    const [one, two] = [await fixture.addSim({}, owner), await fixture.addSim({}, owner)]
    await fixture.use(one, NOW - 60, { upload: 1, to_sim: 5 })
    await fixture.use(two, NOW - 60, { upload: 2, plmn: '208-01' })
    await fixture.use(await fixture.addSim(), NOW - 60, { upload: 1000 })
    const { body } = await fixture.get('/v1/UsageRecords', { as: owner })
    const [record] = body.usage_records
    assert.ok(!('sim_sid' in record!))
    assert.equal(record!.account_sid, owner.sid)
    assert.equal(record!.data.total, 3)
    assert.equal(record!.data.home?.total, 1)
    assert.equal(record!.data.international_roaming[0]?.total, 2)
    assert.equal(record!.commands.total, 5)
  })
})

describe('the headers of usage records', () => {
  let fixture: HttpFixture
  let sim: Sim

  before(async () => {
    fixture = await HttpFixture.open()
    sim = await fixture.addSim()
  })

  after(() => fixture.close())

  const headersOf = async (query = '') =>
    (await fixture.get(`/v1/Sims/${sim.sid}/UsageRecords?${query}`)).headers

  it('say nothing of completeness before any feed has brought usage', async () => {
    assert.equal((await headersOf())['usage-complete-through'], undefined)
  })

  it('say up to when usage is complete: 48 hours before the last delivery, by the hour', async () => {
    await fixture.use(sim, NOW - 60, { upload: 1 })
    assert.equal((await headersOf())['usage-complete-through'], '2026-03-13T12:00:00Z')
    const account = await fixture.get('/v1/UsageRecords')
    assert.equal(account.headers['usage-complete-through'], '2026-03-13T12:00:00Z')
  })

  it('go by the feed that delivered longest ago', async () => {
    const owner = await fixture.addAccount()
    const other = await fixture.addSim({}, owner)
    await fixture.use(other, NOW - 60, { upload: 1 })
    const slow = await fixture.addFeed({ name: 'slow', format: 'ndjson' })
    const record = { record_id: 's1', sim: other.sid, occurred_at: '2026-03-15T00:00:00Z' }
    fixture.clock.now = instant('2026-03-15T03:10:00Z')
    const line = JSON.stringify({ ...record, plmn: '310-260', upload: 1 })
    await fixture.send('POST', `/v1/Feeds/${slow.name}/Records`, line, { as: fixture.operator })
    fixture.clock.now = NOW
    const { headers } = await fixture.get('/v1/UsageRecords', { as: owner })
    assert.equal(headers['usage-complete-through'], '2026-03-13T03:00:00Z')
  })

  it('do not count an import that is still running', async () => {
    await fixture.store.beginImport(anImportStart(fixture.feed, { startedAt: NOW + 86_400 }))
    assert.equal((await headersOf())['usage-complete-through'], '2026-03-13T12:00:00Z')
  })

  it('say from when usage is kept, where the window reaches beyond', async () => {
    assert.equal((await headersOf())['usage-retained-from'], undefined)
    const asked = 'Start=2024-01-01&End=2024-10-01'
    assert.equal((await headersOf(asked))['usage-retained-from'], '2024-09-15T12:00:00Z')
  })

  it('accompany what is left of a window beyond retention', async () => {
    // Nothing has deleted this yet, and still it is not counted any more.
    fixture.clock.now = instant('2025-03-15T12:00:00Z')
    await fixture.use(sim, '2024-09-15T11:59:59Z', { upload: 1000 })
    await fixture.use(sim, '2024-09-15T12:00:00Z', { upload: 1 })
    fixture.clock.now = NOW
    const asked = `/v1/Sims/${sim.sid}/UsageRecords?Start=2024-09-14&End=2024-09-17` as const
    const all = (await fixture.get(asked)).body.usage_records
    assert.deepEqual(all[0]!.period, { start: '2024-09-14T00:00:00Z', end: '2024-09-17T00:00:00Z' })
    assert.equal(all[0]!.data.total, 1)
    const days = (await fixture.get(`${asked}&Granularity=daily`)).body.usage_records
    assert.deepEqual(
      days.map(({ period, data }) => [period.start, data.total]),
      [
        ['2024-09-16T00:00:00Z', 0],
        ['2024-09-15T00:00:00Z', 1],
      ],
    )
  })
})
