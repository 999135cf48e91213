/** nginx and Caddy before a server, as `deploy/` sets them up, with TLS and other ports and files. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { iccidOf } from '../support/builders.ts'
import {
  type Certificate,
  connectTls,
  getOverTls,
  makeCertificate,
} from '../support/certificate.ts'
import { basic, HttpFixture } from '../support/http-fixture.ts'

const DEPLOY = join(import.meta.dirname, '../../deploy')

let folder: string
let certificate: Certificate
let fixture: HttpFixture
let behind: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'simtally-proxies-'))
  certificate = await makeCertificate(join(folder, 'proxy'))
  fixture = await HttpFixture.open({ trustProxy: ['127.0.0.1'] })
  behind = new URL(await fixture.listen()).host
  await fixture.addSim({ iccid: iccidOf(1) as never })
})
after(async () => {
  await fixture.close()
  await rm(folder, { recursive: true, force: true })
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Resolves once somebody listens, rejects when the proxy ends before. */
async function listening(proxy: ChildProcess, port: number): Promise<void> {
  let said = ''
  proxy.stderr!.on('data', (chunk) => {
    said += chunk
  })
  for (;;) {
    if (proxy.exitCode !== null) throw new Error(`the proxy ended: ${said}`)
    const socket = connect(port, '127.0.0.1')
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (isOpen) return
    await setImmediate()
  }
}

const MEGABYTES_3 = 3 * 1_048_576

async function deliverOverTls(port: number): Promise<string> {
  const line = `{"record_id":"r","sim":"${iccidOf(1)}","occurred_at":"2026-03-15T10:00:00Z","plmn":"310-260","upload":1}\n`
  const body = line.repeat(Math.ceil(MEGABYTES_3 / line.length))
  const socket = await connectTls(port, certificate)
  socket.write(
    `POST /v1/Feeds/hub/Records HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n` +
      `Content-Type: application/x-ndjson\r\nContent-Length: ${body.length}\r\n` +
      `Authorization: ${basic(fixture.operator)}\r\n\r\n${body}`,
  )
  let text = ''
  for await (const chunk of socket) text += chunk
  return text
}

async function assertServed(port: number): Promise<void> {
  const headers = [`Authorization: ${basic(fixture.owner)}`]
  const list = await getOverTls(port, '/v1/Sims', { ...certificate, headers })
  assert.match(list, /^HTTP\/1\.1 200 OK\r\n/)
  assert.match(list, new RegExp(`"url":"https://127\\.0\\.0\\.1:${port}/v1/Sims\\?`))
  const delivered = await deliverOverTls(port)
  assert.match(delivered, /^HTTP\/1\.1 200 OK\r\n/)
  assert.match(delivered, /"quarantined":0/)
}

async function stop(proxy: ChildProcess): Promise<void> {
  if (proxy.exitCode !== null) return
  proxy.kill('SIGTERM')
  await once(proxy, 'exit')
}

describe('deploy/nginx.conf', () => {
  it('passes requests and large deliveries on over TLS, and refuses plain HTTP', async () => {
    const [port, plainPort] = [await freePort(), await freePort()]
    const text = (await readFile(join(DEPLOY, 'nginx.conf'), 'utf8'))
      .replace('127.0.0.1:8080', behind)
      .replace('listen 443', `listen 127.0.0.1:${port}`)
      .replace('listen 80', `listen 127.0.0.1:${plainPort}`)
      .replace(/ssl_certificate \S+;/, `ssl_certificate ${certificate.certFile};`)
      .replace(/ssl_certificate_key \S+;/, `ssl_certificate_key ${certificate.keyFile};`)
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${folder}/${name};`,
    )
    await writeFile(
      join(folder, 'nginx.conf'),
      `daemon off; pid ${folder}/nginx.pid; error_log stderr;
      events {} http { access_log off; ${temporary.join(' ')} ${text} }`,
    )
    const proxy = spawn('nginx', ['-c', join(folder, 'nginx.conf'), '-e', 'stderr'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    try {
      await listening(proxy, port)
      await assertServed(port)
      const { status } = await fetch(`http://127.0.0.1:${plainPort}/v1/Sims`)
      assert.equal(status, 403)
    } finally {
      await stop(proxy)
    }
  })
})

describe('deploy/Caddyfile', () => {
  it('passes requests and large deliveries on over TLS', async () => {
    const port = await freePort()
    const text = (await readFile(join(DEPLOY, 'Caddyfile'), 'utf8'))
      .replace('127.0.0.1:8080', behind)
      .replace('usage.example.com', `https://127.0.0.1:${port}`)
      .replace(
        '\treverse_proxy',
        `\ttls ${certificate.certFile} ${certificate.keyFile}\n\treverse_proxy`,
      )
    await mkdir(join(folder, 'caddy'))
    await writeFile(
      join(folder, 'Caddyfile'),
      `{\n\tadmin off\n\tauto_https disable_redirects\n\tstorage file_system ${folder}/caddy\n}\n${text}`,
    )
    const proxy = spawn(
      'caddy',
      ['run', '--adapter', 'caddyfile', '--config', join(folder, 'Caddyfile')],
      {
        env: { PATH: process.env.PATH, HOME: folder },
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    )
    try {
      await listening(proxy, port)
      await assertServed(port)
    } finally {
      await stop(proxy)
    }
  })
})
