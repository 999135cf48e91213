/**
 * All questions about PostgreSQL in one run: `npm run bench:postgres`, on a throw-away server whose commits
 * are on disk. Knobs: ROUNDS=5 (of each measurement), BATCH=50000 (records in a transaction), REQUESTS=1000
 * (to each server in a round). What is compared takes turns, so that a machine that slows down affects both.
 * Quote the ratio.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { formatInstant, HOUR_SECONDS } from '../src/domain/time.ts'
import { openStore } from '../src/storage/open-store.ts'
import { BATCH_RECORDS_BEST } from '../src/storage/postgres/postgres-store.ts'
import { startPostgresServer } from '../test/support/postgres-server.ts'
import { accountSid, FEW_SIMS, fillAccount, MANY_SIMS, MONTH_PATHS } from './account-month.ts'
import { type Asked, answerTimes, percentile } from './answer-times.ts'
import { startServer } from './bench-servers.ts'
import { FIRST_HOUR, RECORDS, SIMS, simSid, writeCsv } from './dataset.ts'
import { importRate } from './import-rate.ts'
import { bareRate, ledgerTexts } from './postgres-import-rate.ts'
import { DURABLE_SETTINGS } from './postgres-settings.ts'
import { retentionTime } from './retention-time.ts'

const rounds = Number(process.env.ROUNDS ?? 5)
const batch = Number(process.env.BATCH ?? BATCH_RECORDS_BEST)
const requests = Number(process.env.REQUESTS ?? 1_000)

const MONTH_HOURS = 31 * 24

const dir = await mkdtemp(join(tmpdir(), 'simtally-bench-'))
const server = await startPostgresServer({ settings: DURABLE_SETTINGS })
const client = new pg.Client({ connectionString: server.url })
await client.connect()
try {
  const date = new Date().toISOString().slice(0, 10)
  const { rows } = await client.query<{ server_version: string }>('SHOW server_version')
  console.log(
    `${date}, Node ${process.version}, PostgreSQL ${rows[0]!.server_version} ` +
      `(${DURABLE_SETTINGS.join(', ')}), ${cpus().length} × ${cpus()[0]?.model}`,
  )
  await measureImport()
  await measureSimMonth()
  await measureAccountMonth()
  await measureRetention()
} finally {
  await client.end()
  await server.stop()
  if (!process.env.KEEP) await rm(dir, { recursive: true })
}

function urlOf(schema: string): string {
  return `${server.url}?schema=${schema}`
}

async function measureImport(): Promise<void> {
  const csv = join(dir, 'records.csv')
  await writeCsv(csv)
  const ratios: number[] = []
  for (let round = 0; round < rounds; round++) {
    const schema = `import_${round}`
    const own = await importRate(csv, urlOf(schema), batch)
    const bare = await bareRate(client, schema, await ledgerTexts(client, schema, batch))
    ratios.push(own / bare)
    console.log(
      `import, ${batch} a batch: ${whole(own)} records/s; bare COPY ${whole(bare)} rows/s; ` +
        `ratio ${(own / bare).toFixed(2)}`,
    )
    if (round === 0) await tellSize(schema)
    if (round < rounds - 1) await client.query(`DROP SCHEMA ${schema} CASCADE`)
  }
  tell('import ratio', ratios)
  await client.query('VACUUM (ANALYZE)')
  await importRate(csv, `sqlite:${join(dir, 'sim-month.db')}`, batch)
}

async function tellSize(schema: string): Promise<void> {
  const { rows } = await client.query<{ ledger: string; derived: string }>(
    `SELECT SUM(pg_total_relation_size(c.oid)) FILTER (WHERE relname ~ '^ledger') AS ledger,
            SUM(pg_total_relation_size(c.oid)) FILTER (WHERE relname ~ '^(account|sim)_') AS derived
     FROM pg_class AS c
     WHERE relnamespace = $1::regnamespace AND relkind = 'r'`,
    [schema],
  )
  const { ledger, derived } = rows[0]!
  console.log(
    `size: ${(Number(ledger) / RECORDS).toFixed(0)} bytes a record in the ledger, ` +
      `${(Number(derived) / 1e6).toFixed(1)} MB of derived tables`,
  )
}

/** The same month of the same SIMs, from the last import, on both engines. */
async function measureSimMonth(): Promise<void> {
  const start = formatInstant(FIRST_HOUR)
  const end = formatInstant(FIRST_HOUR + MONTH_HOURS * HOUR_SECONDS)
  const query = `Granularity=hourly&PageSize=1000&Start=${start}&End=${end}`
  const paths = Array.from(
    { length: SIMS },
    (_, sim) => `/v1/Sims/${simSid(sim)}/UsageRecords?${query}`,
  )
  const servers = [
    await startServer('simtally', `sqlite:${join(dir, 'sim-month.db')}`),
    await startServer('simtally', urlOf(`import_${rounds - 1}`)),
  ]
  const asked = servers.map(
    ({ url }): Asked => ({ server: url, accountSid: `AC${'0'.repeat(32)}`, paths }),
  )
  await compareTimes("a SIM's month, hourly", asked, ['SQLite', 'PostgreSQL'])
  for (const one of servers) await one.stop()
}

