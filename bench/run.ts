/**
 * Both first questions in one run: `npm run bench`. Knobs: ROUNDS=3 (pairs of measurements),
 * BATCH=50000 (records in a transaction), SECONDS=4 (of load in each measurement). Pairs alternate,
 * so that a machine that slows down slows both; the ratio is what to quote.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { BATCH_RECORDS_DEFAULT } from '../src/ingest/import-records.ts'
import { openSqliteStore } from '../src/storage/sqlite/sqlite-store.ts'
import { NOW, writeCsv } from './dataset.ts'
import { bareRate, importRate } from './import-rate.ts'
import { requestRate, sampleAnswer, startServer } from './usage-rate.ts'

const rounds = Number(process.env.ROUNDS ?? 3)
const batch = Number(process.env.BATCH ?? BATCH_RECORDS_DEFAULT)
const seconds = Number(process.env.SECONDS ?? 4)

const dir = await mkdtemp(join(tmpdir(), 'simtally-bench-'))
try {
  const date = new Date().toISOString().slice(0, 10)
  console.log(`${date}, Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}`)
  const csv = join(dir, 'records.csv')
  await writeCsv(csv)
  const database = await measureImport(csv)
  await measureUsage(database)
} finally {
  if (!process.env.KEEP) await rm(dir, { recursive: true })
}

async function measureImport(csv: string): Promise<string> {
  const ratios: number[] = []
  let database = ''
  for (let round = 0; round < rounds; round++) {
    const home = await mkdtemp(join(dir, 'import-'))
    database = join(home, 'simtally.db')
    const imported = await importRate(csv, database, batch)
    const bare = bareRate(database, home, batch)
    ratios.push(imported / bare)
    console.log(
      `import, ${batch} a batch: ${rate(imported)} records/s; bare inserts ${rate(bare)} rows/s; ` +
        `ratio ${(imported / bare).toFixed(2)}`,
    )
  }
  console.log(`import ratio, median of ${rounds}: ${median(ratios).toFixed(2)}`)
  return database
}

/** Twice: as imported, and after the days older than 48 h were sealed. */
async function measureUsage(database: string): Promise<void> {
  await compareServers(database, 'a month from the ledger')
  const store = await openSqliteStore(database)
  while (await store.sealNextDay(NOW - 48 * 3_600));
  await store.close()
  await compareServers(database, 'a month of sealed days')
}

async function compareServers(database: string, what: string): Promise<void> {
  const simtally = await startServer('simtally', database)
  const bare = await startServer('bare', await sampleAnswer(simtally.url))
  const ratios: number[] = []
  for (let round = 0; round < rounds; round++) {
    const own = await requestRate(simtally.url, seconds)
    const reference = await requestRate(bare.url, seconds)
    ratios.push(own / reference)
    console.log(
      `${what}: ${rate(own)} requests/s; bare node:http ${rate(reference)}; ` +
        `ratio ${(own / reference).toFixed(2)}`,
    )
  }
  console.log(`${what}, ratio, median of ${rounds}: ${median(ratios).toFixed(2)}`)
  await Promise.all([simtally.stop(), bare.stop()])
}

function rate(perSecond: number): string {
  return Math.round(perSecond).toLocaleString('en')
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}
