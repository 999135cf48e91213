/**
 * Question: how long does a webhook sender wait for its answer?
 * Measured: batches of CloudEvents, all of them new, posted to `simtally serve` on SQLite by callers
 * that post again as soon as they are answered, against a bare `node:http` server that only parses
 * the same bodies. Servers take turns. Every request is timed up to the last byte of its answer, which
 * has to count all of its events. `node bench/webhook-times.ts`; knobs: ROUNDS=3, SECONDS=4 (of load in
 * each), CALLERS=10, WORKERS (Simtally's own default unless given).
 */
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatInstant, HOUR_SECONDS } from '../src/domain/time.ts'
import { openSqliteStore } from '../src/storage/sqlite/sqlite-store.ts'
import { percentile } from './answer-times.ts'
import { AUTH_TOKEN, createDirectory, NOW, SIMS, simSid } from './dataset.ts'
import { startServer, startSimtally } from './usage-rate.ts'

const BATCH_SIZES = [1, 10, 100, 1_000] as const
const WARM_UP_SECONDS = 2
const FSYNCS = 200

const rounds = Number(process.env.ROUNDS ?? 3)
const seconds = Number(process.env.SECONDS ?? 4)
const callers = Number(process.env.CALLERS ?? 10)
const workers = process.env.WORKERS === undefined ? [] : ['--workers', process.env.WORKERS]

const authorization = `Basic ${Buffer.from(`AC${'0'.repeat(32)}:${AUTH_TOKEN}`).toString('base64')}`

let events = 0

/** An event that was not sent before, of the hour before the measurement. */
function newEvent() {
  const number = events++
  const at = formatInstant(NOW - HOUR_SECONDS + (number % HOUR_SECONDS))
  return {
    specversion: '1.0',
    type: 'com.twilio.iot.supersim.connection.data-session.updated',
    source: '/v1/Sims',
    id: `EZ${number.toString(16).padStart(32, '0')}`,
    time: at,
    datacontenttype: 'application/json',
    data: {
      event_type: 'connection.data-session.updated',
      sim_sid: simSid(number % SIMS),
      network: { mcc: '310', mnc: '260', iso_country: 'US', friendly_name: 'T-Mobile' },
      apn: 'super',
      rat_type: '4G LTE',
      location: { cell_id: '38010', lac: '1234', lat: null, lon: null },
      data_session_sid: `PI${(number % SIMS).toString(16).padStart(32, '0')}`,
      data_session_update_end_time: at,
      timestamp: at,
      data_upload: (number * 7_907) % 100_000,
      data_download: (number * 104_729) % 1_000_000,
    },
  }
}

interface Load {
  /** Milliseconds, one for each request. */
  readonly times: readonly number[]
  readonly eventsPerSecond: number
}

async function load(url: string, size: number, forSeconds: number): Promise<Load> {
  const agent = new Agent({ keepAlive: true })
  const times: number[] = []
  const startedAt = performance.now()
  const endsAt = startedAt + forSeconds * 1_000
  const caller = async () => {
    while (performance.now() < endsAt) {
      const body = Buffer.from(JSON.stringify(Array.from({ length: size }, newEvent)))
      const askedAt = performance.now()
      const answer = await post(agent, `${url}/v1/Feeds/webhook/Records`, body)
      times.push(performance.now() - askedAt)
      if (JSON.parse(answer).accepted !== size) throw new Error(answer)
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
  agent.destroy()
  const elapsedSeconds = (performance.now() - startedAt) / 1_000
  return { times, eventsPerSecond: (times.length * size) / elapsedSeconds }
}

function post(agent: Agent, url: string, body: Buffer): Promise<string> {
  const headers = {
    authorization,
    'content-type': 'application/cloudevents-batch+json',
    'content-length': body.length,
  }
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', agent, headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.once('end', () => resolve(Buffer.concat(chunks).toString()))
      response.once('error', reject)
    })
    sent.once('error', reject)
    sent.end(body)
  })
}

/** Of a page written at the end of a file and brought to disk: milliseconds, ascending. */
function fsyncTimes(path: string): number[] {
  const file = openSync(path, 'w')
  const page = Buffer.alloc(4_096, 1)
  const times = Array.from({ length: FSYNCS }, () => {
    const startedAt = performance.now()
    writeSync(file, page)
    fsyncSync(file)
    return performance.now() - startedAt
  })
  closeSync(file)
  return times.sort((a, b) => a - b)
}

const dir = await mkdtemp(join(tmpdir(), 'simtally-bench-'))
try {
  const date = new Date().toISOString().slice(0, 10)
  console.log(`${date}, Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}`)
  console.log(`one fsync: ${told(fsyncTimes(join(dir, 'page')))}; ${callers} callers`)
  const path = join(dir, 'simtally.db')
  const store = await openSqliteStore(path, { create: true })
  await createDirectory(store)
  await store.createFeed({
    name: 'webhook',
    format: 'mapped',
    settings: { mapping: 'supersim', usage: 'updated', sim: 'sid' },
    onConflict: 'reject',
    defaultZone: null,
    createdAt: NOW,
  })
  await store.close()
  const simtally = await startSimtally(path, ...workers)
  const sink = await startServer('json-sink')
  for (const { url } of [simtally, sink]) await load(url, 10, WARM_UP_SECONDS)
  for (const size of BATCH_SIZES) {
    const own: Load[] = []
    const reference: Load[] = []
    for (let round = 0; round < rounds; round++) {
      own.push(await load(simtally.url, size, seconds))
      reference.push(await load(sink.url, size, seconds))
    }
    const [ownTimes, referenceTimes] = [own, reference].map(pooled) as [number[], number[]]
    const ratio = percentile(ownTimes, 0.5) / percentile(referenceTimes, 0.5)
    console.log(
      `${size} events a batch: ${told(ownTimes)}, ${rate(own)} events/s; ` +
        `only parsed: ${told(referenceTimes)}, ${rate(reference)} events/s; ` +
        `ratio of the medians ${ratio.toFixed(1)}`,
    )
  }
  await Promise.all([simtally.stop(), sink.stop()])
} finally {
  await rm(dir, { recursive: true })
}

function pooled(loads: readonly Load[]): number[] {
  return loads.flatMap(({ times }) => times).sort((a, b) => a - b)
}

function told(times: readonly number[]): string {
  const [median, p99] = [0.5, 0.99].map((share) => percentile(times, share).toFixed(2))
  return `median ${median} ms, p99 ${p99} ms`
}

function rate(loads: readonly Load[]): string {
  const middle = loads.map(({ eventsPerSecond }) => eventsPerSecond).sort((a, b) => a - b)
  return Math.round(middle[Math.floor(loads.length / 2)]!).toLocaleString('en')
}
