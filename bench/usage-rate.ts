/**
 * Question: what does an answer cost beyond HTTP itself?
 * Measured: requests a second for one SIM's month of hourly records with `Granularity=all`, over
 * all SIMs in turn, against a bare `node:http` server that sends the same bytes to the same load.
 * Simtally is `simtally serve` on what `simtally import` left, with its defaults.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import autocannon from 'autocannon'
import { formatInstant } from '../src/domain/time.ts'
import { AUTH_TOKEN, FIRST_HOUR, MONTH_END, SIMS, simSid } from './dataset.ts'
import { LAUNCHER } from './import-rate.ts'

const CONNECTIONS = 10

const authorization = `Basic ${Buffer.from(`AC${'0'.repeat(32)}:${AUTH_TOKEN}`).toString('base64')}`

function monthPath(sim: number): string {
  const start = formatInstant(FIRST_HOUR)
  const end = formatInstant(MONTH_END)
  return `/v1/Sims/${simSid(sim)}/UsageRecords?Granularity=all&Start=${start}&End=${end}`
}

export interface BenchServer {
  readonly url: string
  readonly pid: number
  readonly stop: () => Promise<void>
}

/** Starts `bench/servers/<name>.ts` with arguments; it prints its URL when it listens. */
export function startServer(name: string, ...values: string[]): Promise<BenchServer> {
  const file = fileURLToPath(new URL(`./servers/${name}.ts`, import.meta.url))
  return start([file, ...values], 'inherit')
}

/** Starts `simtally serve` on a store, as a user would, with its log going into a file. */
export async function startSimtally(database: string, ...options: string[]): Promise<BenchServer> {
  const log = await open(`${database}.log`, 'a')
  // One credential asks for all there is.
  const noRate = ['--limit', 'request-rate=1000000', '--limit', 'request-burst=1000000']
  const args = ['serve', '--port', '0', '--database', `sqlite:${database}`, ...noRate, ...options]
  const server = await start([LAUNCHER, ...args], log.fd)
  await log.close()
  return server
}

async function start(args: string[], stderr: 'inherit' | number): Promise<BenchServer> {
  const child: ChildProcess = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', stderr] })
  const [output] = await once(child.stdout!, 'data')
  return {
    url: /http:\S+/.exec(String(output))![0],
    pid: child.pid!,
    stop: async () => {
      child.kill()
      if (child.exitCode === null) await once(child, 'exit')
    },
  }
}

/** What Simtally answers to the first of the measured requests. */
export async function sampleAnswer(url: string): Promise<string> {
  const response = await fetch(url + monthPath(0), { headers: { authorization } })
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  return response.text()
}

export async function requestRate(url: string, seconds: number): Promise<number> {
  const result = await autocannon({
    url,
    connections: CONNECTIONS,
    duration: seconds,
    headers: { authorization },
    requests: Array.from({ length: SIMS }, (_, sim) => ({ path: monthPath(sim) })),
  })
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${result.non2xx} answers were not 2xx`)
  return result.requests.total / result.duration
}
