import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { iccidOf, instant, sidOf } from '../support/builders.ts'
import { CliFixture } from './cli-fixture.ts'

const SIM = sidOf('DE', 1)
const NOW = instant('2026-03-10T12:30:00Z')

const HEADER = 'record_id,sim,occurred_at,plmn,upload,download,to_sim,from_sim\n'
const FIRST = `${HEADER}a,${SIM},2026-03-09T00:00:00Z,310-260,1000,20,0,0
"b,""2""",${SIM},2026-03-09T11:59:59Z,310-410,500,0,1,2
c,${SIM},2026-03-08T06:00:00Z,334-020,9007199254740991,0,0,0
d\u001b[31m,${SIM},2026-03-07T06:00:00Z,334-020,7,0,0,0
`
const FIX = `${HEADER}\nc,${SIM},2026-03-08T06:00:00Z,310-260,5,6,7,8\n`

let cli: CliFixture
let account: string
let [first, fix] = ['', '']
before(async () => {
  cli = await CliFixture.open()
  account = await cli.account()
  await cli.json(['sim', 'import', '-', '--account', account], {
    stdin: `sid,iccid,unique_name\n${SIM},${iccidOf(1)},truck\n`,
  })
  await cli.json(['feed', 'create', 'carrier', '--format', 'csv', '--on-conflict', 'replace'])
  await cli.json(['feed', 'create', 'other', '--format', 'csv'])
  first = await cli.file('first.csv', FIRST)
  fix = await cli.file('fix.csv', FIX)
  await cli.json(['import', first, '--feed', 'carrier'], { now: NOW - 60 })
  await cli.json(['import', fix, '--feed', 'carrier'], { now: NOW - 30 })
})
after(() => cli.close())

const events = (...args: string[]) => cli.run(['event', 'list', ...args], { now: NOW })

interface EventJson {
  readonly record_id: string
  readonly source: string
  readonly line: number
  readonly upload: number
  readonly replaced: readonly { readonly source: string; readonly line: number }[]
}

