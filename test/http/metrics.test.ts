/** `/metrics`, as a monitoring system reads it. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Sim } from '../../src/domain/directory.ts'
import { aFeed, iccidOf, NOW } from '../support/builders.ts'
import { HttpFixture, type TestCredential } from '../support/http-fixture.ts'

const HOUR = 3_600

describe('metrics', () => {
  let fixture: HttpFixture
  let sim: Sim

  before(async () => {
    fixture = await HttpFixture.open()
    sim = await fixture.addSim({ iccid: iccidOf(777) })
    await fixture.store.createFeed(aFeed({ name: 'idle', createdAt: NOW - 30 * HOUR }))
    await fixture.use(sim, NOW - 60, { upload: 3 })
    await fixture.deliver('x\n{"record_id":"q","sim":"nobody","occurred_at":"2026-03-15"}\n')
    await fixture.deliver(Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0]), { as: fixture.operator })
    fixture.clock.now = NOW + 3 * HOUR
  })

  after(() => fixture.close())

  const scrape = (as: TestCredential | null = fixture.operator) => fixture.get('/metrics', { as })

  /** The samples by what stands before their value. */
  async function samples(): Promise<Map<string, number>> {
    const { text } = await scrape()
    return new Map(
      text
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#'))
        .map((line) => {
          const at = line.lastIndexOf(' ')
          return [line.slice(0, at), Number(line.slice(at + 1))]
        }),
    )
  }

  it('tell of each feed how long it is silent, its state, and how far it is complete', async () => {
    const found = await samples()
    const expected = {
      'simtally_feed_silent_seconds{feed="hub"}': 3 * HOUR,
      'simtally_feed_silent_seconds{feed="idle"}': 33 * HOUR,
      'simtally_feed_state{feed="hub",state="current"}': 1,
      'simtally_feed_state{feed="hub",state="late"}': 0,
      'simtally_feed_state{feed="idle",state="current"}': 0,
      'simtally_feed_state{feed="idle",state="late"}': 1,
      'simtally_feed_state{feed="idle",state="overdue"}': 0,
      'simtally_feed_open_gaps{feed="hub"}': 0,
      simtally_clock_ahead_seconds: 3 * HOUR,
      simtally_clock_behind_seconds: 0,
      simtally_retention_held_back_seconds: 0,
      'simtally_feed_complete_through_timestamp_seconds{feed="hub"}':
        NOW - 48 * HOUR - (NOW % HOUR),
      'simtally_feed_complete_through_timestamp_seconds{feed="idle"}': undefined,
    }
    for (const [name, value] of Object.entries(expected)) assert.equal(found.get(name), value, name)
  })

  it('count deliveries, records by verdict and what waits in quarantine, the same each time', async () => {
    await scrape()
    const found = await samples()
    const expected = {
      'simtally_feed_imports{feed="hub",status="done"}': 2,
      'simtally_feed_imports{feed="hub",status="failed"}': 1,
      'simtally_feed_imports{feed="idle",status="done"}': 0,
      'simtally_feed_records_total{feed="hub",verdict="accepted"}': 1,
      'simtally_feed_records_total{feed="hub",verdict="quarantined"}': 2,
      'simtally_feed_records_total{feed="hub",verdict="expired"}': 0,
      'simtally_feed_quarantine_records{feed="hub",reason="unreadable"}': 1,
      'simtally_feed_quarantine_records{feed="hub",reason="unknown_sim"}': 1,
    }
    for (const [name, value] of Object.entries(expected)) assert.equal(found.get(name), value, name)
  })

  it('tell of drop folders what waits and what has failed', async () => {
    const { store, feed } = fixture
    const busy = {
      feedId: feed.id,
      path: '/srv/"hub"\n',
      waiting: 2,
      waitingSince: NOW - 60,
      failed: 3,
      leftAlone: 1,
      seenAt: NOW,
    }
    await store.noteDropFolder(busy)
    const labels = '{feed="hub",folder="/srv/\\"hub\\"\\n"}'
    const expected = {
      waiting_files: 2,
      oldest_waiting_seconds: 3 * HOUR + 60,
      failed_files: 3,
      left_alone_files: 1,
      seen_timestamp_seconds: NOW,
    }
    const found = await samples()
    for (const [name, value] of Object.entries(expected)) {
      assert.equal(found.get(`simtally_drop_folder_${name}${labels}`), value, name)
    }
    await store.noteDropFolder({ ...busy, waiting: 0, waitingSince: null })
    const idle = await samples()
    assert.equal(idle.get(`simtally_drop_folder_oldest_waiting_seconds${labels}`), 0)
  })

  it('measure requests by their route, and name no SIM or account', async () => {
    await fixture.get(`/v1/Sims/${sim.sid}/UsageRecords`)
    await fixture.get(`/v1/Sims/${sim.sid}/UsageRecords?Granularity=weekly`)
    await fixture.get(`/v1/Sims?Iccid=${sim.iccid}`)
    await fixture.get(`/v1/Nothing/${sim.iccid}`)
    const found = await samples()
    const count = (method: string, route: string, status: number) =>
      found.get(
        `simtally_http_request_duration_seconds_count{method="${method}",route="${route}",status="${status}"}`,
      )
    const route = '/v1/Sims/:SidOrUniqueName/UsageRecords'
    assert.equal(count('GET', route, 200), 1)
    assert.equal(count('GET', route, 400), 1)
    assert.equal(count('GET', 'none', 404), 1)
    assert.equal(count('POST', '/v1/Feeds/:name/Records', 200), 2)
    const { text } = await scrape()
    for (const secret of [sim.sid, sim.iccid!, sim.accountSid, fixture.operator.sid]) {
      assert.ok(!text.includes(secret), secret)
    }
  })

  it("need a key of the operator's", async () => {
    assert.equal((await scrape(null)).status, 401)
    assert.equal((await scrape(fixture.owner)).status, 403)
    const reader = await fixture.addKey({ account: null, scope: 'read' })
    const { status, headers } = await scrape(reader)
    assert.equal(status, 200)
    assert.match(String(headers['content-type']), /^text\/plain; version=0\.0\.4/)
  })
})
