/** Deliveries in the console: a file that is dropped, its quarantine, and taking it back. */
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import type { Page } from 'playwright-core'
import {
  type ConsoleInBrowser,
  dataShown,
  describeInBrowser,
  followTo,
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

  const follow = (name: string) => followTo(page, name)
  const total = () => dataShown(page, opened.url, day)

  /** As somebody drops it from the desktop. */
  const dropOnly = async (name: string, lines: readonly string[]) => {
    const text = [HEADER, ...lines, ''].join('\n')
    const file = await page.evaluateHandle(
      `{ const data = new DataTransfer(); data.items.add(new File([${JSON.stringify(text)}], '${name}')); data }`,
    )
    await page.locator('form.deliver').dispatchEvent('drop', { dataTransfer: file })
    await page.getByText(name).waitFor()
  }
  const drop = async (name: string, lines: readonly string[]) => {
    await page.goto(`${opened.url}/console/feeds`)
    await page.getByLabel('Feed', { exact: true }).waitFor()
    await dropOnly(name, lines)
    await page.getByLabel('Feed', { exact: true }).fill('demo')
    await page.getByRole('button', { name: 'Try it out' }).click()
    await page.getByRole('region', { name: 'What would change' }).waitFor()
  }
  const importIt = async () => {
    await page.getByRole('button', { name: 'Import', exact: true }).click()
    await page.getByRole('link', { name: 'Look at it' }).waitFor()
  }
  const asOperator = (path: string, form: Record<string, string>) =>
    opened.post(path, new URLSearchParams(form), opened.operator)
  const newestDelivery = () =>
    page.getByRole('region', { name: 'Deliveries, as a table' }).getByRole('link').first()
  const decide = async (action: string) => {
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Your name').fill('Ada')
    await dialog.getByLabel('Reason').fill('test <b>SIMs</b>')
    await dialog.getByRole('button', { name: action }).click()
    await dialog.waitFor({ state: 'detached' })
  }

  it('show the state of each feed and what became of each record', async () => {
    const feed = page.getByRole('region', { name: 'Feeds, as a table' }).getByRole('row').nth(1)
    assert.match((await feed.textContent())!, /^demo csv/)
    const delivery = page.getByRole('region', { name: 'Deliveries, as a table' }).getByRole('row')
    assert.match((await delivery.nth(1).textContent())!, /demo.*done/)
  })

  it('are tried out when a file is dropped, and change nothing by that', async () => {
    const before = await total()
    await drop('more.csv', [
      `c-1,${opened.simSid},${day}T12:00:00Z,310-260,1000000,2000000`,
      `c-2,${UNKNOWN_ICCID},${day}T12:00:00Z,310-260,5,5`,
      `c-3,${opened.simSid},${day}T12:00:00Z,310-260,much,5`,
    ])
    const report = page.getByRole('region', { name: 'What would change' })
    assert.match((await report.textContent())!, /Nothing is counted yet.*3 records to demo/)
    await report.getByText('1 unknown sim, 1 invalid field').click()
    await report.getByText('no SIM is registered').waitFor()
    const row = report.getByRole('region', { name: 'Changes by month' }).getByRole('row').nth(1)
    assert.match((await row.textContent())!, /Simtally demo.*Home.*\+3\.00 MB/)
    assert.equal(await total(), before)
  })

  it('are tried out each by itself: one that is dropped meanwhile is another one', async () => {
    const aLine = `d-1,${opened.simSid},${day}T12:00:00Z,310-260,1,1`
    await page.goto(`${opened.url}/console/feeds`)
    await page.getByLabel('Feed', { exact: true }).fill('demo')
    const [asked, isLetGo] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    await page.route(
      '**/Records/DryRun?*',
      async (route) => {
        asked.resolve()
        await isLetGo.promise
        // Nobody may wait for it any more.
        await route.continue().catch(() => {})
      },
      { times: 1 },
    )
    const tryOut = page.getByRole('button', { name: 'Try it out' })
    await dropOnly('older.csv', [aLine])
    await tryOut.click()
    await asked.promise
    await dropOnly('newer.csv', [aLine, aLine.replace('d-1', 'd-2')])
    await tryOut.click()
    const report = page.getByRole('region', { name: 'What would change' })
    await report.getByText('2 records to demo').waitFor()
    isLetGo.resolve()
    await report.getByRole('button', { name: 'Cancel' }).click()
    await report.waitFor({ state: 'detached' })
    await page.getByText('Drop a file here').waitFor()
  })

  it('come by importing what was tried out, and the chart has grown by it', async () => {
    const before = await total()
    await drop('more.csv', [
      `c-1,${opened.simSid},${day}T12:00:00Z,310-260,1000000,2000000`,
      `c-2,${UNKNOWN_ICCID},${day}T12:00:00Z,310-260,5,5`,
      'wrong,<img src=x onerror=alert(1)>,,,,',
    ])
    await importIt()
    const said = (await page.locator('.notice').textContent())!
    assert.match(said, /3 records: 1 counted.* 2 in quarantine/)
    assert.equal(await total(), before + 3_000_000n)
  })

  it('show what waits, as it came and with its reason, and count it when they can', async () => {
    await follow('Feeds')
    await newestDelivery().click()
    await page.locator('summary', { hasText: 'unknown sim' }).waitFor()
    await page.locator('.reason pre').getByText(UNKNOWN_ICCID).waitFor()
    assert.equal(await page.locator('img').count(), 0)
    const reply = await asOperator('/v1/Sims', {
      ...{ Iccid: UNKNOWN_ICCID, AccountSid: opened.account.sid },
    })
    assert.equal(reply.status, 201, reply.text)
    await page.getByRole('button', { name: 'Recycle' }).click()
    await page.getByText('Tried 2: 1 counted, 1 still in quarantine').waitFor()
  })

  it('discard what shall never be counted, for a reason that the log keeps', async () => {
    const discard = page.getByRole('button', { name: 'Discard line 4' })
    await discard.click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Discard for good' }).click()
    assert.equal(await dialog.count(), 1, 'without a name and a reason, nothing is done')
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    assert.equal(await page.locator('button:focus').getAttribute('aria-label'), 'Discard line 4')
    await page.getByRole('button', { name: /^Discard all / }).click()
    await decide('Discard for good')
    await page.getByText('1 discarded').waitFor()
    await page.getByText('Nothing is in quarantine').waitFor()
    const act = (await opened.run(['log', 'list', '--limit', '1'])) as unknown as {
      readonly verb: string
      readonly details: Readonly<Record<string, string>>
    }
    assert.deepEqual(
      [act.verb, act.details.by, act.details.reason],
      ['discard', 'Ada', 'test <b>SIMs</b>'],
    )
  })

  it('are taken back once the dry run has said what that changes, and the chart is as it was', async () => {
    const before = await total()
    await follow('Feeds')
    await newestDelivery().click()
    const undo = page.getByRole('button', { name: 'Undo …' })
    const dialog = page.getByRole('dialog', { name: 'Undo this delivery?' })
    await undo.click()
    await dialog.getByText('2 usage events would go').waitFor()
    const row = dialog.getByRole('region', { name: 'Changes by month' }).getByRole('row').nth(1)
    assert.match((await row.textContent())!, /−3\.00 MB/)
    await dialog.getByRole('button', { name: 'Keep it' }).click()
    await dialog.waitFor({ state: 'detached' })
    assert.equal(await total(), before)
    await page.goBack()
    await undo.click()
    await dialog.getByRole('button', { name: 'Undo it' }).click()
    await page.locator('.title .status.undone').waitFor()
    assert.equal(await total(), before - 3_000_010n)
  })

  it('say what is wrong with a feed that there is not', async () => {
    await page.goto(`${opened.url}/console/feeds`)
    await page.getByLabel('File to deliver').setInputFiles({
      ...{ name: 'a.csv', mimeType: 'text/csv', buffer: Buffer.from(HEADER) },
    })
    await page.getByLabel('Feed', { exact: true }).fill('nobody')
    await page.getByRole('button', { name: 'Try it out' }).click()
    await page.getByRole('alert').getByText('nobody').waitFor()
  })

  it('that are missing are listed, and accepted for a reason', async () => {
    const pattern = ['--sequence-pattern', 'n(?<sequence>[0-9]+)']
    await opened.run(['feed', 'create', 'numbered', '--format', 'csv', ...pattern])
    for (const number of [1, 4]) {
      const file = await opened.file(`n${number}.csv`, `${HEADER}\n`)
      await opened.run(['import', file, '--feed', 'numbered'])
    }
    await page.goto(`${opened.url}/console/feeds`)
    const gap = page
      .getByRole('region', { name: 'Missing deliveries, as a table' })
      .getByRole('row')
    assert.match((await gap.nth(1).textContent())!, /numbered.*2 to 3/)
    // One of them comes after all, by its name.
    await dropOnly('n2.csv', [])
    await page.getByLabel('Feed', { exact: true }).fill('numbered')
    await page.getByRole('button', { name: 'Try it out' }).click()
    await importIt()
    await gap.filter({ hasText: /numbered3/ }).waitFor()
    const delivered = page.getByRole('region', { name: 'Deliveries, as a table' }).getByRole('row')
    await delivered.filter({ hasText: /numbered *n2\.csv/ }).waitFor()
    await gap.getByRole('button', { name: /^Accept/ }).click()
    await decide('Accept it')
    await gap.getByText('Ada: test <b>SIMs</b>').waitFor()
    assert.equal(await gap.getByRole('button').count(), 0)
    const feed = page.getByRole('region', { name: 'Feeds, as a table' }).getByRole('row')
    assert.match((await feed.filter({ hasText: 'numbered' }).textContent())!, /0$/)
  })

  it('cannot be changed by who may only read, and tried out by who delivers', async () => {
    const account = ['--account', opened.account.sid]
    const keyOf = (scope: string) =>
      opened.run(['key', 'create', ...account, '--scope', scope]) as Promise<{
        readonly sid: string
        readonly secret: string
      }>
    const ingest = await keyOf('ingest')
    await opened.run(['feed', 'grant', 'demo', ...account])
    const text = `${HEADER}\nq,nobody,${day}T12:00:00Z,310-260,1,1\n`
    const own = await opened.post('/v1/Feeds/demo/Records', text, ingest)
    const delivered = `imports/${own.body.import}`
    const BUTTONS = /Try it out|Import|Undo|Recycle|Discard|Accept/
    for (const [scope, key, names] of [
      ['read', await keyOf('read'), []],
      ['ingest', ingest, ['Try it out']],
    ] as const) {
      const other = await opened.newPage()
      await other.goto(opened.addressOf('imports/IMPORT'))
      await opened.signIn(other, key)
      await other.getByText('belongs to another account').waitFor()
      await other.goto(opened.addressOf(delivered))
      await other.locator('summary', { hasText: 'unknown sim' }).waitFor()
      assert.equal(await other.getByRole('button', { name: BUTTONS }).count(), 0, scope)
      await other.goto(opened.addressOf('feeds'))
      await other.getByRole('heading', { name: 'Deliveries' }).waitFor()
      await other.waitForLoadState('networkidle')
      assert.deepEqual(await other.getByRole('button', { name: BUTTONS }).allTextContents(), names)
      await other.context().close()
    }
  })

  it('tell who has lost a scope meanwhile what is missing', async () => {
    const message = 'Permission Denied: this needs the scope "admin"'
    await page.route('**/Undo/DryRun', (route) => route.fulfill({ status: 403, json: { message } }))
    await page.goto(opened.addressOf('imports/IMPORT'))
    await page.getByRole('button', { name: 'Undo …' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('this needs the scope "admin"').waitFor()
    assert.equal(await dialog.getByRole('button', { name: 'Undo it' }).isDisabled(), true)
    await page.unroute('**/Undo/DryRun')
  })
})
