/**
 * `npm run dev`: serves the demo's store and restarts when a file of `src` changes. Also serves the console,
 * in which every change shows at once. Creates the store if it does not exist. Passes its arguments to
 * `simtally serve`, as in `npm run dev -- --port 9000`.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createServer, type ViteDevServer } from 'vite'
import { CONSOLE_SOURCE } from './build-console.ts'

const STORE = 'data/demo.db'
/** The demo writes this file once its store has an account. */
const CREDENTIALS = `${STORE}.credentials.json`

const source = fileURLToPath(new URL('../src', import.meta.url))
const program = `${source}/cli/main.ts`
const database = ['--database', `sqlite:./${STORE}`]

if (![STORE, CREDENTIALS].every((file) => existsSync(file))) {
  process.exitCode = await ended(start([program, 'demo', '--no-serve'], 'inherit'))
}
if (process.exitCode === undefined || process.exitCode === 0) {
  const serving = start(
    [
      ...[`--watch-path=${source}`, '--watch-preserve-output', program],
      ...['serve', ...database, '--workers', '1', ...process.argv.slice(2)],
    ],
    'pipe',
  )
  let vite: ViteDevServer | null = null
  let target = ''
  createInterface(serving.stdout!).on('line', async (line) => {
    const [, url] = /answers at (http:\S+)$/.exec(line) ?? []
    if (url === undefined) return
    process.stdout.write(`${[line, ...requests(url)].join('\n')}\n`)
    // After a restart, the server usually has the same address as before.
    if (url === target || !existsSync(`${CONSOLE_SOURCE}/index.html`)) return
    target = url
    await vite?.close()
    vite = await serveConsole(url)
    process.stdout.write(`${signInLink(vite)}\n`)
  })
  process.exitCode = await ended(serving)
  await (vite as ViteDevServer | null)?.close()
}

function start(args: readonly string[], stdout: 'inherit' | 'pipe'): ChildProcess {
  return spawn(process.execPath, args, { stdio: ['inherit', stdout, 'inherit'] })
}

/** Resolves to the exit code. Passes signals to this process on to the child. */
async function ended(child: ChildProcess): Promise<number> {
  const signals = ['SIGINT', 'SIGTERM'] as const
  const pass = (signal: NodeJS.Signals) => child.kill(signal)
  for (const signal of signals) process.on(signal, pass)
  const [code] = await once(child, 'exit')
  for (const signal of signals) process.off(signal, pass)
  return code ?? 1
}

/** Serves the console from its source, and passes all other requests to the server. */
async function serveConsole(target: string): Promise<ViteDevServer> {
  const proxy = { '^/(?!console(/|$))': target, '^/console/session$': target }
  const server = await createServer({
    root: CONSOLE_SOURCE,
    logLevel: 'warn',
    clearScreen: false,
    server: { host: '127.0.0.1', proxy },
  })
  return server.listen()
}

function signInLink({ resolvedUrls }: ViteDevServer): string {
  const [url = ''] = resolvedUrls?.local ?? []
  const link = ['console', 'link', '--operator', '--public-url', new URL(url).origin]
  const made = execFileSync(process.execPath, [program, ...link, ...database], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return `  ${made.trim()}`
}

/** One request to paste for each account of the demo, with its credentials. */
function requests(url: string): string[] {
  const accounts: Record<string, { readonly username: string; readonly password: string }> =
    JSON.parse(readFileSync(CREDENTIALS, 'utf8'))
  return Object.values(accounts).map(
    ({ username, password }) => `  curl -u ${username}:${password} '${url}/v1/UsageRecords'`,
  )
}
