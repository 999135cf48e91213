/**
 * Question: with a large fleet, how long does it take from a click in the console to everything that it
 * shows? Measured in Chromium, with `simtally serve` on SQLite: from the click or key press until no part of
 * the page waits for an answer and everything has been drawn. The store is that of `fleet-store.ts`. `node
 * bench/console-times.ts`; knobs: SIMS=100000, MONTHS=18, ROUNDS=5.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Page } from 'playwright-core'
import { buildConsole } from '../scripts/build-console.ts'
import { chromiumPath } from '../test/support/chromium.ts'
import { percentile } from './answer-times.ts'
import { startSimtally } from './bench-servers.ts'
import { AUTH_TOKEN, simSid } from './dataset.ts'
import { createFleet, FLEET_ACCOUNT } from './fleet-store.ts'

const sims = Number(process.env.SIMS ?? 100_000)
const months = Number(process.env.MONTHS ?? 18)
const rounds = Number(process.env.ROUNDS ?? 5)

async function period(page: Page, name: string): Promise<void> {
  const menu = page.locator('.range details')
  if ((await menu.getAttribute('open')) === null) await menu.locator('summary').click()
  await page.getByRole('link', { name }).click()
}

/** Each step begins where the previous one ended. */
const steps: Readonly<Record<string, (page: Page) => Promise<unknown>>> = {
  'fleet, 24 hours': (page) => period(page, 'Last 24 hours'),
  'fleet, 7 days': (page) => period(page, 'Last 7 days'),
  'fleet, 30 days': (page) => period(page, 'Last 30 days'),
  'fleet, 90 days': (page) => period(page, 'Last 90 days'),
  'fleet, 12 months': (page) => period(page, 'Last 12 months'),
  'one country': (page) =>
    page
      .getByRole('link', { name: /^Mexico/ })
      .first()
      .click(),
  'compared with the period before': (page) => page.keyboard.press('c'),
  'the period before': (page) => page.keyboard.press('ArrowLeft'),
  'the SIMs': (page) => page.getByRole('link', { name: 'SIMs', exact: true }).click(),
  'SIMs with a number': (page) =>
    page.getByRole('searchbox', { name: 'Search in names and numbers' }).fill('199'),
  'a SIM': (page) =>
    page
      .getByRole('link', { name: /^pump-/ })
      .first()
      .click(),
  'the feeds': (page) => page.getByRole('link', { name: 'Feeds', exact: true }).click(),
  'the fleet again': (page) => page.getByRole('link', { name: 'Fleet', exact: true }).click(),
}

/** Everything has its answer and has been drawn: two frames have passed with nothing waiting. */
const settled = (page: Page) =>
  page.waitForFunction(
    `new Promise((tell) => {
      const isIdle = () => document.querySelector('[aria-busy="true"]') === null
      requestAnimationFrame(() => requestAnimationFrame(() => tell(isIdle())))
    })`,
    undefined,
    { polling: 'raf' },
  )

const dir = await mkdtemp(join(tmpdir(), 'simtally-bench-'))
try {
  const executablePath = chromiumPath()
  if (executablePath === null) throw new Error('no browser is installed: Debian’s chromium is one')
  const date = new Date().toISOString().slice(0, 10)
  console.log(`${date}, Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}`)
  await buildConsole()
  const path = join(dir, 'simtally.db')
  await createFleet(path, { sims, months })
  const simtally = await startSimtally(path)
  const browser = await chromium.launch({ executablePath })
  const times = new Map<string, number[]>()
  for (let round = 0; round < rounds; round++) {
    const context = await browser.newContext({ viewport: { width: 1_280, height: 1_000 } })
    const page = await context.newPage()
    await page.goto(`${simtally.url}/console/sims/${simSid(1)}`)
    await page.getByLabel('SID', { exact: true }).fill(FLEET_ACCOUNT)
    await page.getByLabel('Auth token or secret').fill(AUTH_TOKEN)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('link', { name: 'Fleet', exact: true }).click()
    await settled(page)
    for (const [name, act] of Object.entries(steps)) {
      const beganAt = performance.now()
      await act(page)
      await settled(page)
      const ofStep = times.get(name) ?? []
      times.set(name, [...ofStep, performance.now() - beganAt])
    }
    await context.close()
  }
  for (const [name, list] of times) {
    const sorted = list.sort((a, b) => a - b)
    const [median, most] = [percentile(sorted, 0.5), percentile(sorted, 1)]
    console.log(`${name}: median ${Math.round(median)} ms, at most ${Math.round(most)} ms`)
  }
  await browser.close()
  await simtally.stop()
} finally {
  await rm(dir, { recursive: true })
}
