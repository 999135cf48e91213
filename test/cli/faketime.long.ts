/**
 * Processes under clocks that are wrong, by libfaketime: what they do to a store under `import`,
 * `purge` and `serve`. The same under a clock that is given is in `clock-jumps.test.ts`.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { formatInstant, monthsBefore } from '../../src/domain/time.ts'
import { iccidOf } from '../support/builders.ts'
import { CliFixture } from './cli-fixture.ts'
import { CliProcess, type Ended, ROOT } from './cli-process.ts'

const MAIN = join(ROOT, 'src', 'cli', 'main.ts')
const SIM = iccidOf(1)
const DAY = 86_400
const OPTIONS = { timeout: 300_000 }

/** For several threads. The command `faketime` itself stays in between, and hands no signal on. */
const library = execFileSync('faketime', ['-m', '-f', '+0', 'printenv', 'LD_PRELOAD'], {
  encoding: 'utf8',
}).trim()

/** What the system says, as the processes see it that are not fooled. */
const NOW = Math.floor(Date.now() / 1000)

describe('under libfaketime', () => {
  let cli: CliFixture
  let account: string
  let expected = 0

  const csv = (id: string, at: number) =>
    `record_id,sim,occurred_at,plmn,upload\n${id},${SIM},${formatInstant(at)},310-260,10\n`

  function start(shift: string | null, ...args: string[]): CliProcess {
    const command = [process.execPath, MAIN, ...args]
    return shift === null
      ? new CliProcess(cli, command[0]!, command.slice(1))
      : new CliProcess(cli, 'env', [`LD_PRELOAD=${library}`, `FAKETIME=${shift}`, ...command])
  }
  const run = (shift: string | null, ...args: string[]): Promise<Ended> =>
    start(shift, ...args).ended()

  async function uploaded(): Promise<number> {
    const from = formatInstant(monthsBefore(NOW, 17) - 20 * DAY)
    const { stdout } = await run(null, 'usage', SIM, '--start', from, '--json')
    return (JSON.parse(stdout) as { data: { upload: number } }).data.upload
  }

  async function deliver(shift: string | null, id: string, at: number): Promise<Ended> {
    return run(shift, 'import', await cli.file(`${id}.csv`, csv(id, at)), '--feed', 'carrier')
  }

  before(async () => {
    cli = await CliFixture.open()
    account = await cli.account()
    await cli.json(['sim', 'import', '-', '--account', account], { stdin: `iccid\n${SIM}\n` })
    await cli.json(['feed', 'create', 'carrier', '--format', 'csv'], { now: NOW })
    // One that is about to go, under a clock that is ahead by an hour or more.
    for (const [id, at] of [
      ['old', monthsBefore(NOW, 18) + 20 * DAY],
      ['new', NOW - 60],
    ] as const) {
      assert.equal((await deliver(null, id, at)).code, 0)
      expected += 10
    }
  })

  after(() => cli.close())

  for (const shift of ['+1s', '-1s', '+1h', '-1h', '+730d', '-730d']) {
    it(`${shift}: nothing is lost, and everything counts once`, OPTIONS, async () => {
      assert.match((await run(shift, 'purge')).stdout, /^0 ledger rows/)
      const brought = await deliver(shift, `r${shift}`, NOW - 30)
      assert.equal(brought.code, 0, brought.stderr)
      expected += 10
      const serving = start(shift, 'serve', '--port', '0', '--workers', '1')
      await serving.said(/answers at http:\S+/)
      const [url] = /http:\S+/.exec(serving.stdout)!
      const { status } = await fetch(`${url}/readyz`)
      assert.equal(status, /^-(1h|730d)/.test(shift) ? 503 : 200)
      if (shift === '+730d') await serving.said('retention goes no further')
      serving.child.kill('SIGTERM')
      assert.equal((await serving.ended()).code, 0)
      assert.equal((await run(null, 'clock', 'trust')).code, 0)
      assert.equal(await uploaded(), expected)
      assert.match((await deliver(null, `r${shift}`, NOW - 30)).stdout, /duplicate +1 /)
      assert.equal((await run(null, 'audit')).code, 0)
      assert.equal((await run(null, 'clock')).code, 0)
    })
  }
})
