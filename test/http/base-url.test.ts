/** URLs in answers lead back to the server by the way the caller came. */
import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { UsageError } from '../../src/domain/usage-error.ts'
import { buildServer, type ServerOptions } from '../../src/http/server.ts'
import { ask, bodyIn, errorIn } from '../support/answers.ts'
import { NOW } from '../support/builders.ts'
import { basic, HttpFixture } from '../support/http-fixture.ts'
import { talk } from '../support/raw-http.ts'

const FORWARDED = {
  host: 'inside:8080',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'usage.example.com',
  'x-forwarded-prefix': '/iot/',
}
const LIST = '/v1/UsageRecords?PageSize=50&Page=0'

describe('URLs in answers', () => {
  let fixture: HttpFixture

  before(async () => {
    fixture = await HttpFixture.open()
  })

  after(() => fixture.close())

  async function urlGiven(
    options: Partial<ServerOptions>,
    headers: Record<string, string> = {},
  ): Promise<string> {
    const server = buildServer({ store: fixture.store, clock: () => NOW, ...options })
    const authorization = basic(fixture.owner)
    const { body } = await ask(server, {
      url: '/v1/UsageRecords',
      headers: { authorization, ...headers },
    })
    await server.close()
    return body.meta.url
  }

  it('start with the Host of the request', async () => {
    assert.equal(await urlGiven({}, { host: 'meter:8080' }), `http://meter:8080${LIST}`)
  })

  it('cannot begin with a Host that is no address', async () => {
    const hosts = ['a b', '@evil', 'evil/x', '[::1', 'meter:65536', 'meter:99999', 'meter:', 'm?x']
    for (const host of hosts) {
      const { status } = await fixture.get('/v1/UsageRecords', { headers: { host } })
      assert.equal(status, 400, host)
    }
    assert.equal(await urlGiven({}, { host: '[::1]:65535' }), `http://[::1]:65535${LIST}`)
  })

  it('have no second host where the request names all of its URL', async (t) => {
    const server = buildServer({ store: fixture.store, clock: () => NOW })
    t.after(() => server.close())
    await server.listen({ port: 0, host: '127.0.0.1' })
    const { port } = server.server.address() as AddressInfo
    const talkOf = (url: string, host = 'meter') =>
      talk(
        port,
        `GET ${url} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n` +
          `Authorization: ${basic(fixture.owner)}\r\n\r\n`,
      )
    const { text } = await talkOf('http://meter/v1/UsageRecords')
    assert.equal(bodyIn<'/v1/UsageRecords'>(text).meta.url, `http://meter${LIST}`)
    const superSim = await talkOf('http://supersim.meter/v1/Sims', 'supersim.meter')
    assert.match(
      bodyIn<'/supersim/v1/Sims'>(superSim.text).meta.url,
      /^http:\/\/supersim\.meter\/supersim\/v1\/Sims/,
    )
    assert.equal((await talkOf('http://meter')).status, 404)
    for (const url of ['/v1/Sims/pump#4', '/v1/Sims#', '/v1/Sims?Search=pump#4']) {
      const refused = await talkOf(url)
      assert.deepEqual(
        [refused.status, errorIn(refused.text).message],
        [400, 'The URL has a #: write %23'],
      )
    }
  })

  it('of HTTP/1.0, and with a port in Host, can be followed', async (t) => {
    const server = buildServer({ store: fixture.store, clock: () => NOW })
    t.after(() => server.close())
    await server.listen({ port: 0, host: '127.0.0.1' })
    const { port } = server.server.address() as AddressInfo
    const authorization = basic(fixture.owner)
    for (const lines of ['HTTP/1.0', `HTTP/1.0\r\nHost: localhost:${port}`]) {
      const path = '/v1/UsageRecords?Granularity=hourly&PageSize=2'
      const request = `GET ${path} ${lines}\r\nAuthorization: ${authorization}\r\n\r\n`
      const { status, text } = await talk(port, request)
      assert.equal(status, 200)
      const reply = await fetch(bodyIn<'/v1/UsageRecords'>(text).meta.next_page_url!, {
        headers: { authorization, connection: 'close' },
      })
      assert.equal(bodyIn<'/v1/UsageRecords'>(await reply.text()).meta.page, 1)
    }
  })

  it('start with the public URL, whatever the request says', async () => {
    const options = { publicUrl: 'https://usage.example.com', trustProxy: true }
    assert.equal(await urlGiven(options, FORWARDED), `https://usage.example.com${LIST}`)
  })

  it('keep the path of the public URL', async () => {
    for (const publicUrl of ['https://example.com/iot/usage', 'https://example.com/iot/usage/']) {
      assert.equal(await urlGiven({ publicUrl }), `https://example.com/iot/usage${LIST}`)
    }
  })

  it('do not believe forwarded headers unless told to', async () => {
    assert.equal(await urlGiven({}, FORWARDED), `http://inside:8080${LIST}`)
  })

  it('believe the forwarded scheme, host and prefix of a trusted proxy', async () => {
    const expected = `https://usage.example.com/iot${LIST}`
    assert.equal(await urlGiven({ trustProxy: true }, FORWARDED), expected)
    assert.equal(await urlGiven({ trustProxy: ['127.0.0.0/8'] }, FORWARDED), expected)
    assert.equal(await urlGiven({ trustProxy: ['127.0.0.1', '::1'] }, FORWARDED), expected)
  })

  it('do not believe a proxy that is not among the trusted', async () => {
    const trustProxy = ['10.0.0.0/8', '::1']
    assert.equal(await urlGiven({ trustProxy }, FORWARDED), `http://inside:8080${LIST}`)
  })

  it('ignore a forwarded prefix that is no path', async () => {
    for (const prefix of ['iot', '//evil.example', '/a b', '/<b>', '/']) {
      const headers = { ...FORWARDED, 'x-forwarded-prefix': prefix }
      assert.equal(
        await urlGiven({ trustProxy: true }, headers),
        `https://usage.example.com${LIST}`,
      )
    }
  })

  it('cannot start with a public URL that is none', async () => {
    for (const publicUrl of ['usage.example.com', 'ftp://x', 'https://x/?a=b', 'https://u:p@x/']) {
      await assert.rejects(urlGiven({ publicUrl }), (error) => {
        assert.ok(error instanceof UsageError)
        assert.equal(error.field, 'publicUrl')
        return true
      })
    }
  })

  it('cannot depend on a proxy that is no address', async () => {
    for (const proxy of ['somewhere', '10.0.0.0/99', '300.1.1.1']) {
      await assert.rejects(urlGiven({ trustProxy: [proxy] }), UsageError)
    }
  })
})
