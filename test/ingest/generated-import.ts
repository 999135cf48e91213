/**
 * A process that imports records it makes up on the way, and prints the most memory it held:
 * `node --expose-gc generated-import.ts <database folder> <kind> <records>`, as
 * `flat-memory.long.ts` starts it.
 */
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { createGzip } from 'node:zlib'
import { formatInstant, HOUR_SECONDS } from '../../src/domain/time.ts'
import { importRecords } from '../../src/ingest/import-records.ts'
import { openStore } from '../../src/storage/open-store.ts'
import { aFeed, anAccount, NOW, newSimSid, sidOf } from '../support/builders.ts'

const SIMS = 1_000
const CHUNK_CHARACTERS = 100_000
/** Each collects all garbage first, which takes its time. */
const MEASUREMENTS = 100
const HEADER = 'record_id,sim,occurred_at,plmn,country,zone,upload,download,to_sim,from_sim\n'
const COUNTRIES = ['', 'US', 'MX', 'CA', 'DE', 'FR', 'JP', 'BR', 'IN', 'ZA']

export interface MemoryReport {
  readonly accepted: number
  readonly quarantined: number
  /** The most that JavaScript held at once, its buffers included. */
  readonly peakBytes: number
}

/** Hourly records of a fleet, hour after hour. */
function usualLine(index: number, plmn = '310-260', country = ''): string {
  const sim = index % SIMS
  const hour = Math.floor(index / SIMS)
  const at = formatInstant(NOW - 2_500 * HOUR_SECONDS + hour * HOUR_SECONDS + sim)
  return `s${index},${sidOf('DE', sim)},${at},${plmn},${country},,${index},7,0,0\n`
}

function lineWithAnyNetwork(index: number): string {
  const number = index % 99_000
  const plmn = `${200 + Math.floor(number / 1_000)}-${String(number % 1_000).padStart(3, '0')}`
  return usualLine(index, plmn, COUNTRIES[Math.floor(index / 99_000) % COUNTRIES.length])
}

const LINE_OF_KIND: Readonly<Record<string, (index: number) => string>> = {
  usual: usualLine,
  gzip: usualLine,
  'any network': lineWithAnyNetwork,
  // Each is quarantined, and longer than what quarantine keeps of it.
  'too long': (index) => `${index}${'x'.repeat(66_000)}\n`,
  'never closed': (index) => `"${index}${'x'.repeat(60_000)}\n`,
}

let peakBytes = 0
function measure(): void {
  // What waits to be collected is not held.
  globalThis.gc!()
  const { heapUsed, external } = process.memoryUsage()
  peakBytes = Math.max(peakBytes, heapUsed + external)
}

function* content(line: (index: number) => string, records: number): Generator<Buffer> {
  yield Buffer.from(HEADER)
  const linesPerChunk = Math.max(1, Math.floor(CHUNK_CHARACTERS / line(0).length))
  let measureAt = 0
  for (let from = 0; from < records; from += linesPerChunk) {
    const count = Math.min(linesPerChunk, records - from)
    yield Buffer.from(Array.from({ length: count }, (_, i) => line(from + i)).join(''))
    if (from < measureAt) continue
    measure()
    measureAt += records / MEASUREMENTS
  }
}

const [folder = '', kind = '', recordsText = ''] = process.argv.slice(2)
const store = await openStore(`sqlite:${join(folder, 'simtally.db')}`, { create: true })
const account = await store.createAccount(anAccount())
const registrations = Array.from({ length: SIMS }, (_, i) => ({ sid: sidOf('DE', i) }))
await store.registerSims(account.id, registrations, { at: NOW, newSid: newSimSid })

const plain = Readable.from(content(LINE_OF_KIND[kind]!, Number(recordsText)), {
  objectMode: false,
})
const { import: done } = await importRecords({
  store,
  feed: await store.createFeed(aFeed()),
  account: null,
  source: {
    name: kind,
    bytes: kind === 'gzip' ? plain.compose(createGzip({ level: 1 })) : plain,
  },
  clock: () => NOW,
})
await store.close()
const { accepted, quarantined } = done.counts
const report: MemoryReport = { accepted, quarantined, peakBytes }
process.stdout.write(JSON.stringify(report))
