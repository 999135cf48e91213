/** The console in a real browser: a demo store, a separate server, and Chromium if it is installed. */
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, it } from 'node:test'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { buildConsole, CONSOLE_BUILT } from '../../scripts/build-console.ts'
import { type AnswerTo, askAt } from './answers.ts'
import { chromiumPath } from './chromium.ts'
import { type CliProcess, runCli, startCli } from './cli-process.ts'
import { basic, type TestCredential } from './http-fixture.ts'

/** Null if no browser is installed; tests that need one then say so. */
export function browserPath(): string | null {
  return chromiumPath()
}

/** After `/console/`. `SIM` stands for one with usage, `IMPORT` for the demo's. */
export const CONSOLE_PAGES = {
  fleet: '',
  'fleet-days': '?period=90d&compare=yes',
  'fleet-table': '?period=7d&table=yes',
  'fleet-filtered': '?period=7d&zone=international_roaming&metric=commands',
  sims: 'sims',
  sim: 'sims/SIM?period=7d',
  feeds: 'feeds',
  import: 'imports/IMPORT',
  manage: 'manage',
  missing: 'nowhere',
} as const

const NO_BROWSER = 'no browser is installed: Debian’s package chromium is one'

/** As `describe`. Without a browser, a single test says so and stands for all. */
export function describeInBrowser(name: string, suite: () => void): void {
  if (browserPath() !== null) describe(name, suite)
  else it(`${name}: not run`, (t) => t.diagnostic(NO_BROWSER))
}

export interface ConsoleOptions {
  readonly sims?: number
  readonly days?: number
  readonly workers?: number
}

export interface ConsoleInBrowser {
  /** Without a slash at the end. */
  readonly url: string
  readonly account: TestCredential
  readonly operator: TestCredential
  /** A SIM with usage. */
  readonly simSid: string
  /** The address of one of the pages above. */
  addressOf(path: string): string
  newPage(options?: BrowserContextOptions): Promise<Page>
  /** Asks the server, as the account unless another credential is given. */
  get<const Url extends string>(url: Url, as?: TestCredential): Promise<AnswerTo<Url>>
  post<const Url extends string>(
    url: Url,
    body: URLSearchParams | string,
    as?: TestCredential,
  ): Promise<AnswerTo<Url, 'POST'>>
  /** Runs a command on the store, and returns what it prints as JSON. */
  run(args: readonly string[]): Promise<Record<string, string>>
  /** Writes a file for its commands; resolves to its path. */
  file(name: string, text: string): Promise<string>
  /** In the form that is shown. */
  signIn(page: Page, as?: TestCredential): Promise<void>
  /** Ends the server, and nothing else. */
  stopServer(): Promise<void>
  startServer(): Promise<void>
  /** As if the machine failed: nothing that is under way can finish. */
  killServer(): Promise<void>
  close(): Promise<void>
}

export async function openConsole(options: ConsoleOptions = {}): Promise<ConsoleInBrowser> {
  const { sims = 40, days = 12, workers = 1 } = options
  if (!existsSync(join(CONSOLE_BUILT, 'index.html'))) await buildConsole()
  const folder = await mkdtemp(join(tmpdir(), 'simtally-console-'))
  const store = join(folder, 'demo.db')
  const database = ['--database', `sqlite:${store}`]
  const run = async (args: readonly string[]) => {
    const { exitCode, stdout, stderr } = await runCli([...args, ...database, '--json'])
    if (exitCode !== 0 && exitCode !== 3) throw new Error(stderr)
    return JSON.parse(stdout)
  }
  const demo = await run([...['demo', '--no-serve', '--sims', `${sims}`], '--days', `${days}`])
  const key = await run(['key', 'create', '--operator', '--scope', 'admin', '--label', 'console'])
  const accounts: Record<string, { username: string; password: string }> = JSON.parse(
    await readFile(`${store}.credentials.json`, 'utf8'),
  )
  const [owner] = Object.values(accounts)
  const account = { sid: owner!.username, secret: owner!.password }
  const serveArgs = ['serve', ...database, '--json', '--workers', `${workers}`]
  let server = await startServer([...serveArgs, '--port', '0'])
  const { url } = server
  const browser = await launch()
  return {
    url,
    account,
    operator: { sid: key.sid, secret: key.secret },
    simSid: demo.sim_sid,
    addressOf: (path) =>
      `${url}/console/${path.replace('SIM', demo.sim_sid).replace('IMPORT', demo.import)}`,
    get: (path, as = account) => askAt(url, { url: path, headers: { authorization: basic(as) } }),
    post: (path, body, as = account) =>
      askAt(url, {
        ...{ method: 'POST', url: path, body },
        headers: {
          authorization: basic(as),
          ...(typeof body === 'string' && { 'content-type': 'text/csv' }),
        },
      }),
    run,
    async newPage(contextOptions = {}) {
      const context = await browser.newContext({ timezoneId: 'Asia/Kathmandu', ...contextOptions })
      return context.newPage()
    },
    async file(name, text) {
      const path = join(folder, name)
      await writeFile(path, text)
      return path
    },
    async signIn(page, as = account) {
      await page.getByLabel('SID', { exact: true }).fill(as.sid)
      await page.getByLabel('Auth token or secret').fill(as.secret)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.getByRole('navigation', { name: 'Pages' }).waitFor()
    },
    stopServer: () => ended(server.process),
    async killServer() {
      server.process.child.kill('SIGKILL')
      await server.process.ended()
    },
    async startServer() {
      server = await startServer([...serveArgs, '--port', new URL(url).port])
    },
    async close() {
      await browser.close()
      await ended(server.process)
      await rm(folder, { recursive: true })
    },
  }
}

function launch(): Promise<Browser> {
  const executablePath = browserPath()
  if (executablePath === null) throw new Error(NO_BROWSER)
  return chromium.launch({ executablePath })
}

async function startServer(
  args: readonly string[],
): Promise<{ readonly process: CliProcess; readonly url: string }> {
  const process = startCli(args)
  const listening = Promise.withResolvers<string>()
  createInterface({ input: process.child.stdout! }).on('line', (line) => {
    if (line.startsWith('{"url"')) listening.resolve(JSON.parse(line).url)
  })
  process.ended().then(({ stderr }) => listening.reject(new Error(`serve ended: ${stderr}`)))
  return { process, url: await listening.promise }
}

async function ended(process: CliProcess): Promise<void> {
  process.child.kill('SIGTERM')
  await process.ended()
}

/** Goes to another page of the console by following a link. */
export function followTo(page: Page, name: string): Promise<void> {
  return page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name }).click()
}

/** The bytes of a day, such as `2026-11-29`, shown on the page of the fleet. */
export async function dataShown(page: Page, url: string, day: string): Promise<bigint> {
  await page.goto(`${url}/console/?from=${day}&to=${day}`)
  await page.locator('[data-total=data][data-exact]').waitFor()
  return BigInt((await page.locator('[data-total=data]').getAttribute('data-exact'))!)
}
