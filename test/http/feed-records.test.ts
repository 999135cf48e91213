/** `POST /Feeds/{name}/Records`: deliveries of usage records, whole, cut, packed and too large. */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import type { Sim } from '../../src/domain/directory.ts'
import { zip } from '../cases/zip.ts'
import { errorIn } from '../support/answers.ts'
import { aFeed, imsiOf, NOW, sidOf } from '../support/builders.ts'
import { basic, HttpFixture, type RequestOptions } from '../support/http-fixture.ts'

const BYTES_MAX = 20_000

describe('delivering usage records', () => {
  let fixture: HttpFixture
  let sim: Sim
  let deliveriesEnded = 0

  before(async () => {
    fixture = await HttpFixture.open({
      limits: { deliveryBytes: BYTES_MAX },
      onDelivery: () => {
        deliveriesEnded++
      },
    })
    await fixture.addFeed({ name: 'csv', format: 'csv' })
    sim = await fixture.addSim({ uniqueName: 'tracker-1' })
  })

  after(() => fixture.close())

  let serial = 0
  /** Records of an hour ago with ids of their own, a byte up and two down each. */
  function lines(
    count: number,
    format: 'csv' | 'ndjson' = 'ndjson',
    simName: string = sim.sid,
  ): string {
    const records = Array.from({ length: count }, () => ({
      record_id: `r${++serial}`,
      sim: simName,
      occurred_at: '2026-03-15T11:30:00Z',
      plmn: '310-260',
      upload: 1,
      download: 2,
    }))
    if (format === 'ndjson') return records.map((record) => `${JSON.stringify(record)}\n`).join('')
    const rows = records.map((record) => Object.values(record).join(','))
    return `record_id,sim,occurred_at,plmn,upload,download\n${rows.join('\n')}\n`
  }

  const deliver = (body: string | Buffer, { feed = 'hub', ...options }: Delivery = {}) =>
    fixture.send('POST', `/v1/Feeds/${feed}/Records`, body, { as: fixture.operator, ...options })

  const usageOf = async (used: Sim) =>
    (await fixture.get(`/v1/Sims/${used.sid}/UsageRecords`)).body.usage_records[0]!.data

  it('answers what became of every record, once they are on disk', async () => {
    const own = await fixture.addSim()
    const [first, second] = [lines(1, 'ndjson', own.sid), lines(1, 'ndjson', own.sid)]
    const bad =
      '{"record_id":"b1","sim":"nobody-1","occurred_at":"2026-03-15T11:30:00Z"}\nnot json\n'
    const body = first + bad + second + first
    const answer = await deliver(body)
    assert.equal(answer.status, 200)
    const { import: id, errors, ...rest } = answer.body
    assert.deepEqual(rest, {
      feed: 'hub',
      status: 'done',
      source: 'http',
      format: 'ndjson',
      account_sid: null,
      records: 5,
      accepted: 2,
      duplicate: 1,
      replaced: 0,
      quarantined: 2,
      expired: 0,
      readings: { resets: 0, falls: 0, wraps: 0 },
      checksum: createHash('sha256').update(body).digest('hex'),
      error: null,
      sequence: null,
      complete_through: null,
      date_started: '2026-03-15T12:34:56Z',
      date_finished: '2026-03-15T12:34:56Z',
      date_undone: null,
      url: `http://localhost:80/v1/Imports/${id}`,
      links: { quarantine: `http://localhost:80/v1/Imports/${id}/Quarantine` },
      warnings: [],
    })
    assert.deepEqual(errors.map(({ line, reason, field }) => [line, reason, field]).sort(), [
      [2, 'unknown_sim', 'sim'],
      [3, 'unreadable', null],
    ])
    assert.equal((await usageOf(own)).total, 6)
  })

  it('names the file it is told, finds its number in it, and refuses what is no name of one', async () => {
    const name = 'numbered'
    const sequencePattern = '^n(?<sequence>\\d+)'
    const { id: feedId } = await fixture.store.createFeed(
      aFeed({ name, format: 'ndjson', sequencePattern }),
    )
    const own = await fixture.addSim()
    const record = lines(1, 'ndjson', own.sid)
    const bring = (query: string, what: 'Records' | 'Records/DryRun' = 'Records') =>
      fixture.send('POST', `/v1/Feeds/${name}/${what}?${query}`, record, { as: fixture.operator })
    const gaps = async () => {
      const { body } = await fixture.get(`/v1/Feeds/${name}/Gaps`, { as: fixture.operator })
      return body.gaps.map(({ from, to }) => [from, to])
    }
    assert.equal((await bring('FileName=n1.csv')).body.source, 'n1.csv')
    const { body: fourth } = await bring(`FileName=${encodeURIComponent('n4 Müller.csv')}`)
    assert.equal(fourth.source, 'n4 Müller.csv')
    assert.deepEqual(fourth.warnings, [])
    assert.deepEqual(await gaps(), [[2, 3]])
    // Tried out, it is still missing.
    assert.deepEqual((await bring('FileName=n2.csv', 'Records/DryRun')).body.warnings, [])
    assert.deepEqual(await gaps(), [[2, 3]])
    await bring('FileName=n2.csv')
    assert.deepEqual(await gaps(), [[3, 3]])
    const { body: nameless } = await bring('FileName=')
    assert.equal(nameless.source, 'http')
    assert.match(nameless.warnings[0]!, /does not match the sequence pattern/)
    const { body: events } = await fixture.get(`/v1/Sims/${own.sid}/UsageEvents`, {
      as: fixture.operator,
    })
    assert.deepEqual([events.usage_events[0]!.source, events.usage_events[0]!.line], ['n1.csv', 1])
    for (const wrong of ['a/n3.csv', 'a\\n3', 'n3\n', 'n3\u202e', 'x'.repeat(256)]) {
      for (const what of ['Records', 'Records/DryRun'] as const) {
        const { status, error } = await bring(`FileName=${encodeURIComponent(wrong)}`, what)
        assert.deepEqual([status, error.message.startsWith('FileName ')], [400, true], wrong)
      }
    }
    assert.deepEqual(await gaps(), [[3, 3]])
    // Which of the operator's files are there is not for an account to say.
    await fixture.store.grantFeed(feedId, fixture.owner.account.id, NOW)
    const url = `/v1/Feeds/${name}/Records?FileName=n3.csv`
    assert.equal((await fixture.send('POST', url, record, { as: fixture.owner })).status, 200)
    assert.deepEqual(await gaps(), [[3, 3]])
  })

  it('takes CSV and NDJSON, by content type or as the feed is set up', async () => {
    const typed: [feed: string, format: 'csv' | 'ndjson', contentType: string | undefined][] = [
      ['hub', 'csv', 'text/csv; charset=utf-8'],
      ['csv', 'ndjson', 'application/x-ndjson'],
      ['csv', 'ndjson', 'application/ndjson'],
      ['csv', 'ndjson', 'application/jsonl'],
      ['csv', 'ndjson', 'application/json'],
      ['csv', 'csv', 'text/plain'],
      ['csv', 'csv', 'application/octet-stream'],
      ['hub', 'ndjson', 'application/x-www-form-urlencoded'],
      ['hub', 'ndjson', undefined],
      ['csv', 'csv', undefined],
    ]
    for (const [feed, format, contentType] of typed) {
      const headers = contentType === undefined ? {} : { 'content-type': contentType }
      const { status, body, text } = await deliver(lines(2, format), { feed, headers })
      assert.equal(status, 200, text)
      assert.deepEqual([body.accepted, body.format], [2, format], `${feed} ${contentType}`)
    }
  })

  it('takes gzip, whether a header says so or not', async () => {
    for (const headers of [{ 'content-encoding': 'gzip' }, {}] as RequestOptions['headers'][]) {
      const { status, body } = await deliver(gzipSync(lines(3)), { headers: headers! })
      assert.deepEqual([status, body.accepted], [200, 3])
    }
  })

  it('takes what is packed under the types that programs give it', async () => {
    const packed: [contentType: string, body: Buffer][] = [
      ['application/gzip', gzipSync(lines(3))],
      ['application/x-gzip', gzipSync(lines(3))],
      ['application/zip', zip(['usage.ndjson', lines(3)])],
      ['application/x-zip-compressed', zip(['usage.ndjson', lines(3)])],
    ]
    for (const [contentType, bytes] of packed) {
      const headers = { 'content-type': contentType }
      const { status, body, text } = await deliver(bytes, { headers })
      assert.equal(status, 200, text)
      assert.equal(body.accepted, 3, contentType)
    }
  })

  it('tells when a delivery has ended, well or not', async () => {
    const before = deliveriesEnded
    await deliver(lines(1))
    await deliver('no header', { feed: 'csv' })
    assert.equal(deliveriesEnded, before + 2)
  })

  it('counts nothing twice when all of it comes again', async () => {
    const body = lines(4)
    assert.equal((await deliver(body)).body.accepted, 4)
    const again = (await deliver(gzipSync(body))).body
    assert.deepEqual([again.accepted, again.duplicate], [0, 4])
  })

  it('says what was counted before a gzip stream was cut, and that it may come again', async () => {
    const packed = gzipSync(lines(500))
    const { status, error } = await deliver(packed.subarray(0, packed.length - 20))
    assert.equal(status, 400)
    assert.equal(error.code, 33101)
    assert.match(error.message, /^The delivery could not be read to its end: .*gzip/)
    assert.match(error.message, /; \d+ records.* were counted before, in import IM[0-9a-f]{32}; /)
    assert.match(error.message, /sending the whole delivery again is safe/)
    const [failed] = (await fixture.get('/v1/Imports', { as: fixture.operator })).body.imports
    assert.equal(failed!.status, 'failed')
    assert.ok(failed!.error)
    const whole = (await deliver(packed)).body
    assert.equal(whole.accepted + whole.duplicate, 500)
  })

  it('refuses CSV without a header line', async () => {
    const { status, error } = await deliver('a,b\n1,2\n', { feed: 'csv' })
    assert.deepEqual([status, error.code], [400, 33101])
    assert.match(error.message, /^The delivery could not be read to its end: /)
  })

  it('warns of columns it does not know', async () => {
    const body = lines(1, 'csv')
      .replace('download\n', 'download,colour\n')
      .replace(/2\n$/, '2,red\n')
    const { body: answer } = await deliver(body, { feed: 'csv' })
    assert.equal(answer.accepted, 1)
    assert.match(answer.warnings[0]!, /"colour"/)
  })

  it('refuses a body above the limit before reading it, where Content-Length tells', async () => {
    const { status, error } = await deliver(Buffer.alloc(BYTES_MAX + 1, 'x'))
    assert.equal(status, 413)
    assert.equal(error.code, 20413)
    assert.equal(
      error.message,
      'The body is larger than 20000 bytes: cut the delivery into smaller ones',
    )
  })

  it('refuses it at the limit, where nothing tells how long it is', async () => {
    const url = await listening()
    const { status, text } = await upload(url, async (write) => {
      for (let i = 0; i < 20; i++) await write(lines(100))
    })
    assert.equal(status, 413)
    assert.match(errorIn(text).message, /records were counted before.*again is safe/)
  })

  it('takes in what it does not need to read', { timeout: 10_000 }, async () => {
    const url = await listening()
    const { status } = await upload(url, async (write) => {
      for (let i = 0; i < 200; i++) await write(randomBytes(65_536))
    })
    assert.equal(status, 413)
  })

  it('ends an import as failed when the connection breaks', { timeout: 60_000 }, async () => {
    const url = await listening()
    const call = request(`${url}/v1/Feeds/hub/Records`, {
      method: 'POST',
      headers: { authorization: basic(fixture.operator) },
    })
    call.on('error', () => {})
    call.write(lines(1))
    const newest = async () => (await fixture.store.listImports({}, { limit: 1 }))[0]!
    const idBefore = (await newest()).id
    while ((await newest()).id === idBefore) await setImmediate()
    call.destroy()
    while ((await newest()).status === 'running') await setImmediate()
    const { status, error } = await newest()
    assert.deepEqual([status, error], ['failed', 'the connection ended before the body did'])
  })

  it('refuses bodies that are no records', async () => {
    const image = await deliver('{}', { headers: { 'content-type': 'image/png' } })
    assert.deepEqual([image.status, image.error.code], [415, 20415])
    assert.match(image.error.message, /^Content-Type "image\/png": expected text\/csv, /)
    const brotli = await deliver('x', { headers: { 'content-encoding': 'br' } })
    assert.deepEqual([brotli.status, brotli.error.code], [415, 20415])
    assert.equal(brotli.error.message, 'Content-Encoding "br": expected gzip, or none')
  })

  it('does not know a feed that does not exist', async () => {
    const { status, error } = await deliver(lines(1), { feed: 'nowhere' })
    assert.equal(status, 404)
    assert.equal(error.message, 'The requested resource /Feeds/nowhere/Records was not found')
  })

  it('takes an account’s key for its own SIMs, and tells it nothing of others', async () => {
    const owner = await fixture.addAccount()
    await fixture.store.grantFeed(fixture.feed.id, owner.account.id, NOW)
    const key = await fixture.addKey({ account: owner, scope: 'ingest' })
    const own = await fixture.addSim({}, owner)
    const foreign = lines(1, 'ndjson', sim.sid)
    const unknown = lines(1, 'ndjson', sidOf('DE', 0xdead))
    const { status, body } = await deliver(lines(1, 'ndjson', own.sid) + foreign + unknown, {
      as: key,
    })
    assert.equal(status, 200)
    assert.equal(body.account_sid, owner.sid)
    assert.deepEqual([body.accepted, body.quarantined], [1, 2])
    const [of, none] = body.errors
    assert.equal(of!.reason, 'unknown_sim')
    assert.equal(of!.detail.replace(/"[^"]*"/, ''), none!.detail.replace(/"[^"]*"/, ''))
  })

  it('masks subscriber numbers in what it answers', async () => {
    const { text } = await deliver(lines(1, 'ndjson', imsiOf(999)))
    assert.match(text, /unknown_sim/)
    assert.ok(!text.includes(imsiOf(999)))
  })

  interface Delivery extends RequestOptions {
    readonly feed?: string
  }

  let url: string | undefined
  async function listening(): Promise<string> {
    url ??= await fixture.listen()
    return url
  }

  type Write = (chunk: string | Buffer) => Promise<void>

  /**
   * A chunked upload, which has no Content-Length, on a bare socket: it sends all before it looks
   * for the answer, where the HTTP client of Node stops sending once it has been answered.
   */
  async function upload(to: string, send: (write: Write) => Promise<void>) {
    const socket = connect(Number(new URL(to).port), '127.0.0.1')
    const write: Write = async (chunk) => {
      if (!socket.write(chunk)) await once(socket, 'drain')
    }
    await write(
      'POST /v1/Feeds/hub/Records HTTP/1.1\r\nHost: meter\r\nTransfer-Encoding: chunked\r\n' +
        `Authorization: ${basic(fixture.operator)}\r\n\r\n`,
    )
    await send(async (chunk) => {
      await write(`${Buffer.byteLength(chunk).toString(16)}\r\n`)
      await write(chunk)
      await write('\r\n')
    })
    await write('0\r\n\r\n')
    const [reply] = (await once(socket, 'data')) as [Buffer]
    socket.destroy()
    const [head = '', text = ''] = reply.toString().split('\r\n\r\n')
    return { status: Number(head.split(' ')[1]), text }
  }
})
