/**
 * Question: what does an answer cost beyond HTTP itself?
 * Measured: requests a second for one SIM's month of hourly records with `Granularity=all`, over
 * all SIMs in turn, against a bare `node:http` server that sends the same bytes to the same load.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import autocannon from 'autocannon'
import { formatInstant, HOUR_SECONDS } from '../src/domain/time.ts'
import { AUTH_TOKEN, FIRST_HOUR, SIMS, simSid } from './dataset.ts'

const CONNECTIONS = 10
const MONTH_HOURS = 31 * 24

const authorization = `Basic ${Buffer.from(`AC${'0'.repeat(32)}:${AUTH_TOKEN}`).toString('base64')}`

function monthPath(sim: number): string {
  const start = formatInstant(FIRST_HOUR)
  const end = formatInstant(FIRST_HOUR + MONTH_HOURS * HOUR_SECONDS)
  return `/v1/Sims/${simSid(sim)}/UsageRecords?Granularity=all&Start=${start}&End=${end}`
}

export interface BenchServer {
  readonly url: string
  readonly stop: () => Promise<void>
}

/** Starts `bench/servers/<name>.ts` with arguments; it prints its URL when it listens. */
export async function startServer(name: string, ...values: string[]): Promise<BenchServer> {
  const file = fileURLToPath(new URL(`./servers/${name}.ts`, import.meta.url))
  const child: ChildProcess = spawn(process.execPath, [file, ...values], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [output] = await once(child.stdout!, 'data')
  return {
    url: String(output).trim(),
    stop: async () => {
      child.kill()
      await once(child, 'exit')
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
