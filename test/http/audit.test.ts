/** `/Audit`: the last audit, asking for one, and its metrics. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { auditSlice } from '../../src/cli/audit-runs.ts'
import { NOW } from '../support/builders.ts'
import { HttpFixture } from '../support/http-fixture.ts'

describe('audits over HTTP', () => {
  let fixture: HttpFixture

  before(async () => {
    fixture = await HttpFixture.open()
    const sim = await fixture.addSim()
    await fixture.use(sim, NOW - 60, { upload: 3 })
  })
  after(() => fixture.close())

  const operator = () => ({ as: fixture.operator })
  const scrape = async () => (await fixture.get('/metrics', operator())).text
  const look = (sliceMs: number) =>
    auditSlice(fixture.store, {
      clock: () => fixture.clock.now,
      signal: new AbortController().signal,
      sliceMs,
    })

  it('are the operator’s alone', async () => {
    for (const method of ['GET', 'POST'] as const) {
      assert.equal((await fixture.send(method, '/v1/Audit', '')).status, 403)
    }
  })

  it('are not there before there was one', async () => {
    assert.equal((await fixture.get('/v1/Audit', operator())).status, 404)
  })

  it('are asked for, carried out by the serving process, and told', async () => {
    const asked = await fixture.send('POST', '/v1/Audit', '', operator())
    assert.equal(asked.status, 202)
    assert.equal(asked.body.status, 'requested')
    // Nobody waits for one twice.
    assert.equal((await fixture.send('POST', '/v1/Audit', '', operator())).text, asked.text)
    const run = await look(0)
    assert.equal(run?.finishedAt, fixture.clock.now)
    const { body: told } = await fixture.get('/v1/Audit', operator())
    assert.equal(told.status, 'finished')
    assert.equal(told.ledger_rows, 1)
    assert.equal(told.difference_count, 0)
    assert.equal(told.parts_done, told.parts)
  })

  it('go on in slices a day later, while the metrics tell of the last one', async () => {
    assert.equal(await look(0), null)
    fixture.clock.now = NOW + 86_400
    let slices = 0
    for (let run = await look(0); run !== null && run.finishedAt === null; run = await look(1)) {
      slices++
      const text = await scrape()
      assert.match(text, new RegExp(`^simtally_audit_last_run_timestamp_seconds ${NOW}$`, 'm'))
    }
    assert.ok(slices > 0)
    const text = await scrape()
    assert.match(
      text,
      new RegExp(`^simtally_audit_last_run_timestamp_seconds ${NOW + 86_400}$`, 'm'),
    )
    assert.match(text, /^simtally_audit_differences 0$/m)
    assert.match(text, /^simtally_audit_duration_seconds \d/m)
  })
})
