/** Which pages in browsers may read answers. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { UsageError } from '../../src/domain/usage-error.ts'
import { buildServer } from '../../src/http/server.ts'
import { NOW } from '../support/builders.ts'
import { basic, HttpFixture } from '../support/http-fixture.ts'

const ORIGINS = ['https://app.example.com', 'http://localhost:5173']
const PREFLIGHT = {
  'access-control-request-method': 'GET',
  'access-control-request-headers': 'authorization',
}

describe('pages of other origins', () => {
  let fixture: HttpFixture
  before(async () => {
    fixture = await HttpFixture.open({ allowedOrigins: ORIGINS })
  })
  after(() => fixture.close())

  function ask(
    method: 'GET' | 'OPTIONS' | 'POST',
    headers: Record<string, string>,
    url = '/v1/Groups',
  ) {
    return fixture.server.inject({ method, url, headers })
  }
  const corsOf = (headers: object) =>
    Object.keys(headers).filter((name) => name.startsWith('access-control-'))

  it('that are named may read answers, with credentials', async () => {
    for (const origin of ORIGINS) {
      const { statusCode, headers } = await ask('GET', {
        origin,
        authorization: basic(fixture.owner),
      })
      assert.equal(statusCode, 200)
      assert.equal(headers['access-control-allow-origin'], origin)
      assert.equal(headers['access-control-allow-credentials'], 'true')
      assert.match(String(headers['access-control-expose-headers']), /Usage-Complete-Through/)
      assert.equal(headers.vary, 'Origin')
    }
  })

  it('that are named may read refusals too', async () => {
    const origin = ORIGINS[0]!
    for (const [method, url, status] of [
      ['GET', '/v1/Sims', 401],
      ['GET', '/nothing', 404],
      ['POST', '/v1/UsageRecords', 405],
    ] as const) {
      const { statusCode, headers } = await ask(method, { origin }, url)
      assert.equal(statusCode, status)
      assert.equal(headers['access-control-allow-origin'], origin)
    }
  })

  it('that are named are told what they may send', async () => {
    const { statusCode, headers, payload } = await ask('OPTIONS', {
      origin: ORIGINS[0]!,
      ...PREFLIGHT,
    })
    assert.deepEqual([statusCode, payload], [204, ''])
    assert.equal(headers['access-control-allow-origin'], ORIGINS[0])
    assert.deepEqual(
      new Set(String(headers['access-control-allow-methods']).split(', ')),
      new Set(['GET', 'HEAD', 'POST']),
    )
    assert.match(String(headers['access-control-allow-headers']), /\bAuthorization\b/)
    assert.equal(headers['access-control-max-age'], '600')
    const nowhere = await ask('OPTIONS', { origin: ORIGINS[0]!, ...PREFLIGHT }, '/nothing')
    assert.equal(nowhere.statusCode, 404)
  })

  it('that are not named are told nothing', async () => {
    for (const origin of [
      'https://app.example.com.evil.example',
      'https://evil-app.example.com',
      'http://app.example.com',
      'https://app.example.com:444',
      'HTTPS://APP.EXAMPLE.COM',
      'null',
      '*',
    ]) {
      const authorization = basic(fixture.owner)
      const read = await ask('GET', { origin, authorization })
      assert.deepEqual([read.statusCode, corsOf(read.headers)], [200, []], origin)
      assert.equal(read.headers.vary, 'Origin')
      const preflight = await ask('OPTIONS', { origin, ...PREFLIGHT })
      assert.deepEqual([preflight.statusCode, corsOf(preflight.headers)], [405, []], origin)
    }
    const without = await ask('GET', { authorization: basic(fixture.owner) })
    assert.deepEqual(corsOf(without.headers), [])
  })

  it('are nobody’s where none is named', async (t) => {
    const server = buildServer({ store: fixture.store, clock: () => NOW })
    t.after(() => server.close())
    const headers = { origin: ORIGINS[0]!, ...PREFLIGHT }
    for (const method of ['GET', 'OPTIONS'] as const) {
      const reply = await server.inject({ method, url: '/v1/Sims', headers })
      assert.deepEqual([corsOf(reply.headers), reply.headers.vary], [[], undefined])
    }
  })

  it('are named as origins', () => {
    for (const origin of [
      '*',
      'null',
      'app.example.com',
      'https://a.b/path',
      'ftp://a.b',
      'https://u@a.b',
    ]) {
      assert.throws(
        () => buildServer({ store: fixture.store, clock: () => NOW, allowedOrigins: [origin] }),
        (error) => error instanceof UsageError && error.field === 'allowOrigin',
        origin,
      )
    }
  })

  it('get both reasons to vary on a large answer', async () => {
    const url = '/v1/UsageRecords?Granularity=hourly&Start=2026-03-01&End=2026-03-02'
    const { headers } = await ask('GET', { authorization: basic(fixture.owner) }, url)
    assert.equal(headers.vary, 'Origin, Accept-Encoding')
  })
})
