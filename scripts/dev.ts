/**
 * `npm run dev`: serves the demo's store, and starts anew when a file of `src` changes. Makes the store
 * when there is none. Arguments go to `simtally serve`, such as `npm run dev -- --port 9000`.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const STORE = 'data/demo.db'
/** The demo writes it once its store has an account. */
const CREDENTIALS = `${STORE}.credentials.json`

const source = fileURLToPath(new URL('../src', import.meta.url))
const program = `${source}/cli/main.ts`

if (![STORE, CREDENTIALS].every((file) => existsSync(file))) {
  process.exitCode = await ended(start([program, 'demo', '--no-serve'], 'inherit'))
}
if (process.exitCode === undefined || process.exitCode === 0) {
  const serving = start(
    [
      ...[`--watch-path=${source}`, '--watch-preserve-output', program],
      ...['serve', '--database', `sqlite:./${STORE}`, '--workers', '1', ...process.argv.slice(2)],
    ],
    'pipe',
  )
  createInterface(serving.stdout!).on('line', (line) => {
    const [url] = /http:\S+$/.exec(line) ?? []
    const told = url === undefined ? [line] : [line, ...requests(url)]
    process.stdout.write(`${told.join('\n')}\n`)
  })
  process.exitCode = await ended(serving)
}

function start(args: readonly string[], stdout: 'inherit' | 'pipe'): ChildProcess {
  return spawn(process.execPath, args, { stdio: ['inherit', stdout, 'inherit'] })
}

/** Resolves to the exit code. A signal to this process means the other one. */
async function ended(child: ChildProcess): Promise<number> {
  const signals = ['SIGINT', 'SIGTERM'] as const
  const pass = (signal: NodeJS.Signals) => child.kill(signal)
  for (const signal of signals) process.on(signal, pass)
  const [code] = await once(child, 'exit')
  for (const signal of signals) process.off(signal, pass)
  return code ?? 1
}

/** A request to paste for each account of the demo, with its credentials. */
function requests(url: string): string[] {
  const accounts: Record<string, { readonly username: string; readonly password: string }> =
    JSON.parse(readFileSync(CREDENTIALS, 'utf8'))
  return Object.values(accounts).map(
    ({ username, password }) => `  curl -u ${username}:${password} '${url}/v1/UsageRecords'`,
  )
}
