/** How feeds are doing, what is missing of them, and accepting that it is. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import type { Feed } from '../../src/domain/directory.ts'
import { aFeed, anImportStart, NOW } from '../support/builders.ts'
import { HttpFixture, type TestCredential } from '../support/http-fixture.ts'

const HOUR = 3_600

describe('the completeness of feeds', () => {
  let fixture: HttpFixture
  let feed: Feed
  let path: `/v1/Feeds/${string}/Gaps`

  before(async () => {
    fixture = await HttpFixture.open()
  })

  beforeEach(async () => {
    fixture.clock.now = NOW
    const sequencePattern = '^(?<stream>\\w)(?<sequence>\\d+)'
    feed = await fixture.store.createFeed(aFeed({ settleSeconds: 6 * HOUR, sequencePattern }))
    path = `/v1/Feeds/${feed.name}/Gaps`
  })

  after(() => fixture.close())

  async function bring(source: string, startedAt = NOW) {
    const { id } = await fixture.store.beginImport(anImportStart(feed, { source, startedAt }))
    const end = { status: 'done', finishedAt: startedAt, checksum: null, error: null } as const
    await fixture.store.finishImport(id, end)
    return id
  }

  const feedOf = async () => {
    const { body } = await fixture.get('/v1/Feeds?PageSize=1000', { as: fixture.operator })
    return body.feeds.find(({ name }) => name === feed.name)!
  }

  const accept = (form: Record<string, string>, as: TestCredential = fixture.operator) =>
    fixture.post(`${path}/Accept`, form, { as })

  it('is told with each feed', async () => {
    await bring('A7', NOW - 3 * HOUR)
    await bring('A9', NOW - 2 * HOUR)
    fixture.clock.now = NOW + HOUR
    const { settle_seconds, sequence_pattern, ...told } = await feedOf()
    assert.deepEqual([settle_seconds, sequence_pattern], [6 * HOUR, feed.sequencePattern])
    const { state, silent_seconds, date_last_delivery, complete_through, open_gaps } = told
    assert.deepEqual(
      { state, silent_seconds, date_last_delivery, complete_through, open_gaps },
      {
        state: 'current',
        silent_seconds: 3 * HOUR,
        date_last_delivery: '2026-03-15T10:34:56Z',
        complete_through: '2026-03-15T03:00:00Z',
        open_gaps: 1,
      },
    )
  })

  it('is late after a day without news, and overdue after two', async () => {
    const stateAt = async (now: number) => {
      fixture.clock.now = now
      return (await feedOf()).state
    }
    assert.equal(await stateAt(NOW + 24 * HOUR - 1), 'current')
    assert.equal(await stateAt(NOW + 24 * HOUR), 'late')
    await bring('A1', NOW + 20 * HOUR)
    assert.equal(await stateAt(NOW + 24 * HOUR), 'current')
    assert.equal(await stateAt(NOW + 68 * HOUR - 1), 'late')
    assert.equal(await stateAt(NOW + 68 * HOUR), 'overdue')
  })

  it('lists gaps with their age, page by page', async () => {
    await bring('A99998')
    await bring('A2', NOW + HOUR)
    await bring('B5')
    await bring('B7', NOW + 2 * HOUR)
    fixture.clock.now = NOW + 3 * HOUR
    const { body } = await fixture.get(`${path}?PageSize=1`, { as: fixture.operator })
    assert.deepEqual(body.gaps, [
      {
        feed: feed.name,
        stream: 'A',
        from: 99_999,
        to: 1,
        count: 2,
        status: 'open',
        date_opened: '2026-03-15T13:34:56Z',
        age_seconds: 2 * HOUR,
        accepted: null,
      },
    ])
    const next = body.meta.next_page_url!
    const second = await fixture.get<typeof path>(next, { as: fixture.operator })
    assert.deepEqual(
      second.body.gaps.map(({ stream, from, to }) => [stream, from, to]),
      [['B', 6, 6]],
    )
    assert.equal(second.body.meta.next_page_url, null)
  })

  it('goes on once a gap is accepted, by a name and for a reason', async () => {
    for (const source of ['A1', 'A3']) await bring(source)
    await bring('A6', NOW + 24 * HOUR)
    fixture.clock.now = NOW + 25 * HOUR
    const { status, body } = await accept({
      Stream: 'A',
      From: '2',
      To: '2',
      By: ' Ada ',
      Reason: 'never made',
    })
    assert.equal(status, 200)
    assert.deepEqual(body, {
      feed: feed.name,
      stream: 'A',
      from: 2,
      to: 2,
      by: 'Ada',
      reason: 'never made',
      date_accepted: '2026-03-16T13:34:56Z',
      complete_through: '2026-03-15T06:00:00Z',
      open_gaps: 1,
    })
    const listed = (await fixture.get(path, { as: fixture.operator })).body.gaps
    assert.deepEqual(
      listed.map(({ from, status: is, accepted }) => [from, is, accepted]),
      [
        [2, 'accepted', { by: 'Ada', reason: 'never made', date: '2026-03-16T13:34:56Z' }],
        [4, 'open', null],
      ],
    )
    const rest = await accept({ Stream: 'A', From: '4', To: '5', By: 'Ada', Reason: 'lost' })
    assert.equal(rest.body.complete_through, '2026-03-16T06:00:00Z')
    assert.equal((await feedOf()).open_gaps, 0)
  })

  it('is not held back by a stream that has ended', async () => {
    await bring('A1', NOW - 99 * HOUR)
    await bring('B1')
    const end = await accept({ Stream: 'A', From: '2', To: 'end', By: 'Ada', Reason: 'left' })
    assert.deepEqual([end.body.to, end.body.complete_through], [null, '2026-03-15T06:00:00Z'])
  })

  it('refuses what is not missing, and says what is', async () => {
    for (const source of ['A1', 'A4']) await bring(source)
    const given = { Stream: 'A', From: '3', To: '4', By: 'Ada', Reason: 'x' }
    const wrong = await accept(given)
    assert.deepEqual([wrong.status, wrong.error.code], [400, 33101])
    assert.equal(
      wrong.error.message,
      'stream "A" has no open gap that contains 3 to 4; missing: 2 to 3',
    )
    const unknown = await accept({ ...given, Stream: 'C' })
    assert.equal(unknown.error.message, 'there is no stream "C"; the feed\'s streams: "A"')
  })

  it('refuses a body that is wrong, naming everything', async () => {
    const empty = await accept({})
    assert.equal(
      empty.error.message,
      'Missing: From, To, By, Reason; a gap is accepted by somebody, for a reason',
    )
    const blank = await accept({ From: '1', To: '1', By: ' ', Reason: 'x' })
    assert.match(blank.error.message, /^Missing: By;/)
    const wrong = await accept({ From: '-1', To: 'never', By: 'a\nb', Reason: 'x'.repeat(501) })
    assert.equal(wrong.status, 400)
    for (const part of ['From "-1"', 'To "never"', 'By "a\\nb"', 'Reason "xxx']) {
      assert.ok(wrong.error.message.includes(part), wrong.error.message)
    }
  })

  it("is the operator's alone, and accepting needs the scope admin", async () => {
    const reader = await fixture.addKey({ account: null, scope: 'read' })
    const form = { From: '1', To: '1', By: 'Ada', Reason: 'x' }
    assert.equal((await fixture.get(path, { as: reader })).status, 200)
    assert.equal((await accept(form, reader)).status, 403)
    assert.equal((await fixture.get(path)).status, 403)
    assert.equal((await accept(form, fixture.owner)).status, 403)
    const nowhere = await fixture.get('/v1/Feeds/nobody/Gaps', { as: fixture.operator })
    assert.equal(nowhere.status, 404)
    const post = await fixture.post('/v1/Feeds/nobody/Gaps/Accept', form, { as: fixture.operator })
    assert.equal(post.status, 404)
  })

  it('stands with each import: what it said of itself', async () => {
    const { id } = await fixture.store.beginImport(anImportStart(feed))
    await fixture.store.finishImport(id, {
      ...{ status: 'done', finishedAt: NOW, checksum: null, error: null },
      facts: {
        sequence: { stream: 'A→B', number: 7 },
        completeThrough: NOW - HOUR,
        usageFrom: null,
      },
    })
    const { body } = await fixture.get(`/v1/Imports/${id}`, { as: fixture.operator })
    assert.deepEqual(body.sequence, { stream: 'A→B', number: 7 })
    assert.equal(body.complete_through, '2026-03-15T11:34:56Z')
  })
})
