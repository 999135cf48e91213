/** Our own OpenAPI file: that it says what the routes do, and that clients get it; `tidy-pages.test.ts` keeps it current. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { OPENAPI_FILE } from '../../scripts/generate-openapi.ts'
import { HttpFixture } from '../support/http-fixture.ts'
import { routesOf } from '../support/routes.ts'

interface Operation {
  readonly operationId?: string
  readonly summary?: string
  readonly responses: Record<string, Response | { readonly $ref: string }>
}

interface Response {
  readonly content?: Record<string, { schema: object }>
}

const file: {
  readonly paths: Record<string, Record<string, Operation>>
  readonly components: { readonly responses: Record<string, Response> }
} = JSON.parse(readFileSync(OPENAPI_FILE, 'utf8'))

/** What is looked at, and no part of the API. */
const PAGES = /^GET \/(console|docs)(\/\*)?$/

/** What an operation says of an answer; those of all operations stand among the components. */
function responseOf(path: string, answer: string): Response {
  const response = file.paths[path]!.get!.responses[answer]!
  if (!('$ref' in response)) return response
  return file.components.responses[response.$ref.replace('#/components/responses/', '')]!
}

let fixture: HttpFixture
before(async () => {
  fixture = await HttpFixture.open()
})
after(() => fixture.close())

describe('docs/openapi.json', () => {
  it('has every route, under a name and with a sentence of its own', async () => {
    const operations = Object.entries(file.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        route: `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`,
        ...operation,
      })),
    )
    assert.deepEqual(
      operations.map(({ route }) => route).sort(),
      (await routesOf(fixture.server)).filter((route) => !PAGES.test(route)).sort(),
    )
    assert.equal(new Set(operations.map(({ operationId }) => operationId)).size, operations.length)
    assert.deepEqual(
      operations.filter(({ operationId, summary }) => !operationId || !summary),
      [],
    )
  })

  it('is served with the address of the server', async () => {
    const { status, body: served } = await fixture.get('/docs/openapi.json', {
      headers: { host: 'usage.example.com' },
    })
    assert.equal(status, 200)
    assert.deepEqual(served, {
      ...file,
      servers: [{ url: 'http://usage.example.com' }],
    })
    assert.equal((await fixture.get('/docs/openapi.json', { as: null })).status, 401)
  })

  it('describes what is answered', async () => {
    const sim = await fixture.addSim({ uniqueName: 'tracker-1' })
    await fixture.use(sim, '2026-03-15T10:00:00Z', { upload: 10, to_sim: 1 })
    await fixture.use(sim, '2026-03-15T10:00:00Z', { plmn: '208-01', from_sim: 7 })
    await fixture.deliver('{"record_id":"r"}\n')
    const delivery = await fixture.get('/v1/Imports?Status=done')
    const { import: id } = delivery.body.imports[0]!
    const of = fixture.owner.sid
    const { body: fleet } = await fixture.post('/supersim/v1/Fleets', {})
    const ajv = new Ajv2020({ strict: false, allErrors: true })
    const answers: [path: string, url: string, answer: string][] = [
      ['/v1/Sims', '/v1/Sims', '200'],
      ['/v1/Sims/{SidOrUniqueName}', `/v1/Sims/${sim.sid}`, '200'],
      ['/v1/Sims/{SidOrUniqueName}', '/v1/Sims/nobody', '4XX'],
      ['/v1/Sims/{SidOrUniqueName}/UsageEvents', `/v1/Sims/${sim.sid}/UsageEvents`, '200'],
      ['/v1/Sims/{SidOrUniqueName}/UsageRecords', `/v1/Sims/${sim.sid}/UsageRecords`, '200'],
      ['/v1/UsageRecords', `/v1/UsageRecords?AccountSid=${fixture.owner.sid}`, '200'],
      ['/v1/Accounts', '/v1/Accounts', '200'],
      ['/v1/Feeds', '/v1/Feeds', '200'],
      ['/v1/Feeds/{name}/Gaps', `/v1/Feeds/${fixture.feed.name}/Gaps`, '200'],
      ['/v1/Imports', '/v1/Imports', '200'],
      ['/v1/Imports/{id}', `/v1/Imports/${id}`, '200'],
      ['/v1/Imports/{id}/Quarantine', `/v1/Imports/${id}/Quarantine`, '200'],
      ['/v1/Log', '/v1/Log', '200'],
      ['/v1/Audit', '/v1/Audit', '4XX'],
      ['/readyz', '/readyz', '200'],
      ['/supersim/v1/UsageRecords', `/supersim/v1/UsageRecords?AccountSid=${of}&Group=sim`, '200'],
      ['/supersim/v1/Sims', `/supersim/v1/Sims?AccountSid=${of}`, '200'],
      ['/supersim/v1/Fleets', `/supersim/v1/Fleets?AccountSid=${of}`, '200'],
      ['/supersim/v1/Fleets/{FleetSidOrUniqueName}', `${fleet.url}?AccountSid=${of}`, '200'],
      ['/supersim/v1/Networks', '/supersim/v1/Networks', '200'],
    ]
    for (const [path, url, answer] of answers) {
      const { schema } = responseOf(path, answer).content!['application/json']!
      const validate = ajv.compile({ ...schema, components: file.components })
      const { body } = await fixture.get(url, { as: fixture.operator })
      assert.ok(validate(body), `${url}: ${JSON.stringify(validate.errors)}`)
    }
  })
})
