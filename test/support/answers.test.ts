/**
 * Answers have the fields of their route: the compiler checks that each `@ts-expect-error` is an error.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Sim } from '../../src/domain/directory.ts'
import { anyList, bodyIn } from './answers.ts'
import { HttpFixture } from './http-fixture.ts'

describe('answers that a test asks for', () => {
  let fixture: HttpFixture
  let sim: Sim
  before(async () => {
    fixture = await HttpFixture.open()
    sim = await fixture.addSim()
    await fixture.addSim()
  })
  after(() => fixture.close())

  it('have the fields of the route that the address is of, and no other', async () => {
    const { body, text } = await fixture.get(`/v1/Sims/${sim.sid}?AccountSid=${sim.accountSid}`)
    assert.equal(body.iccid, sim.iccid)
    // @ts-expect-error Usage has it, no SIM.
    assert.equal(body.usage_records, undefined)
    // @ts-expect-error Refusals have it: `error` is theirs.
    assert.equal(body.message, undefined)
    // @ts-expect-error Another API calls it so.
    assert.equal(bodyIn<'/v1/Sims/{SidOrUniqueName}'>(text).fleet_sid, undefined)
    const url = `/v1/Sims/${sim.sid}/UsageRecords` as const
    const [record] = (await fixture.get(`${url}?Granularity=all`)).body.usage_records
    // @ts-expect-error It is called total.
    assert.deepEqual([record!.data.total, record!.data.totals], [0, undefined])
  })

  it('are told apart by their method', async () => {
    const { body: made } = await fixture.post('/v1/Keys', { Scope: 'read' })
    const { body: listed } = await fixture.get('/v1/Keys')
    assert.equal(typeof made.secret, 'string')
    // @ts-expect-error It is shown once.
    assert.equal(listed.keys[0]!.secret, undefined)
  })

  it('are known of no address but a route’s, until a test says which', async () => {
    const pages = await Array.fromAsync(fixture.pages('/v1/Sims?PageSize=1'))
    assert.equal(pages[1]!.body.sims.length, 1)
    const next: string = pages[0]!.body.meta.next_page_url!
    const { body } = await fixture.get(next)
    // @ts-expect-error It may be any.
    assert.equal(body.sims.length, 1)
    assert.equal(anyList(body).rows.length, 1)
    assert.equal((await fixture.get<'/v1/Sims'>(next)).body.sims.length, 1)
    const { error } = await fixture.get('/v1/Nowhere')
    // @ts-expect-error It is called code.
    assert.deepEqual([error.code, error.error_code], [20404, undefined])
  })
})
