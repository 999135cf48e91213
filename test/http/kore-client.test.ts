/**
 * A client as KORE's OpenAPI files describe one: it asks for a token, sends it as Bearer, follows
 * `next_page_url`, and asks for another token when one is refused. Only its base URLs differ.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { anyList, type BodyOf, bodyIn, errorIn, type RowOf } from '../support/answers.ts'
import { NOW } from '../support/builders.ts'
import {
  basic,
  HttpFixture,
  type RequestOptions,
  type TestCredential,
} from '../support/http-fixture.ts'
import { routesOf } from '../support/routes.ts'

const TOKEN_URL = '/api-services/v1/auth/token'

class KoreError extends Error {
  readonly status: number
  readonly code: number | undefined

  constructor(status: number, code: number | undefined, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

class KoreClient {
  readonly #tokenBaseUrl: string
  readonly #baseUrl: string
  readonly #client: { readonly id: string; readonly secret: string }
  #token: string | null = null
  tokensAskedFor = 0

  constructor(baseUrls: { token: string; api: string }, { sid, secret }: TestCredential) {
    this.#tokenBaseUrl = baseUrls.token
    this.#baseUrl = baseUrls.api
    this.#client = { id: sid, secret }
  }

  async *list<const Path extends string>(
    path: Path,
    query: Record<string, string> = {},
  ): AsyncGenerator<RowOf<`/v1${Path}`>> {
    let url: string | null = `${this.#baseUrl}/v1${path}?${new URLSearchParams(query)}`
    while (url !== null) {
      const { meta, rows } = anyList(await this.#call('GET', url))
      yield* rows as RowOf<`/v1${Path}`>[]
      url = meta.next_page_url
    }
  }

  get<const Path extends string>(path: Path): Promise<BodyOf<`/v1${Path}`>> {
    return this.#call('GET', `${this.#baseUrl}/v1${path}`)
  }

  update<const Path extends string>(
    path: Path,
    form: Record<string, string>,
  ): Promise<BodyOf<`/v1${Path}`, 'POST'>> {
    return this.#call('POST', `${this.#baseUrl}/v1${path}`, new URLSearchParams(form))
  }

  async #call<T>(method: string, url: string, body?: URLSearchParams): Promise<T> {
    const isFirst = this.#token === null
    this.#token ??= await this.#newToken()
    const headers = { authorization: `Bearer ${this.#token}` }
    const reply = await fetch(url, { method, headers, ...(body !== undefined && { body }) })
    const text = await reply.text()
    if (reply.status === 401 && !isFirst) {
      this.#token = null
      return this.#call(method, url, body)
    }
    if (reply.ok) return bodyIn(text) as T
    const { status, code, message } = errorIn(text)
    throw new KoreError(status, code, message)
  }

  async #newToken(): Promise<string> {
    this.tokensAskedFor++
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: this.#client.id,
      client_secret: this.#client.secret,
    })
    const reply = await fetch(`${this.#tokenBaseUrl}/v1/auth/token`, { method: 'POST', body })
    const text = await reply.text()
    if (reply.ok) return bodyIn<typeof TOKEN_URL, 'POST'>(text).access_token
    const { error, error_description } = bodyIn<typeof TOKEN_URL, 'POST', 401>(text)
    throw new KoreError(reply.status, undefined, `${error}: ${error_description}`)
  }
}

describe('a client of KORE’s API', () => {
  let fixture: HttpFixture
  let baseUrl: string
  let client: KoreClient

  before(async () => {
    fixture = await HttpFixture.open()
    baseUrl = await fixture.listen()
    for (let i = 0; i < 5; i++) await fixture.addSim({ uniqueName: `tracker-${i}` })
    const sim = await fixture.store.findSim(fixture.owner.account.id, 'tracker-1')
    await fixture.use(sim!, NOW - 3_600, { upload: 40, download: 2 })
    client = clientOf(await fixture.addKey({ account: fixture.owner, scope: 'admin' }))
  })
  after(() => fixture.close())

  function clientOf(key: TestCredential): KoreClient {
    return new KoreClient({ token: `${baseUrl}/api-services`, api: baseUrl }, key)
  }

  it('lists SIMs over pages, and finds one by its name', async () => {
    const sims = await Array.fromAsync(client.list('/Sims', { PageSize: '2' }))
    const names = sims.map((sim) => sim.unique_name).sort()
    assert.deepEqual(
      names,
      [0, 1, 2, 3, 4].map((i) => `tracker-${i}`),
    )
    assert.equal((await client.get('/Sims/tracker-3')).unique_name, 'tracker-3')
  })

  it('reads what a SIM and what the account has used', async () => {
    for (const path of ['/Sims/tracker-1/UsageRecords', '/UsageRecords'] as const) {
      const [record] = await Array.fromAsync(client.list(path))
      const { upload, download, total, units } = record!.data
      assert.deepEqual([upload, download, total, units], [40, 2, 42, 'bytes'])
    }
    const daily = { Granularity: 'daily', Start: '2026-01-01', End: '2026-01-08', PageSize: '3' }
    assert.equal((await Array.fromAsync(client.list('/UsageRecords', daily))).length, 7)
  })

  it('changes a SIM', async () => {
    const sim = await client.update('/Sims/tracker-2', { FriendlyName: 'Van', Status: 'suspended' })
    assert.deepEqual([sim.friendly_name, sim.status], ['Van', 'suspended'])
  })

  it('goes on with another token when one has ended', async () => {
    const before = client.tokensAskedFor
    fixture.clock.now += 3_600
    assert.equal((await client.get('/Sims/tracker-0')).unique_name, 'tracker-0')
    assert.equal(client.tokensAskedFor, before + 1)
  })

  it('is told what is wrong in the form that it reads', async () => {
    await assert.rejects(client.get('/Sims/none'), { status: 404, code: 20404 })
    await assert.rejects(Array.fromAsync(client.list('/UsageRecords', { Granularity: 'weekly' })), {
      status: 400,
      message: /Granularity/,
    })
    const stranger = clientOf({ sid: fixture.owner.sid, secret: 'wrong' })
    await assert.rejects(stranger.get('/Sims'), { status: 401, message: /^invalid_client: / })
  })

  it('opens with its token every route that its key opens', async () => {
    const { operator } = fixture
    const form = { grant_type: 'client_credentials', client_id: operator.sid }
    const { body } = await fixture.post(
      TOKEN_URL,
      { ...form, client_secret: operator.secret },
      { as: null },
    )
    const told = async (method: 'GET' | 'POST', url: string, authorization: string) => {
      const reply = await fixture.server.inject({ method, url, headers: { authorization } })
      return [reply.statusCode, reply.headers['content-type'], Object.keys(reply.headers).sort()]
    }
    for (const route of await routesOf(fixture.server)) {
      // Neither is opened by a token: one gives them out, the other goes by a cookie.
      if (/\/(auth\/token|console\/session)$/.test(route)) continue
      const [method, pattern] = route.split(' ') as ['GET' | 'POST', string]
      // Of nothing that there is, so that asking twice changes nothing.
      const url = pattern.replace(/:\w+/, 'none')
      const byToken = await told(method, url, `Bearer ${body.access_token}`)
      assert.ok(byToken[0] !== 401 && byToken[0] !== 403, route)
      assert.deepEqual(byToken, await told(method, url, basic(operator)), route)
    }
  })

  it('is told in one form, whatever is wrong, on every route of its documents', async () => {
    const sim = (await fixture.store.findSim(fixture.owner.account.id, 'tracker-1'))!
    const reader = await fixture.addKey({ account: fixture.owner, scope: 'read' })
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    const ask = (
      status: number,
      [method, url, payload]: readonly [
        method: 'GET' | 'POST' | 'DELETE',
        url: string,
        body?: string,
      ],
      options: RequestOptions = {},
    ) => ({ status, method, url, payload, options })
    const wrong = [
      ask(400, ['GET', '/v1/UsageRecords?Granularity=weekly']),
      ask(400, ['GET', '/v1/UsageRecords?Start=soon']),
      ask(400, ['GET', `/v1/Sims/${sim.sid}/UsageRecords?PageSize=0`]),
      ask(400, ['GET', `/v1/Sims/${sim.sid}/UsageRecords?PageToken=none`]),
      ask(400, ['GET', '/v1/Sims?Status=lost']),
      ask(400, ['GET', '/v1/Sims?RatePlan=WP1']),
      ask(400, ['POST', `/v1/Sims/${sim.sid}`, 'Status=lost'], { headers: form }),
      ask(400, ['POST', `/v1/Sims/${sim.sid}`, 'RatePlan=WP1'], { headers: form }),
      ask(400, ['POST', TOKEN_URL, 'grant_type=password'], { headers: form }),
      ask(401, ['GET', '/v1/Sims'], { as: null }),
      ask(401, ['GET', '/v1/UsageRecords'], {
        as: null,
        headers: { authorization: 'Bearer a.b.c' },
      }),
      ask(403, ['POST', `/v1/Sims/${sim.sid}`, 'Status=active'], { as: reader, headers: form }),
      ask(404, ['GET', '/v1/Sims/none']),
      ask(404, ['GET', '/v1/Sims/none/UsageRecords']),
      ask(404, ['GET', `/v1/Sims/${sim.sid}/DataSessions`]),
      ask(404, ['GET', '/v1/RatePlans']),
      ask(404, ['GET', '/v1/Commands']),
      ask(405, ['DELETE', `/v1/Sims/${sim.sid}`]),
      ask(415, ['POST', `/v1/Sims/${sim.sid}`, '<a/>'], {
        headers: { 'content-type': 'application/xml' },
      }),
    ]
    for (const { status, method, url, payload, options } of wrong) {
      const answer = await fixture.send(method, url, payload, options)
      const { code, message, more_info, ...rest } = answer.error
      assert.deepEqual([answer.status, rest], [status, { status }], `${method} ${url}`)
      assert.ok(Number.isSafeInteger(code), answer.text)
      assert.ok(message.length > 0 && more_info.endsWith(`/${code}`), answer.text)
      assert.match(String(answer.headers['content-type']), /^application\/json/)
    }
  })

  it('asks for a token with the key of an API, and is told in the form of OAuth what is wrong', async () => {
    const key = await fixture.addKey({ account: fixture.owner, scope: 'read' })
    const revoked = await fixture.addKey({ account: fixture.owner, scope: 'read' })
    await fixture.store.revokeApiKey(revoked.sid, fixture.clock.now)
    for (const client of [{ ...key, secret: 'wrong' }, revoked, { sid: '', secret: '' }]) {
      await assert.rejects(clientOf(client).get('/Sims'), {
        status: 401,
        message: 'invalid_client: Invalid client or Invalid client credentials',
      })
    }
  })

  it('has no token any more that is good when its key is revoked', async () => {
    const key = await fixture.addKey({ account: fixture.owner, scope: 'read' })
    const holder = clientOf(key)
    assert.equal((await holder.get('/Sims/tracker-0')).unique_name, 'tracker-0')
    await fixture.store.revokeApiKey(key.sid, fixture.clock.now)
    await assert.rejects(holder.get('/Sims/tracker-0'), { status: 401, message: /^invalid_client/ })
    assert.equal(holder.tokensAskedFor, 2)
  })
})
