/** Connections that are too many, too slow, or say what is no HTTP. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it, type TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { Limits } from '../../src/domain/limits.ts'
import { addressKey } from '../../src/http/client-address.ts'
import { errorIn } from '../support/answers.ts'
import { basic, HttpFixture } from '../support/http-fixture.ts'
import { answerOn, openSocket, type RawAnswer, talk } from '../support/raw-http.ts'

interface Listening {
  readonly fixture: HttpFixture
  readonly port: number
  /** The clock by which slow bodies are told. */
  readonly clock: { ms: number }
}

async function listen(t: TestContext, limits: Partial<Limits> = {}): Promise<Listening> {
  const clock = { ms: 0 }
  const fixture = await HttpFixture.open({ limits, monotonicMs: () => clock.ms })
  t.after(() => fixture.close())
  return { fixture, port: Number(new URL(await fixture.listen()).port), clock }
}

/** The documented form, with a request id, and nothing that a browser or proxy keeps. */
function assertRefused(answer: RawAnswer, status: number): void {
  assert.equal(answer.status, status, answer.text)
  const body = errorIn(answer.text)
  assert.deepEqual(Object.keys(body), ['code', 'message', 'more_info', 'status'])
  assert.equal(body.status, status)
  assert.match(answer.headers['content-type']!, /^application\/json/)
  assert.match(answer.headers['twilio-request-id']!, /^RQ[0-9a-f]{32}$/)
  assert.equal(answer.headers['cache-control'], 'no-store')
  assert.equal(answer.headers['x-content-type-options'], 'nosniff')
}

async function refusals({ fixture }: Listening, limit: string): Promise<number> {
  const { text } = await fixture.get('/metrics', { as: fixture.operator })
  return Number(new RegExp(`limit="${limit}"\\} (\\d+)`).exec(text)?.[1])
}

const delivery = (fixture: HttpFixture, length: number) =>
  'POST /v1/Feeds/hub/Records HTTP/1.1\r\nHost: meter\r\n' +
  `Authorization: ${basic(fixture.operator)}\r\nContent-Length: ${length}\r\n\r\n`

