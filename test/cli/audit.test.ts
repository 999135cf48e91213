/** `simtally audit`: its parts, going on with one, and what it says of a store that is wrong. */
import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { describe, it, type TestContext } from 'node:test'
import { StopRequest } from '../../src/cli/context.ts'
import { iccidOf } from '../support/builders.ts'
import { CliFixture } from './cli-fixture.ts'

/** Two accounts, each with a SIM that used something on two days. */
async function twoAccounts(t: TestContext) {
  const cli = await CliFixture.open('sqlite')
  t.after(() => cli.close())
  const accounts = [await cli.account(), await cli.account()]
  await cli.json(['feed', 'create', 'carrier', '--format', 'csv'])
  for (const [n, account] of accounts.entries()) {
    await cli.json(['sim', 'import', '-', '--account', account], {
      stdin: `iccid\n${iccidOf(n)}\n`,
    })
  }
  const lines = ['2026-03-01', '2026-03-10'].flatMap((day, i) =>
    accounts.map((_, n) => `r${i}${n},${iccidOf(n)},${day}T10:00:00Z,310-260,7`),
  )
  const stdin = `record_id,sim,occurred_at,plmn,upload\n${lines.join('\n')}\n`
  await cli.run(['import', '-', '--feed', 'carrier'], { stdin })
  const damage = (text: string) => {
    const database = new DatabaseSync(cli.path('simtally.db'))
    database.exec(text)
    database.close()
  }
  const audit = async (...args: string[]) => {
    const { stdout, exitCode } = await cli.run(['audit', '--json', ...args])
    return { ...JSON.parse(stdout), exitCode }
  }
  return { cli, accounts, damage, audit }
}

