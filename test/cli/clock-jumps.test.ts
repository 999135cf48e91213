/** Clocks that are wrong, under import, purge and upkeep: nothing is lost, and what is wrong is said. */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { Retention } from '../../src/cli/retention.ts'
import { openStore } from '../../src/storage/open-store.ts'
import { iccidOf, instant } from '../support/builders.ts'
import { CliFixture, type CliRunOptions } from './cli-fixture.ts'

const NOW = instant('2026-03-10T12:30:00Z')
const SECOND = 1
const HOUR = 3_600
const DAY = 24 * HOUR
const YEAR = 365 * DAY
const SIM = iccidOf(1)
const JUMPS = [SECOND, HOUR, 2 * YEAR].flatMap((seconds) => [seconds, -seconds])

const csv = (...lines: string[]) => `record_id,sim,occurred_at,plmn,upload\n${lines.join('\n')}\n`
const record = (id: string, at: string, upload = 7) => `${id},${SIM},${at},310-260,${upload}`

async function openFleet(t: TestContext): Promise<CliFixture> {
  const cli = await CliFixture.open()
  t.after(() => cli.close())
  const account = await cli.account()
  await cli.json(['sim', 'import', '-', '--account', account], { stdin: `iccid\n${SIM}\n` })
  await cli.json(['feed', 'create', 'carrier', '--format', 'csv'])
  return cli
}

function deliver(cli: CliFixture, stdin: string, options: CliRunOptions) {
  return cli.run(['import', '-', '--feed', 'carrier'], { stdin, ...options })
}

async function uploaded(cli: CliFixture): Promise<number> {
  const args = ['usage', SIM, '--start', '2024-09-11', '--end', '2026-03-20', '--json']
  const { stdout } = await cli.run(args, { now: NOW })
  return (JSON.parse(stdout) as { data: { upload: number } }).data.upload
}

/** Usage of 18 months, delivered under a right clock. */
async function openYears(t: TestContext): Promise<CliFixture> {
  const cli = await openFleet(t)
  const lines = ['2024-09-20', '2025-03-01', '2026-03-10'].map((day) => record(day, day))
  assert.equal((await deliver(cli, csv(...lines), { now: NOW })).exitCode, 0)
  return cli
}

describe('under a clock that is wrong', () => {
  it('nothing is deleted or expired, and everything counts once', async (t) => {
    const cli = await openYears(t)
    let sum = 21
    for (const jump of JUMPS) {
      const now = NOW + jump
      const purged = await cli.run(['purge'], { now, serverNow: now })
      assert.equal(purged.exitCode, 0)
      assert.match(purged.stdout, /^0 ledger rows/)
      const delivery = csv(record(`r${jump}`, '2026-03-10T12:00:00Z', 10))
      assert.deepEqual((await deliver(cli, delivery, { now })).exitCode, 0)
      const again = await deliver(cli, delivery, { now: NOW })
      assert.match(again.stdout, /duplicate +1 /)
      sum += 10
      assert.equal(await uploaded(cli), sum)
    }
    const [audit] = await cli.json<{ ledger_rows: number }>(['audit'])
    assert.equal(audit!.ledger_rows, 3 + JUMPS.length)
  })

  it('purging says what the clock says, what the store has seen and what to do', async (t) => {
    const cli = await openYears(t)
    const { stderr } = await cli.run(['purge'], { now: NOW + 2 * YEAR })
    assert.match(stderr, /the clock says 2028-03-09T12:30:00Z/)
    assert.match(stderr, /the store has seen no later day than 2026-03-10T00:00:00Z/)
    assert.match(stderr, /simtally purge --before 2026-09-09T12:00:00Z/)
    const args = ['purge', '--before', '2025-01-01']
    const dryRun = await cli.json(['purge', '--before', '2025-01-01', '--dry-run'], {
      now: NOW + YEAR,
    })
    assert.equal((dryRun[0] as { ledger_rows: number }).ledger_rows, 1)
    const inside = await cli.run(args, { now: NOW })
    assert.equal(inside.exitCode, 2)
    assert.match(inside.stderr, /usage from 2024-09-10T12:00:00Z on is kept/)
    const told = await cli.run(args, { now: NOW + YEAR })
    assert.match(told.stdout, /^1 ledger row, .* from before 2025-01-01T00:00:00Z are deleted/)
  })

  it('records that expire are said, in words and by the exit code, and count when sent again', async (t) => {
    const cli = await openFleet(t)
    const delivery = csv(record('a', '2026-03-10T12:00:00Z'))
    const lost = await deliver(cli, delivery, { now: NOW + 2 * YEAR })
    assert.equal(lost.exitCode, 3)
    assert.match(lost.stderr, /1 records? (are|is) expired.*the clock says 2028-03-09T12:30:00Z/)
    assert.equal((await deliver(cli, delivery, { now: NOW })).exitCode, 0)
    assert.equal(await uploaded(cli), 7)
  })
})

