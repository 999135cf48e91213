/** Names keep their letters: text in another encoding is refused, not replaced. */
import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { isEncodedUtf8 } from '../../src/http/utf8.ts'
import { basic, HttpFixture } from '../support/http-fixture.ts'
import { talk } from '../support/raw-http.ts'

const FORM = 'application/x-www-form-urlencoded'
const PARTS = 'multipart/form-data; boundary=b'
const JSON_TYPE = 'application/json'

const part = (text: string) =>
  `--b\r\nContent-Disposition: form-data; name="FriendlyName"\r\n\r\n${text}\r\n--b--\r\n`

describe('the text of a request', () => {
  let fixture: HttpFixture
  let url: `/v1/Sims/${string}`
  before(async () => {
    fixture = await HttpFixture.open()
    url = `/v1/Sims/${(await fixture.addSim({ friendlyName: 'before' })).sid}`
  })
  after(() => fixture.close())

  const change = (type: string, body: Buffer) =>
    fixture.send('POST', url, body, { headers: { 'content-type': type } })

  it('is kept, whatever its letters are', async () => {
    for (const name of ['München', '東京 🚚', 'M\ufffdnchen', '100 %', '%zz']) {
      for (const [type, text] of [
        [FORM, new URLSearchParams({ FriendlyName: name }).toString()],
        [FORM, `FriendlyName=${name}`],
        [JSON_TYPE, JSON.stringify({ FriendlyName: name })],
        [PARTS, part(name)],
      ] as const) {
        const { status, body } = await change(type, Buffer.from(text))
        assert.deepEqual([status, body.friendly_name], [200, name], text)
      }
    }
    const escaped = await change(JSON_TYPE, Buffer.from('{"FriendlyName":"\\ud83d\\ude9a"}'))
    assert.equal(escaped.body.friendly_name, '🚚')
  })

  it('is refused in a body where it is not UTF-8, and changes nothing', async () => {
    const before = await fixture.get(url)
    for (const [type, text] of [
      [FORM, 'FriendlyName=M%FCnchen'],
      [FORM, 'FriendlyName=a%E2%82'],
      [FORM, 'FriendlyName=%ED%A0%80'],
      [FORM, 'FriendlyName=M\xfcnchen'],
      [JSON_TYPE, '{"FriendlyName":"M\xfcnchen"}'],
      [JSON_TYPE, '{"FriendlyName":"\\ud800"}'],
      [JSON_TYPE, '{"\\udc00":"x"}'],
      [PARTS, part('M\xfcnchen')],
    ] as const) {
      const { status, error } = await change(type, Buffer.from(text, 'latin1'))
      assert.deepEqual([status, error.code], [400, 33101], text)
      assert.match(error.message, /^The body is not (?:percent-encoded )?UTF-8$/)
    }
    assert.equal((await fixture.get(url)).text, before.text)
  })

  it('is refused in a query where it is not UTF-8', async () => {
    for (const query of ['Search=M%FCn', 'Label=site%3D%FF', 'Se%FFarch=x', 'Group=%C0%AE']) {
      const { status, error } = await fixture.get(`/v1/Sims?${query}`)
      assert.equal(status, 400, query)
      assert.equal(error.message, 'The query string is not percent-encoded UTF-8')
    }
    assert.equal((await fixture.get('/v1/Sims?Search=M%C3%BCn%')).status, 200)
  })

  it('is refused in a query that is not percent-encoded', async () => {
    await fixture.listen()
    const { port } = fixture.server.server.address() as AddressInfo
    const { status } = await talk(
      port,
      `GET /v1/Sims?Search=München HTTP/1.1\r\nHost: x\r\nConnection: close\r\n` +
        `Authorization: ${basic(fixture.owner)}\r\n\r\n`,
    )
    assert.equal(status, 400)
  })

  it('is told apart in the time that it takes to read it', () => {
    assert.equal(isEncodedUtf8('%C3'), false)
    assert.equal(isEncodedUtf8('%C3&%BC'), false)
    assert.equal(isEncodedUtf8('%C3%BC'.repeat(100_000)), true)
  })
})
