/** What the console exports: exactly what is seen, as the API says it, whatever things are called. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, it } from 'node:test'
import type { Page } from 'playwright-core'
import type { BodyOf } from '../../support/answers.ts'
import { iccidOf } from '../../support/builders.ts'
import {
  type ConsoleInBrowser,
  describeInBrowser,
  openConsole,
} from '../../support/console-browser.ts'
import { csvRecords } from '../../support/csv-text.ts'

const FORMULA = '=HYPERLINK("x";"y"),1'
/** As text, in which a spreadsheet computes nothing. */
const INERT = `'${FORMULA}`

/** More than a panel shows. */
const UNUSED = 12
const SIMS = 40

type Row = Readonly<Record<string, string>>
type Member = BodyOf<'/v1/Usage'>['usage'][number]

describeInBrowser('exports of the console', () => {
  let opened: ConsoleInBrowser
  let page: Page
  /** Yesterday and the four days before it: nothing of it is still to come. */
  const dayAgo = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10)
  const [first, last] = [dayAgo(5), dayAgo(1)]
  const range = `from=${first}&to=${last}`
  const question = `Start=${first}T00:00:00Z&End=${dayAgo(0)}T00:00:00Z`

  before(async () => {
    opened = await openConsole({ sims: SIMS, days: 7 })
    await change(`/v1/Sims/${opened.simSid}`, { UniqueName: '', FriendlyName: FORMULA })
    await change('/v1/Groups', { UniqueName: FORMULA, AccountSid: opened.account.sid })
    await change(`/v1/Sims/${opened.simSid}`, { Group: FORMULA, Since: '2020-01-01' })
    for (let n = 0; n < UNUSED; n++) {
      await change('/v1/Sims', { Iccid: iccidOf(700 + n), AccountSid: opened.account.sid })
    }
    page = await opened.newPage({ viewport: { width: 1280, height: 900 } })
    page.setDefaultTimeout(15_000)
    await page.goto(`${opened.url}/console/`)
    await opened.signIn(page, opened.operator)
  })
  after(() => opened.close())

  async function change(path: string, form: Record<string, string>): Promise<void> {
    const { status, text } = await opened.post(path, new URLSearchParams(form), opened.operator)
    assert.ok(status === 200 || status === 201, text)
  }

  const usage = async (query: string): Promise<Member[]> => {
    const { status, body } = await opened.get(`/v1/Usage?${question}&PageSize=1000&${query}`)
    assert.equal(status, 200)
    return body.usage
  }

  const goTo = async (path: string) => {
    await page.goto(opened.addressOf(path))
    await page.waitForLoadState('networkidle')
  }

  /** What the button or link of a panel gives. */
  async function exported(title: string): Promise<{ readonly name: string; rows: Row[] }> {
    const downloading = page.waitForEvent('download')
    const name = `Export CSV: ${title}`
    const way = page.getByRole('button', { name, exact: true })
    await way.or(page.getByRole('link', { name, exact: true })).click()
    const download = await downloading
    const text = await readFile(await download.path(), 'utf8')
    return { name: download.suggestedFilename(), rows: csvRecords(text) }
  }

  const amountsOf = ({ data, commands }: Member) => ({
    ...{ download: String(data.download), upload: String(data.upload) },
    ...{ data_total: String(data.total), commands_total: String(commands.total) },
    ...{ to_sim: String(commands.to_sim), from_sim: String(commands.from_sim) },
  })
  const bounds = { start: `${first}T00:00:00Z`, end: `${dayAgo(0)}T00:00:00Z` }

  it('are the chart, bar by bar, as its table shows it', async () => {
    await goTo(`?${range}&by=hourly&table=yes&compare=yes`)
    const { name, rows } = await exported('Data over time')
    assert.match(name, new RegExp(`^simtally-.*-Data-over-time-${first}-${last}\\.csv$`))
    assert.equal(rows.length, 5 * 24)
    const cells = page.locator('.chart-table tbody tr td:nth-of-type(1)')
    const shown = await cells.evaluateAll((found) =>
      found.map((cell) => cell.getAttribute('title')),
    )
    assert.deepEqual(
      rows.map(({ data_total }) => data_total),
      shown,
    )
    const found = await usage('Granularity=hourly&GroupBy=zone')
    assert.ok(found.length > 20)
    for (const { zone, period, data } of found) {
      const row = rows.find(({ start }) => start === period.start)!
      assert.equal(row[zone!], String(data.total), `${zone} ${period.start}`)
    }
    const [total] = await usage('')
    const sum = rows.reduce((bytes, row) => bytes + BigInt(row.data_total!), 0n)
    assert.equal(sum, BigInt(total!.data.total))
    assert.ok(rows.some(({ data_total_before }) => BigInt(data_total_before!) > 0n))
    assert.equal(rows[0]!.complete, 'true')
  })

  it('are the totals, with the period before', async () => {
    const { rows } = await exported('Totals')
    const [total] = await usage('')
    assert.deepEqual(rows[0], { ...bounds, ...amountsOf(total!) })
    assert.deepEqual([rows.length, rows[1]!.end], [2, bounds.start])
  })

  it('are the lists, with all that is counted', async () => {
    const places = (await usage('GroupBy=country&Order=-data')).filter(
      ({ data, country_code }) => data.total > 0 && country_code !== null,
    )
    assert.deepEqual(
      (await exported('Countries')).rows,
      places.map((of) => ({ country_code: of.country_code, ...bounds, ...amountsOf(of) })),
    )
    const networks = await usage('GroupBy=network,country&Order=-data')
    assert.deepEqual(
      (await exported('Networks')).rows.map((row) => [row.network, row.data_total]),
      networks.map((of) => [of.network ?? '', String(of.data.total)]),
    )
  })

  it('name SIMs and groups so that nothing computes them', async () => {
    const groups = (await exported('Groups')).rows
    const own = await usage(`Sim=${opened.simSid}`)
    assert.equal(
      groups.find(({ group }) => group === INERT)?.data_total,
      String(own[0]!.data.total),
    )
    const { rows } = await exported('Top SIMs')
    const top = await usage('GroupBy=sim&Order=-data')
    assert.deepEqual(
      rows.map(({ sim_sid, data_total }) => [sim_sid, data_total]),
      top.slice(0, 10).map(({ sim_sid, data }) => [sim_sid, String(data.total)]),
    )
    const { rows: sims } = await withSims('')
    const named = sims.find(({ sid }) => sid === opened.simSid)
    assert.deepEqual([named?.friendly_name, named?.unique_name], [INERT, ''])
  })

  async function withSims(query: string) {
    await goTo(`sims${query}`)
    return exported(query === '' ? 'SIMs' : `SIMs with ${new URLSearchParams(query).get('search')}`)
  }

  it('are the hours of the week', async () => {
    await goTo(`?${range}`)
    const { rows } = await exported('Hours of the week')
    assert.equal(rows.length, 7 * 24)
    const sums = new Map<string, bigint>()
    for (const { period, data } of await usage('Granularity=hourly')) {
      const at = new Date(period.start)
      const key = `${(at.getUTCDay() + 6) % 7} ${at.getUTCHours()}`
      sums.set(key, (sums.get(key) ?? 0n) + BigInt(data.total))
    }
    const days = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']
    for (const { weekday, hour, data_total } of rows) {
      const key = `${days.indexOf(weekday!)} ${hour}`
      assert.equal(BigInt(data_total!), sums.get(key) ?? 0n, key)
    }
  })

  it('hold what is filtered, and nothing else', async () => {
    const filter = 'Zone=international_roaming'
    await goTo(`?${range}&zone=international_roaming`)
    const [total] = await usage(filter)
    const { name, rows } = await exported('Totals')
    assert.match(name, /-Totals-zone-international-roaming-/)
    assert.deepEqual(rows[0], { ...bounds, ...amountsOf(total!) })
    const countries = (await usage(`${filter}&GroupBy=country&Order=-data`)).filter(
      ({ data, country_code }) => data.total > 0 && country_code !== null,
    )
    assert.ok(countries.length > 0)
    assert.deepEqual(
      (await exported('Countries')).rows.map(({ country_code }) => country_code),
      countries.map(({ country_code }) => country_code),
    )
    const all = (await exported('SIMs by zone and country')).rows
    assert.deepEqual([...new Set(all.map(({ zone }) => zone))], ['international_roaming'])
    const sum = all.reduce((bytes, row) => bytes + BigInt(row.data_total!), 0n)
    assert.equal(sum, BigInt(total!.data.total))
  })

  it('are whole lists, also where the page shows the first of them', async () => {
    await goTo('')
    const silent = page.getByRole('region', { name: 'Silent SIMs' })
    await silent.getByText('the export has all').waitFor()
    const { rows } = await exported('Silent SIMs')
    assert.equal(rows.length, UNUSED)
    const { rows: all, name } = await withSims('')
    assert.equal(all.length, SIMS + UNUSED)
    assert.ok(!name.includes(last))
    const { rows: found } = await withSims(`?search=${iccidOf(703)}`)
    assert.deepEqual(
      found.map(({ iccid }) => iccid),
      [iccidOf(703)],
    )
  })

  it('are a SIM’s chart, places and records, with the file and line of each', async () => {
    await goTo(`sims/SIM?${range}`)
    const [total] = await usage(`Sim=${opened.simSid}`)
    const chart = (await exported('Data over time')).rows
    const sum = chart.reduce((bytes, row) => bytes + BigInt(row.data_total!), 0n)
    assert.equal(sum, BigInt(total!.data.total))
    const countries = await usage(`Sim=${opened.simSid}&GroupBy=country&Order=-data`)
    assert.deepEqual(
      (await exported('Countries')).rows,
      countries.map((of) => ({ country_code: of.country_code, ...bounds, ...amountsOf(of) })),
    )
    const { rows, name } = await exported('Records')
    // More than the page holds: the file says so.
    assert.match(name, new RegExp(`${opened.simSid}-Records-the-first-50-${first}-${last}`))
    const query = `Start=${first}T00:00:00Z&End=${last}T23:59:59Z&PageSize=50`
    const { status, body } = await opened.get(`/v1/Sims/${opened.simSid}/UsageEvents?${query}`)
    assert.equal(status, 200)
    const counted = rows.filter(({ status }) => status === 'counted')
    assert.ok(counted.length > 5)
    assert.deepEqual(
      counted.map((row) => [row.record_id, row.occurred_at, row.download, row.upload, row.line]),
      body.usage_events.map((of) =>
        [of.record_id, of.occurred_at, of.download, of.upload, of.line].map(String),
      ),
    )
  })

  it('are feeds, deliveries and what waits of them, as it came', async () => {
    const text = `record_id,sim,occurred_at\n=1+1,nobody,${last}T12:00:00Z\n`
    const { body: delivered } = await opened.post('/v1/Feeds/demo/Records', text, opened.operator)
    await goTo('feeds')
    const [feed] = (await exported('Feeds')).rows
    assert.deepEqual([feed!.name, feed!.format, feed!.open_gaps], ['demo', 'csv', '0'])
    const imports = (await exported('Deliveries')).rows
    assert.deepEqual([imports[0]!.import, imports.length], [delivered.import, 2])
    assert.deepEqual([imports[0]!.records, imports[0]!.quarantined], ['1', '1'])
    await goTo(`imports/${delivered.import}`)
    assert.deepEqual((await exported('Delivery')).rows, [imports[0]])
    const [entry] = (await exported('Quarantine')).rows
    assert.deepEqual([entry!.line, entry!.reason], ['2', 'unknown_sim'])
    assert.equal(entry!.raw, `'=1+1,nobody,${last}T12:00:00Z`)
  })

  it('wait until what is seen is what the view says', async () => {
    await goTo(`?${range}`)
    const isLetGo = Promise.withResolvers<void>()
    await page.route('**/v1/Usage*', async (route) => {
      await isLetGo.promise
      await route.continue()
    })
    const button = page.getByRole('button', { name: 'Export CSV: Countries' })
    assert.ok(await button.isEnabled())
    await page.locator('main').press('ArrowLeft')
    await page.waitForURL((url) => !url.search.includes(`to=${last}`))
    assert.ok(await button.isDisabled())
    isLetGo.resolve()
    await page.locator('button[aria-label="Export CSV: Countries"]:enabled').waitFor()
    const { name } = await exported('Countries')
    assert.ok(name.includes(new URL(page.url()).searchParams.get('to')!))
  })
})
