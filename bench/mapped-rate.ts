/**
 * Question: how much of canonical CSV's import speed does mapped CSV keep? Measured: the same 1 M records
 * through the whole import, in turns, once as canonical CSV and once through a mapping: with the same
 * columns, and as a carrier's sheet (semicolons, local time by a pattern, separate MCC and MNC, megabytes as
 * decimals, an id of two columns). Ratios use the medians of all rounds. The ratio of processor time (both
 * threads) is unaffected by what else the machine does. `node bench/mapped-rate.ts`; knobs: ROUNDS=5.
 */
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Feed, FeedSettings } from '../src/domain/directory.ts'
import { importRecords } from '../src/ingest/import-records.ts'
import { openSqliteStore } from '../src/storage/sqlite/sqlite-store.ts'
import { createDirectory, NOW, RECORDS, writeCsv } from './dataset.ts'

const SAME_COLUMNS: FeedSettings = {
  mapping: {
    source: { format: 'csv' },
    fields: {
      record_id: 'record_id',
      sim: 'sim',
      occurred_at: { from: 'occurred_at' },
      plmn: 'plmn',
      country: 'country',
      upload: { from: 'upload', unit: 'bytes' },
      download: { from: 'download', unit: 'bytes' },
      to_sim: 'to_sim',
      from_sim: 'from_sim',
    },
  },
}

const SHEET: FeedSettings = {
  mapping: {
    source: { format: 'csv', delimiter: ';', decimal: ',' },
    fields: {
      record_id: ['Session', 'Part'],
      sim: 'ICCID',
      occurred_at: { from: 'Time', format: 'DD.MM.YYYY HH:mm:ss', zone: 'Europe/Berlin' },
      plmn: { mcc: 'MCC', mnc: 'MNC' },
      upload: { from: 'MB up', unit: 'MB' },
      download: { from: 'MB down', unit: 'MB' },
      to_sim: 'SMS',
    },
    skip: [{ field: 'Type', is: 'Voice' }],
  },
}

const rounds = Number(process.env.ROUNDS ?? 5)
const dir = await mkdtemp(join(tmpdir(), 'simtally-bench-'))
try {
  const date = new Date().toISOString().slice(0, 10)
  console.log(`${date}, Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}`)
  const canonical = join(dir, 'records.csv')
  const sheet = join(dir, 'sheet.csv')
  await writeCsv(canonical)
  await writeSheet(canonical, sheet)
  const deliveries = [
    ['canonical', canonical, 'csv', {}],
    ['same columns', canonical, 'mapped', SAME_COLUMNS],
    ['a sheet', sheet, 'mapped', SHEET],
  ] as const
  const rates = new Map<string, Rate[]>(deliveries.map(([name]) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const [name, path, format, settings] of deliveries) {
      const found = await rateOf(path, format, settings)
      rates.get(name)!.push(found)
      console.log(
        `${name}: ${whole(found.perSecond)} records/s; ${whole(found.perCpuSecond)} a second of processor time`,
      )
    }
  }
  const medianOf = (name: string, of: keyof Rate) =>
    median(rates.get(name)!.map((rate) => rate[of]))
  for (const name of ['same columns', 'a sheet']) {
    const ratio = (of: keyof Rate) => (medianOf(name, of) / medianOf('canonical', of)).toFixed(2)
    console.log(
      `${name}, ratio to canonical, medians of ${rounds}: ${ratio('perSecond')}; processor time ${ratio('perCpuSecond')}`,
    )
  }
} finally {
  await rm(dir, { recursive: true })
}

interface Rate {
  readonly perSecond: number
  readonly perCpuSecond: number
}

async function rateOf(path: string, format: Feed['format'], settings: FeedSettings): Promise<Rate> {
  const home = await mkdtemp(join(dir, 'import-'))
  const store = await openSqliteStore(join(home, 'simtally.db'), { create: true })
  try {
    await createDirectory(store)
    const feed = await store.createFeed({
      name: 'measured',
      format,
      settings,
      onConflict: 'reject',
      defaultZone: null,
      createdAt: NOW,
    })
    const startedAt = performance.now()
    const cpuBefore = process.cpuUsage()
    const { import: done } = await importRecords({
      store,
      feed,
      account: null,
      source: { name: path, bytes: createReadStream(path, { highWaterMark: 262_144 }) },
      clock: () => NOW,
    })
    const seconds = (performance.now() - startedAt) / 1000
    const { user, system } = process.cpuUsage(cpuBefore)
    if (done.counts.accepted !== RECORDS) throw new Error(JSON.stringify(done))
    return { perSecond: RECORDS / seconds, perCpuSecond: (RECORDS / (user + system)) * 1e6 }
  } finally {
    await store.close()
    await rm(home, { recursive: true })
  }
}

async function writeSheet(canonical: string, path: string): Promise<void> {
  async function* lines(): AsyncGenerator<string> {
    yield 'Session;Part;ICCID;Time;MCC;MNC;Type;MB up;MB down;SMS\n'
    let isHeader = true
    for await (const line of createInterface({ input: createReadStream(canonical) })) {
      if (!isHeader) yield sheetLine(line.split(','))
      isHeader = false
    }
  }
  await pipeline(Readable.from(lines()), createWriteStream(path))
}

/** The data is from winter, when Berlin is one hour ahead. */
function sheetLine([id, sim, at, plmn, , , upload, download, toSim]: string[]): string {
  const local = new Date(Date.parse(at!) + 3_600_000).toISOString()
  const [date, time] = local.split(/[T.]/)
  const [mcc, mnc] = plmn!.split('-')
  const megabytes = (bytes: string) => (Number(bytes) / 1e6).toFixed(6).replace('.', ',')
  const day = date!.split('-').reverse().join('.')
  const [session, part] = id!.split('-')
  return `${session};${part};${sim};${day} ${time};${mcc};${mnc};Data;${megabytes(upload!)};${megabytes(download!)};${toSim}\n`
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en')
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}
