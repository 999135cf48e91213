/** Every page of the console by axe-core: light and dark, narrow and wide, and at 200 % zoom. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { after, before, it } from 'node:test'
import type { Page } from 'playwright-core'
import {
  CONSOLE_PAGES,
  type ConsoleInBrowser,
  describeInBrowser,
  openConsole,
} from '../../support/console-browser.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const HOUR_AGO = new Date(Date.now() - 3_600_000).toISOString()

interface Violation {
  readonly id: string
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[]
}

/** What is wrong, and where; empty where nothing is. */
async function faultsOf(page: Page): Promise<string[]> {
  await page.evaluate(AXE)
  const violations = await page.evaluate<Violation[]>('axe.run().then((found) => found.violations)')
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary ?? ''}`),
  )
}

describeInBrowser('every page of the console', () => {
  let opened: ConsoleInBrowser
  before(async () => {
    opened = await openConsole({ sims: 40, days: 12 })
  })
  after(() => opened.close())

  // At 200 % zoom, a window of 1,280 pixels is laid out as 640.
  const widths = { light: [360, 640, 1280], dark: [1280] } as const
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of widths[colorScheme]) {
      it(`has nothing that axe-core finds: ${colorScheme}, ${width} pixels`, async () => {
        const viewport = { width, height: 900 }
        const page = await opened.newPage({ viewport, colorScheme, reducedMotion: 'reduce' })
        await page.goto(`${opened.url}/console/`)
        await page.getByLabel('SID', { exact: true }).waitFor()
        const faults = await faultsOf(page)
        await opened.signIn(page, opened.operator)
        for (const path of Object.values(CONSOLE_PAGES)) {
          await page.goto(opened.addressOf(path))
          await page.waitForLoadState('networkidle')
          faults.push(...(await faultsOf(page)).map((fault) => `${path}: ${fault}`))
          const overflow = await page.evaluate<number>(
            'document.documentElement.scrollWidth - innerWidth',
          )
          assert.ok(overflow <= 0, `${path} is ${overflow} pixels too wide`)
        }
        // What is seen only once something is asked for: a dry run, and dialogs.
        await page.goto(opened.addressOf('feeds'))
        const text = `record_id,sim,occurred_at,plmn,upload\nx,${opened.simSid},${HOUR_AGO},310-260,5\ny,z,,,\n`
        await page.getByLabel('File to deliver').setInputFiles({
          ...{ name: 'a.csv', mimeType: 'text/csv', buffer: Buffer.from(text) },
        })
        await page.getByRole('button', { name: 'Try it out' }).click()
        await page.getByText('Would wait in quarantine').click()
        await page.getByText('SIMs that change').click()
        faults.push(...(await faultsOf(page)))
        await page.goto(opened.addressOf('imports/IMPORT'))
        for (const name of ['Undo …', /^Discard all/]) {
          await page.getByRole('button', { name }).first().click()
          await page.getByRole('dialog').getByRole('button').last().waitFor()
          await page.waitForLoadState('networkidle')
          faults.push(...(await faultsOf(page)))
          await page.keyboard.press('Escape')
        }
        await page.getByLabel('Menu').click()
        await page.getByRole('button', { name: 'Keys' }).click()
        await page.getByRole('dialog').waitFor()
        faults.push(...(await faultsOf(page)))
        assert.deepEqual(faults, [])
        await page.context().close()
      })
    }
  }
})