/** On each engine, accounts with few and with many SIMs. */
async function measureAccountMonth(): Promise<void> {
  for (const [engine, url] of [
    ['PostgreSQL', urlOf('account_month')],
    ['SQLite', `sqlite:${join(dir, 'account-month.db')}`],
  ] as const) {
    const store = await openStore(url, { create: true })
    for (const size of [FEW_SIMS, MANY_SIMS]) {
      const records = await fillAccount(store, size)
      console.log(`${engine}: an account of ${size.sims} SIMs with ${records} records`)
    }
    await store.close()
    if (engine === 'PostgreSQL') await client.query('VACUUM (ANALYZE)')
    const { url: listening, stop } = await startServer('simtally', url)
    for (const path of MONTH_PATHS) {
      const asked = [FEW_SIMS, MANY_SIMS].map(
        (size): Asked => ({ server: listening, accountSid: accountSid(size), paths: [path] }),
      )
      const granularity = /Granularity=(\w+)/.exec(path)![1]
      const what = `${engine}, an account's month, ${granularity}`
      await compareTimes(what, asked, ['100 SIMs', '100 000 SIMs'])
    }
    await stop()
  }
}

async function measureRetention(): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const schema = `retention_${round}`
    const { records, rowsGone, dryRunSeconds, purgeSeconds } = await retentionTime(urlOf(schema))
    console.log(
      `retention: two of twenty months, ${rowsGone} of ${records} records: ` +
        `dry run ${dryRunSeconds.toFixed(2)} s, purge ${purgeSeconds.toFixed(2)} s`,
    )
    await client.query(`DROP SCHEMA ${schema} CASCADE`)
  }
}

/** Two servers, asked by one caller and by ten, after both have run for a while. */
async function compareTimes(
  what: string,
  asked: readonly Asked[],
  names: readonly [string, string],
): Promise<void> {
  await answerTimes(asked, { callers: 10, requests: requests / 2 })
  for (const callers of [1, 10]) {
    const medians: number[] = []
    const p99s: number[] = []
    for (let round = 0; round < rounds; round++) {
      const [first, second] = await answerTimes(asked, { callers, requests })
      medians.push(percentile(second!, 0.5) / percentile(first!, 0.5))
      p99s.push(percentile(second!, 0.99) / percentile(first!, 0.99))
      console.log(
        `${what}, ${callers} at a time: ${names[0]} ${milliseconds(first!)}; ` +
          `${names[1]} ${milliseconds(second!)}`,
      )
    }
    tell(`${what}, ${callers} at a time, ratio of medians`, medians)
    tell(`${what}, ${callers} at a time, ratio of p99`, p99s)
  }
}

function milliseconds(times: readonly number[]): string {
  return `${percentile(times, 0.5).toFixed(1)} ms, p99 ${percentile(times, 0.99).toFixed(1)} ms`
}

function tell(what: string, ratios: readonly number[]): void {
  const sorted = ratios.toSorted((a, b) => a - b)
  const [median, least, most] = [sorted[Math.floor(sorted.length / 2)]!, sorted[0]!, sorted.at(-1)!]
  console.log(
    `${what}, median of ${ratios.length}: ${median.toFixed(2)} ` +
      `(${least.toFixed(2)} to ${most.toFixed(2)})`,
  )
}

function whole(perSecond: number): string {
  return Math.round(perSecond).toLocaleString('en')
}
