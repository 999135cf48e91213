/** The console of an operator, with names that hold markup, on two workers. */
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import type { Page } from 'playwright-core'
import {
  type ConsoleInBrowser,
  describeInBrowser,
  openConsole,
} from '../../support/console-browser.ts'

const MARKUP = '<img src=x onerror=alert(1)>'

describeInBrowser('the console of an operator', () => {
  let opened: ConsoleInBrowser
  let page: Page

  before(async () => {
    opened = await openConsole({ sims: 10, days: 3, workers: 2 })
    page = await opened.newPage({ viewport: { width: 1280, height: 900 } })
    await page.goto(`${opened.url}/console/`)
    await opened.signIn(page, opened.operator)
  })
  after(() => opened.close())

  const change = async (path: string, form: Record<string, string>) => {
    const { status, text } = await opened.post(path, new URLSearchParams(form), opened.operator)
    assert.equal(status, 200, text)
  }

  it('shows the account that is chosen, and names the feed that is late', async () => {
    await page.getByLabel('Account').waitFor()
    await page.locator('.chart svg').waitFor()
    await page.getByText(/Waiting for/).waitFor()
    assert.match((await page.locator('.complete').textContent())!, /demo \(/)
  })

  it('shows names with markup in them as text', async () => {
    await change(`/v1/Sims/${opened.simSid}`, { FriendlyName: MARKUP })
    await change(`/v1/Accounts/${opened.account.sid}`, { Name: MARKUP })
    let alerts = 0
    page.on('dialog', (dialog) => {
      alerts++
      void dialog.dismiss()
    })
    await page.goto(`${opened.url}/console/sims/${opened.simSid}`)
    await page.getByRole('region', { name: 'Identity' }).getByText(MARKUP).waitFor()
    assert.match((await page.getByLabel('Account').textContent())!, /<img src=x/)
    assert.equal(await page.locator('img').count(), 0)
    assert.equal(alerts, 0)
  })

  it('opens by a link that works once, and leaves nothing of it in the address', async () => {
    const link = await opened.run(['console', 'link', '--account', opened.account.sid])
    const code = new URL(link.url!).hash
    assert.ok(code.length > 20)
    for (const opens of [true, false]) {
      const other = await opened.newPage()
      await other.goto(`${opened.url}/console/sign-in${code}`)
      if (opens) await other.getByRole('navigation', { name: 'Pages' }).waitFor()
      else await other.getByText('has been used or has expired').waitFor()
      assert.equal(new URL(other.url()).hash, '')
      await other.context().close()
    }
  })

  it('is signed in, and signed out, on every worker', async () => {
    const cookie = (await page.context().cookies()).map(({ name, value }) => `${name}=${value}`)
    const statuses = async () =>
      Promise.all(
        Array.from({ length: 12 }, async () => {
          // A connection of its own may come to the other worker.
          const headers = {
            cookie: cookie.join('; '),
            'simtally-console': '1',
            connection: 'close',
          }
          return (await fetch(`${opened.url}/console/session`, { headers })).status
        }),
      )
    assert.deepEqual([...new Set(await statuses())], [200])
    await page.getByLabel('Menu').click()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('button', { name: 'Sign in' }).waitFor()
    assert.deepEqual([...new Set(await statuses())], [401])
  })
})