describe('what is no HTTP', () => {
  it('is answered in the documented form', { timeout: 20_000 }, async (t) => {
    const on = await listen(t)
    for (const [text, status] of [
      ['GARBAGE\r\n\r\n', 400],
      ['GET / HTTP/9.9\r\nHost: meter\r\n\r\n', 400],
      ['GET /\u0001 HTTP/1.1\r\nHost: meter\r\n\r\n', 400],
      ['GET /healthz HTTP/1.1\r\nHost: meter\r\nBad Header: 1\r\n\r\n', 400],
      ['POST /v1/Sims HTTP/1.1\r\nHost: meter\r\nContent-Length: -1\r\n\r\n', 400],
      [
        'POST /v1/Sims HTTP/1.1\r\nHost: meter\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
        400,
      ],
      ['\x16\x03\x01\x02\x00\x01\x00\x01', 400],
      [`GET /healthz HTTP/1.1\r\nHost: meter\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
      ['GET /healthz HTTP/1.1\r\nHost: meter\r\nExpect: 200-maybe\r\n\r\n', 417],
      ['CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n', 405],
    ] as const) {
      assertRefused(await talk(on.port, text), status)
    }
    assert.equal(await refusals(on, 'header-bytes'), 1)
  })

  it('is a Host that is missing, several, or more than a name and a port', {
    timeout: 20_000,
  }, async (t) => {
    const { port } = await listen(t)
    const ask = (lines: string, version = '1.1') =>
      talk(port, `GET /v1/Nowhere HTTP/${version}\r\n${lines}Connection: close\r\n\r\n`)
    for (const lines of [
      '',
      'Host:\r\n',
      'Host: a\r\nHost: b\r\n',
      'Host: user@meter\r\n',
      'Host: meter/path\r\n',
      'Host: meter?x\r\n',
      'Host: meter"><script>\r\n',
      'Host: me ter\r\n',
      'Host: meter:port\r\n',
      'Host: meter:123456\r\n',
      `Host: ${'a'.repeat(256)}\r\n`,
    ]) {
      const answer = await ask(lines)
      assertRefused(answer, 400)
      assert.match(errorIn(answer.text).message, /^The header Host is /)
    }
    for (const host of [
      'meter',
      'meter.example.com:8080',
      '10.0.0.1:80',
      '[::1]:8080',
      'my_host',
    ]) {
      assertRefused(await ask(`Host: ${host}\r\n`), 404)
    }
    assertRefused(await ask('', '1.0'), 404)
  })
})

describe('a connection', () => {
  it('on which no request comes to the end of its headers is answered 408', {
    timeout: 20_000,
  }, async (t) => {
    const on = await listen(t, { headerSeconds: 1 })
    const [silent, slow] = await Promise.all([
      talk(on.port, ''),
      talk(on.port, 'GET /healthz HTTP/1.1\r\nHost: meter\r\n'),
    ])
    assertRefused(silent, 408)
    assertRefused(slow, 408)
    assert.equal(await refusals(on, 'header-seconds'), 2)
  })

  it('beyond those of an address is answered 429, and beyond twice as many closed', {
    timeout: 20_000,
  }, async (t) => {
    const on = await listen(t, { connectionsPerAddress: 2 })
    const ask = 'GET /healthz HTTP/1.1\r\nHost: meter\r\n\r\n'
    const first = [await openSocket(on.port), await openSocket(on.port)]
    while (on.fixture.server.connections.open < 2) await setImmediate()
    const third = await openSocket(on.port)
    while (on.fixture.server.connections.open < 3) await setImmediate()
    const fourth = await openSocket(on.port)
    while (on.fixture.server.connections.open < 4) await setImmediate()
    assert.equal((await talk(on.port, ask)).status, 0)
    third.write(ask)
    const refused = await answerOn(third)
    assertRefused(refused, 429)
    assert.equal(refused.headers['retry-after'], '1')
    assert.equal(await refusals(on, 'connections-per-address'), 2)
    for (const socket of [...first, fourth]) socket.destroy()
    while (on.fixture.server.connections.open > 0) await setImmediate()
    const again = await talk(on.port, ask.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))
    assert.equal(again.status, 200)
  })

  it('beyond those of a server is answered 503', { timeout: 20_000 }, async (t) => {
    const on = await listen(t, { connections: 10 })
    const open = await Promise.all(Array.from({ length: 10 }, () => openSocket(on.port)))
    while (on.fixture.server.connections.open < 10) await setImmediate()
    assertRefused(await talk(on.port, 'GET /healthz HTTP/1.1\r\nHost: meter\r\n\r\n'), 503)
    for (const socket of open) socket.destroy()
  })

  it('counts for its address, of IPv6 for its /64', () => {
    assert.equal(addressKey('10.0.0.1'), '10.0.0.1')
    assert.equal(addressKey('::ffff:10.0.0.1'), '10.0.0.1')
    assert.equal(addressKey('2001:db8:0:7:1:2:3:4'), '2001:db8:0:7::/64')
    assert.equal(addressKey('2001:db8:0:7::9'), '2001:db8:0:7::/64')
    assert.equal(addressKey('2001:db8::9'), '2001:db8:0:0::/64')
    assert.equal(addressKey('fe80::1%eth0'), 'fe80:0:0:0::/64')
    assert.equal(addressKey('::1'), '0:0:0:0::/64')
  })
})

describe('a body', () => {
  /** Lets the watch on bodies look once a second, as often as it takes. */
  const pass = (t: TestContext, { clock }: Listening, seconds: number) => {
    for (let i = 0; i < seconds; i++) {
      clock.ms += 1_000
      t.mock.timers.tick(1_000)
    }
  }

  it('of which nothing comes any more is answered 408, and its import ends', {
    timeout: 20_000,
  }, async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    const on = await listen(t)
    const socket = await openSocket(on.port, `${delivery(on.fixture, 100)}{"record_id"`)
    const answer = answerOn(socket)
    const newest = async () => (await on.fixture.store.listImports({}, { limit: 1 }))[0]
    while ((await newest()) === undefined) await setImmediate()
    pass(t, on, 31)
    assertRefused(await answer, 408)
    while ((await newest())!.status === 'running') await setImmediate()
    assert.equal((await newest())!.status, 'failed')
    assert.equal(await refusals(on, 'body-idle-seconds'), 1)
  })

  it('that comes in drops is answered 408', { timeout: 20_000 }, async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    const on = await listen(t)
    const socket = await openSocket(on.port, delivery(on.fixture, 100_000))
    let isOver = false
    const answer = answerOn(socket).finally(() => {
      isOver = true
    })
    while (!isOver) {
      const before = socket.bytesWritten
      socket.write('x')
      while (socket.bytesWritten === before && !isOver) await setImmediate()
      for (let turn = 0; turn < 20; turn++) await setImmediate()
      pass(t, on, 1)
    }
    assertRefused(await answer, 408)
    assert.equal(await refusals(on, 'body-bytes-per-second'), 1)
  })

  it('whose end is not sent after its answer holds its connection no longer than allowed', {
    timeout: 20_000,
  }, async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    const on = await listen(t)
    const socket = await openSocket(
      on.port,
      'POST /v1/Feeds/hub/Records HTTP/1.1\r\nHost: meter\r\nContent-Length: 100\r\n\r\nx',
    )
    const [head] = (await once(socket, 'data')) as [Buffer]
    assert.match(head.toString(), /^HTTP\/1\.1 401 /)
    for (let turn = 0; turn < 20; turn++) await setImmediate()
    const closed = once(socket, 'end')
    pass(t, on, 11)
    await closed
    socket.destroy()
  })

  it('that stalls keeps no server from closing beyond its deadline', {
    timeout: 20_000,
  }, async (t) => {
    const fixture = await HttpFixture.open({ limits: { shutdownSeconds: 0 } })
    t.after(() => fixture.close())
    const port = Number(new URL(await fixture.listen()).port)
    const sockets = [
      await openSocket(port, `${delivery(fixture, 100)}{"record_id"`),
      await openSocket(port, 'GET /healthz HTTP/1.1\r\n'),
      await openSocket(port),
    ]
    while ((await fixture.store.listImports({}, { limit: 1 })).length === 0) await setImmediate()
    const ends = sockets.map((socket) => answerOn(socket))
    await fixture.server.close()
    assert.equal(fixture.server.connections.cutOff, 1)
    await Promise.all(ends)
    const [cut] = await fixture.store.listImports({}, { limit: 1 })
    assert.equal(cut!.status, 'failed')
  })
})
