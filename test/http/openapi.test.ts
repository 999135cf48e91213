/** Answers against the OpenAPI file of the original API. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Sim } from '../../src/domain/directory.ts'
import { HttpFixture } from '../support/http-fixture.ts'
import { type OriginalOpenApi, originalOpenApi } from '../support/original-openapi.ts'

describe('answers, against the OpenAPI file of the original API', () => {
  let fixture: HttpFixture
  let sim: Sim
  let openapi: OriginalOpenApi

  before(async () => {
    openapi = await originalOpenApi('twilio_wireless_v1.json', ({ sim_enum_reset_status }) => ({
      // The file calls this one never null, and shows it null.
      sim_enum_reset_status: { ...sim_enum_reset_status, nullable: true },
    }))
    fixture = await HttpFixture.open()
    sim = await fixture.addSim({ uniqueName: 'tracker-1' })
    await fixture.use(sim, '2026-03-15T10:00:00Z', { upload: 10, to_sim: 1 })
    await fixture.use(sim, '2026-03-15T10:00:00Z', { plmn: '310-410', download: 7 })
    await fixture.use(sim, '2026-03-15T10:00:00Z', { plmn: '208-01', from_sim: 7 })
  })

  after(() => fixture.close())

  const cases: [path: string, url: (sid: string) => string][] = [
    ['/v1/Sims/{SimSid}/UsageRecords', (sid) => `/v1/Sims/${sid}/UsageRecords`],
    [
      '/v1/Sims/{SimSid}/UsageRecords',
      (sid) => `/v1/Sims/${sid}/UsageRecords?Granularity=hourly&PageSize=5&Page=1`,
    ],
    ['/v1/UsageRecords', () => '/v1/UsageRecords?Granularity=daily'],
    ['/v1/UsageRecords', () => '/v1/UsageRecords?Start=2026-03-01'],
    ['/v1/Sims', () => '/v1/Sims'],
    ['/v1/Sims/{Sid}', (sid) => `/v1/Sims/${sid}`],
  ]
  for (const [path, url] of cases) {
    it(`validates GET ${url('{sid}')}`, async () => {
      const validate = openapi.validatorOf(path)
      const { status, body } = await fixture.get(url(sim.sid))
      assert.equal(status, 200)
      assert.ok(validate(body), JSON.stringify(validate.errors))
    })
  }

  it('validates POST /v1/Sims/{sid}', async () => {
    const validate = openapi.validatorOf('/v1/Sims/{Sid}', 'post')
    const { body } = await fixture.post(`/v1/Sims/${sim.sid}`, { FriendlyName: 'Named' })
    assert.ok(validate(body), JSON.stringify(validate.errors))
  })

  it('has every field of a SIM that the file names', async () => {
    const { body } = await fixture.get(`/v1/Sims/${sim.sid}`)
    assert.deepEqual(Object.keys(body).sort(), openapi.fieldsOf('wireless.v1.sim'))
  })

  it('would notice an answer that breaks the file', async () => {
    const { body } = await fixture.get(`/v1/Sims/${sim.sid}`)
    const validate = openapi.validatorOf('/v1/Sims/{Sid}')
    assert.ok(!validate({ ...body, status: 'lost' }))
    assert.ok(!validate({ ...body, account_sid: 'DE1' }))
  })
})
