/** Answers against the OpenAPI file of the original API. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import { Ajv, type ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'
import type { Sim } from '../../src/domain/directory.ts'
import { HttpFixture } from '../support/http-fixture.ts'

const OPENAPI = new URL('../fixtures/wireless-api/twilio_wireless_v1.json', import.meta.url)

interface OpenApi {
  readonly paths: Record<string, Record<string, { readonly responses: Record<string, Response> }>>
  readonly components: {
    readonly schemas: Record<string, { readonly properties?: Record<string, unknown> }>
  }
}

interface Response {
  readonly content: { readonly 'application/json': { readonly schema: unknown } }
}

/** OpenAPI 3.0 says `nullable` where JSON Schema says type or enum member `null`. */
function asJsonSchema(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(asJsonSchema)
  if (typeof node !== 'object' || node === null) return node
  const { nullable, ...rest } = node as Record<string, unknown>
  const schema = Object.fromEntries(
    Object.entries(rest).map(([key, value]) => [key, asJsonSchema(value)]),
  )
  return nullable === true ? { anyOf: [schema, { type: 'null' }] } : schema
}

describe('answers, against the OpenAPI file of the original API', () => {
  let fixture: HttpFixture
  let sim: Sim
  let openapi: OpenApi
  let validatorOf: (path: string, method: 'get' | 'post') => ValidateFunction

  before(async () => {
    openapi = JSON.parse(await readFile(OPENAPI, 'utf8'))
    const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: true })
    addFormats.default(ajv, ['date-time', 'uri'])
    ajv.addFormat('http-method', /^(GET|POST)$/)
    ajv.addFormat('uri-map', true)
    // The file calls this one never null, and shows it X.
    const resetStatus = { ...openapi.components!.schemas!.sim_enum_reset_status, nullable: true }
    const schemas = { ...openapi.components!.schemas, sim_enum_reset_status: resetStatus }
    const components = asJsonSchema({ ...openapi.components, schemas }) as object
    validatorOf = (path, method) => {
      const { schema } =
        openapi.paths![path]![method]!.responses!['200']!.content!['application/json']!
      return ajv.compile({ ...(asJsonSchema(schema) as object), components })
    }
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
      const validate = validatorOf(path, 'get')
      const { status, body } = await fixture.get(url(sim.sid))
      assert.equal(status, 200)
      assert.ok(validate(body), JSON.stringify(validate.errors))
    })
  }

  it('validates POST /v1/Sims/{sid}', async () => {
    const validate = validatorOf('/v1/Sims/{Sid}', 'post')
    const { body } = await fixture.post(`/v1/Sims/${sim.sid}`, { FriendlyName: 'Named' })
    assert.ok(validate(body), JSON.stringify(validate.errors))
  })

  it('has every field of a SIM that the file names', async () => {
    const { body } = await fixture.get(`/v1/Sims/${sim.sid}`)
    const named = Object.keys(openapi.components.schemas['wireless.v1.sim']!.properties!)
    assert.deepEqual(Object.keys(body).sort(), named.sort())
  })

  it('would notice an answer that breaks the file', async () => {
    const { body } = await fixture.get(`/v1/Sims/${sim.sid}`)
    const validate = validatorOf('/v1/Sims/{Sid}', 'get')
    assert.ok(!validate({ ...body, status: 'lost' }))
    assert.ok(!validate({ ...body, account_sid: 'DE1' }))
  })
})