describe('simtally clock', () => {
  it('says what is wrong with it, and can be told that nothing is', async (t) => {
    const cli = await openYears(t)
    const delivery = csv(record('b', '2026-03-10T12:00:00Z'))
    assert.equal((await deliver(cli, delivery, { now: NOW + 2 * YEAR })).exitCode, 0)
    const behind = await cli.run(['clock'], { now: NOW })
    assert.equal(behind.exitCode, 1)
    assert.match(behind.stdout, /^clock: 2026-03-10T12:30:00Z\n.*newest delivery: 2028-03-09/s)
    assert.match(behind.stderr, /the store has seen 2028-03-09T12:30:00Z: correct the clock/)
    const [trusted] = await cli.json<{ imports: number }>(['clock', 'trust'], { now: NOW })
    assert.equal(trusted!.imports, 1)
    const [right] = await cli.json<{ fault: null }>(['clock'], { now: NOW })
    assert.equal(right!.fault, null)
  })
})

describe('upkeep of retention', () => {
  async function passes(t: TestContext) {
    const cli = await openYears(t)
    let clock = NOW
    const store = await openStore(cli.databaseUrl, { serverClock: () => clock })
    t.after(() => store.close())
    let uptime = 0
    const lines: string[] = []
    const log = {
      info: (_: object, message: string) => void lines.push(`info ${message}`),
      warn: (_: object, message: string) => void lines.push(`warn ${message}`),
    }
    const retention = new Retention({ store, uptime: () => uptime, log })
    const pass = async (at: number, uptimeSeconds: number) => {
      clock = at
      uptime = uptimeSeconds
      lines.length = 0
      await retention.pass(at, await store.readTime(), () => false)
      return [...lines]
    }
    const rows = async () => (await store.audit()).ledgerRows
    return { store, pass, rows }
  }

  it('refuses a jump once an hour in its log, and deletes nothing by it', async (t) => {
    const { pass, rows } = await passes(t)
    await pass(NOW, 0)
    const [refusal] = await pass(NOW + 2 * YEAR, 600)
    assert.match(String(refusal), /^warn retention goes no further: the clock says 2028/)
    assert.deepEqual(await pass(NOW + 2 * YEAR, 1200), [])
    assert.equal((await pass(NOW + 2 * YEAR, 600 + HOUR)).length, 1)
    assert.equal(await rows(), 3)
  })

  it('goes on as time is seen to pass where nothing comes, and logs what went', async (t) => {
    const { pass, rows, store } = await passes(t)
    await pass(NOW, 0)
    for (let day = 1; day <= 9; day++) assert.deepEqual(await pass(NOW + day * DAY, day * DAY), [])
    const gone = (await pass(NOW + 10 * DAY, 10 * DAY)).join()
    assert.match(gone, /^info 1 ledger row, .* from before 2024-09-2\dT.* are deleted$/)
    assert.equal(await rows(), 2)
    assert.ok((await store.readTime()).provenAt! > NOW + 9 * DAY)
  })

  it('takes two days a step and a step an hour, whatever the usage says', async (t) => {
    const { pass, store, rows } = await passes(t)
    await pass(NOW, 0)
    const limit = async () => (await store.readTime()).purgedThrough!
    const first = await limit()
    await store.proveTime(NOW + 2 * YEAR)
    await pass(NOW + 2 * YEAR, 600)
    assert.equal(await limit(), first + 2 * DAY)
    await pass(NOW + 2 * YEAR, 1200)
    assert.equal(await limit(), first + 2 * DAY)
    await pass(NOW + 2 * YEAR, 600 + HOUR)
    assert.equal(await limit(), first + 4 * DAY)
    assert.equal(await rows(), 3)
  })
})
