import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { iccidOf, imsiOf, instant, sidOf } from '../support/builders.ts'
import { CliFixture, jsonLines } from './cli-fixture.ts'

const SIM = sidOf('DE', 1)
const NOW = instant('2026-03-10T12:30:00Z')

const RECORDS = `record_id,sim,occurred_at,plmn,upload,download,to_sim,from_sim
a,${SIM},2026-03-10T00:00:00Z,310-260,1000000,2000000,0,0
b,${SIM},2026-03-10T11:59:59Z,310-410,500,0,1,2
c,${SIM},2026-03-08T06:00:00Z,334-020,9007199254740991,9007199254740991,0,0
d,${SIM},2026-03-08T07:00:00Z,334-020,9007199254740991,1,0,0
e,${SIM},2026-03-07T06:00:00Z,310-260,0,0,0,0
`

let cli: CliFixture
let account: string
before(async () => {
  cli = await CliFixture.open()
  account = await cli.account()
  await cli.json(['sim', 'import', '-', '--account', account], {
    stdin: `sid,iccid,imsi,unique_name\n${SIM},${iccidOf(1)},${imsiOf(1)},truck\n`,
  })
  await cli.json(['feed', 'create', 'carrier', '--format', 'csv'])
  await cli.json(['import', '-', '--feed', 'carrier'], { stdin: RECORDS, now: NOW })
})
after(() => cli.close())

const usage = (...args: string[]) => cli.run(['usage', ...args], { now: NOW })

interface UsageJson {
  readonly data: { readonly international_roaming: readonly { readonly country_code: string }[] }
}