describe('simtally event list', () => {
  it('shows each record with its file and line, and below it what it replaced', async () => {
    const { stdout, exitCode } = await events('truck', '--start', '2026-03-08')
    assert.equal(exitCode, 0)
    const table = stdout
      .replaceAll(first, 'FIRST')
      .replaceAll(fix, 'FIX')
      .split('\n')
      .map((line) => line.trimEnd().replaceAll(/ {2,}/g, '  '))
    assert.deepEqual(table, [
      `${SIM} truck`,
      '2026-03-08T00:00:00Z to 2026-03-10T12:30:00Z',
      '',
      'OCCURRED  RECORD  FEED  WHERE  NETWORK  UPLOAD  DOWNLOAD  TO SIM  FROM SIM  IMPORT  FILE  LINE  KNOWN',
      '2026-03-08T06:00:00Z  c  carrier  home USA  310-260  5  6  7  8  2  FIX  3  2026-03-10T12:29:30Z',
      '  until 2026-03-10T12:29:30Z, import 2:  international roaming MEX  334-020  ' +
        '9,007,199,254,740,991  0  0  0  1  FIRST  4  2026-03-10T12:29:00Z',
      '2026-03-09T00:00:00Z  a  carrier  home USA  310-260  1,000  20  0  0  1  FIRST  2  2026-03-10T12:29:00Z',
      '2026-03-09T11:59:59Z  b,"2"  carrier  national roaming USA  310-410  500  0  1  2  1  FIRST  3  2026-03-10T12:29:00Z',
      '',
    ])
  })

  it('leads to the very lines of the files', async () => {
    const found = await cli.json<EventJson>(['event', 'list', 'truck', '--account', account], {
      now: NOW,
    })
    assert.deepEqual(
      found.map(({ record_id }) => record_id),
      ['d\u001b[31m', 'c', 'a', 'b,"2"'],
    )
    for (const event of found) {
      for (const { source, line } of [event, ...event.replaced]) {
        const text = readFileSync(source, 'utf8').split('\n')[line - 1]!
        assert.ok(
          text.includes(event.record_id.replaceAll('"', '""')),
          `${source}:${line}: ${text}`,
        )
      }
    }
  })

  it('writes CSV of what counts, whose sums are those of simtally usage', async () => {
    const { stdout } = await events('truck', '--csv', '--start', '2026-03-08')
    assert.deepEqual(stdout.replaceAll(first, 'FIRST').replaceAll(fix, 'FIX').split('\n'), [
      'occurred_at,feed,record_id,zone,country_code,plmn,upload,download,to_sim,from_sim,' +
        'import,source,line,date_known,versions_replaced,status,reading',
      '2026-03-08T06:00:00Z,carrier,c,home,USA,310-260,5,6,7,8,2,FIX,3,2026-03-10T12:29:30Z,1,counted,',
      '2026-03-09T00:00:00Z,carrier,a,home,USA,310-260,1000,20,0,0,1,FIRST,2,2026-03-10T12:29:00Z,0,counted,',
      '2026-03-09T11:59:59Z,carrier,"b,""2""",national_roaming,USA,310-410,500,0,1,2,1,FIRST,3,2026-03-10T12:29:00Z,0,counted,',
      '',
    ])
    const usage = await cli.run(['usage', 'truck', '--json', '--start', '2026-03-08'], { now: NOW })
    assert.equal(JSON.parse(usage.stdout).data.upload, 5 + 1000 + 500)
  })

  it('does not hand on what steers a terminal', async () => {
    const { stdout } = await events('truck', '--end', '2026-03-08')
    assert.match(stdout, / d\\u001b\[31m /)
  })

  it('is narrowed to a zone, a country, a feed', async () => {
    const ids = async (...args: string[]) =>
      (await cli.json<EventJson>(['event', 'list', 'truck', ...args], { now: NOW })).map(
        ({ upload }) => upload,
      )
    assert.deepEqual(await ids('--zone', 'home'), [5, 1000])
    assert.deepEqual(await ids('--country', 'mex'), [7])
    assert.deepEqual(await ids('--zone', 'home', '--country', 'MX'), [])
    assert.deepEqual(await ids('--feed', 'carrier'), [7, 5, 1000, 500])
    assert.deepEqual(await ids('--feed', 'other'), [])
  })

  it('says so when the period reaches back beyond the retention', async () => {
    const { stderr } = await events('truck', '--start', '2020-01-01')
    assert.equal(stderr, 'Usage before 2024-09-10T12:00:00Z is no longer kept.\n')
  })

  it('fails for a SIM or feed that is not there', async () => {
    const sim = await events('nobody')
    assert.deepEqual([sim.exitCode, sim.stdout], [1, ''])
    assert.match(sim.stderr, /^simtally: there is no SIM "nobody"\n/)
    const feed = await events('truck', '--feed', 'nobody')
    assert.deepEqual([feed.exitCode, feed.stdout], [1, ''])
    assert.match(feed.stderr, /^simtally: there is no feed "nobody"\n/)
  })

  it('is wrong usage with an impossible time, zone or country, or two formats', async () => {
    for (const [args, message] of [
      [['--start', '2026-02-30'], /--start "2026-02-30": expected an ISO 8601 time/],
      [['--start', '2027-01-01'], /is after End 2026-03-10T12:30:00Z \(now, the default\)/],
      [['--zone', 'abroad'], /Allowed choices are home, national_roaming, international_roaming/],
      [['--country', 'UK'], /--country "UK": expected an ISO 3166-1 country code/],
      [['--json', '--csv'], /cannot be used with/],
    ] as const) {
      const refused = await events('truck', ...args)
      assert.deepEqual([refused.exitCode, refused.stdout], [2, ''])
      assert.match(refused.stderr, message)
    }
  })
})
