/** The console as people use it, in a real browser, on a demo's fleet. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, it } from 'node:test'
import type { Page } from 'playwright-core'
import {
  type ConsoleInBrowser,
  describeInBrowser,
  openConsole,
} from '../../support/console-browser.ts'
import { csvRecords } from '../../support/csv-text.ts'
import { itLong } from '../../support/volume.ts'

let opened: ConsoleInBrowser
let page: Page
/** Requests to anybody but the server itself, and what the browser complains of. */
const complaints: string[] = []

describeInBrowser('the console', () => {
  before(async () => {
    opened = await openConsole({ sims: 40, days: 12 })
    page = await opened.newPage({ viewport: { width: 1280, height: 900 } })
    page.setDefaultTimeout(15_000)
    page.on('request', (request) => {
      if (!request.url().startsWith(opened.url)) complaints.push(request.url())
    })
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('console', (message) => {
      if (/Content.Security.Policy/i.test(message.text())) complaints.push(message.text())
    })
  })
  after(() => opened.close())

  /** The number above the chart. */
  const total = async (name: string) =>
    BigInt((await page.locator(`[data-total=${name}]`).getAttribute('data-exact')) ?? '-1')

  /** Fails where the number above the chart does not become this one. */
  const seen = (name: string, amount: number | bigint, on = page) =>
    on.locator(`[data-total=${name}][data-exact="${amount}"]`).waitFor()

  /** What the API says of the period that the address names. */
  const askedUsage = async (filter = '') => {
    const { searchParams } = new URL(page.url())
    const day = (name: string) => searchParams.get(name)!
    const period = `Start=${day('from')}&End=${day('to')}T23:59:59Z`
    return (await opened.get(`/v1/Usage?${period}${filter}`)).body.usage[0]!
  }

  const goTo = async (path: string) => {
    await page.goto(`${opened.url}/console/${path}`)
    await page.waitForLoadState('networkidle')
  }

  /** Yesterday and the five days before it: nothing of it is still to come. */
  const lastDays = () => {
    const day = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10)
    return `?from=${day(6)}&to=${day(1)}`
  }

  it('says what to do when SID and secret do not belong together', async () => {
    await goTo('sims')
    await page.getByLabel('SID', { exact: true }).fill(opened.account.sid)
    await page.getByLabel('Auth token or secret').fill('wrong')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('do not belong together').waitFor()
  })

  it('signs in, and goes on at the address that was asked for', async () => {
    await opened.signIn(page)
    await page.getByRole('heading', { name: 'SIMs' }).waitFor()
    assert.equal(new URL(page.url()).pathname, '/console/sims')
  })

  it('shows the numbers that the API answers', async () => {
    await goTo(lastDays())
    const { data, commands } = await askedUsage()
    await seen('data', data.total)
    await seen('upload', data.upload)
    await seen('commands', commands.total)
  })

  it('shows as a table what the chart draws, and adds up to the total', async () => {
    await page.getByRole('button', { name: 'Days', exact: true }).click()
    await page.locator('main').press('t')
    const cells = page.locator('.chart-table tbody tr td:nth-of-type(1)')
    await page.locator('.chart-table tbody tr').nth(6).waitFor({ state: 'detached' })
    await cells.nth(5).waitFor()
    const totals = await cells.evaluateAll((found) =>
      found.map((cell) => cell.getAttribute('title')),
    )
    assert.equal(totals.length, 6)
    assert.equal(
      totals.reduce((sum, text) => sum + BigInt(text!), 0n),
      await total('data'),
    )
    await page.locator('main').press('t')
    await page.locator('.chart svg').waitFor()
  })

  it('stacks by what went up and down as well, to the same total', async () => {
    await page.getByRole('button', { name: 'Up and down' }).click()
    const { data } = await askedUsage()
    const chart = page.getByRole('img', { name: /Download .*Upload / })
    await chart.waitFor()
    await seen('upload', data.upload)
    await page.getByRole('button', { name: 'Zones' }).click()
    await page.getByRole('img', { name: /Home .*International roaming / }).waitFor()
  })

  it('reads the chart by arrows, and goes into a bar by Enter', async () => {
    const handle = page.getByRole('slider')
    await handle.focus()
    await page.keyboard.press('ArrowRight')
    assert.match((await handle.getAttribute('aria-valuetext'))!, / UTC: .*Home /)
    const href = page.url()
    const { searchParams: before } = new URL(href)
    await page.keyboard.press('Enter')
    await page.waitForURL((url) => url.href !== href)
    const { searchParams: after } = new URL(page.url())
    assert.equal(after.get('from'), after.get('to'))
    assert.notEqual(after.get('from'), before.get('from'))
    await page.goBack()
    assert.equal(page.url(), href)
  })

  it('filters everything by a click, says so in the address, and takes it back', async () => {
    const all = (await askedUsage()).data.total
    await seen('data', all)
    await page.getByRole('region', { name: 'Countries' }).first().getByRole('link').nth(1).click()
    await page.waitForURL(/country=/)
    const country = new URL(page.url()).searchParams.get('country')!
    const { data } = await askedUsage(`&Country=${country}`)
    await seen('data', data.total)
    assert.notEqual(data.total, all)
    await page.getByRole('link', { name: /Remove\s+Country/ }).click()
    await seen('data', all)
  })

  it('closes a menu by Escape, and takes the filters away by another', async () => {
    const href = page.url()
    await page.getByRole('region', { name: 'Networks' }).first().getByRole('link').first().click()
    await page.waitForURL(/network=/)
    await page.getByLabel('Menu').click()
    const signOut = page.getByRole('button', { name: 'Sign out' })
    await signOut.waitFor()
    await page.keyboard.press('Escape')
    await signOut.waitFor({ state: 'hidden' })
    assert.match(page.url(), /network=/)
    await page.keyboard.press('Escape')
    await page.waitForURL(href)
  })

  it('shows a month, and the months beside it', async () => {
    const href = page.url()
    await page.locator('.range summary').click()
    await page.getByRole('link', { name: 'Last month' }).click()
    await page.waitForURL(/period=last-month/)
    await page.locator('main').press('ArrowLeft')
    await page.waitForURL(/from=\d{4}-\d\d-01&to=\d{4}-\d\d-(28|29|30|31)/)
    await page.locator('main').press('ArrowRight')
    const { searchParams } = new URL(page.url())
    const last = new Date(`${searchParams.get('to')}T00:00:00Z`)
    const month = new Date(Date.now())
    assert.equal(last.getTime(), Date.UTC(month.getUTCFullYear(), month.getUTCMonth(), 0))
    await page.goto(href)
    await page.locator('.chart svg').waitFor()
  })

  it('goes to the period before and back by keys, and compares', async () => {
    const { searchParams: now } = new URL(page.url())
    await page.locator('main').press('ArrowLeft')
    const { searchParams: before } = new URL(page.url())
    assert.notEqual(before.get('to'), now.get('to'))
    await page.locator('main').press('ArrowRight')
    assert.equal(new URL(page.url()).searchParams.get('to'), now.get('to'))
    await page.locator('main').press('c')
    await page.locator('.chart path.before').waitFor({ state: 'attached' })
    await page.locator('main').press('c')
  })

  it('exports what is seen', async () => {
    const downloading = page.waitForEvent('download')
    await page.getByRole('link', { name: 'Export CSV: SIMs by zone and country' }).click()
    const rows = csvRecords(await readFile(await (await downloading).path(), 'utf8'))
    const sum = rows.reduce((bytes, row) => bytes + BigInt(row.data_total!), 0n)
    assert.equal(sum, await total('data'))
  })

  it('finds a SIM while its name is typed, and lists the records behind a bar', async () => {
    const { body: sim } = await opened.get(`/v1/Sims/${opened.simSid}`)
    const name = sim.unique_name!
    await page.locator('main').press('/')
    await page.keyboard.type(sim.iccid!.slice(4))
    await page.getByRole('search').getByRole('link', { name }).click()
    await page.getByRole('heading', { name }).waitFor()
    const { data } = await askedUsage(`&Sim=${opened.simSid}`)
    await seen('data', data.total)

    const handle = page.getByRole('slider')
    await handle.focus()
    let said = ''
    for (let bar = 0; bar < 6 && !/: [1-9]/.test(said); bar++) {
      await page.keyboard.press(bar === 0 ? 'Home' : 'ArrowRight')
      said = (await handle.getAttribute('aria-valuetext'))!
    }
    await page.keyboard.press('Enter')
    await page.getByText('show all of the period').waitFor()
    const rows = page.locator('.answered[aria-busy=false] table.records tbody tr:not(.version)')
    await rows.first().waitFor()
    assert.match((await rows.first().textContent())!, /demo, line [\d,]+/)
  })

  it('gives the same numbers by the request it shows', async () => {
    await page.getByRole('heading', { name: 'The same as a request' }).waitFor()
    const text = (await page.locator('figure.request pre').first().textContent())!
    const [, path = ''] = /'https?:\/\/[^/]+(\/[^']+)'/.exec(text)!
    assert.equal((await opened.get(path)).status, 200)
  })

  itLong('shows a shared link as it was', async () => {
    const other = await opened.newPage()
    await other.goto(page.url())
    await opened.signIn(other)
    await seen('data', await total('data'), other)
    assert.equal(other.url(), page.url())
    await other.context().close()
  })

  itLong('says that the server is away, and goes on when it is back', async () => {
    await opened.stopServer()
    await follow('Fleet')
    await page.getByText('The server does not answer').first().waitFor()
    await opened.startServer()
    await page.locator('.chart svg').waitFor()
    await seen('data', (await askedUsage()).data.total)
  })

  it('signs out, and shows nothing any more', async () => {
    await page.getByLabel('Menu').click()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('button', { name: 'Sign in' }).waitFor()
    await goTo(lastDays())
    await page.getByRole('button', { name: 'Sign in' }).waitFor()
    assert.equal(await page.locator('[data-total]').count(), 0)
  })

  it('has asked nobody but its server, and kept to its policy', () => {
    assert.deepEqual(complaints, [])
  })

  /** By a link, without loading the page again. */
  async function follow(name: string): Promise<void> {
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name }).click()
  }
})
