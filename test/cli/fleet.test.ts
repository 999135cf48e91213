/** Groups and labels on the command line, and reports and files of what fleets used. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { iccidOf, imsiOf, instant, sidOf } from '../support/builders.ts'
import { CliFixture, jsonLines } from './cli-fixture.ts'

const NOW = instant('2026-03-10T12:30:00Z')
const SIMS = [1, 2, 3].map((n) => sidOf('DE', n))
const [ONE, TWO, THREE] = [sidOf('DE', 1), sidOf('DE', 2), sidOf('DE', 3)]

const RECORDS = `record_id,sim,occurred_at,plmn,upload,download,to_sim,from_sim
a,${ONE},2026-02-09T10:00:00Z,310-260,1,10,1,0
b,${ONE},2026-02-10T10:00:00Z,310-260,2,20,0,2
c,${TWO},2026-02-14T10:00:00Z,334-020,0,300,0,0
d,${THREE},2026-02-20T10:00:00Z,310-410,9007199254740991,50000,0,0
`

const LIST = `sid,iccid,imsi,unique_name,group,labels,since
${ONE},${iccidOf(1)},${imsiOf(1)},one,trackers,customer=acme,
${TWO},${iccidOf(2)},${imsiOf(2)},two,,customer==1+1 site=lisbon,2026-01-01
${THREE},${iccidOf(3)},,,,,
`

let cli: CliFixture
let account: string
before(async () => {
  cli = await CliFixture.open()
  account = await cli.account()
  for (const name of ['trackers', 'pumps']) {
    await cli.json(['group', 'create', '--account', account, '--unique-name', name], { now: NOW })
  }
  await cli.json(['feed', 'create', 'carrier', '--format', 'csv'])
})
after(() => cli.close())

const run = (...args: string[]) => cli.run(args, { now: NOW })
const importList = (stdin: string, as = account) =>
  cli.run(['sim', 'import', '-', '--account', as], { stdin, now: NOW })

interface Member {
  readonly sim_sid: string | null
  readonly group: string | null
  readonly label: string | null
  readonly data: { readonly total: number }
}

describe('simtally sim import', () => {
  it('puts SIMs into groups and labels them, and says what a second time changes', async () => {
    const { exitCode, stdout, stderr } = await importList(LIST)
    assert.equal(exitCode, 0, stderr)
    assert.equal(
      stdout,
      'SIMs: 3 created, 0 updated, 0 unchanged\nGroups and labels: 2 changed, 0 unchanged\n',
    )
    await cli.json(['import', '-', '--feed', 'carrier'], { stdin: RECORDS, now: NOW })
    assert.match((await importList(LIST)).stdout, /^SIMs: 0 created, 0 updated, 3 unchanged\n/)
    const [two] = await cli.json<Record<string, unknown>>(['sim', 'show', 'two'], { now: NOW })
    assert.deepEqual([two!.group, two!.labels], [null, ['customer==1+1', 'site=lisbon']])
  })

  it('does nothing where a group is missing or an instant has not come, and tells the lines', async () => {
    const other = await cli.account('Other')
    const refused = await importList(
      `iccid,group,since\n${iccidOf(11)},nowhere,\n${iccidOf(12)},trackers,\n${iccidOf(13)},,2027-01-01\n`,
      other,
    )
    assert.deepEqual([refused.exitCode, refused.stdout], [1, ''])
    assert.match(
      refused.stderr,
      /^simtally: - line 4: since says since when something holds: give group or labels too\n/,
    )
    const missing = await importList(
      `iccid,group,since\n${iccidOf(11)},nowhere,\n${iccidOf(12)},trackers,2027-01-01\n`,
      other,
    )
    const told = missing.stderr.split('\n').filter((line) => line.startsWith('simtally'))
    assert.deepEqual(told, [
      'simtally: - line 2: group "nowhere": there is no such group; simtally group create makes it',
      'simtally: - line 3: group "trackers": there is no such group; simtally group create makes it',
      'simtally: - line 3: since "2027-01-01T00:00:00Z": lies after now, 2026-03-10T12:30:00Z: give a past instant, or leave it out',
      'simtally: -: 3 faults, so no SIM was registered',
    ])
    assert.deepEqual(await cli.json(['sim', 'list', '--account', other]), [])
  })

  it('refuses two moves of one SIM at one instant, however the SIM is named', async () => {
    const own = await cli.account('Moving')
    for (const name of ['a', 'b']) {
      await cli.json(['group', 'create', '--account', own, '--unique-name', name])
    }
    const [sid, iccid, imsi] = [sidOf('DE', 77), iccidOf(77), imsiOf(77)]
    await importList(`sid,iccid,imsi\n${sid},${iccid},${imsi}\n`, own)
    const moves = (since: string) =>
      `iccid,imsi,group,since\n${iccid},,a,2026-02-01\n,${imsi},b,${since}\n`
    const refused = await importList(moves('2026-02-01'), own)
    assert.equal(refused.exitCode, 1)
    assert.match(
      refused.stderr,
      /^simtally: - line 3: the group of this SIM changes at the same instant in line 2\n {2}the SIMs of the list are registered; no group and no label has changed\n/,
    )
    const group = async () => (await cli.json<Member>(['sim', 'show', sid]))[0]!.group
    assert.equal(await group(), null)
    assert.equal((await importList(moves('2026-02-02'), own)).exitCode, 0)
    assert.equal(await group(), 'b')
  })
})

describe('simtally group', () => {
  it('is made, shown, renamed and listed', async () => {
    const own = await cli.account('Grouped')
    const [made] = await cli.json<Record<string, string>>(
      ['group', 'create', '--account', own, '--unique-name', 'meters'],
      { now: NOW },
    )
    assert.match(made!.sid!, /^HF[0-9a-f]{32}$/)
    assert.deepEqual(await cli.json(['group', 'show', 'meters']), [made])
    const renamed = await cli.run(['group', 'set', made!.sid!, '--unique-name', 'meters-eu'])
    assert.match(renamed.stdout, /^unique name +meters-eu$/m)
    assert.equal((await cli.json(['group', 'list', '--account', own])).length, 1)
    assert.equal((await cli.json(['group', 'list', '--search', 'METERS'])).length, 1)
    const unnamed = await cli.json<Member>(['group', 'create', '--account', own])
    assert.equal((unnamed[0] as unknown as Record<string, null>).unique_name, null)
  })

  it('is refused where it is not there, where several are, and where its name cannot be', async () => {
    for (const name of ['Twin', 'Other twin']) {
      const own = await cli.account(name)
      await cli.json(['group', 'create', '--account', own, '--unique-name', 'twin'])
    }
    for (const [args, exitCode, message] of [
      [['show', 'nobody'], 1, /^simtally: there is no group "nobody"\n {2}simtally group list/],
      [
        ['show', 'twin'],
        1,
        /^simtally: several accounts have a group "twin"\n {2}name the account/,
      ],
      [['create', '--unique-name', 'x'], 2, /--account/],
      [['set', 'trackers', '--unique-name', 'a/b'], 2, /^simtally: --unique-name "a\/b": a unique/],
      [['create', '--account', account, '--unique-name', 'trackers'], 1, /trackers/],
    ] as const) {
      const refused = await run('group', ...args)
      assert.equal(refused.exitCode, exitCode, refused.stderr)
      assert.match(refused.stderr, message)
    }
  })
})

describe('simtally report', () => {
  it('shows who used most first, with the total of all, and bars', async () => {
    const { stdout, exitCode, stderr } = await run(
      ...['report', '--account', account, '--by', 'sim', '--month', '2026-02', '--limit', '2'],
    )
    assert.equal(exitCode, 0, stderr)
    const lines = stdout.trimEnd().split('\n')
    assert.deepEqual(lines.slice(0, 2), [
      `${account} Acme`,
      '2026-02-01T00:00:00Z to 2026-03-01T00:00:00Z',
    ])
    assert.match(lines[2]!, /^complete from 2026-02-09T10:00:00Z$/)
    const table = lines.slice(5, 9).map((line) => line.split(/ {2,}/))
    assert.deepEqual(table, [
      ['SIM', 'UPLOAD', 'DOWNLOAD', 'BYTES', 'TO SIM', 'FROM SIM'],
      [THREE, '9,007,199,254,740,991', '50,000', '9,007,199,254,790,991', '9.01 PB', '0', '0'],
      [TWO, '0', '300', '300', '300 B', '0', '0'],
      ['total', '9,007,199,254,740,994', '50,330', '9,007,199,254,791,324', '9.01 PB', '1', '2'],
    ])
    assert.deepEqual(
      lines.slice(10).map((line) => line.slice(0, 42)),
      [`${THREE} 9.01 PB`, `${TWO}   300 B`],
    )
    assert.match(stderr, /^Only the first 2 are shown; --limit sets how many\.\n/)
  })

  it('groups by the group and the labels at the time of use', async () => {
    await run('sim', 'set', 'one', '--group', 'pumps', '--since', '2026-02-10')
    const members = async (...args: string[]) =>
      cli.json<Member>(['report', '--account', account, '--month', '2026-02', ...args], {
        now: NOW,
      })
    const groups = await members('--by', 'group')
    assert.deepEqual(groups.map(({ group, data }) => [group, data.total]).slice(1), [
      ['pumps', 22],
      ['trackers', 11],
    ])
    const labels = await members('--by', 'label:customer', '--order', 'data')
    assert.deepEqual(
      labels.map(({ label }) => label),
      ['acme', '=1+1', null],
    )
    for (const [flags, total] of [
      [['--sim', imsiOf(2)], 300],
      [['--group', 'trackers'], 11],
      [['--label', 'customer=acme'], 33],
      [['--zone', 'home'], 33],
      [['--country', 'MX'], 300],
      [['--network', '334020'], 300],
      [['--feed', 'carrier', '--sim', 'one'], 33],
    ] as const) {
      const [member] = await members(...flags)
      assert.equal(member?.data.total, total, flags.join(' '))
    }
  })

  it('is CSV that a spreadsheet computes nothing of, and a table by day', async () => {
    const asked = ['report', '--account', account, '--month', '2026-02']
    const { stdout } = await run(...asked, '--by', 'label:customer', '--country', 'MEX', '--csv')
    assert.deepEqual(stdout.split('\n'), [
      'account_sid,sim_sid,group,label,zone,country_code,network,feed,start,end,download,upload,data_total,to_sim,from_sim,commands_total',
      `${account},,,'=1+1,,,,,2026-02-01T00:00:00Z,2026-03-01T00:00:00Z,300,0,300,0,0,0`,
      '',
    ])
    const daily = await run(...asked, '--granularity', 'daily', '--country', 'US', '--sim', 'one')
    assert.match(daily.stdout, /^PERIOD +UPLOAD .*\n2026-02-09 +1 +10 .*\n2026-02-10 +2 +20 /m)
    assert.match(daily.stdout, /^total +3 +30 /m)
    const whole = await run(...asked, '--sim', 'one')
    assert.match(whole.stdout, /^UPLOAD +DOWNLOAD .*\n +3 +30 +33 .*\n$/m)
  })

  it('says that it has read the ledger, and in what time', async () => {
    const month = ['--account', account, '--start', '2026-02-01', '--end', '2026-03-01']
    const { stderr } = await run('report', ...month, '--by', 'sim,network')
    assert.match(stderr, /^The ledger was read for this, in \d+\.\d s\.\n$/)
    assert.equal((await run('report', ...month, '--by', 'network')).stderr, '')
  })

  it('is refused with the flag, its value and what to do', async () => {
    const year = ['--start', '2025-03-01', '--end', '2026-03-01']
    for (const [args, exitCode, message] of [
      [
        ['--by', 'fleet'],
        2,
        /^simtally: --by "fleet": "fleet" is not a dimension: expected sim, group/,
      ],
      [['--by', 'sim,sim'], 2, /^simtally: --by "sim,sim": sim is named twice/],
      [
        ['--label', `a=${'x'.repeat(10_240)}`],
        2,
        /^simtally: --label "x{80}…": the value of a label/,
      ],
      [
        ['--month', '2026-13'],
        2,
        /^simtally: --month "2026-13": expected a month, such as 2026-10/,
      ],
      [['--month', '2026-02', '--start', '2026-02-01'], 2, /--month/],
      [['--network', 'x'], 2, /^simtally: --network "x": expected a network as MCC-MNC/],
      [['--sim', 'nobody'], 1, /^simtally: there is no SIM "nobody"/],
      [['--group', 'nobody'], 1, /^simtally: there is no group "nobody"/],
      [['--feed', 'nobody'], 1, /^simtally: there is no feed "nobody"/],
      [
        [...year, '--by', 'feed'],
        2,
        /^simtally: --by "feed": usage by feed is read from the ledger of all SIMs, for at most 31 days and not for 365\n {2}ask for 31 days at most, for one SIM with --sim, or leave feed out\n/,
      ],
      [
        [...year, '--granularity', 'hourly', '--by', 'sim'],
        2,
        /^simtally: --granularity "hourly": /,
      ],
    ] as const) {
      const refused = await run('report', '--account', account, ...args)
      assert.equal(refused.exitCode, exitCode, refused.stderr)
      assert.match(refused.stderr, message)
    }
    const unnamed = await run('report')
    assert.equal(unnamed.exitCode, 2)
    assert.match(unnamed.stderr, /^simtally: there are several accounts: --account says which/)
  })
})

describe('simtally export', () => {
  it('writes the fleet of every account, or of one, with a header first', async () => {
    const { stdout, stderr, exitCode } = await run('export', '--month', '2026-02', '--by', 'sim')
    assert.equal(exitCode, 0, stderr)
    const [header, ...rows] = stdout.trimEnd().split('\n')
    assert.match(header!, /^account_sid,sim_sid,.*,commands_total$/)
    assert.deepEqual(
      rows.map((row) => row.split(',').slice(0, 2)),
      SIMS.map((sid) => [account, sid]),
    )
    assert.match(stderr, /^3 records in \d+\.\d s\n$/)
    const lines = await run('export', '--month', '2026-02', '--by', 'sim', '--format', 'ndjson')
    assert.deepEqual(
      jsonLines<Member>(lines.stdout).map(({ sim_sid }) => sim_sid),
      SIMS,
    )
    const same = await cli.json<Member>(['export', '--month', '2026-02', '--by', 'sim'], {
      now: NOW,
    })
    assert.deepEqual(same, jsonLines(lines.stdout))
    const other = await run('export', '--account', sidOf('AC', 999), '--month', '2026-02')
    assert.match(other.stderr, /^simtally: there is no account/)
  })
})

describe('simtally sim', () => {
  it('is found by any part of its names and numbers', async () => {
    const found = async (...args: string[]) =>
      (await cli.json<{ sid: string }>(['sim', 'search', ...args], { now: NOW })).map(
        ({ sid }) => sid,
      )
    assert.deepEqual(await found('TW'), [TWO])
    assert.deepEqual(await found(iccidOf(2).slice(6, -1)), [TWO])
    assert.deepEqual(await found('no-such'), [])
    assert.deepEqual(await found('o', '--label', 'site=lisbon'), [TWO])
    const listed = await cli.json<{ sid: string }>(
      ['sim', 'list', '--account', account, '--silent', '20d'],
      { now: NOW },
    )
    assert.deepEqual(
      listed.map(({ sid }) => sid),
      [ONE, TWO],
    )
    const { stdout } = await run('sim', 'list', '--group', 'pumps')
    assert.match(stdout, /^DE0+1 +one +active .* pumps +customer=acme$/m)
    assert.equal((await run('sim', 'search', '')).exitCode, 2)
    assert.equal((await run('sim', 'list', '--silent', 'long')).exitCode, 2)
  })

  it('is set into groups and labelled, with what is wrong told', async () => {
    const later = { now: NOW + 3_600 }
    const set = (...args: string[]) => cli.run(['sim', 'set', 'two', ...args], later)
    const facts = await set('--group', 'pumps', '--label', 'site=', '--label', 'a=b c')
    assert.equal(facts.exitCode, 0, facts.stderr)
    assert.match(facts.stdout, /^group +pumps$/m)
    assert.match(facts.stdout, /^labels +a=b c customer==1\+1$/m)
    for (const [args, exitCode, message] of [
      [['--label', 'x'], 2, /^simtally: --label "x": expected key=value/],
      [['--label', 'a=1', '--label', 'a=2'], 2, /the key "a" is given twice/],
      [['--since', '2026-01-01'], 2, /^simtally: --since says since when something holds/],
      [
        ['--group', 'pumps', '--since', '2027-01-01'],
        2,
        /^simtally: --since "2027-.*lies after now/,
      ],
      [['--group', 'nobody'], 1, /^simtally: there is no group "nobody"/],
    ] as const) {
      const refused = await set(...args)
      assert.equal(refused.exitCode, exitCode, refused.stderr)
      assert.match(refused.stderr, message)
    }
    const out = await set('--group', '')
    assert.match(out.stdout, /^group$/m)
  })
})
