/** Feeds that end, and what answers say of time before the first delivery. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Sim } from '../../src/domain/directory.ts'
import { NOW } from '../support/builders.ts'
import { HttpFixture } from '../support/http-fixture.ts'

const DAY = 86_400

describe('completeness of an answer', () => {
  let fixture: HttpFixture
  let sim: Sim

  before(async () => {
    fixture = await HttpFixture.open()
    sim = await fixture.addSim({})
    await fixture.use(sim, '2026-03-10T10:20:30Z', { upload: 1 })
  })

  after(() => fixture.close())

  async function of(start: string, end: string) {
    const query = `Start=${start}&End=${end}`
    const events = await fixture.get(`/v1/Sims/${sim.sid}/UsageEvents?${query}`)
    const { headers, body } = await fixture.get(`/v1/Sims/${sim.sid}/UsageRecords?${query}`)
    assert.deepEqual(Object.keys(body.usage_records[0]!).sort(), [
      ...['account_sid', 'commands', 'data', 'period', 'sim_sid'],
    ])
    return {
      from: headers['usage-complete-from'],
      through: headers['usage-complete-through'],
      open: events.body.period.open,
    }
  }

  const operator = () => ({ as: fixture.operator })
  const feedUrl = () => `/v1/Feeds/${fixture.feed.name}` as const

  it('begins with the first delivery: a month before it is open, and not a silent 0', async () => {
    const from = '2026-03-10T10:00:00Z'
    const through = '2026-03-13T12:00:00Z'
    assert.deepEqual(await of('2026-03-10T10:00:00Z', '2026-03-13'), { from, through, open: false })
    assert.deepEqual(await of('2026-03-10T09:00:00Z', '2026-03-13'), { from, through, open: true })
    const before = { from, through: undefined, open: true }
    assert.deepEqual(await of('2026-01-01', '2026-02-01'), before)
  })

  it('begins where the operator says', async () => {
    const { store, feed } = fixture
    await store.updateFeed(feed.id, { coversFrom: NOW - 400 * DAY })
    assert.equal((await of('2026-01-01', '2026-02-01')).open, false)
    await store.updateFeed(feed.id, { coversFrom: null })
  })

  it('is not held back by a feed that was retired, which is never late', async () => {
    fixture.clock.now = NOW + 20 * DAY
    const asked = ['2026-03-11', '2026-03-15'] as const
    assert.equal((await of(...asked)).open, true)
    const body = { At: '2026-03-15', Reason: 'contract ended' }
    const retired = await fixture.post(`${feedUrl()}/Retire`, body, operator())
    assert.equal(retired.status, 200)
    assert.equal(retired.body.state, 'retired')
    assert.deepEqual(retired.body.retired, {
      date: '2026-03-15T00:00:00Z',
      reason: 'contract ended',
    })
    const { open, through } = await of(...asked)
    assert.deepEqual([open, through], [false, '2026-03-15T00:00:00Z'])
  })

  it('of a retired feed: late records are welcome, later usage waits in quarantine', async () => {
    const record = (id: string, at: string) =>
      `${JSON.stringify({ record_id: id, sim: sim.sid, occurred_at: at, plmn: '310-260', upload: 5 })}\n`
    const lines = record('late', '2026-03-14T23:59:59Z') + record('after', '2026-03-15T00:00:00Z')
    const { body } = await fixture.deliver(lines, operator())
    assert.deepEqual([body.accepted, body.quarantined], [1, 1])
    const { body: waiting } = await fixture.get(`/v1/Imports/${body.import}/Quarantine`, operator())
    const [entry] = waiting.quarantine
    assert.equal(entry!.reason, 'feed_retired')
    assert.match(entry!.detail, /the feed has been retired since 2026-03-15T00:00:00Z/)
    const back = await fixture.post(`${feedUrl()}/Unretire`, {}, operator())
    assert.equal(back.body.retired, null)
    const recycled = await fixture.post(
      `/v1/Imports/${body.import}/Quarantine/Recycle`,
      {},
      operator(),
    )
    assert.equal(recycled.body.accepted, 2)
  })

  it('is refused an end that has not come, without a reason, and of feeds there are not', async () => {
    const late = { At: '2026-06-01', Reason: 'soon' }
    const refused = await fixture.post(`${feedUrl()}/Retire`, late, operator())
    assert.equal(refused.status, 400)
    assert.match(refused.error.message, /is after now/)
    const missing = await fixture.post(`${feedUrl()}/Retire`, { At: '2026-03-01' }, operator())
    assert.match(missing.error.message, /Missing: Reason/)
    const known = { At: '2026-03-01', Reason: 'over' }
    assert.equal((await fixture.post('/v1/Feeds/none/Retire', known, operator())).status, 404)
    assert.equal((await fixture.post(`${feedUrl()}/Retire`, known)).status, 403)
  })
})
