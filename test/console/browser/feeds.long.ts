/** Deliveries in the console: a file that is dropped, its quarantine, and taking it back. */
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import type { Page } from 'playwright-core'
import {
  type ConsoleInBrowser,
  describeInBrowser,
  openConsole,
} from '../../support/console-browser.ts'

const HEADER = 'record_id,sim,occurred_at,plmn,upload,download'
const UNKNOWN_ICCID = '8901260999990000017'

describeInBrowser('deliveries in the console', () => {
  let opened: ConsoleInBrowser
  let page: Page
  /** Yesterday at noon. */
  const day = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10)

  before(async () => {
    opened = await openConsole({ sims: 10, days: 3 })
    page = await opened.newPage({ viewport: { width: 1280, height: 900 } })
    page.setDefaultTimeout(15_000)
    await page.goto(`${opened.url}/console/feeds`)
    await opened.signIn(page, opened.operator)
  })
  after(() => opened.close())

  const follow = (name: string) =>
    page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name }).click()

  const total = async () => {
    await page.goto(`${opened.url}/console/?from=${day}&to=${day}`)
    await page.locator('[data-total=data][data-exact]').waitFor()
    return BigInt((await page.locator('[data-total=data]').getAttribute('data-exact'))!)
  }

  /** As somebody drops it from the desktop. */
  const drop = async (name: string, lines: readonly string[]) => {
    await page.goto(`${opened.url}/console/feeds`)
    const text = [HEADER, ...lines, ''].join('\n')
    const file = await page.evaluateHandle(
      `{ const data = new DataTransfer(); data.items.add(new File([${JSON.stringify(text)}], '${name}')); data }`,
    )
    await page.locator('form.deliver').dispatchEvent('drop', { dataTransfer: file })
    await page.getByText(name).waitFor()
    await page.getByLabel('Feed', { exact: true }).fill('demo')
    await page.getByRole('button', { name: 'Deliver', exact: true }).click()
    await page.getByRole('link', { name: 'Look at it' }).waitFor()
  }

  it('show the state of each feed and what became of each record', async () => {
    const feed = page.getByRole('region', { name: 'Feeds, as a table' }).getByRole('row').nth(1)
    assert.match((await feed.textContent())!, /^demo csv/)
    const delivery = page.getByRole('region', { name: 'Deliveries, as a table' }).getByRole('row')
    assert.match((await delivery.nth(1).textContent())!, /demo.*done/)
  })

  it('come by dropping a file, and the chart has grown by it', async () => {
    const before = await total()
    await drop('more.csv', [
      `c-1,${opened.simSid},${day}T12:00:00Z,310-260,1000000,2000000`,
      `c-2,${UNKNOWN_ICCID},${day}T12:00:00Z,310-260,5,5`,
    ])
    const said = (await page.locator('.notice').textContent())!
    assert.match(said, /2 records: 1 counted.* 1 in quarantine/)
    assert.equal(await total(), before + 3_000_000n)
  })

  it('show what waits, as it came and with its reason, and count it when they can', async () => {
    await follow('Feeds')
    await page
      .getByRole('region', { name: 'Deliveries, as a table' })
      .getByRole('link')
      .first()
      .click()
    await page.getByText('unknown sim').waitFor()
    await page.locator('.reason pre').getByText(UNKNOWN_ICCID).waitFor()
    const { sid, secret } = opened.operator
    const authorization = `Basic ${Buffer.from(`${sid}:${secret}`).toString('base64')}`
    const body = new URLSearchParams({ Iccid: UNKNOWN_ICCID, AccountSid: opened.account.sid })
    const reply = await fetch(`${opened.url}/v1/Sims`, {
      ...{ method: 'POST', headers: { authorization }, body },
    })
    assert.equal(reply.status, 201, await reply.text())
    await page.getByRole('button', { name: 'Recycle' }).click()
    await page.getByText('Tried 1: 1 counted').waitFor()
    await page.getByText('Nothing waits').waitFor()
  })

  it('are taken back, and the chart is as it was', async () => {
    const before = await total()
    await follow('Feeds')
    await page
      .getByRole('region', { name: 'Deliveries, as a table' })
      .getByRole('link')
      .first()
      .click()
    await page.getByRole('button', { name: 'Undo …' }).click()
    await page.getByRole('button', { name: 'Undo 2 records' }).click()
    await page.locator('.title .status.undone').waitFor()
    assert.equal(await total(), before - 3_000_010n)
  })

  it('say what is wrong with a feed that there is not', async () => {
    await page.goto(`${opened.url}/console/feeds`)
    await page.getByLabel('File to deliver').setInputFiles({
      ...{ name: 'a.csv', mimeType: 'text/csv', buffer: Buffer.from(HEADER) },
    })
    await page.getByLabel('Feed', { exact: true }).fill('nobody')
    await page.getByRole('button', { name: 'Deliver', exact: true }).click()
    await page.getByRole('alert').getByText('nobody').waitFor()
  })

  it('cannot be changed by who may only read', async () => {
    const key = await opened.run([
      'key',
      'create',
      '--account',
      opened.account.sid,
      '--scope',
      'read',
    ])
    const other = await opened.newPage()
    await other.goto(opened.addressOf('imports/IMPORT'))
    await opened.signIn(other, { sid: key.sid!, secret: key.secret! })
    await other.getByText('belongs to another account').waitFor()
    await other.goto(opened.addressOf('feeds'))
    await other.getByRole('heading', { name: 'Deliveries' }).waitFor()
    await other.waitForLoadState('networkidle')
    assert.equal(await other.getByRole('button', { name: /Deliver|Undo|Recycle/ }).count(), 0)
    await other.context().close()
  })
})
