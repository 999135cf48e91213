/**
 * Question: how long do questions about a large fleet take over HTTP? Measured: the SIMs with the most usage
 * in a month, countries and networks over all months, a search by part of a number, and the export of a
 * month, all from `simtally serve` on SQLite. The store is that of `fleet-store.ts`. `node
 * bench/fleet-times.ts`; knobs: SIMS=100000, MONTHS=18, REQUESTS=200 (of each question), CALLERS=1, WORKERS
 * (Simtally's own default unless given).
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { monthNumber, monthStart } from '../src/domain/time.ts'
import { answerTimes, percentile } from './answer-times.ts'
import { startSimtally } from './bench-servers.ts'
import { AUTH_TOKEN, NOW, simSid } from './dataset.ts'
import { createFleet, FLEET_ACCOUNT } from './fleet-store.ts'

const sims = Number(process.env.SIMS ?? 100_000)
const months = Number(process.env.MONTHS ?? 18)
const requests = Number(process.env.REQUESTS ?? 200)
const callers = Number(process.env.CALLERS ?? 1)
const workers = process.env.WORKERS === undefined ? [] : ['--workers', process.env.WORKERS]

const authorization = `Basic ${Buffer.from(`${FLEET_ACCOUNT}:${AUTH_TOKEN}`).toString('base64')}`

const day = (at: number) => new Date(at * 1_000).toISOString().slice(0, 10)

const told = (times: readonly number[]) =>
  `p50 ${percentile(times, 0.5).toFixed(1)} ms, p99 ${percentile(times, 0.99).toFixed(1)} ms`

const ask = async (url: string, paths: readonly string[], count = requests) =>
  (
    await answerTimes([{ server: url, accountSid: FLEET_ACCOUNT, paths }], {
      callers,
      requests: count,
    })
  )[0]!

const processes = promisify(execFile)

/** The memory of the serving process and its workers, in MiB. */
async function memoryMib(server: number): Promise<number> {
  const { stdout } = await processes('ps', ['-A', '-o', 'pid=,ppid=,rss='])
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/ +/).map(Number))
    .filter(([pid, parent]) => pid === server || parent === server)
    .reduce((sum, [, , kib = 0]) => sum + kib / 1_024, 0)
}

/** The rows of an export of some months, and what it took. */
async function exported(url: string, months: string): Promise<{ rows: number; seconds: number }> {
  const beganAt = performance.now()
  const answer = await fetch(`${url}/v1/Usage?${months}&GroupBy=sim`, {
    headers: { authorization, accept: 'text/csv' },
  })
  if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`)
  let rows = -1
  for await (const chunk of answer.body!) for (const byte of chunk) if (byte === 10) rows++
  return { rows, seconds: (performance.now() - beganAt) / 1_000 }
}

/** The server's peak memory during the work, sampled a few times a second. */
async function mostMemoryDuring(server: number, work: Promise<unknown>): Promise<number> {
  let mib = 0
  let isOver = false
  const ended = work.finally(() => {
    isOver = true
  })
  while (!isOver) {
    mib = Math.max(mib, await memoryMib(server))
    await Promise.race([ended, new Promise((go) => setTimeout(go, 200))])
  }
  await ended
  return mib
}

const dir = await mkdtemp(join(tmpdir(), 'simtally-bench-'))
try {
  const date = new Date().toISOString().slice(0, 10)
  console.log(`${date}, Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}`)
  const path = join(dir, 'simtally.db')
  const { firstMonth, lastMonth } = await createFleet(path, { sims, months })
  const gib = (await stat(path)).size / 2 ** 30
  console.log(`${sims} SIMs, ${months} months, ${gib.toFixed(1)} GiB; ${callers} callers`)
  const simtally = await startSimtally(path, ...workers)
  const { url } = simtally
  const monthsFrom = (from: number, to = from) =>
    `Start=${day(monthStart(from))}&End=${day(monthStart(to + 1))}`
  const top = (month: number) =>
    `/v1/Usage?${monthsFrom(month)}&GroupBy=sim&Order=-data&PageSize=20`
  const wholeMonths = Array.from({ length: lastMonth - firstMonth + 1 }, (_, i) => firstMonth + i)
  const period = monthsFrom(firstMonth - 1, lastMonth)
  const number = (i: number) => String((i * 7_919) % sims).padStart(5, '0')
  const questions = {
    'top 20 SIMs of a month': wholeMonths.map(top),
    'top 20 SIMs of the month that retention has cut': [top(firstMonth - 1)],
    'top 20 SIMs of this month so far': [top(monthNumber(NOW))],
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
  const before = await memoryMib(simtally.pid)
  const wholeExport = exported(url, monthsFrom(lastMonth))
  const mib = await mostMemoryDuring(simtally.pid, wholeExport)
  const { rows, seconds } = await wholeExport
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
    while (isExporting) await exported(url, monthsFrom(lastMonth))
  })()
  const beside = await ask(url, months18)
  isExporting = false
  await exporting
  console.log(`a SIM's months: ${told(alone)}; beside an export: ${told(beside)}`)
  await simtally.stop()
} finally {
  await rm(dir, { recursive: true })
}
