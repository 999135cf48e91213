/** Servers in processes of their own: Simtally as a user starts it, and those it is compared with. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

export const LAUNCHER = fileURLToPath(new URL('../bin/simtally.js', import.meta.url))

export interface BenchServer {
  readonly url: string
  readonly pid: number
  readonly stop: () => Promise<void>
}

/** Starts `bench/servers/<name>.ts` with arguments. The server prints its URL once it listens. */
export function startServer(name: string, ...values: string[]): Promise<BenchServer> {
  const file = fileURLToPath(new URL(`./servers/${name}.ts`, import.meta.url))
  return start([file, ...values], 'inherit')
}

/** Starts `simtally serve` on a store, as a user would, with its log in a file. */
export async function startSimtally(database: string, ...options: string[]): Promise<BenchServer> {
  const log = await open(`${database}.log`, 'a')
  // One credential sends all requests.
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
