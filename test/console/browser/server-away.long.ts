/** The server goes away while the console is open: what the page says, and how it goes on. */
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import type { CDPSession, Page } from 'playwright-core'
import {
  type ConsoleInBrowser,
  dataShown,
  describeInBrowser,
  followTo,
  openConsole,
} from '../../support/console-browser.ts'

const HEADER = 'record_id,sim,occurred_at,plmn,upload,download'

describeInBrowser('a server that goes away', () => {
  let opened: ConsoleInBrowser
  let page: Page
  let browser: CDPSession
  /** Yesterday at noon. */
  const day = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10)

  before(async () => {
    opened = await openConsole({ sims: 10, days: 3 })
    page = await opened.newPage({ viewport: { width: 1280, height: 900 } })
    page.setDefaultTimeout(30_000)
    await page.goto(`${opened.url}/console/feeds`)
    await opened.signIn(page, opened.operator)
    browser = await page.context().newCDPSession(page)
    await browser.send('Network.enable')
  })
  after(() => opened.close())

  const follow = (name: string) => followTo(page, name)
  const total = () => dataShown(page, opened.url, day)

  const choose = async (name: string, lines: readonly string[]) => {
    await page.goto(`${opened.url}/console/feeds`)
    await page.getByLabel('Feed', { exact: true }).waitFor()
    await page.getByLabel('File to deliver').setInputFiles({
      ...{ name, mimeType: 'text/csv' },
      buffer: Buffer.from([HEADER, ...lines, ''].join('\n')),
    })
    await page.getByLabel('Feed', { exact: true }).fill('demo')
    await page.getByRole('button', { name: 'Try it out' }).click()
    await page.getByText(/records to demo/).waitFor()
  }

  const importButton = () => page.getByRole('button', { name: 'Import', exact: true })

  it('is said by every part of the page, which goes on by itself when it is back', async () => {
    const used = await total()
    await follow('Feeds')
    await page.getByRole('region', { name: 'Deliveries, as a table' }).waitFor()
    await opened.stopServer()
    await page.goBack()
    await page.getByRole('alert').nth(5).waitFor()
    const alerts = page.getByRole('alert')
    for (const text of await alerts.allTextContents()) {
      assert.match(text, /does not answer\. Check that it runs.*continues by itself/)
    }
    await opened.startServer()
    await page.locator(`[data-total=data][data-exact="${used}"]`).waitFor()
    await page.locator('.chart svg').waitFor()
    await alerts.first().waitFor({ state: 'detached' })
  })

  it('leaves who signs out signed in, and says so', async () => {
    const answers = [
      { status: 500, contentType: 'application/json', body: '{"message":"The disk is full"}' },
      null,
    ]
    for (const answer of answers) {
      await page.route('**/console/session', (route) =>
        answer === null ? route.abort() : route.fulfill(answer),
      )
      await page.getByLabel('Menu').click()
      await page.getByRole('button', { name: 'Sign out' }).click()
      const what = answer === null ? 'The server does not answer' : 'The disk is full'
      await page.getByText(`You are still signed in. ${what}`).waitFor()
      await page.unroute('**/console/session')
      await page.keyboard.press('Escape')
    }
  })

  it('is asked again at once by who does not want to wait', async () => {
    await page.route('**/v1/Imports*', (route) => route.abort())
    await follow('Feeds')
    const deliveries = page.getByRole('region', { name: 'Deliveries', exact: true })
    const tryAgain = deliveries.getByRole('button', { name: 'Try again' })
    await tryAgain.waitFor()
    await page.unroute('**/v1/Imports*')
    // Gone by itself in the meantime, it is as good.
    await tryAgain.click().catch(() => {})
    await deliveries.getByRole('table').waitFor()
  })

  it('lets nobody think that there are no accounts', async () => {
    await page.route('**/v1/Accounts*', (route) => route.abort())
    await page.goto(`${opened.url}/console/`)
    await page.getByRole('alert').getByText('continues by itself').waitFor()
    assert.equal(await page.getByText('No accounts yet').count(), 0)
    await page.unroute('**/v1/Accounts*')
    await page.locator('.chart svg').waitFor()
    assert.equal(await page.getByLabel('Account').count(), 1)
  })

  it('while it counts a delivery: it is sent again, and counts once', async () => {
    const before = await total()
    const RECORDS = 120_000
    await choose(
      'many.csv',
      Array.from(
        { length: RECORDS },
        (_, i) => `many-${i},${opened.simSid},${day}T12:00:00Z,310-260,1,0`,
      ),
    )
    // The rest is long on its way, however fast the server counts: the page keeps saying how far it is.
    const line = { offline: false, latency: 0, downloadThroughput: -1 }
    const slow = { ...line, uploadThroughput: 400_000 }
    await browser.send('Network.emulateNetworkConditions', slow)
    await importButton().click()
    await page.getByText(/[1-9][\d,]* of 120,000 records counted/).waitFor()
    await opened.killServer()
    const alert = page.getByRole('alert').getByText('nothing counts twice')
    await alert.waitFor()
    assert.match((await alert.textContent())!, /Import the file again once the server answers/)
    await browser.send('Network.emulateNetworkConditions', { ...line, uploadThroughput: -1 })
    await opened.startServer()
    await page.getByRole('region', { name: 'Deliveries, as a table' }).waitFor()
    await importButton().click()
    await page.getByRole('link', { name: 'Look at it' }).waitFor({ timeout: 60_000 })
    const said = (await page.locator('.notice').textContent())!
    const [, counted, duplicates] = /: ([\d,]+) counted, ([\d,]+) duplicates/.exec(said)!
    const number = (text: string) => Number(text.replaceAll(',', ''))
    assert.equal(number(counted!) + number(duplicates!), RECORDS)
    assert.ok(number(duplicates!) > 0, said)
    assert.equal(await total(), before + BigInt(RECORDS))
  })

  it('says of a delivery how much is counted, unless another one of the same name is under way', async () => {
    await choose(
      'ten.csv',
      Array.from(
        { length: 10 },
        (_, i) => `ten-${i},${opened.simSid},${day}T12:00:00Z,310-260,1,0`,
      ),
    )
    let running: readonly Readonly<Record<string, string | number>>[] = []
    const ten = { import: 'IM1', source: 'ten.csv' }
    await page.route('**/v1/Imports?*Status=running*', (route) =>
      route.fulfill({ json: { imports: running, meta: { next_page_url: null } } }),
    )
    const isLetGo = Promise.withResolvers<void>()
    await page.route('**/v1/Feeds/demo/Records?*', async (route) => {
      running = [{ ...ten, records: 7 }]
      await isLetGo.promise
      await route.continue()
    })
    await importButton().click()
    const status = page.getByRole('status')
    await status.getByText('7 of 10 records counted').waitFor()
    running = [
      { ...ten, records: 8 },
      { import: 'IM3', source: 'other.csv', records: 5 },
    ]
    await status.getByText('8 of 10 records counted').waitFor()
    running = [...running, { ...ten, import: 'IM2', records: 9 }]
    // What is known of it for sure is how much has been sent: nothing is let go.
    await status.getByText('0 % sent').waitFor()
    await page.getByRole('progressbar', { name: 'Sent' }).waitFor()
    running = [{ ...ten, records: 9 }]
    await status.getByText('9 of 10 records counted').waitFor()
    isLetGo.resolve()
    await page.getByRole('link', { name: 'Look at it' }).waitFor()
    await page.unrouteAll({ behavior: 'wait' })
  })
})
