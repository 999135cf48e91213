/**
 * Question: how long do questions about a large fleet take over HTTP?
 * Measured: the SIMs that used most in a month, countries and networks over all months, a search by
 * part of a number, and the export of a month, asked of `simtally serve` on SQLite. The totals of SIMs
 * and of their account are written into the tables as sealing would leave them; the last month has a
 * record a day of each SIM as well. `node bench/fleet-times.ts`; knobs: SIMS=100000, MONTHS=18,
 * REQUESTS=200 (of each question), CALLERS=1, WORKERS (Simtally's own default unless given).
 */
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Sid } from '../src/domain/identifiers.ts'
import { DAY_SECONDS, monthNumber, monthStart } from '../src/domain/time.ts'
import { openSqliteStore } from '../src/storage/sqlite/sqlite-store.ts'
import { answerTimes, percentile } from './answer-times.ts'
import { AUTH_TOKEN, createAccountAndFeed, iccid, NOW, simSid } from './dataset.ts'
import { type BenchServer, startSimtally } from './usage-rate.ts'

const sims = Number(process.env.SIMS ?? 100_000)
const months = Number(process.env.MONTHS ?? 18)
const requests = Number(process.env.REQUESTS ?? 200)
const callers = Number(process.env.CALLERS ?? 1)
const workers = process.env.WORKERS === undefined ? [] : ['--workers', process.env.WORKERS]

const ACCOUNT = `AC${'0'.repeat(32)}` as Sid
const authorization = `Basic ${Buffer.from(`${ACCOUNT}:${AUTH_TOKEN}`).toString('base64')}`

/** The last month is over, and settled. */
const endMonth = monthNumber(NOW - 3 * DAY_SECONDS)
const [first, last, end] = [
  monthStart(endMonth - months),
  monthStart(endMonth - 1),
  monthStart(endMonth),
] as const
const day = (at: number) => new Date(at * 1_000).toISOString().slice(0, 10)

async function createFleet(path: string): Promise<void> {
  const store = await openSqliteStore(path, { create: true })
  const { account } = await createAccountAndFeed(store)
  for (let from = 0; from < sims; from += 10_000) {
    const some = Array.from({ length: Math.min(10_000, sims - from) }, (_, i) => ({
      sid: simSid(from + i),
      iccid: iccid(from + i),
      imsis: [String(310_260_000_000_000 + from + i)] as never,
      uniqueName: `pump-${from + i}`,
    }))
    await store.registerSims(account.id, some, { at: NOW, newSid: () => simSid(0) })
  }
  await store.close()
  writeTotals(path)
}

/** What sealing leaves, and the ledger of the last month. Every tenth SIM is abroad. */
function writeTotals(path: string): void {
  const db = new DatabaseSync(path)
  const counters = 'upload, download, to_sim, from_sim'
  const used = '(s.id * 7919 + d.at) % 100003'
  const place = (column: string) =>
    `CASE s.id % 10 WHEN 0 THEN ${column === 'zone' ? '2' : "'MX'"} ELSE ${column === 'zone' ? '0' : "'US'"} END`
  db.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -256000')
  for (let month = endMonth - months; month < endMonth; month++) {
    const [from, to] = [monthStart(month), monthStart(month + 1)]
    const days = `(SELECT value AS at FROM generate_days WHERE value >= ${from} AND value < ${to})`
    db.exec(`
      BEGIN;
      CREATE TEMP TABLE IF NOT EXISTS generate_days AS
        WITH RECURSIVE each(value) AS (
          SELECT ${first} UNION ALL SELECT value + ${DAY_SECONDS} FROM each WHERE value < ${end})
        SELECT value FROM each;
      INSERT INTO sim_day (month, sim_id, zone, country, started_at, ${counters})
        SELECT ${month}, s.id, ${place('zone')}, ${place('country')}, d.at, ${used}, 3 * (${used}), 1, 0
        FROM sim AS s CROSS JOIN ${days} AS d;
      INSERT INTO sim_month (month, sim_id, zone, country, ${counters})
        SELECT month, sim_id, zone, country, SUM(upload), SUM(download), SUM(to_sim), SUM(from_sim)
        FROM sim_day WHERE month = ${month} GROUP BY month, sim_id, zone, country;
      INSERT INTO account_day (account_id, started_at, zone, country, plmn, ${counters})
        SELECT 1, d.at, n.value % 3, substr('USMXFRDEGB', n.value % 5 * 2 + 1, 2),
          printf('3%02d-%02d', 10 + n.value, 10 + n.value), 1000, 2000, 1, 1
        FROM ${days} AS d CROSS JOIN json_each('[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19]') AS n;
      COMMIT`)
    process.stderr.write(`\r${day(from).slice(0, 7)} written `)
  }
  db.exec(`
    BEGIN;
    INSERT INTO ledger (bucket, sim_id, occurred_at, feed_id, record_id, account_id, zone, country,
        plmn, stated, ${counters}, import_id, line, known_at)
      SELECT d.value, s.id, d.value + s.id % ${DAY_SECONDS}, 1, 'r', 1, ${place('zone')},
        ${place('country')}, '310-260', 0, 1, 1, 0, 0, 1, 1, 1
      FROM generate_days AS d CROSS JOIN sim AS s WHERE d.value >= ${last} AND d.value < ${end};
    INSERT INTO ledger (bucket, sim_id, occurred_at, feed_id, record_id, account_id, zone, country,
        plmn, stated, ${counters}, import_id, line, known_at)
      VALUES (${first}, 1, ${first}, 1, 'first', 1, 0, 'US', '310-260', 0, 1, 1, 0, 0, 1, 1, 1);
    INSERT INTO setting (name, value) VALUES ('sealed_through', ${end});
    COMMIT`)
  db.close()
}

