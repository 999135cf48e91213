/** What is managed in the console: keys, lists of SIMs, groups, labels and home sets, each by who may. */
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import type { Page } from 'playwright-core'
import { iccidOf } from '../../support/builders.ts'
import {
  type ConsoleInBrowser,
  describeInBrowser,
  openConsole,
} from '../../support/console-browser.ts'
import type { TestCredential } from '../../support/http-fixture.ts'

const MARKUP = '<b onclick=alert(1)>bold'

let opened: ConsoleInBrowser
let page: Page
/** What the browser complains of, and dialogs that a script has opened. */
const complaints: string[] = []

describeInBrowser('managing in the console', () => {
  before(async () => {
    opened = await openConsole({ sims: 10, days: 3 })
    page = await pageOf(opened.account)
  })
  after(() => opened.close())

  async function pageOf(as: TestCredential): Promise<Page> {
    const made = await opened.newPage({ viewport: { width: 1280, height: 900 } })
    made.setDefaultTimeout(15_000)
    made.on('pageerror', (error) => complaints.push(String(error)))
    made.on('dialog', (dialog) => {
      complaints.push(dialog.message())
      void dialog.dismiss()
    })
    made.on('console', (message) => {
      if (/Content.Security.Policy/i.test(message.text())) complaints.push(message.text())
    })
    await made.goto(`${opened.url}/console/manage`)
    await opened.signIn(made, as)
    await made.getByRole('heading', { name: 'Manage' }).waitFor()
    return made
  }

  const panel = (name: string, on = page) => on.getByRole('region', { name, exact: true })

  let key: TestCredential

  it('makes a key, whose secret is shown once and is good', async () => {
    const form = page.getByRole('form', { name: 'New key' })
    await form.getByLabel('What it is for').fill(MARKUP)
    await form.getByRole('button', { name: 'Make a key' }).click()
    const codes = page.getByRole('dialog').locator('code')
    await codes.nth(1).waitFor()
    const [sid = '', secret = ''] = await codes.allTextContents()
    assert.match(sid, /^SK[0-9a-f]{32}$/)
    assert.match(secret, /^[0-9a-f]{32}$/)
    key = { sid, secret }
    assert.equal((await opened.get('/v1/Sims', key)).status, 200)
    await page.getByRole('button', { name: 'I have kept it' }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await panel('Keys').getByRole('rowheader', { name: MARKUP }).waitFor()
    assert.ok((await page.content()).includes(sid))
    assert.ok(!(await page.content()).includes(secret))
    assert.ok(!page.url().includes(secret))
    const kept = await page.evaluate<string>(
      'JSON.stringify([{ ...localStorage }, { ...sessionStorage }])',
    )
    assert.ok(!kept.includes(secret))
    await page.reload()
    await panel('Keys').getByText(sid).waitFor()
    assert.ok(!(await page.content()).includes(secret))
  })

  it('shows a read key nothing that changes something, and says why', async () => {
    const reader = await pageOf(key)
    await panel('Keys', reader).getByText('needs the scope').waitFor()
    await panel('Groups', reader).getByText('No group yet').waitFor()
    const buttons = reader.locator('main').getByRole('button')
    assert.equal(await buttons.count(), 0)
    await reader.goto(opened.addressOf('sims/SIM'))
    await panel('Identity', reader).waitFor()
    assert.equal(await panel('Change it', reader).count(), 0)
    const headers = { 'simtally-console': '1', 'sec-fetch-site': 'same-origin' }
    const cookies = await reader.context().cookies()
    const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
    for (const path of ['/v1/Keys', '/v1/Groups', '/v1/SimLists', `/v1/Sims/${opened.simSid}`]) {
      const reply = await fetch(opened.url + path, {
        method: 'POST',
        headers: { ...headers, cookie },
      })
      assert.equal(reply.status, 403, path)
    }
    await reader.context().close()
  })

  it('shows an account its own home set, and who registers its SIMs', async () => {
    await panel('Account').getByText('310-260').waitFor()
    await panel('SIMs from a list').getByText('registered by the operator').waitFor()
    assert.equal(await page.getByRole('button', { name: 'New account' }).count(), 0)
  })

  it('makes a group, puts a SIM into it and labels it, and the fleet is filtered by it', async () => {
    const form = page.getByRole('form', { name: 'New group' })
    await form.getByLabel('Name').fill(MARKUP)
    await form.getByRole('button', { name: 'Make a group' }).click()
    await panel('Groups').getByRole('link', { name: MARKUP }).waitFor()
    await page.goto(opened.addressOf('sims/SIM'))
    const place = page.getByRole('form', { name: 'Group and labels' })
    await place.getByLabel('Group').selectOption({ label: MARKUP })
    await place.getByLabel('Label', { exact: true }).fill('customer')
    await place.getByLabel(/Its value/).fill('acme')
    await place.getByLabel(/Since/).fill('2020-01-01')
    await place.getByRole('button', { name: 'Save group and label' }).click()
    await panel('Identity').getByRole('link', { name: 'acme' }).waitFor()
    await panel('Identity').getByRole('link', { name: MARKUP }).click()
    await page.getByRole('link', { name: /Remove\s+Group/ }).waitFor()
    const shown = page.locator('[data-total=data][data-exact]')
    await shown.waitFor()
    const { body } = await opened.get(`/v1/Usage?Sim=${opened.simSid}&Start=2020-01-01`)
    const { total } = body.usage[0]!.data
    assert.ok(total > 0)
    await page.locator(`[data-total=data][data-exact="${total}"]`).waitFor()
    await page.getByLabel('Key of the label').selectOption('customer')
    await panel('Labels').getByRole('link', { name: /acme/ }).click()
    await page.waitForURL(/label=customer%3Dacme/)
    await page.locator(`[data-total=data][data-exact="${total}"]`).waitFor()
  })

  it('says what is wrong with a name of a SIM, and changes it when it is right', async () => {
    await page.goto(opened.addressOf('sims/SIM'))
    const names = page.getByRole('form', { name: 'Names and status' })
    await names.getByLabel('Unique name').fill('a/b')
    await names.getByRole('button').click()
    await names.getByRole('alert').getByText('no slash').waitFor()
    await names.getByLabel('Unique name').fill('roof-1')
    await names.getByLabel('Status').selectOption('suspended')
    await names.getByRole('button').click()
    await page.getByRole('heading', { name: 'roof-1' }).waitFor()
    await page.locator('.title .status', { hasText: 'suspended' }).waitFor()
  })

  it('revokes the key, after it has asked', async () => {
    await page.goto(`${opened.url}/console/manage`)
    await panel('Keys')
      .getByRole('button', { name: /Revoke/ })
      .click()
    await page.getByRole('button', { name: 'Keep it' }).click()
    assert.equal((await opened.get('/v1/Sims', key)).status, 200)
    await panel('Keys')
      .getByRole('button', { name: /Revoke/ })
      .click()
    await page.getByRole('button', { name: 'Revoke the key' }).click()
    await panel('Keys')
      .getByText(/^revoked /)
      .waitFor()
    assert.equal((await opened.get('/v1/Sims', key)).status, 401)
  })

  it('registers a list for the operator once it was shown, and names each line that is wrong', async () => {
    const operator = await pageOf(opened.operator)
    const choose = (name: string, text: string) =>
      operator.getByLabel('CSV file with SIMs').setInputFiles({
        ...{ name, mimeType: 'text/csv', buffer: Buffer.from(text) },
      })
    const list = panel('SIMs from a list', operator)
    const register = list.getByRole('button', { name: 'Register the list' })
    await choose('bad.csv', `iccid,group\n${iccidOf(901)},\n12,\n${iccidOf(902)},nowhere\n`)
    await list.getByText('2 faults: the list cannot be registered.').waitFor()
    const faults = list.getByRole('region', { name: 'Faults' }).getByRole('row')
    assert.deepEqual(
      (await faults.allTextContents()).slice(1).map((text) => text.slice(0, 6)),
      ['3iccid', '4group'],
    )
    assert.ok(await register.isDisabled())
    await choose('good.csv', `iccid,friendly_name\n${iccidOf(901)},${MARKUP}\n${iccidOf(902)},\n`)
    await list.getByText('2 SIMs would be made').waitFor()
    await list.getByRole('cell', { name: MARKUP }).waitFor()
    const named = () => opened.get(`/v1/Sims?Iccid=${iccidOf(901)}`)
    assert.deepEqual((await named()).body.sims, [])
    await register.click()
    await list.getByText('2 SIMs made').waitFor()
    assert.equal((await named()).body.sims[0]!.friendly_name, MARKUP)
    await operator.context().close()
  })

  it('registers the list that was chosen last, also where the one before is still being read', async () => {
    const operator = await pageOf(opened.operator)
    const list = panel('SIMs from a list', operator)
    const drop = async (name: string, iccid: string) => {
      const file = await operator.evaluateHandle(
        `{ const data = new DataTransfer(); data.items.add(new File(['iccid\\n${iccid}\\n'], '${name}')); data }`,
      )
      await list.locator('form').dispatchEvent('drop', { dataTransfer: file })
    }
    const [asked, isLetGo] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    await operator.route(
      '**/v1/SimLists/DryRun*',
      async (route) => {
        asked.resolve()
        await isLetGo.promise
        // Nobody may wait for it any more.
        await route.continue().catch(() => {})
      },
      { times: 1 },
    )
    await drop('older.csv', iccidOf(911))
    await asked.promise
    await drop('newer.csv', iccidOf(912))
    await list.getByText('newer.csv').waitFor()
    await list.getByRole('cell', { name: iccidOf(912) }).waitFor()
    isLetGo.resolve()
    const register = list.getByRole('button', { name: 'Register the list' })
    assert.equal(await list.getByRole('cell', { name: iccidOf(911) }).count(), 0)
    await register.click()
    await list.getByText('1 SIM made').waitFor()
    const found = async (iccid: string) =>
      (await opened.get(`/v1/Sims?Iccid=${iccid}`)).body.sims.length
    assert.deepEqual([await found(iccidOf(911)), await found(iccidOf(912))], [0, 1])
    await operator.context().close()
  })

  it('lets the operator make an account, and change a home set, and says what that leaves', async () => {
    const operator = await pageOf(opened.operator)
    await operator.getByRole('button', { name: 'New account' }).click()
    const dialog = operator.getByRole('dialog')
    await dialog.getByLabel('Name').fill('Acme')
    await dialog.getByLabel('Home networks').fill('1')
    await dialog.getByRole('button', { name: 'Make it' }).click()
    await dialog.getByRole('alert').getByText('HomePlmns').waitFor()
    await dialog.getByLabel('Home networks').fill('310-260')
    await dialog.getByRole('button', { name: 'Make it' }).click()
    await operator.getByRole('dialog', { name: 'The new account' }).waitFor()
    const [sid = '', secret = ''] = await dialog.locator('code').allTextContents()
    assert.equal((await opened.get('/v1/Sims', { sid, secret })).status, 200)
    await operator.getByRole('button', { name: 'I have kept it' }).click()
    await operator.getByRole('button', { name: /Change … Acme/ }).click()
    await dialog.getByLabel('Home countries').fill('DE')
    await dialog.getByRole('button', { name: 'Save' }).click()
    const notice = operator.getByRole('status').filter({ hasText: 'Acme is saved' })
    await notice.waitFor()
    assert.ok(
      (await notice.textContent())!.includes(`simtally reclassify --since DATE --account ${sid}`),
    )
    const { body } = await opened.get(`/v1/Accounts/${sid}`, opened.operator)
    assert.deepEqual(body.home_countries, ['DE'])
    await operator.getByRole('button', { name: 'The operator’s' }).click()
    await panel('Keys', operator).getByText(opened.operator.sid).waitFor()
    await operator.context().close()
  })

  it('took no name for markup, and broke no policy', () => {
    assert.deepEqual(complaints, [])
  })
})
