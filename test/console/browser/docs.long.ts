/** The page that shows the API, in a browser: under its policy, and by the session of the console. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Browser, chromium, type Page } from 'playwright-core'
import { chromiumPath } from '../../support/chromium.ts'
import { HttpFixture } from '../../support/http-fixture.ts'

let fixture: HttpFixture
let url: string
let browser: Browser
before(async () => {
  fixture = await HttpFixture.open()
  await fixture.addSim({ uniqueName: 'meter-1' })
  url = await fixture.listen()
  // The machine's own user may be root, and nothing strange is looked at.
  browser = await chromium.launch({ executablePath: chromiumPath()!, args: ['--no-sandbox'] })
})
after(async () => {
  await browser?.close()
  await fixture.close()
})

/** A page with what went wrong in it, and what it has asked other servers. */
async function openDocs(t: { after(work: () => Promise<void>): void }) {
  const context = await browser.newContext()
  t.after(() => context.close())
  const page = await context.newPage()
  page.setDefaultTimeout(30_000)
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(String(error)))
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()))
  page.on('request', (request) => {
    const isOwn = request.url().startsWith(url) || request.url().startsWith('data:')
    if (!isOwn) faults.push(`asks ${request.url()}`)
  })
  return { page, faults }
}

async function signIn(page: Page): Promise<void> {
  await page.goto(`${url}/docs/`)
  const { sid, secret } = fixture.owner
  const status = await page.evaluate(
    async (body) =>
      (
        await fetch('/console/session', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body,
        })
      ).status,
    JSON.stringify({ sid, secret }),
  )
  assert.equal(status, 201)
}

describe('/docs', () => {
  it('says where to sign in, and opens no box for a password', async (t) => {
    const { page } = await openDocs(t)
    await page.goto(`${url}/docs/`)
    const link = page.getByRole('link', { name: 'sign in to the console' })
    await link.waitFor()
    assert.equal(await link.evaluate((a: { href: string }) => a.href), `${url}/console/`)
  })

  it('shows every operation, and tries one out, with nothing that its policy forbids', async (t) => {
    const { page, faults } = await openDocs(t)
    await signIn(page)
    faults.length = 0
    await page.goto(`${url}/docs#/SIMs/listSims`)
    await page.locator('.opblock').first().waitFor()
    assert.ok((await page.locator('.opblock').count()) > 40)
    const operation = page.locator('#operations-SIMs-listSims')
    await operation.getByRole('button', { name: 'Execute' }).click()
    const answer = operation.locator('.live-responses-table')
    await answer.waitFor()
    assert.match((await answer.textContent()) ?? '', /200[\s\S]*meter-1/)
    assert.deepEqual(faults, [])
  })
})
