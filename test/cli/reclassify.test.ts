import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { iccidOf } from '../support/builders.ts'
import { CliFixture } from './cli-fixture.ts'

const RECORDS = `record_id,sim,occurred_at,plmn,upload
r1,${iccidOf(1)},2026-02-28T23:59:59Z,208-01,1
r2,${iccidOf(1)},2026-03-01T00:00:00Z,208-01,2
r3,${iccidOf(1)},2026-03-01T10:00:00Z,310-260,4
`

describe('simtally reclassify', () => {
  let cli: CliFixture
  let account: string
  before(async () => {
    cli = await CliFixture.open()
    account = await cli.account()
    const stdin = `iccid\n${iccidOf(1)}\n`
    await cli.json(['sim', 'import', '-', '--account', account], { stdin })
    await cli.json(['feed', 'create', 'f', '--format', 'csv'])
    const { exitCode } = await cli.run(['import', '-', '--feed', 'f'], { stdin: RECORDS })
    assert.equal(exitCode, 0)
  })
  after(() => cli.close())

  it('tells what changes, changes it, and changes nothing twice', async () => {
    const moved = await cli.run(['account', 'set', account, '--home-countries', 'FR'])
    assert.match(moved.stderr, /simtally reclassify/)
    const args = ['reclassify', '--since', '2026-03-01', '--account', account]
    const [sim] = await cli.json<{ sid: string }>(['sim', 'list'])
    const change = { account_sid: account, sim_sid: sim!.sid, download: 0, to_sim: 0, from_sim: 0 }
    const [plan] = await cli.json([...args, '--dry-run'])
    assert.deepEqual(plan, {
      ...{ dry_run: true, since: '2026-03-01T00:00:00Z', account_sid: account },
      ...{ changed: 1, unknown: 0 },
      changes: [
        { ...change, zone: 'national_roaming', country_code: 'FRA', upload: 2 },
        { ...change, zone: 'international_roaming', country_code: 'FRA', upload: -2 },
      ],
    })
    const shown = await cli.run([...args, '--dry-run'])
    assert.match(shown.stdout, /^since 2026-03-01T00:00:00Z: 1 usage event would count in another/)
    assert.match(shown.stdout, /national_roaming FRA +\+2 /)
    assert.deepEqual((await cli.json(['log', 'list', '--kind', 'account']))[0], {
      ...(await cli.json<object>(['log', 'list', '--kind', 'account']))[0],
      verb: 'change',
    })
    const done = await cli.run(args)
    assert.equal(
      done.stdout,
      'since 2026-03-01T00:00:00Z: 1 usage event counts in another zone now\n',
    )
    const [again] = await cli.json<{ changed: number }>(args)
    assert.equal(again?.changed, 0)
    const acts = await cli.json<{ verb: string; details: unknown }>([
      'log',
      'list',
      '--kind',
      'account',
    ])
    assert.equal(acts[0]?.verb, 'reclassify')
    const details = { since: '2026-03-01T00:00:00Z', changed: 1, unknown: 0 }
    assert.deepEqual(acts[0].details, details)
    assert.notEqual(acts[1]?.verb, 'reclassify')
    assert.equal((await cli.run(['audit'])).exitCode, 0)
  })

  it('refuses what it cannot mean', async () => {
    for (const [args, message] of [
      [[], /--since/],
      [['--since', 'yesterday'], /--since/],
      [['--since', '2026-03-01', '--account', 'DE1'], /--account/],
    ] as const) {
      const { exitCode, stderr } = await cli.run(['reclassify', ...args])
      assert.equal(exitCode, 2)
      assert.match(stderr, message)
    }
    const nobody = `AC${'0'.repeat(32)}`
    const { exitCode, stderr } = await cli.run([
      'reclassify',
      '--since',
      '2026-03-01',
      '--account',
      nobody,
    ])
    assert.equal(exitCode, 1)
    assert.match(stderr, /there is no account/)
  })
})