const told = (times: readonly number[]) =>
  `p50 ${percentile(times, 0.5).toFixed(1)} ms, p99 ${percentile(times, 0.99).toFixed(1)} ms`

const ask = async (url: string, paths: readonly string[], count = requests) =>
  (
    await answerTimes([{ server: url, accountSid: ACCOUNT, paths }], { callers, requests: count })
  )[0]!

/** Of the serving process and its workers, in MiB. */
function memoryMib(server: number): number {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,rss=']).toString().trim().split('\n')
  return lines
    .map((line) => line.trim().split(/ +/).map(Number))
    .filter(([pid, parent]) => pid === server || parent === server)
    .reduce((sum, [, , kib = 0]) => sum + kib / 1_024, 0)
}

async function exported({
  url,
  pid,
}: BenchServer): Promise<{ rows: number; seconds: number; mib: number }> {
  const beganAt = performance.now()
  const answer = await fetch(`${url}/v1/Usage?Start=${day(last)}&End=${day(end)}&GroupBy=sim`, {
    headers: { authorization, accept: 'text/csv' },
  })
  if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`)
  let rows = -1
  let mib = 0
  for await (const chunk of answer.body!) {
    for (const byte of chunk) if (byte === 10) rows++
    mib = Math.max(mib, memoryMib(pid))
  }
  return { rows, seconds: (performance.now() - beganAt) / 1_000, mib }
}

const dir = await mkdtemp(join(tmpdir(), 'simtally-bench-'))
try {
  const date = new Date().toISOString().slice(0, 10)
  console.log(`${date}, Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}`)
  const path = join(dir, 'simtally.db')
  await createFleet(path)
  const gib = (await stat(path)).size / 2 ** 30
  console.log(`${sims} SIMs, ${months} months, ${gib.toFixed(1)} GiB; ${callers} callers`)
  const simtally = await startSimtally(path, ...workers)
  const { url } = simtally
  const month = (n: number) => monthStart(endMonth - 1 - (n % months))
  const top = Array.from({ length: months }, (_, i) => {
    const [from, to] = [month(i), monthStart(endMonth - (i % months))]
    return `/v1/Usage?Start=${day(from)}&End=${day(to)}&GroupBy=sim&Order=-data&PageSize=20`
  })
  const period = `Start=${day(first)}&End=${day(end)}`
  const number = (i: number) => String((i * 7_919) % sims).padStart(5, '0')
  const questions = {
    'top 20 SIMs of a month': top,
    'countries and networks of all months': [`/v1/Usage?${period}&GroupBy=country,network`],
    'countries of all months, by day': [
      `/v1/Usage?${period}&GroupBy=country&Granularity=daily&PageSize=1000`,
    ],
    search: Array.from({ length: 500 }, (_, i) => `/v1/Sims?Search=${number(i)}&PageSize=20`),
    'search that finds nothing': ['/v1/Sims?Search=zebra&PageSize=20'],
  }
  for (const [name, paths] of Object.entries(questions)) {
    await ask(url, paths, Math.min(paths.length, 20))
    console.log(`${name}: ${told(await ask(url, paths))}`)
  }
  const before = memoryMib(simtally.pid)
  const { rows, seconds, mib } = await exported(simtally)
  console.log(
    `export: ${rows} rows in ${seconds.toFixed(1)} s, ${Math.round((rows / seconds) * 60)} a minute; ` +
      `memory ${Math.round(before)}, then at most ${Math.round(mib)} MiB`,
  )
  const months18 = Array.from(
    { length: 1_000 },
    (_, i) => `/v1/Sims/${simSid((i * 7_919) % sims)}/UsageRecords?${period}`,
  )
  await ask(url, months18)
  const alone = await ask(url, months18)
  let isExporting = true
  const exporting = (async () => {
    while (isExporting) await exported(simtally)
  })()
  const beside = await ask(url, months18)
  isExporting = false
  await exporting
  console.log(`a SIM's months: ${told(alone)}; beside an export: ${told(beside)}`)
  await simtally.stop()
} finally {
  await rm(dir, { recursive: true })
}
