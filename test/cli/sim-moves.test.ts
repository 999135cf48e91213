/** A SIM moves to another account on the command line. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { iccidOf, instant, sidOf } from '../support/builders.ts'
import { CliFixture, jsonLines } from './cli-fixture.ts'

const REGISTERED = instant('2026-01-15T00:00:00Z')
const NOW = instant('2026-03-10T12:30:00Z')
const SIM = sidOf('DE', 1)

const RECORDS = `record_id,sim,occurred_at,plmn,upload,download,to_sim,from_sim
a,${SIM},2026-02-09T10:00:00Z,310-260,1,0,0,0
b,${SIM},2026-02-10T10:00:00Z,310-260,20,0,0,0
c,${SIM},2026-02-14T10:00:00Z,310-260,300,0,0,0
`

let cli: CliFixture
let from: string
let to: string
before(async () => {
  cli = await CliFixture.open()
  from = await cli.account()
  to = await cli.account('Other')
  const list = `sid,iccid,unique_name\n${SIM},${iccidOf(1)},truck\n`
  await cli.run(['sim', 'import', '-', '--account', from], { stdin: list, now: REGISTERED })
  await cli.json(['feed', 'create', 'carrier', '--format', 'csv'])
  await cli.json(['import', '-', '--feed', 'carrier'], { stdin: RECORDS, now: NOW })
})
after(() => cli.close())

const run = (...args: string[]) => cli.run(args, { now: NOW })

async function used(...options: string[]): Promise<[string, number]> {
  const args = ['usage', ...options, '--start', '2026-02-01', '--end', '2026-03-01', '--json']
  const { stdout, stderr } = await run(...args)
  const [record] = jsonLines(stdout) as { account_sid: string; data: { total: number } }[]
  assert.ok(record, stderr)
  return [record.account_sid, record.data.total]
}

describe('simtally sim move', () => {
  it('refuses what cannot be, and says what to do', async () => {
    const refused = async (code: number, ...args: string[]) => {
      const { exitCode, stderr, stdout } = await run('sim', 'move', 'truck', ...args)
      assert.deepEqual([exitCode, stdout], [code, ''], stderr)
      return stderr
    }
    const within = ['--account', from]
    assert.match(await refused(2, ...within), /required option '--to <account>'/)
    assert.match(await refused(2, ...within, '--to', 'x'), /--to "x": expected AC/)
    assert.match(await refused(1, ...within, '--to', sidOf('AC', 0xfff)), /there is no account/)
    const unknown = await run('sim', 'move', 'nothing', '--to', to)
    assert.deepEqual([unknown.exitCode, unknown.stdout], [1, ''])
    assert.match(unknown.stderr, /there is no SIM "nothing"/)
    assert.match(
      await refused(1, ...within, '--to', from),
      /--to AC.*already belongs to this account/,
    )
    const since = async (code: number, text: string) =>
      refused(code, ...within, '--to', to, '--since', text)
    assert.match(await since(2, '2026-03-11'), /--since "2026-03-11T00:00:00Z": lies after now/)
    assert.match(await since(2, '2026-01-14'), /--since .*registered at 2026-01-15T00:00:00Z/)
  })

  it('leaves usage with the account that used it, and is logged', async () => {
    const args = ['sim', 'move', iccidOf(1), '--to', to, '--since', '2026-02-10', '--json']
    const [told] = await cli.json<Record<string, unknown>>(args, { now: NOW })
    const facts = { sid: SIM, from, to, since: '2026-02-10T00:00:00Z', events: 2 }
    assert.deepEqual(told, facts)
    assert.deepEqual(await used(SIM), [to, 320])
    assert.deepEqual(await used(SIM, '--account', to), [to, 320])
    for (const name of [SIM, 'truck', iccidOf(1)]) {
      assert.deepEqual(await used(name, '--account', from), [from, 1])
    }
    const period = ['--start', '2026-02-01', '--end', '2026-03-01']
    const events = async (account: string) => {
      const args = ['event', 'list', SIM, '--account', account, ...period, '--json']
      return jsonLines((await run(...args)).stdout).length
    }
    assert.deepEqual([await events(from), await events(to)], [1, 2])
    const report = ['report', '--account', from, '--sim', 'truck', '--by', 'sim', '--json']
    const asked = await run(...report, ...period)
    const [member] = jsonLines(asked.stdout) as { sim_sid: string; data: { total: number } }[]
    assert.deepEqual([member!.sim_sid, member!.data.total], [SIM, 1])
    assert.equal((await run('sim', 'show', SIM, '--account', from)).exitCode, 1)
    const log = await run('log', 'list', '--kind', 'sim', '--json')
    const [act] = jsonLines(log.stdout) as Record<string, unknown>[]
    assert.deepEqual([act!.verb, act!.object], ['move', SIM])
    const again = await run('sim', 'move', SIM, '--to', from, '--since', '2026-02-10')
    assert.match(again.stderr, /--since .* has already moved in this second; give a later one/)
  })
})
