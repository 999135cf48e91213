/** HTTPS: the same server, whose connections begin with a handshake. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import {
  type Certificate,
  connectTls,
  getOverTls,
  makeCertificate,
} from '../support/certificate.ts'
import { basic, HttpFixture } from '../support/http-fixture.ts'

let folder: string
let certificate: Certificate
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'simtally-tls-'))
  certificate = await makeCertificate(join(folder, 'server'))
})
after(() => rm(folder, { recursive: true, force: true }))

async function openServer(limits = {}): Promise<{ fixture: HttpFixture; port: number }> {
  const fixture = await HttpFixture.open({ tls: certificate, limits })
  return { fixture, port: Number(new URL(await fixture.listen()).port) }
}

describe('a server with a certificate', () => {
  it('answers with URLs of https', async () => {
    const { fixture, port } = await openServer()
    const headers = [`Authorization: ${basic(fixture.owner)}`]
    const text = await getOverTls(port, '/v1/Sims', { ...certificate, headers })
    assert.match(text, /^HTTP\/1\.1 200 OK\r\n/)
    assert.match(text, new RegExp(`"url":"https://127\\.0\\.0\\.1:${port}/v1/Sims\\?`))
    await fixture.close()
  })

  it('closes what does not speak TLS, and goes on', async () => {
    const { fixture, port } = await openServer()
    const plain = connect(port, '127.0.0.1')
    plain.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
    let answer = ''
    for await (const chunk of plain) answer += chunk
    assert.doesNotMatch(answer, /HTTP/)
    assert.match(await getOverTls(port, '/healthz', certificate), /"up"/)
    await fixture.close()
  })

  it('refuses connections beyond its limits in its own form', async () => {
    const { fixture, port } = await openServer({ connectionsPerAddress: 1 })
    const first = await connectTls(port, certificate)
    const refused = await getOverTls(port, '/healthz', certificate)
    assert.match(refused, /^HTTP\/1\.1 429 /)
    assert.match(refused, /More than 1 connections of this address/)
    first.destroy()
    await fixture.close()
  })

  it('gives a handshake as long as headers, and ends at once while one stalls', async () => {
    const slow = await openServer({ headerSeconds: 1 })
    const silent = connect(slow.port, '127.0.0.1')
    silent.on('error', () => {})
    await once(silent, 'close')
    await slow.fixture.close()

    const { fixture, port } = await openServer({ shutdownSeconds: 0 })
    const stalled = connect(port, '127.0.0.1')
    stalled.on('error', () => {})
    await once(stalled, 'connect')
    await getOverTls(port, '/healthz', certificate)
    await fixture.close()
  })

  it('counts a request that it cuts off when it ends', async () => {
    const { fixture, port } = await openServer({ shutdownSeconds: 0 })
    const socket = await connectTls(port, certificate)
    socket.on('error', () => {})
    const begun = once(fixture.server.server, 'request')
    socket.write(
      `POST /v1/Feeds/hub/Records HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n` +
        `Authorization: ${basic(fixture.operator)}\r\n\r\n{`,
    )
    await begun
    await fixture.server.close()
    assert.equal(fixture.server.connections.cutOff, 1)
    await fixture.close()
  })
})
