/** The console without a pointer, and as a reader of the screen hears it. */
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import type { Page } from 'playwright-core'
import {
  type ConsoleInBrowser,
  describeInBrowser,
  openConsole,
} from '../../support/console-browser.ts'

describeInBrowser('the console by keys', () => {
  let opened: ConsoleInBrowser
  let page: Page

  before(async () => {
    opened = await openConsole({ sims: 12, days: 3 })
    page = await opened.newPage({ viewport: { width: 1280, height: 900 } })
    page.setDefaultTimeout(15_000)
    await page.goto(`${opened.url}/console/`)
    await opened.signIn(page, opened.operator)
  })
  after(() => opened.close())

  const goTo = async (path: string) => {
    await page.goto(opened.addressOf(path))
    await page.waitForLoadState('networkidle')
  }
  const focused = () => page.evaluate<string>('document.activeElement.textContent')

  it('opens the SIM that was typed, and none that fewer letters have found', async () => {
    await goTo('')
    const field = page.getByLabel('Find a SIM')
    const names = page.locator('.found li span:first-child')
    await field.pressSequentially('-000')
    await names.nth(7).waitFor()
    await field.pressSequentially('6')
    await field.press('Enter')
    await page.locator('main h1', { hasText: /-0006$/ }).waitFor()
    assert.equal(await field.inputValue(), '')
    // Before anything at all is found.
    await field.pressSequentially('-0003')
    await field.press('Enter')
    await page.locator('main h1', { hasText: /-0003$/ }).waitFor()
  })

  it('walks through what is found by arrows, and back into the field', async () => {
    await goTo('')
    const field = page.getByLabel('Find a SIM')
    await field.fill('-000')
    const found = page.locator('.found li a')
    await found.nth(7).waitFor()
    await field.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    assert.equal(await focused(), await found.nth(1).textContent())
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('ArrowUp')
    assert.equal(await page.evaluate('document.activeElement.id'), 'sim-search')
    await page.keyboard.press('Escape')
  })

  it('names each page in its title and among the pages, and goes on at its content', async () => {
    await goTo('')
    assert.equal(await page.title(), 'Fleet – Simtally')
    for (const name of ['SIMs', 'Feeds', 'Manage']) {
      await page.getByRole('link', { name, exact: true }).press('Enter')
      await page.locator('main h1', { hasText: name }).waitFor()
      assert.equal(await page.title(), `${name} – Simtally`)
      assert.equal(await page.evaluate('document.activeElement.id'), 'content')
    }
    const current = page.locator('nav [aria-current]')
    await goTo('sims/SIM')
    const sim = await page.locator('main h1').textContent()
    assert.deepEqual(
      [await page.title(), await current.textContent()],
      [`${sim} – Simtally`, 'SIMs'],
    )
    await goTo('imports/IMPORT')
    assert.deepEqual(
      [await page.title(), await current.textContent()],
      ['demo – Simtally', 'Feeds'],
    )
  })

  it('tells in a table which hours may still grow', async () => {
    await goTo('?period=7d&by=hourly&table=yes')
    const open = page.locator('.chart-table tbody th', { hasText: 'may still grow' })
    await open.first().waitFor()
    const hours = await page.locator('.chart-table tbody tr').count()
    assert.ok((await open.count()) < hours)
    assert.match((await page.locator('.complete').textContent())!, /; later hours may still grow/)
  })

  it('says that a period is too long, and keeps the one that is shown', async () => {
    await goTo('?period=7d')
    await page.locator('.range summary').press('Enter')
    await page.getByLabel('From').fill('2020-01-01')
    await page.getByRole('button', { name: 'Show' }).press('Enter')
    const said = await page.evaluate('document.querySelector("input[name=to]").validationMessage')
    assert.equal(said, 'At most 550 days can be shown.')
    assert.match(page.url(), /period=7d/)
    const [from, to] = ['2026-01-01', '2026-01-31']
    await page.getByLabel('To, inclusive').fill(to!)
    await page.getByLabel('From').fill(from!)
    await page.getByRole('button', { name: 'Show' }).press('Enter')
    await page.waitForURL(/from=2026-01-01&to=2026-01-31/)
  })

  it('calls a SIM among the top ones by its new name', async () => {
    await goTo('')
    const top = page.getByRole('region', { name: 'Top SIMs' }).getByRole('link')
    await top.first().press('Enter')
    await page.getByLabel('Unique name').fill('renamed-by-key')
    await page.getByLabel('Unique name').press('Enter')
    await page.locator('main h1', { hasText: 'renamed-by-key' }).waitFor()
    await page.getByRole('link', { name: 'Fleet', exact: true }).press('Enter')
    await top.first().filter({ hasText: 'renamed-by-key' }).waitFor()
  })
})
