/** `simtally import --dry-run`: tells what a file would change, and changes nothing. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { iccidOf } from '../support/builders.ts'
import { CliFixture } from './cli-fixture.ts'

const HEADER = 'record_id,sim,occurred_at,plmn,upload,to_sim\n'

describe('simtally import --dry-run', () => {
  let cli: CliFixture
  let account: string
  before(async () => {
    cli = await CliFixture.open()
    account = await cli.account()
    const stdin = `iccid\n${iccidOf(1)}\n${iccidOf(2)}\n`
    await cli.json(['sim', 'import', '-', '--account', account], { stdin })
    await cli.json(['feed', 'create', 'f', '--format', 'csv', '--on-conflict', 'replace'])
    await cli.json(['import', '-', '--feed', 'f'], { stdin: HEADER + record('r1', 1, 9) })
  })
  after(() => cli.close())

  const record = (id: string, sim: number, upload: number | string, plmn = '310-260') =>
    `${id},${iccidOf(sim)},2026-03-01T10:00:00Z,${plmn},${upload},1\n`

  const FILE = [
    record('r1', 1, 4),
    record('r2', 1, '9007199254740991', '208-01'),
    record('r3', 1, '9007199254740991', '208-01'),
    record('r4', 2, 6),
    record('r4', 2, 6),
    record('r5', 3, 6),
  ].join('')

  it('tells verdicts and changes as JSON, exactly, and stores nothing', async () => {
    const before = await cli.json(['import', 'list'])
    const { exitCode, stdout } = await cli.run(
      ['import', '-', '--feed', 'f', '--dry-run', '--json'],
      {
        stdin: HEADER + FILE,
      },
    )
    assert.equal(exitCode, 3)
    assert.equal(stdout.trimEnd().split('\n').length, 1)
    assert.match(stdout, /"upload":18014398509481982,/)
    const { changes, errors, ...told } = JSON.parse(stdout)
    assert.deepEqual(told, {
      dry_run: true,
      records: 6,
      accepted: 3,
      duplicate: 1,
      replaced: 1,
      quarantined: 1,
      expired: 0,
      readings: { resets: 0, falls: 0, wraps: 0 },
      source: '-',
      status: 'done',
      error: null,
      warnings: [],
    })
    assert.equal(errors[0].reason, 'unknown_sim')
    const sims = await cli.json<{ sid: string }>(['sim', 'list'])
    const [first, second] = sims.map(({ sid }) => sid)
    const facts = changes.map((change: Record<string, unknown>) => Object.values(change))
    assert.deepEqual(facts, [
      [account, first, 'home', 'USA', -5, 0, 0, 0],
      [account, first, 'international_roaming', 'FRA', 2 ** 54 - 2, 0, 2, 0],
      [account, second, 'home', 'USA', 6, 0, 1, 0],
    ])
    assert.deepEqual(await cli.json(['import', 'list']), before)
    assert.deepEqual(await cli.json(['quarantine', 'list']), [])
  })

  it('tells them in words, with the total of each account', async () => {
    const file = await cli.file('usage.csv', HEADER + record('r1', 1, 4) + record('r4', 2, 6_000))
    const { exitCode, stdout, stderr } = await cli.run(['import', file, '--feed', 'f', '--dry-run'])
    assert.equal(exitCode, 0, stderr)
    assert.match(stdout, /^dry run: 2 records of .*usage\.csv in [\d.]+ s, nothing is stored$/m)
    assert.match(stdout, /^ {2}replaced +1 {2}/m)
    assert.match(stdout, /^ACCOUNT +SIM +WHERE +UPLOAD/m)
    assert.match(stdout, new RegExp(`^${account} +total +\\+5[, ]?995 +0 +\\+1 +0$`, 'm'))
    assert.match(stdout, /^ +DE\w+ +home USA +-5 +0 +0 +0$/m)
    assert.equal(stderr, '')
    const nothing = await cli.run(['import', '-', '--feed', 'f', '--dry-run'], {
      stdin: HEADER + record('r1', 1, 9),
    })
    assert.match(nothing.stdout, /^no usage would change$/m)
  })

  it('tells each file by itself, and goes on after one that cannot be read', async () => {
    const bad = await cli.file('bad.csv', 'nothing\n')
    const good = await cli.file('good.csv', HEADER + record('r4', 2, 6))
    const args = ['import', good, bad, good, '--feed', 'f', '--dry-run', '--json']
    const { exitCode, stdout, stderr } = await cli.run(args)
    assert.equal(exitCode, 1)
    assert.match(stderr, /bad\.csv: the header line/)
    const accepted = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).accepted)
    assert.deepEqual(accepted, [1, 0, 1])
  })

  it('is no way to watch a folder', async () => {
    const args = ['import', '--watch', cli.directory, '--feed', 'f', '--dry-run']
    const { exitCode, stderr } = await cli.run(args)
    assert.equal(exitCode, 2)
    assert.match(stderr, /--watch has no --dry-run/)
  })
})