describe('simtally usage', () => {
  it('finds the SIM by each of its names', async () => {
    for (const name of [SIM, 'truck', iccidOf(1), imsiOf(1), iccidOf(1).slice(0, -1)]) {
      const { exitCode, stdout } = await usage(name)
      assert.equal(exitCode, 0, name)
      assert.match(stdout, new RegExp(`^${SIM} truck\n`), name)
    }
  })

  it('shows the total and the zones and countries that it comes from', async () => {
    const { stdout } = await usage('truck', '--start', '2026-03-09')
    assert.deepEqual(stdout.trimEnd().split('\n'), [
      `${SIM} truck`,
      '2026-03-09T00:00:00Z to 2026-03-10T12:30:00Z',
      'complete from 2026-03-07T06:00:00Z',
      'complete through 2026-03-08T12:00:00Z',
      '',
      'PERIOD  WHERE                  UPLOAD   DOWNLOAD      BYTES           TO SIM  FROM SIM',
      'all     total, open         1,000,500  2,000,000  3,000,500  3.00 MB       1         2',
      '          home              1,000,000  2,000,000  3,000,000  3.00 MB       0         0',
      '          national roaming        500          0        500    500 B       1         2',
    ])
  })

  it('calls open what late records may still change', async () => {
    const { stdout } = await usage('truck', '--granularity', 'hourly', '--start', '2026-03-08')
    const totals = stdout.match(/^2026-03-08 \d\d:00 +total(?:, open)?/gm)!
    assert.equal(totals.length, 24)
    for (const line of totals) {
      assert.equal(line.endsWith('open'), line.slice(11, 13) >= '12', line)
    }
  })

  it('charts days from old to new, within the width of the terminal', async () => {
    const { stdout } = await usage('truck', '--granularity', 'daily', '--start', '2026-03-06')
    const chart = stdout.trimEnd().split('\n').slice(-5)
    assert.deepEqual(
      chart.map((line) => line.slice(0, 18).trimEnd()),
      [
        '2026-03-06     0 B',
        '2026-03-07     0 B',
        '2026-03-08 27.0 PB',
        '2026-03-09     0 B',
        '2026-03-10 3.00 MB',
      ],
    )
    assert.equal(chart[2]!.length, 80)
    assert.match(chart[4]!, / ▏$/)
  })

  it('answers JSON with the records of the API, exact beyond 2^53', async () => {
    const { stdout } = await usage(
      'truck',
      '--granularity',
      'daily',
      '--start',
      '2026-03-08',
      '--json',
    )
    assert.match(stdout, /"upload":18014398509481982[,}]/)
    const records = jsonLines<UsageJson>(stdout)
    assert.equal(records.length, 3)
    assert.deepEqual(records[0], {
      account_sid: account,
      sim_sid: SIM,
      period: { start: '2026-03-10T00:00:00Z', end: '2026-03-11T00:00:00Z' },
      commands: {
        total: 3,
        to_sim: 1,
        from_sim: 2,
        home: null,
        national_roaming: { total: 3, to_sim: 1, from_sim: 2 },
        international_roaming: [],
      },
      data: {
        total: 3000500,
        download: 2000000,
        upload: 1000500,
        units: 'bytes',
        home: { total: 3000000, download: 2000000, upload: 1000000, units: 'bytes' },
        national_roaming: { total: 500, download: 0, upload: 500, units: 'bytes' },
        international_roaming: [],
      },
    })
    assert.equal(records[2]!.data.international_roaming[0]!.country_code, 'MEX')
  })

  it('answers CSV with a line a bucket, zone and country', async () => {
    const { stdout } = await usage(
      'truck',
      '--granularity',
      'hourly',
      '--start',
      '2026-03-08',
      '--csv',
    )
    assert.deepEqual(stdout.trimEnd().split('\n'), [
      'start,end,zone,country_code,upload,download,data_total,to_sim,from_sim,commands_total',
      '2026-03-10T11:00:00Z,2026-03-10T12:00:00Z,national_roaming,USA,500,0,500,1,2,3',
      '2026-03-10T00:00:00Z,2026-03-10T01:00:00Z,home,USA,1000000,2000000,3000000,0,0,0',
      '2026-03-08T07:00:00Z,2026-03-08T08:00:00Z,' +
        'international_roaming,MEX,9007199254740991,1,9007199254740992,0,0,0',
      '2026-03-08T06:00:00Z,2026-03-08T07:00:00Z,' +
        'international_roaming,MEX,9007199254740991,9007199254740991,18014398509481982,0,0,0',
    ])
  })

  it('counts what the stated period holds, its end on the hour left out', async () => {
    const total = async (end: string) => {
      const { stdout } = await usage('truck', '--start', '2026-03-09', '--end', end, '--json')
      return JSON.parse(stdout).data.total
    }
    assert.equal(await total('2026-03-10T00:00:00Z'), 0)
    assert.equal(await total('2026-03-10T00:00:01Z'), 3000000)
    assert.equal(await total('2026-03-10T05:45:01+05:45'), 3000000)
  })

  it('says so when the period reaches back beyond the retention', async () => {
    const { exitCode, stderr } = await usage('truck', '--start', '2020-01-01')
    assert.equal(exitCode, 0)
    assert.equal(stderr, 'Usage before 2024-09-10T12:00:00Z is no longer kept.\n')
  })

  it('needs the account where SIMs of two accounts share a unique name', async () => {
    const other = await cli.account('Other')
    await cli.json(['sim', 'import', '-', '--account', other], {
      stdin: `sid,iccid,unique_name\n${sidOf('DE', 2)},${iccidOf(2)},truck\n`,
    })
    const ambiguous = await usage('truck')
    assert.equal(ambiguous.exitCode, 1)
    assert.match(ambiguous.stderr, /^simtally: there is no SIM "truck"\n.*--account/)
    assert.match((await usage('truck', '--account', other)).stdout, /^DE0+2 truck\n/)
    assert.equal((await usage(iccidOf(1), '--account', other)).exitCode, 1)
  })

  it('is wrong usage with an impossible time, period or granularity, or two formats', async () => {
    for (const [args, message] of [
      [['--start', '2026-02-30'], /--start "2026-02-30": expected an ISO 8601 time/],
      [
        ['--start', '2026-03-02', '--end', '2026-03-01'],
        /Start 2026-03-02.* is after End 2026-03-01/,
      ],
      [['--start', '2027-01-01'], /is after End 2026-03-10T12:30:00Z \(now, the default\)/],
      [['--granularity', 'weekly'], /Allowed choices are hourly, daily, all/],
      [['--json', '--csv'], /cannot be used with/],
    ] as const) {
      const refused = await usage(SIM, ...args)
      assert.deepEqual([refused.exitCode, refused.stdout], [2, ''])
      assert.match(refused.stderr, message)
    }
  })
})
