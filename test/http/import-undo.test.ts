/** `POST /Imports/{id}/Undo`: who may, and what it answers. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { AppendBatch } from '../../src/storage/usage-store.ts'
import { iccidOf, NOW } from '../support/builders.ts'
import { HttpFixture } from '../support/http-fixture.ts'

describe('undoing an import', () => {
  let fixture: HttpFixture
  before(async () => {
    fixture = await HttpFixture.open()
  })
  after(() => fixture.close())

  const record = (id: string, sim: string) => {
    const fields = { record_id: id, sim, occurred_at: '2026-03-14T10:00:00Z', plmn: '310-260' }
    return `${JSON.stringify({ ...fields, upload: 5 })}\n`
  }
  const undo = (id: number | string, as = fixture.operator) =>
    fixture.post(`/v1/Imports/${id}/Undo`, {}, { as })

  it('answers the import and what has changed, and counts it no more', async () => {
    const sim = await fixture.addSim({})
    const text = record('a', sim.sid) + record('b', 'nobody')
    const { body } = await fixture.deliver(text, { as: fixture.operator })
    const total = async () => {
      const { body: page } = await fixture.get(`/v1/Sims/${sim.sid}/UsageRecords`)
      return page.usage_records[0]!.data.total
    }
    assert.equal(await total(), 5)
    const undone = await undo(body.import)
    assert.equal(undone.status, 200, undone.text)
    const { status, removed, restored, quarantine_entries, date_undone } = undone.body
    assert.deepEqual(
      [status, removed, restored, quarantine_entries, date_undone],
      ['undone', 1, 0, 1, '2026-03-15T12:34:56Z'],
    )
    assert.equal(await total(), 0)
    const shown = await fixture.get(`/v1/Imports/${body.import}`, { as: fixture.operator })
    assert.equal(shown.body.status, 'undone')
    const list = await fixture.get(`/v1/Imports/${body.import}/Quarantine`, {
      as: fixture.operator,
    })
    assert.deepEqual(list.body.quarantine, [])
  })

  it('is refused a second time, with when it was undone', async () => {
    const { body } = await fixture.deliver('', { as: fixture.operator })
    await undo(body.import)
    const { status, error } = await undo(body.import)
    assert.deepEqual([status, error.code], [400, 33101])
    assert.ok(
      error.message.startsWith(`import ${body.import} was already undone, at `),
      error.message,
    )
    assert.match(error.message, /at 2026-03-15T12:34:56Z/)
  })

  it('ends a delivery that is under way, which is told by its SID', async (t) => {
    const { store } = fixture
    t.mock.method(store, 'actingAs', () =>
      Object.assign(Object.create(store), {
        // As one that takes more than one batch.
        deliver: undefined,
        append: async (batch: AppendBatch) => {
          await store.undoImport(batch.importId, NOW)
          return store.append(batch)
        },
      }),
    )
    const { status, error } = await fixture.deliver('unreadable\n')
    assert.equal(status, 400)
    assert.match(error.message, /^import IM[0-9a-f]{32} was undone while it ran/)
  })

  it('is for the admin scope, and for accounts on what their own keys delivered', async () => {
    const ingest = await fixture.addKey({ account: fixture.owner, scope: 'ingest' })
    const admin = await fixture.addKey({ account: fixture.owner, scope: 'admin' })
    const own = (await fixture.deliver('', { as: ingest })).body.import
    const operators = (await fixture.deliver('', { as: fixture.operator })).body.import
    const weak = await undo(own, ingest)
    assert.deepEqual([weak.status, weak.error.code], [403, 20003])
    assert.equal((await undo(operators, admin)).status, 404)
    assert.equal((await undo(operators + 1_000, admin)).status, 404)
    assert.equal((await undo('x', admin)).status, 404)
    assert.equal((await undo(own, admin)).status, 200)
    const shown = await fixture.get(`/v1/Imports/${operators}`, { as: fixture.operator })
    assert.equal(shown.body.status, 'done')
  })
})

describe('recycling the quarantine of an import', () => {
  let fixture: HttpFixture
  before(async () => {
    fixture = await HttpFixture.open()
  })
  after(() => fixture.close())

  const records = (sim: string) =>
    ['2026-03-14T10:00:00Z', 'soon']
      .map((at, i) => ({ record_id: `r${i}`, sim, occurred_at: at, plmn: '310-260', upload: 5 }))
      .map((record) => `${JSON.stringify(record)}\n`)
      .join('')

  it('counts what can be counted now, and answers what cannot', async () => {
    const iccid = iccidOf(0x1a7e)
    const { body } = await fixture.deliver(records(iccid), { as: fixture.operator })
    const sim = await fixture.addSim({ iccid })
    const url = `/v1/Imports/${body.import}/Quarantine/Recycle` as const
    const answer = await fixture.post(url, {}, { as: fixture.operator })
    assert.equal(answer.status, 200, answer.text)
    const { import: id, accepted, quarantined, recycled, errors } = answer.body
    assert.deepEqual([id, accepted, quarantined], [body.import, 1, 1])
    assert.deepEqual([recycled.records, recycled.accepted, recycled.quarantined], [2, 1, 1])
    assert.deepEqual([errors[0]!.line, errors[0]!.reason], [2, 'invalid_field'])
    const { body: page } = await fixture.get(`/v1/Sims/${sim.sid}/UsageRecords`)
    assert.equal(page.usage_records[0]!.data.total, 5)
  })

  it('is for the admin scope, and for accounts on what their own keys delivered', async () => {
    const ingest = await fixture.addKey({ account: fixture.owner, scope: 'ingest' })
    const { body } = await fixture.deliver(records('nobody'), { as: fixture.operator })
    const url = `/v1/Imports/${body.import}/Quarantine/Recycle`
    assert.equal((await fixture.post(url, {}, { as: ingest })).status, 403)
    const admin = await fixture.addKey({ account: fixture.owner, scope: 'admin' })
    assert.equal((await fixture.post(url, {}, { as: admin })).status, 404)
  })
})

describe('accepting a conflict', () => {
  let fixture: HttpFixture
  before(async () => {
    fixture = await HttpFixture.open()
  })
  after(() => fixture.close())

  const record = (sim: string, upload: number) =>
    `${JSON.stringify({ record_id: 'r', sim, occurred_at: '2026-03-14T10:00:00Z', plmn: '310-260', upload })}\n`
  const accept = (id: number | string, form: Record<string, string>, as = fixture.operator) =>
    fixture.post(`/v1/Imports/${id}/Quarantine/Accept`, form, { as })
  const why = { Line: '1', By: 'Ada', Reason: 'ticket 12' }

  it('lets it count, and names who and why in the log', async () => {
    const sim = await fixture.addSim({})
    await fixture.deliver(record(sim.sid, 5), { as: fixture.operator })
    const { body } = await fixture.deliver(record(sim.sid, 7), { as: fixture.operator })
    const answer = await accept(body.import, why)
    assert.equal(answer.status, 200, answer.text)
    const { replaced, quarantined, recycled } = answer.body
    assert.deepEqual([replaced, quarantined, recycled.replaced], [1, 0, 1])
    const { body: page } = await fixture.get(`/v1/Sims/${sim.sid}/UsageRecords`)
    assert.equal(page.usage_records[0]!.data.total, 7)
    const log = await fixture.get('/v1/Log', { as: fixture.operator })
    const { verb, actor, details } = log.body.acts[0]!
    assert.deepEqual([verb, actor], ['accept conflict', fixture.operator.sid])
    assert.deepEqual([details.by, details.reason, details.lines], ['Ada', 'ticket 12', ['1']])
    assert.equal((await accept(body.import, why)).status, 404)
  })

  it('names what is missing, wrong, or waits for another reason', async () => {
    const { body } = await fixture.deliver(record('nobody', 5), { as: fixture.operator })
    for (const [form, expected] of [
      [{}, /^Missing: Line, By, Reason; /],
      [{ ...why, Line: 'one' }, /Line/],
      [{ ...why, Reason: ' ' }, /Reason/],
    ] as const) {
      const { status, error } = await accept(body.import, form)
      assert.equal(status, 400)
      assert.match(error.message, expected)
    }
    assert.equal((await accept(body.import, why)).status, 404)
  })

  it('is for accounts on feeds that are bound to them, below what the operator delivered', async () => {
    const { owner, store } = fixture
    const admin = await fixture.addKey({ account: owner, scope: 'admin' })
    const sim = await fixture.addSim({})
    const deliver = (upload: number, as = admin) =>
      fixture.deliver(record(sim.sid, upload), { as }).then(({ body }) => body.import)
    await deliver(5)
    const own = await deliver(6)
    assert.equal((await accept(own, why, admin)).status, 403)
    const { id: feedId, accountId } = fixture.feed
    assert.equal(accountId, null)
    await store.updateFeed(feedId, { accountId: owner.account.id })
    const answer = await accept(own, why, admin)
    assert.equal(answer.body.replaced, 1, answer.text)
    await deliver(8, fixture.operator)
    const late = await deliver(9)
    const { body: refused } = await accept(late, why, admin)
    assert.deepEqual([refused.recycled.quarantined, refused.quarantined], [1, 1])
    assert.match(refused.errors[0]!.detail, /the version of the operator outranks it/)
  })
})