describe('simtally audit', () => {
  it('puts sealed days under checksum, and then names a row of them that was changed', async (t) => {
    const { damage, audit } = await twoAccounts(t)
    assert.equal((await audit()).checksummed_through, null)
    assert.equal((await audit()).checksummed_through, '2026-03-11T00:00:00Z')
    damage("UPDATE ledger SET line = line + 1 WHERE record_id = 'r00'")
    const { exitCode, differences } = await audit()
    assert.equal(exitCode, 1)
    assert.deepEqual(
      differences.map(({ table, cell }: { table: string; cell: string }) => [table, cell]),
      [['ledger', 'rows of 2026-03-01']],
    )
  })

  it('names counts of an import that its records do not bear out, with what they have to be', async (t) => {
    const { cli, damage, audit } = await twoAccounts(t)
    const stdin = `record_id,sim,occurred_at,plmn,upload\nq,${iccidOf(77)},2026-03-01T10:00:00Z,310-260,7\n`
    await cli.run(['import', '-', '--feed', 'carrier'], { stdin })
    const counts = async () =>
      (await audit()).differences
        .filter(({ cell }: { cell: string }) => cell.endsWith('counts'))
        .map(({ cell, recomputed }: Record<string, string>) => `${cell}: ${recomputed}`)
    assert.deepEqual(await counts(), [])
    damage('UPDATE import SET accepted = accepted + 1 WHERE id = 1')
    assert.deepEqual(await counts(), ['id 1, counts: accepted and replaced 4, quarantined 0'])
    damage('UPDATE import SET accepted = accepted - 1, quarantined = 2')
    assert.deepEqual(await counts(), [
      'id 1, counts: accepted and replaced 4, quarantined 0',
      'id 2, counts: accepted and replaced 0, quarantined 1',
    ])
    damage('UPDATE import SET accepted = 0, quarantined = id - 1 WHERE id = 2')
    damage('UPDATE import SET accepted = 4, quarantined = 0 WHERE id = 1')
    await cli.run(['quarantine', 'discard', '1', '--by', 'Ada', '--reason', 'a test'])
    damage('UPDATE import SET quarantined = 2 WHERE id = 2')
    assert.deepEqual(await counts(), [
      'id 2, counts: accepted and replaced 0, quarantined from 0 to 1',
    ])
  })

  it('looks at one account, or at what was since a time', async (t) => {
    const { accounts, damage, audit } = await twoAccounts(t)
    damage(
      "UPDATE account_day SET upload = 8 WHERE account_id = 1 AND started_at < unixepoch('2026-03-05')",
    )
    assert.equal((await audit()).difference_count, 1)
    assert.equal((await audit('--account', accounts[0]!)).difference_count, 1)
    assert.equal((await audit('--account', accounts[1]!)).difference_count, 0)
    assert.equal((await audit('--since', '2026-03-01')).difference_count, 1)
    assert.equal((await audit('--since', '2026-03-05')).difference_count, 0)
  })

  it('rebuilds totals first, and still names what is no total', async (t) => {
    const { cli, damage } = await twoAccounts(t)
    damage(
      'UPDATE account_day SET upload = 8; UPDATE sim SET friendly_name = upper(sid) WHERE id = 1',
    )
    const { exitCode, stdout, stderr } = await cli.run(['audit', '--repair'])
    assert.equal(exitCode, 1)
    assert.match(stderr, /rebuilt account day, .*: was upload 8,.*, is upload 7,/)
    assert.match(stdout, /^sim, rows with id 1: .*\n1 thing is wrong/)
    const [act] = (await cli.run(['log', 'list', '--json', '--kind', 'store'])).stdout.split('\n')
    const { actor, verb, object, details } = JSON.parse(act!)
    assert.deepEqual([actor, verb, object], ['operator', 'repair', 'totals of 2026-03-10'])
    assert.deepEqual(details, { account_day: 2 })
  })

  it('leaves totals alone where the ledger does not fit its checksum, and says so', async (t) => {
    const { damage, audit } = await twoAccounts(t)
    await audit()
    damage("UPDATE ledger SET upload = 8 WHERE record_id = 'r00'")
    const before = await audit('--repair')
    assert.deepEqual(before.rebuilt, [])
    const [{ table, cell, remedy }] = before.not_rebuilt
    assert.deepEqual([table, cell], ['account hour', 'of 2026-03-01'])
    assert.match(remedy, /restore a backup/)
    assert.equal(before.exitCode, 1)
    damage("UPDATE ledger SET upload = 7 WHERE record_id = 'r00'; UPDATE sim_day SET to_sim = 1")
    const { rebuilt, not_rebuilt, exitCode } = await audit('--repair')
    assert.deepEqual([rebuilt.length, not_rebuilt, exitCode], [4, [], 0])
    assert.match(rebuilt[0].was, /to_sim 1/)
    assert.match(rebuilt[0].is, /to_sim 0/)
  })

  it('accepts rows that were corrected by hand, for a reason that is logged', async (t) => {
    const { cli, damage, audit } = await twoAccounts(t)
    await audit()
    damage(
      "UPDATE ledger SET line = 99 WHERE record_id = 'r00'; UPDATE sim SET friendly_name = 'x'",
    )
    const refused = await cli.run(['audit', '--accept'])
    assert.equal(refused.exitCode, 2)
    assert.match(refused.stderr, /--accept needs a reason.*--reason/s)
    assert.equal((await cli.run(['audit', '--reason', 'none'])).exitCode, 2)
    assert.equal((await audit()).difference_count, 3)
    const why = ['--accept', '--reason', 'restored from the backup']
    const ofDays = await audit('--since', '2026-03-01', ...why)
    assert.deepEqual(
      ofDays.accepted.map(({ table, cell }: Record<string, string>) => [table, cell]),
      [['ledger', 'rows of 2026-03-01']],
    )
    assert.equal((await audit()).difference_count, 2)
    const { accepted, exitCode } = await audit(...why)
    assert.deepEqual([accepted.length, exitCode], [2, 0])
    const acts = (await cli.run(['log', 'list', '--json', '--kind', 'store'])).stdout
      .trim()
      .split('\n')
    assert.equal(acts.length, 2)
    const { actor, verb, details } = JSON.parse(acts[1]!)
    assert.deepEqual([actor, verb, details.reason], ['operator', 'accept', why[2]])
    const { was, is } = ofDays.accepted[0]
    assert.deepEqual(details.were_and_are, [`ledger, rows of 2026-03-01: ${was} → ${is}`])
    assert.deepEqual((await audit(...why)).accepted, [])
  })

  it('goes on with one that was stopped, and knows what it had found', async (t) => {
    const { cli, damage, audit } = await twoAccounts(t)
    assert.equal((await cli.run(['audit', '--resume'])).exitCode, 1)
    damage("UPDATE sim SET friendly_name = 'x'")
    const stop = new StopRequest()
    let parts = 0
    const stopped = await cli.run(['audit'], {
      stop,
      onOutput: () => void (++parts === 2 && stop.request('SIGINT')),
    })
    assert.equal(stopped.exitCode, 1)
    assert.match(stopped.stderr, /stopped by SIGINT.*--resume/s)
    const { finished, difference_count, ledger_rows, exitCode } = await audit('--resume')
    assert.deepEqual(
      { finished, difference_count, ledger_rows, exitCode },
      {
        finished: true,
        difference_count: 2,
        ledger_rows: 4,
        exitCode: 1,
      },
    )
    assert.equal((await cli.run(['audit', '--resume', '--since', '2026-03-01'])).exitCode, 2)
  })
})
