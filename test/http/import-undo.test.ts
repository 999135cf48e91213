/** `POST /Imports/{id}/Undo`: who may, and what it answers. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { iccidOf } from '../support/builders.ts'
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
    const { status, removed, restored, quarantine_entries, date_undone } = JSON.parse(undone.text)
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
    const { status, body: failure } = await undo(body.import)
    assert.deepEqual([status, failure.code], [400, 33101])
    assert.match(failure.message, /was undone already, at 2026-03-15T12:34:56Z/)
  })

  it('is for the admin scope, and for accounts on what their own keys delivered', async () => {
    const ingest = await fixture.addKey({ account: fixture.owner, scope: 'ingest' })
    const admin = await fixture.addKey({ account: fixture.owner, scope: 'admin' })
    const own = (await fixture.deliver('', { as: ingest })).body.import
    const operators = (await fixture.deliver('', { as: fixture.operator })).body.import
    const weak = await undo(own, ingest)
    assert.deepEqual([weak.status, weak.body.code], [403, 20003])
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
    const url = `/v1/Imports/${body.import}/Quarantine/Recycle`
    const answer = await fixture.post(url, {}, { as: fixture.operator })
    assert.equal(answer.status, 200, answer.text)
    const { import: id, accepted, quarantined, recycled, errors } = JSON.parse(answer.text)
    assert.deepEqual([id, accepted, quarantined], [body.import, 1, 1])
    assert.deepEqual([recycled.records, recycled.accepted, recycled.quarantined], [2, 1, 1])
    assert.deepEqual([errors[0].line, errors[0].reason], [2, 'invalid_field'])
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
