/** The log of acts over HTTP: the operator's, newest first, each with the credential that acted. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { NOW } from '../support/builders.ts'
import { HttpFixture } from '../support/http-fixture.ts'

let fixture: HttpFixture
before(async () => {
  fixture = await HttpFixture.open()
})
after(() => fixture.close())

async function acts(query: string) {
  const { status, body, text } = await fixture.get(`/v1/Log?${query}`, { as: fixture.operator })
  assert.equal(status, 200, text)
  return { acts: body.acts, next: body.meta.next_page_url }
}

describe('/v1/Log', () => {
  it('names the credential that has changed something, when, and what', async () => {
    const sim = await fixture.addSim()
    await fixture.post(`/v1/Sims/${sim.sid}`, { FriendlyName: 'Pump', Status: 'suspended' })
    const [last] = (await acts('Kind=sim&PageSize=1')).acts
    assert.deepEqual(last, {
      date_acted: new Date(NOW * 1000).toISOString().replace('.000', ''),
      actor: fixture.owner.sid,
      verb: 'change',
      kind: 'sim',
      object: sim.sid,
      details: { friendly_name: 'Pump', status: 'suspended' },
    })
  })

  it('is read page after page, by instant, kind and object', async () => {
    const first = await acts('PageSize=1')
    const { body } = await fixture.get<'/v1/Log'>(first.next!, { as: fixture.operator })
    assert.notDeepEqual(body.acts, first.acts)
    assert.deepEqual((await acts('Since=2999-01-01')).acts, [])
    assert.deepEqual((await acts('Object=nobody')).acts, [])
  })

  it('is the operator’s, and refuses what it cannot filter by', async () => {
    assert.equal((await fixture.get('/v1/Log')).status, 403)
    const wrong = await fixture.get('/v1/Log?Kind=cat&Since=yesterday', { as: fixture.operator })
    assert.equal(wrong.status, 400)
    assert.match(wrong.text, /Since .*yesterday.*; Kind .*cat.*: expected account, key, sim/)
  })
})
