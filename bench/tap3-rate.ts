/**
 * Question: how many TAP3 events does one core decode in a second? Measured: a file of 100 000 events (four
 * data records to one message, as long as real ones, with charges and cells), read in chunks of 256 KiB, once
 * to records and once to usage events with their SIM and zone. `node bench/tap3-rate.ts`. Knobs:
 * EVENTS=100000, ROUNDS=7, FORMAT=tap3|nrtrde.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { EventResolver } from '../src/ingest/event-resolver.ts'
import type { ReadRecord } from '../src/ingest/formats/cdr-format.ts'
import { CDR_FORMATS } from '../src/ingest/formats/formats.ts'
import { openSqliteStore } from '../src/storage/sqlite/sqlite-store.ts'
import type { BerNode } from '../test/support/ber-writer.ts'
import { nrtrdeEvent, nrtrdeFile } from '../test/support/nrtrde-writer.ts'
import { call, gprsCall, transferBatch } from '../test/support/tap3-writer.ts'
import { createDirectory, NOW, SIMS } from './dataset.ts'

const CHUNK_BYTES = 262_144
const eventCount = Number(process.env.EVENTS ?? 100_000)
const rounds = Number(process.env.ROUNDS ?? 7)
const format = process.env.FORMAT === 'nrtrde' ? 'nrtrde' : 'tap3'

function imsi(index: number): string {
  return `31026${String(index % SIMS).padStart(10, '0')}`
}

/** Spread over two days, for a fleet that reports every few minutes. */
function start(index: number): string {
  const at = new Date((NOW - 2 * 86_400 + Math.floor((index / eventCount) * 86_400)) * 1000)
  return at.toISOString().replace(/\D/g, '').slice(0, 14)
}

function tapEvent(index: number): BerNode {
  const common = { imsi: imsi(index), msisdn: '15550000001', start: start(index) }
  if (index % 5 === 4) return call({ ...common, direction: 'mo', teleservice: '22' })
  return gprsCall({
    ...common,
    incoming: (index * 104_729) % 10_000_000,
    outgoing: (index * 7_907) % 1_000_000,
    chargingId: 4_000_000_000 + index,
    partial: 'I',
    servingNetwork: index % 3 === 0 ? 'ESPVV' : 'PRTTM',
  })
}

function nrtEvent(index: number): BerNode {
  const common = { imsi: imsi(index), start: start(index) }
  if (index % 5 === 4) return nrtrdeEvent({ ...common, kind: 'moc', teleservice: '22' })
  return nrtrdeEvent({
    ...common,
    kind: 'gprs',
    incoming: (index * 104_729) % 10_000_000,
    outgoing: (index * 7_907) % 1_000_000,
    chargingId: 1_000_000_000 + index,
    servingNetwork: 'PRTTM',
  })
}

function* chunks(file: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < file.length; at += CHUNK_BYTES) yield file.subarray(at, at + CHUNK_BYTES)
}

function decode(file: Uint8Array): number {
  const reader = CDR_FORMATS[format].createReader({})
  let records = 0
  for (const chunk of chunks(file)) records += reader.push(chunk).length
  return records + reader.end().length
}

async function decodeAndResolve(file: Uint8Array, resolver: EventResolver): Promise<number> {
  const reader = CDR_FORMATS[format].createReader({})
  let events = 0
  const resolve = async (records: readonly ReadRecord[]) => {
    events += (await resolver.resolve(records, NOW)).events.length
  }
  for (const chunk of chunks(file)) await resolve(reader.push(chunk))
  await resolve(reader.end())
  return events
}

const dir = await mkdtemp(join(tmpdir(), 'simtally-bench-'))
const store = await openSqliteStore(join(dir, 'simtally.db'), { create: true })
const { account, feed } = await createDirectory(store)
const registrations = Array.from({ length: SIMS }, (_, i) => ({ imsis: [imsi(i) as never] }))
let serial = 0
const newSid = () => `DE${(0xffff_0000 + serial++).toString(16).padStart(32, '0')}` as never
await store.registerSims(account.id, registrations, { at: NOW, newSid })
const resolver = new EventResolver(store, feed, null)

const indexes = Array.from({ length: eventCount }, (_, i) => i)
const file =
  format === 'tap3'
    ? transferBatch({ events: indexes.map(tapEvent) })
    : nrtrdeFile({ events: indexes.map(nrtEvent) })
const date = new Date().toISOString().slice(0, 10)
console.log(`${date}, Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}`)
console.log(`${format}: ${eventCount} events, ${Math.round(file.length / eventCount)} bytes each`)

const rates: Record<'records' | 'events', number[]> = { records: [], events: [] }
for (let round = 0; round < rounds; round++) {
  const cpuOf = async (work: () => number | Promise<number>) => {
    const before = process.cpuUsage()
    const count = await work()
    if (count !== eventCount) throw new Error(`${count} of ${eventCount} came out`)
    const { user, system } = process.cpuUsage(before)
    return count / ((user + system) / 1e6)
  }
  rates.records.push(await cpuOf(() => decode(file)))
  rates.events.push(await cpuOf(() => decodeAndResolve(file, resolver)))
}
await store.close()
await rm(dir, { recursive: true })
for (const [what, perSecond] of Object.entries(rates)) {
  const [min, median, max] = spread(perSecond)
  console.log(`to ${what}: ${median} a second of CPU time, median of ${rounds} (${min} to ${max})`)
}

function spread(values: readonly number[]): string[] {
  const sorted = values.toSorted((a, b) => a - b)
  return [sorted[0]!, sorted[Math.floor(sorted.length / 2)]!, sorted.at(-1)!].map((value) =>
    Math.round(value).toLocaleString('en'),
  )
}
