/** Larger answers are compressed for callers that ask for it, and say the same. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { acceptsCoding, COMPRESSED_FROM_BYTES } from '../../src/http/compression.ts'
import { bodyIn, errorIn } from '../support/answers.ts'
import { basic, HttpFixture } from '../support/http-fixture.ts'

const LARGE = '/v1/UsageRecords?Granularity=hourly&Start=2026-03-01&End=2026-03-02'

describe('an answer', () => {
  let fixture: HttpFixture
  before(async () => {
    fixture = await HttpFixture.open()
  })
  after(() => fixture.close())

  function ask(url: string, headers: Record<string, string> = {}, method: 'GET' | 'HEAD' = 'GET') {
    const authorization = basic(fixture.owner)
    return fixture.server.inject({ method, url, headers: { authorization, ...headers } })
  }

  it('that is large is compressed when the caller asks, and is the same', async () => {
    const plain = await ask(LARGE)
    const compressed = await ask(LARGE, { 'accept-encoding': 'br, gzip' })
    assert.equal(compressed.headers['content-encoding'], 'gzip')
    assert.equal(gunzipSync(compressed.rawPayload).toString(), plain.payload)
    assert.ok(plain.rawPayload.length >= 5 * compressed.rawPayload.length)
    assert.equal(Number(compressed.headers['content-length']), compressed.rawPayload.length)
    assert.equal(compressed.headers['content-type'], plain.headers['content-type'])
    for (const { headers } of [plain, compressed]) assert.equal(headers.vary, 'Accept-Encoding')
    assert.equal(plain.headers['content-encoding'], undefined)
  })

  it('that is large is plain for whoever does not ask, or refuses it', async () => {
    for (const accepted of ['', 'identity', 'br', 'gzip;q=0', '*;q=0.0', 'gzip;q=0, *']) {
      const { headers } = await ask(LARGE, { 'accept-encoding': accepted })
      assert.equal(headers['content-encoding'], undefined, accepted)
    }
  })

  it('that is small, or a refusal, is plain', async () => {
    for (const url of ['/v1/UsageRecords', '/v1/UsageRecords?Granularity=weekly', '/nothing']) {
      const { headers, payload } = await ask(url, { 'accept-encoding': 'gzip' })
      assert.ok(payload.length < COMPRESSED_FROM_BYTES)
      assert.deepEqual([headers['content-encoding'], headers.vary], [undefined, undefined])
      assert.doesNotThrow(() => errorIn(payload))
    }
  })

  it('to HEAD says what the answer to GET would', async () => {
    const asked = { 'accept-encoding': 'gzip' }
    const [get, head] = [await ask(LARGE, asked), await ask(LARGE, asked, 'HEAD')]
    assert.equal(head.payload, '')
    for (const name of ['content-encoding', 'content-length', 'vary']) {
      assert.equal(head.headers[name], get.headers[name], name)
    }
  })

  it('is understood by fetch, which asks for it by itself', async () => {
    const url = await fixture.listen()
    const headers = { authorization: basic(fixture.owner), connection: 'close' }
    const reply = await fetch(url + LARGE, { headers })
    assert.equal(reply.headers.get('content-encoding'), 'gzip')
    const { usage_records } = bodyIn<'/v1/UsageRecords'>(await reply.text())
    assert.equal(usage_records.length, 24)
  })
})

describe('Accept-Encoding', () => {
  it('is read with its weights', () => {
    for (const [header, expected] of [
      [undefined, false],
      ['gzip', true],
      ['GZIP', true],
      ['x-gzip', true],
      ['*', true],
      ['deflate , gzip;q=1.0, *;q=0.5', true],
      ['gzip; q=0.001', true],
      ['gzip; Q=0', false],
      ['*;q=0', false],
      ['gzip;q=nonsense', false],
      ['gzipped', false],
    ] as const) {
      assert.equal(acceptsCoding(header, 'gzip'), expected, String(header))
    }
  })
})
