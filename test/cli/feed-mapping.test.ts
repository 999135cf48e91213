/** Feeds with a mapping, from the command line: made, checked against a sample, and used. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { READY_MAPPINGS } from '../../src/ingest/mappings/mappings.ts'
import { CliFixture } from './cli-fixture.ts'

const MAPPING = `# Semicolons, megabytes and local time.
source: {format: csv, delimiter: ";"}
fields:
  record_id: Id
  sim: Card
  occurred_at: {from: When, format: "DD.MM.YYYY HH:mm:ss", zone: Europe/Berlin}
  plmn: Network
  upload: {from: Up, unit: MB}
skip: [{field: Kind, is: Voice}]
`
const SAMPLE = `Id;Card;When;Network;Up;Kind
a;8901260000000000014;01.03.2026 11:00:00;262-01;0.172848;Data
b;8901260000000000014;01.03.2026 12:00:00;;1;Data
c;8901260000000000014;yesterday;262-01;1,5;Data
d;8901260000000000014;01.03.2026 12:00:00;262-01;1;Voice
`

interface CheckJson {
  readonly counted: number
  readonly quarantined: number
  readonly without_network: number
  readonly error: string | null
  readonly warnings: readonly string[]
  readonly records: readonly Record<string, unknown>[]
  readonly errors: readonly { line: number; reason: string; detail: string }[]
}

let cli: CliFixture
let mapping: string
let sample: string
before(async () => {
  cli = await CliFixture.open()
  mapping = await cli.file('m.yaml', MAPPING)
  sample = await cli.file('sample.csv', SAMPLE)
})
after(() => cli.close())

describe('simtally feed check', () => {
  it('shows records as they would be counted, and what would be quarantined, without a store', async () => {
    const checked = await cli.run(['feed', 'check', '--mapping', mapping, sample])
    assert.equal(checked.exitCode, 3)
    assert.match(
      checked.stdout,
      /^LINE {2}RECORD ID {2}SIM +OCCURRED AT +PLMN +COUNTRY +ZONE +UPLOAD/m,
    )
    assert.match(
      checked.stdout,
      /^ +2 {2}a +8901260000000000014 {2}2026-03-01T10:00:00Z {2}262-01 {2}DE +172848/m,
    )
    assert.match(checked.stdout, /2 records would be counted, 1 would go to quarantine/)
    assert.match(checked.stdout, /1 names no network and no country: .*--default-zone/)
    assert.match(
      checked.stdout,
      / line 4: invalid_field: occurred_at "yesterday" in "When": .*; upload "1,5" in "Up"/,
    )
    assert.match(checked.stderr, /sample\.csv: 1 record was skipped, .*"Kind" is "Voice"\n$/)
  })

  it('shows the first ones only, and as JSON everything', async () => {
    const args = ['feed', 'check', '--mapping', mapping, '--limit', '1', '--json', sample]
    const { stdout } = await cli.run(args)
    const checked = JSON.parse(stdout) as CheckJson
    const { counted, quarantined, without_network, error, warnings } = checked
    assert.deepEqual([counted, quarantined, without_network, error], [2, 1, 1, null])
    assert.equal(warnings.length, 1)
    assert.deepEqual(checked.records, [
      {
        line: 2,
        record_id: 'a',
        sim: '8901260000000000014',
        occurred_at: '2026-03-01T10:00:00Z',
        plmn: '262-01',
        country: 'DE',
        zone: null,
        upload: 172_848,
        download: 0,
        to_sim: 0,
        from_sim: 0,
      },
    ])
    assert.deepEqual(
      checked.errors.map(({ line, reason }) => [line, reason]),
      [[4, 'invalid_field']],
    )
  })

  it('reads a ready mapping, standard input and every other format as well', async () => {
    const records = JSON.stringify([
      {
        id: 1,
        imsi: '295050000000001',
        traffic_type: { id: 5 },
        operator: { mnc: '07', country: { mcc: '262' } },
        volume: { rx: 0.5, tx: 1 },
        end_timestamp: '2026-03-01T10:00:00Z',
      },
    ])
    const settings = ['--set', 'megabyte=MiB', '--set', 'rx=download']
    const checked = await cli.run(
      ['feed', 'check', '-', '--mapping', 'emnify', ...settings, '--json'],
      { stdin: records },
    )
    assert.equal(checked.exitCode, 0, checked.stderr)
    const [record] = (JSON.parse(checked.stdout) as CheckJson).records
    assert.deepEqual([record!.upload, record!.download], [1_048_576, 524_288])
    const csv = 'record_id,sim,occurred_at,plmn\na,x,2026-03-01,310-260\n'
    const canonical = await cli.run(['feed', 'check', '-', '--format', 'csv'], { stdin: csv })
    assert.equal(canonical.exitCode, 0)
    assert.match(canonical.stdout, /1 record would be counted, 0 would go to quarantine/)
  })

  it('tells for a feed also whether its SIMs are known and where they are at home', async () => {
    const account = await cli.account()
    const sims = await cli.file('sims.csv', 'iccid\n8901260000000000014\n')
    await cli.run(['sim', 'import', sims, '--account', account])
    await cli.json(['feed', 'create', 'checked', '--mapping', mapping])
    const more = `${SAMPLE}e;8901260000000099999;01.03.2026 12:00:00;262-01;1;Data\n`
    const path = await cli.file('more.csv', more)
    const { stdout, exitCode } = await cli.run([
      'feed',
      'check',
      path,
      '--feed',
      'checked',
      '--json',
    ])
    assert.equal(exitCode, 3)
    const checked = JSON.parse(stdout) as CheckJson
    assert.deepEqual(
      checked.records.map(({ record_id, zone }) => [record_id, zone]),
      [['a', 'international_roaming']],
    )
    assert.deepEqual(
      checked.errors.map(({ line, reason }) => `${line} ${reason}`),
      ['3 unknown_network', '4 invalid_field', '6 unknown_sim'],
    )
    assert.deepEqual(await cli.json(['import', 'list']), [])
  })

  it('fails for a file that the mapping cannot read', async () => {
    const other = await cli.file('other.csv', 'a;b\n1;2\n')
    const failed = await cli.run(['feed', 'check', '--mapping', mapping, other])
    assert.equal(failed.exitCode, 1)
    assert.match(
      failed.stderr,
      /other\.csv: the header line "a;b" has no column Id, Card, When, Network, Up, Kind; /,
    )
    const gone = await cli.run(['feed', 'check', '--mapping', mapping, cli.path('none.csv')])
    assert.equal(gone.exitCode, 1)
  })
})

describe('simtally feed create --mapping', () => {
  it('keeps the mapping itself, so that the file may change', async () => {
    const file = await cli.file('kept.yaml', MAPPING)
    const [made] = await cli.json<{ format: string; settings: { mapping: { source: object } } }>([
      ...['feed', 'create', 'kept', '--mapping', file],
    ])
    assert.equal(made!.format, 'mapped')
    assert.deepEqual(made!.settings.mapping.source, { format: 'csv', delimiter: ';' })
    await cli.file('kept.yaml', 'nothing')
    const account = await cli.account('kept')
    const sims = await cli.file('kept-sims.csv', 'iccid\n8901260000000000022\n')
    await cli.run(['sim', 'import', sims, '--account', account])
    const usage = await cli.file(
      'kept.csv',
      SAMPLE.replaceAll('8901260000000000014', '8901260000000000022'),
    )
    const imported = await cli.run(['import', usage, '--feed', 'kept', '--json'])
    const { accepted, quarantined } = JSON.parse(imported.stdout)
    assert.deepEqual([accepted, quarantined], [1, 2])
  })

  it('takes JSON as well, and what a ready mapping does with conflicts', async () => {
    const json = await cli.file(
      'm.json',
      JSON.stringify({
        source: { format: 'ndjson' },
        fields: { record_id: 'id', sim: 'sim', occurred_at: { from: 'at' }, to_sim: 'n' },
      }),
    )
    const [own] = await cli.json<{ on_conflict: string }>([
      ...['feed', 'create', 'json', '--mapping', json],
    ])
    assert.equal(own!.on_conflict, 'reject')
    const soracom = ['--mapping', 'soracom', '--set', 'delivery=csv']
    const [ready] = await cli.json<{ on_conflict: string; settings: object }>([
      ...['feed', 'create', 'air', ...soracom],
    ])
    assert.equal(ready!.on_conflict, 'replace')
    assert.deepEqual(ready!.settings, { mapping: 'soracom', delivery: 'csv' })
    const [stated] = await cli.json<{ on_conflict: string }>([
      ...['feed', 'create', 'air-2', ...soracom, '--on-conflict', 'max'],
    ])
    assert.equal(stated!.on_conflict, 'max')
  })

  it('takes settings that are no texts, one by one', async () => {
    const set = ['gigawords=false', 'sim=["3GPP-IMSI"]', 'zones={"CET":"+01:00"}', 'resets=never']
    const [made] = await cli.json<{ settings: object }>([
      ...['feed', 'create', 'gateway', '--format', 'radius'],
      ...set.flatMap((setting) => ['--set', setting]),
    ])
    assert.deepEqual(made!.settings, {
      gigawords: false,
      sim: ['3GPP-IMSI'],
      zones: { CET: '+01:00' },
      resets: 'never',
    })
  })

  it('takes all settings of a format as JSON', async () => {
    const settings = JSON.stringify({ mapping: 'supersim', usage: 'ended' })
    const [made] = await cli.json<{ settings: object }>([
      ...['feed', 'create', 'whole', '--format', 'mapped', '--settings', settings],
    ])
    assert.deepEqual(made!.settings, { mapping: 'supersim', usage: 'ended' })
  })

  it('is wrong usage with what cannot be a mapping, and says what and where', async () => {
    const bad = await cli.file(
      'bad.yaml',
      MAPPING.replace('unit: MB', 'unit: mb').replace(', zone: Europe/Berlin', ''),
    )
    const broken = await cli.file('broken.yaml', 'source: {format: csv\nfields: [')
    // Without a limit, it keeps the reader of YAML busy for minutes.
    const deep = await cli.file('deep.yaml', '{'.repeat(6_000))
    const cases: readonly (readonly [string[], RegExp])[] = [
      [
        ['--mapping', bad],
        /bad\.yaml:\n {2}fields\.occurred_at\.zone: .* is required.*\n {2}fields\.upload\.unit "mb": expected one of bytes, kB/,
      ],
      [['--mapping', broken], /broken\.yaml, line 2, column \d+: /],
      [['--mapping', deep], /deep\.yaml: its brackets are nested more than 64 deep/],
      [['--mapping', cli.path('none.yaml')], /no ready mapping has this name, .*\(ENOENT\)\n/],
      [
        ['--mapping', 'telnyx-wdr'],
        /megabyte: it is required: how many bytes .*\n {2}give each as/,
      ],
      [['--mapping', 'telnyx-wdr', '--set', 'megabyte'], /--set "megabyte": expected name=value/],
      [['--mapping', mapping, '--set', 'megabyte=MB'], /megabyte: a mapping of your own has no/],
      [['--mapping', mapping, '--format', 'csv'], /the format csv has no mapping/],
      [['--format', 'mapped'], /mapping: it is required\n {2}the ready ones are supersim, /],
      [['--format', 'mapped', '--settings', '[1]'], /--settings "\[1\]": expected an object/],
      [['--format', 'csv', '--set', 'a=b'], /a "b": this format has no such setting/],
      [['--format', 'csv', '--settings', '{'], /--settings "{": it is not JSON/],
      [[], /how are its records written\?\n {2}give --format \(csv, ndjson, mapped/],
    ]
    for (const [args, message] of cases) {
      const refused = await cli.run(['feed', 'create', 'refused', ...args])
      assert.equal(refused.exitCode, 2, `${args.join(' ')}: ${refused.stderr}`)
      assert.match(refused.stderr, message)
    }
    const names = (await cli.json<{ name: string }>(['feed', 'list'])).map(({ name }) => name)
    assert.ok(!names.includes('refused'))
  })
})

describe('simtally mapping', () => {
  it('prints each one as a mapping that does what the ready one does', async () => {
    const { stdout: list } = await cli.run(['mapping', 'list', '--json'])
    for (const line of list.trim().split('\n')) {
      const { name } = JSON.parse(line)
      const { stdout } = await cli.run(['mapping', 'show', name])
      const file = await cli.file(`${name}.yaml`, stdout)
      const shown = await cli.run(['mapping', 'show', name, '--json'])
      const created = await cli.run(['feed', 'create', `from-${name}`, '--mapping', file, '--json'])
      assert.deepEqual(JSON.parse(created.stdout).settings.mapping, JSON.parse(shown.stdout))
    }
  })

  it('says which settings it has taken, and takes those that are given', async () => {
    const { stdout } = await cli.run(['mapping', 'show', 'emnify', '--set', 'rx=download'])
    assert.match(stdout, /^# emnify data streamer/)
    assert.match(stdout, /^# rx=download$/m)
    assert.match(stdout, /^# megabyte=MB, because none was given: MB \(1,000,000 bytes\), MiB/m)
    assert.match(stdout, /download:\n {4}from: volume\.rx\n {4}unit: MB/)
  })

  it('refuses a name and a setting that it does not know', async () => {
    const unknown = await cli.run(['mapping', 'show', 'emnifi'])
    assert.deepEqual([unknown.exitCode, unknown.stdout], [2, ''])
    assert.match(unknown.stderr, /no ready mapping has this name\n {2}ready: supersim, emnify/)
    const setting = await cli.run(['mapping', 'show', 'emnify', '--set', 'mb=1'])
    assert.match(setting.stderr, /mb: the mapping emnify has no such setting/)
  })

  it('shows what each leaves open, and its choices', async () => {
    const { stdout } = await cli.run(['mapping', 'list'])
    assert.match(
      stdout,
      /^emnify: emnify data streamer, usage records\n {2}megabyte \(required\): /m,
    )
    assert.match(stdout, /^ {2}booked_at \(end unless set\): .*\n {4}end \(at its end\), start/m)
    assert.match(stdout, /^soracom: .*\n {2}on conflict: replace\n/m)
    const listed = await cli.json<{ name: string; settings: { required: boolean }[] }>([
      'mapping',
      'list',
    ])
    assert.deepEqual(
      listed.map(({ name }) => name),
      READY_MAPPINGS.map(({ name }) => name),
    )
  })
})
