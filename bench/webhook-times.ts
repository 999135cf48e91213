/**
 * Question: how long does a webhook sender wait for its answer? Measured: batches of new CloudEvents, posted
 * to `simtally serve` on SQLite by callers that post again as soon as they have their answer, against a bare
 * `node:http` server that only parses the same bodies. Servers take turns. Every request is timed up to the
 * last byte of its answer, which has to count all of its events. `node bench/webhook-times.ts`; knobs:
 * ROUNDS=3, SECONDS=4 (of load in each), CALLERS=10, WORKERS (Simtally's own default unless given).
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { percentile } from './answer-times.ts'
import { startServer, startSimtally } from './bench-servers.ts'
import { type Load, Senders } from './event-sender.ts'
import { fsyncTimes } from './measure.ts'
import { makeWebhookStore } from './parts/deliveries.ts'

const BATCH_SIZES = [1, 10, 100, 1_000] as const
const WARM_UP_SECONDS = 2

const rounds = Number(process.env.ROUNDS ?? 3)
const seconds = Number(process.env.SECONDS ?? 4)
const callers = Number(process.env.CALLERS ?? 10)
const workers = process.env.WORKERS === undefined ? [] : ['--workers', process.env.WORKERS]

const dir = await mkdtemp(join(tmpdir(), 'simtally-bench-'))
try {
  const date = new Date().toISOString().slice(0, 10)
  console.log(`${date}, Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}`)
  console.log(`one fsync: ${told(fsyncTimes(join(dir, 'page')))}; ${callers} callers`)
  const path = join(dir, 'simtally.db')
  await makeWebhookStore(path)
  const simtally = await startSimtally(path, ...workers)
  const sink = await startServer('json-sink')
  const [ownSenders, sinkSenders] = [new Senders(simtally.url), new Senders(sink.url)]
  for (const senders of [ownSenders, sinkSenders]) await senders.load(10, WARM_UP_SECONDS, callers)
  for (const size of BATCH_SIZES) {
    const own: Load[] = []
    const reference: Load[] = []
    for (let round = 0; round < rounds; round++) {
      own.push(await ownSenders.load(size, seconds, callers))
      reference.push(await sinkSenders.load(size, seconds, callers))
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
