/** What keeps a server's thread busy for long does not keep hundreds of connections waiting in a row. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { describe, it } from 'node:test'
import Fastify from 'fastify'
import type { HttpServer } from '../../src/http/route-context.ts'
import { listenTogether } from '../../src/http/shared-port.ts'
import { makeCertificate } from '../support/certificate.ts'

const CONNECTIONS = 200

const listening = async (port = 0, answer = async () => 'here'): Promise<HttpServer> => {
  const server = Fastify() as unknown as HttpServer
  server.get('/', answer)
  await listenTogether(server, { port, host: '127.0.0.1' })
  return server
}

const portOf = (server: HttpServer) => (server.server.address() as AddressInfo).port

async function answerOver(socket: Socket): Promise<string> {
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  return (await socket.toArray()).join('')
}

describe('a shared port', { timeout: 30_000 }, () => {
  it('accepts many connections in a turn of the event loop', async () => {
    const server = await listening()
    let accepted = 0
    const done = Promise.withResolvers<void>()
    server.server.on('connection', () => ++accepted === CONNECTIONS && done.resolve())
    const sockets = Array.from({ length: CONNECTIONS }, () => connect(portOf(server), '127.0.0.1'))
    const before = performance.nodeTiming.uvMetricsInfo.loopCount
    await done.promise
    const turns = performance.nodeTiming.uvMetricsInfo.loopCount - before
    assert.ok(turns < CONNECTIONS / 4, `${turns} turns`)
    const answers = await Promise.all(sockets.map(answerOver))
    assert.ok(answers.every((answer) => answer.startsWith('HTTP/1.1 200 ')))
    await server.close()
  })

  it('is closed when every socket is and every answer given, whichever of them it came by', async () => {
    const asked = Promise.withResolvers<void>()
    const go = Promise.withResolvers<string>()
    let waiting = 0
    const server = await listening(0, () => {
      if (++waiting === 20) asked.resolve()
      return go.promise
    })
    const sockets = Array.from({ length: 20 }, () => connect(portOf(server), '127.0.0.1'))
    const answers = sockets.map(answerOver)
    await asked.promise
    let isClosed = false
    const closing = server.close().then(() => {
      isClosed = true
    })
    const late = connect(portOf(server), '127.0.0.1')
    await once(late, 'error')
    assert.equal(isClosed, false)
    go.resolve('here')
    assert.ok((await Promise.all(answers)).every((answer) => answer.startsWith('HTTP/1.1 200 ')))
    await closing
  })

  it('leaves no connection open below TLS whose caller has gone', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'simtally-test-'))
    try {
      const https = await makeCertificate(join(folder, 'server'))
      const server = Fastify({ https }) as unknown as HttpServer
      await listenTogether(server, { port: 0, host: '127.0.0.1' })
      const sockets = Array.from({ length: 100 }, () => connect(portOf(server), '127.0.0.1').end())
      await Promise.all(sockets.map((socket) => once(socket.resume(), 'end')))
      await server.close()
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('is shared with another server, and free when both are closed', async () => {
    const first = await listening()
    const port = portOf(first)
    const second = await listening(port)
    let came = 0
    second.server.on('connection', () => came++)
    const ask = () => answerOver(connect(port, '127.0.0.1'))
    await Promise.all(Array.from({ length: 32 }, ask))
    assert.ok(came > 0 && came < 32, `${came} of 32`)
    await first.close()
    assert.match(await ask(), /here$/)
    await second.close()
    await assert.rejects(ask(), { code: 'ECONNREFUSED' })
  })
})
