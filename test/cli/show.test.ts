/** Single things, lists that are filtered and limited, and failures as JSON. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { iccidOf } from '../support/builders.ts'
import { CliFixture, jsonLines } from './cli-fixture.ts'

let cli: CliFixture
let account: string
let sim: string
before(async () => {
  cli = await CliFixture.open()
  account = await cli.account('Acme')
  const stdin = `iccid,unique_name\n${iccidOf(1)},truck-1\n${iccidOf(2)},truck-2\n${iccidOf(3)},bus\n`
  await cli.json(['sim', 'import', '-', '--account', account], { stdin })
  const sims = await cli.json<{ sid: string }>(['sim', 'list'])
  sim = sims[0]!.sid
  await cli.json(['feed', 'create', 'roamco', '--format', 'csv'])
  const usage = [1, 2, 3].map((i) => `r${i},truck-1x,2026-03-0${i},310-260\n`)
  const header = 'record_id,sim,occurred_at,plmn\n'
  const good = `g,${iccidOf(1)},2026-03-01,310-260\nh,${iccidOf(1)},2026-03-02,310-260\n`
  await cli.run(['import', '-', '--feed', 'roamco'], { stdin: header + usage.join('') + good })
})
after(() => cli.close())

interface ErrorJson {
  readonly error: {
    readonly code: string
    readonly message: string
    readonly faults: readonly string[]
    readonly hint: string | null
    readonly help: string | null
    readonly exit_code: number
  }
}

async function one(...args: string[]): Promise<Record<string, unknown>> {
  const found = await cli.json<Record<string, unknown>>(args)
  assert.equal(found.length, 1)
  return found[0]!
}

describe('show', () => {
  it('tells of one account, key, SIM, feed and import what its list does', async () => {
    const { sid: key } = await one('key', 'create', '--operator', '--scope', 'read')
    for (const [noun, name, id] of [
      ['account', account, 'sid'],
      ['key', String(key), 'sid'],
      ['sim', sim, 'sid'],
      ['feed', 'roamco', 'name'],
      ['import', '1', 'import'],
    ] as const) {
      const shown = await one(noun, 'show', name)
      const listed = await cli.json<Record<string, unknown>>([noun, 'list'])
      const row = listed.find((entry) => String(entry[id]) === name)!
      for (const [field, value] of Object.entries(row)) {
        assert.deepEqual(shown[field], value, `${noun}: ${field}`)
      }
      const { stdout } = await cli.run([noun, 'show', name])
      assert.match(stdout, new RegExp(`^${id} +${name}$`, 'm'))
    }
  })

  it('finds a SIM by any of its names, and fails in the same way for what there is not', async () => {
    for (const name of [sim, 'truck-1', iccidOf(1)]) {
      assert.equal((await one('sim', 'show', name)).sid, sim)
    }
    for (const args of [
      ['account', 'show', `AC${'0'.repeat(32)}`],
      ['key', 'show', `SK${'0'.repeat(32)}`],
      ['sim', 'show', 'nothing'],
      ['feed', 'show', 'nothing'],
      ['import', 'show', '99'],
    ]) {
      const { exitCode, stdout, stderr } = await cli.run([...args, '--json'])
      assert.deepEqual([exitCode, stdout], [1, ''])
      const [{ error }] = jsonLines<ErrorJson>(stderr) as [ErrorJson]
      assert.deepEqual([error.code, error.exit_code, error.help], ['not_found', 1, null])
      assert.match(error.hint!, /^simtally \w+ (list|create)/)
    }
  })
})

describe('simtally sim set', () => {
  it('changes names, status and home set, and says what becomes of usage', async () => {
    const set = (...args: string[]) => cli.run(['sim', 'set', 'bus', ...args])
    const named = await one('sim', 'set', 'bus', '--friendly-name', 'Bus 1', '--status', 'ready')
    assert.deepEqual([named.friendly_name, named.status], ['Bus 1', 'ready'])
    const moved = await set('--home-countries', 'PT,ES', '--home-plmns', '268-01')
    assert.match(moved.stdout, /^home countries +PT ES$/m)
    assert.match(moved.stderr, /simtally reclassify applies it to counted usage/)
    const renamed = await one('sim', 'set', 'bus', '--unique-name', 'bus-1')
    assert.deepEqual([renamed.unique_name, renamed.home_plmns], ['bus-1', ['268-01']])
    await cli.json(['sim', 'set', 'bus-1', '--unique-name', 'bus', '--home-plmns', ''])
    assert.deepEqual((await one('sim', 'show', 'bus')).home_plmns, [])
    assert.equal((await set()).exitCode, 2)
    assert.equal((await set('--status', 'lost')).exitCode, 2)
    assert.equal((await set('--unique-name', 'truck-1')).exitCode, 1)
  })
})

describe('every list', () => {
  it('shows at most as many as --limit says, and tells that there are more', async () => {
    for (const [args, count] of [
      [['sim', 'list'], 3],
      [['quarantine', 'list'], 3],
      [['event', 'list', 'truck-1', '--start', '2026-03-01'], 2],
      [['mapping', 'list'], 8],
      [['log', 'list'], 5],
    ] as const) {
      const all = await cli.run([...args, '--json'])
      assert.ok(jsonLines(all.stdout).length >= count, args.join(' '))
      assert.equal(all.stderr, '')
      const limited = await cli.run([...args, '--limit', '1', '--json'])
      assert.equal(jsonLines(limited.stdout).length, 1)
      assert.deepEqual(jsonLines(limited.stderr), [
        { note: { message: 'Only the first 1 are shown; --limit sets how many.' } },
      ])
    }
    assert.equal((await cli.run(['sim', 'list', '--limit', '0'])).exitCode, 2)
  })

  it('can be filtered', async () => {
    for (const [args, count] of [
      [['sim', 'list', '--search', 'TRUCK'], 2],
      [['account', 'list', '--search', 'acm'], 1],
      [['account', 'list', '--search', 'x'], 0],
      [['feed', 'list', '--status', 'current'], 0],
      [['feed', 'list', '--search', 'roam'], 1],
      [['key', 'list', '--scope', 'admin'], 0],
      [['mapping', 'list', '--search', 'emnify'], 1],
      [['gap', 'list', '--status', 'open'], 0],
      [['quarantine', 'list', '--cause', 'unknown_sim'], 3],
    ] as const) {
      const now = { now: Date.parse('2026-04-15T00:00:00Z') / 1_000 }
      assert.equal((await cli.json(args, now)).length, count, args.join(' '))
    }
  })
})

describe('--json', () => {
  it('makes wrong usage an object too, and names the command that explains', async () => {
    for (const [args, message, help] of [
      [['sim', 'list', '--jason', '--json'], /unknown option '--jason'/, 'sim list'],
      [['usage', 'x', '--start', 'soon', '--json'], /^--start "soon": expected/, 'usage show'],
      [['key', 'create', '--scope', 'read', '--json'], /^whose key/, 'key create'],
      [['account', '--json'], /unknown option '--json'|a command is missing/, 'account'],
    ] as const) {
      const { exitCode, stdout, stderr } = await cli.run(args)
      assert.deepEqual([exitCode, stdout], [2, ''])
      const [{ error }] = jsonLines<ErrorJson>(stderr) as [ErrorJson]
      assert.deepEqual([error.code, error.exit_code], ['wrong_usage', 2])
      assert.match(error.message, message)
      assert.deepEqual(error.faults, [error.message])
      assert.equal(error.help, `simtally ${help} --help`)
    }
  })

  it('is not asked for by what stands behind --', async () => {
    const { stderr } = await cli.run(['sim', 'show', '--', '--json'])
    assert.match(stderr, /^simtally: there is no SIM "--json"\n/)
  })
})

describe('wrong usage', () => {
  it('is followed by where the right one stands', async () => {
    for (const [args, help] of [
      [['import', 'a.csv'], 'import run'],
      [['usage'], 'usage show'],
      [['nothing'], ''],
      [['--database'], ''],
      [['feed', 'create', 'a/b', '--format', 'csv'], 'feed create'],
      [['quarantine', 'discard', '--by', 'Ada', '--reason', 'x'], 'quarantine discard'],
    ] as const) {
      const { exitCode, stderr } = await cli.run(args)
      assert.equal(exitCode, 2)
      assert.ok(stderr.endsWith(`  see simtally ${help} --help\n`.replace('  --', ' --')), stderr)
    }
  })
})
