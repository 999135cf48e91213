/** What the doctor finds, and what it says to do. */
import assert from 'node:assert/strict'
import { chmod } from 'node:fs/promises'
import { describe, it, type TestContext } from 'node:test'
import { iccidOf, NOW } from '../support/builders.ts'
import { CliFixture, type CliRunOptions, jsonLines } from './cli-fixture.ts'

interface FindingJson {
  readonly check: string
  readonly status: 'fine' | 'warning' | 'problem'
  readonly message: string
  readonly remedy: string | null
}

async function open(t: TestContext): Promise<CliFixture> {
  const cli = await CliFixture.open('sqlite')
  t.after(() => cli.close())
  return cli
}

async function findings(
  cli: CliFixture,
  args: readonly string[] = [],
  options: CliRunOptions = {},
) {
  const { exitCode, stdout, stderr } = await cli.run(['doctor', ...args, '--json'], options)
  assert.equal(stderr, '')
  return { exitCode, found: jsonLines<FindingJson>(stdout) }
}

function statusOf(found: readonly FindingJson[], check: string): string[] {
  return found.filter((finding) => finding.check === check).map(({ status }) => status)
}

describe('simtally doctor', () => {
  it('finds nothing wrong where nothing is, and looks at everything', async (t) => {
    const cli = await open(t)
    await cli.json(['audit'])
    const { exitCode, found } = await findings(cli)
    assert.equal(exitCode, 0)
    const checks = ['version', 'settings', 'permissions', 'disk', 'store', 'clock', 'feeds']
    for (const check of [...checks, 'folders', 'quarantine', 'audit']) {
      assert.equal(statusOf(found, check).length, 1, check)
      if (check !== 'disk') assert.deepEqual(statusOf(found, check), ['fine'], check)
    }
    const { stdout } = await cli.run(['doctor'])
    assert.match(stdout, /^fine {5}store: it can be opened/m)
  })

  it('names what is wrong with the settings, and goes on', async (t) => {
    const cli = await open(t)
    const file = await cli.file('simtally.yaml', 'prot: 1\nlimit-headers: 2\n')
    const env = { SIMTALLY_LOG_LEVLE: 'debug', SIMTALLY_WORKERS: 'many', SIMTALLY_HOST: '::' }
    const { exitCode, found } = await findings(cli, ['--config', file], { env })
    assert.equal(exitCode, 1)
    const said = found.filter(({ check }) => check === 'settings')
    for (const words of [
      /prot: there is no such setting; port\?/,
      /limit-headers "2": expected a whole number/,
      /SIMTALLY_LOG_LEVLE, which is not a setting.*is it SIMTALLY_LOG_LEVEL\?/,
      /SIMTALLY_WORKERS "many": expected/,
      /listens on every address, without TLS.*set tls-cert/,
    ]) {
      assert.ok(
        said.some(({ message, remedy }) => words.test(`${message} ${remedy}`)),
        `${words}`,
      )
    }
    assert.deepEqual(statusOf(found, 'store'), ['fine'])
  })

  it('says how to make a store that is not there, and whose permissions to change', async (t) => {
    const cli = await CliFixture.openWithoutStore('sqlite')
    t.after(() => cli.close())
    const none = await findings(cli)
    assert.equal(none.exitCode, 1)
    const store = none.found.find(({ check }) => check === 'store')!
    assert.match(store.message, /^there is no store at \S+$/)
    assert.match(store.remedy!, /^simtally init makes one.*--database, SIMTALLY_DATABASE_URL/)
    // Neither is a folder that the store's making would make.
    const elsewhere = `sqlite:${cli.path('not/yet/simtally.db')}`
    const { found } = await findings(cli, ['--database', elsewhere])
    assert.deepEqual(statusOf(found, 'permissions'), ['fine'])
    await cli.json(['init'])
    await chmod(cli.path('simtally.db'), 0o644)
    const { stdout } = await cli.run(['doctor', '--json'])
    const [permissions] = jsonLines<FindingJson>(stdout).filter(
      ({ check }) => check === 'permissions',
    )
    assert.equal(permissions!.status, 'warning')
    assert.match(permissions!.remedy!, /^chmod 600 .*simtally\.db$/)
  })

  it('says of a database that cannot be used what else to do', async (t) => {
    const cli = await open(t)
    for (const [url, remedy] of [
      [`sqlite:${await cli.file('text.db', 'no database')}`, /^name another .*restore a backup$/],
      ['postgres://nobody@127.0.0.1:1/x', /^start PostgreSQL there, or name another/],
      ['mysql://db.example.com/x', /^give what is expected there$/],
    ] as const) {
      const { exitCode, found } = await findings(cli, ['--database', url])
      assert.equal(exitCode, 1)
      assert.match(found.find(({ check }) => check === 'store')!.remedy!, remedy)
    }
  })

  it('tells of a clock that stands behind, silent feeds, quarantine and audits', async (t) => {
    const cli = await open(t)
    await cli.json(['feed', 'create', 'roamco', '--format', 'csv'])
    const stdin = `record_id,sim,occurred_at,plmn\na,${iccidOf(1)},2026-03-01,310-260\n`
    await cli.run(['import', '-', '--feed', 'roamco'], { stdin })
    const late = await findings(cli, [], { now: NOW + 30 * 3_600 })
    assert.equal(late.exitCode, 0)
    for (const check of ['feeds', 'quarantine', 'audit']) {
      assert.deepEqual(statusOf(late.found, check), ['warning'], check)
    }
    assert.match(late.found.find(({ check }) => check === 'feeds')!.remedy!, /feed retire roamco$/)
    const behind = await findings(cli, [], { now: NOW - 86_400 * 400 })
    assert.equal(behind.exitCode, 1)
    assert.deepEqual(statusOf(behind.found, 'clock'), ['problem'])
  })
})
