/**
 * All first questions in one run: `npm run bench`. Knobs: ROUNDS=3 (pairs of measurements),
 * BATCH=50000 (records in a transaction), SECONDS=4 (of load in each measurement). Pairs alternate,
 * so that a machine that slows down slows both; the ratio is what to quote.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { BATCH_RECORDS_DEFAULT } from '../src/ingest/import-records.ts'
import { writeCsv } from './dataset.ts'
import { bareRate, commandRate, importRate } from './import-rate.ts'
import {
  type BenchServer,
  requestRate,
  sampleAnswer,
  startServer,
  startSimtally,
} from './usage-rate.ts'

const rounds = Number(process.env.ROUNDS ?? 3)
const batch = Number(process.env.BATCH ?? BATCH_RECORDS_DEFAULT)
const seconds = Number(process.env.SECONDS ?? 4)

const WARM_UP_SECONDS = 2

const dir = await mkdtemp(join(tmpdir(), 'simtally-bench-'))
try {
  const date = new Date().toISOString().slice(0, 10)
  console.log(`${date}, Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}`)
  const csv = join(dir, 'records.csv')
  await writeCsv(csv)
  await measureUsage(await measureImport(csv))
} finally {
  if (!process.env.KEEP) await rm(dir, { recursive: true })
}

/** Answers the paths of two stores: one left by `simtally import`, one in which nothing is sealed. */
async function measureImport(csv: string): Promise<{ imported: string; unsealed: string }> {
  const ratios: number[] = []
  const commandRatios: number[] = []
  let imported = ''
  let unsealed = ''
  for (let round = 0; round < rounds; round++) {
    const home = await mkdtemp(join(dir, 'import-'))
    imported = join(home, 'simtally.db')
    unsealed = join(home, 'unsealed.db')
    const own = await importRate(csv, `sqlite:${unsealed}`, batch)
    const bare = bareRate(unsealed, home, batch)
    const command = await commandRate(csv, imported, batch)
    ratios.push(own / bare)
    commandRatios.push(command / bare)
    console.log(
      `import, ${batch} a batch: ${rate(own)} records/s; bare inserts ${rate(bare)} rows/s; ` +
        `ratio ${(own / bare).toFixed(2)}; as a command, with its start and sealing: ` +
        `${rate(command)} records/s; ratio ${(command / bare).toFixed(2)}`,
    )
  }
  console.log(
    `import ratio, median of ${rounds}: ${median(ratios).toFixed(2)}; ` +
      `as a command ${median(commandRatios).toFixed(2)}`,
  )
  return { imported, unsealed }
}

async function measureUsage({ imported, unsealed }: Record<'imported' | 'unsealed', string>) {
  await compareServers('a month, simtally serve after simtally import', () =>
    startSimtally(imported),
  )
  await compareServers('the same with one worker', () => startSimtally(imported, '--workers', '1'))
  await compareServers('a month from the ledger, the server alone', () =>
    startServer('simtally', `sqlite:${unsealed}`),
  )
}

async function compareServers(what: string, start: () => Promise<BenchServer>): Promise<void> {
  const simtally = await start()
  const bare = await startServer('bare', await sampleAnswer(simtally.url))
  const ratios: number[] = []
  // Code that has run for a while is compiled: both have that behind them.
  for (const { url } of [simtally, bare]) await requestRate(url, WARM_UP_SECONDS)
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
