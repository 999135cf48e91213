import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CliFixture } from './cli-fixture.ts'

describe('simtally feed', () => {
  it('retires a feed and takes that back, and sets its limits of lateness and its beginning', async (t) => {
    const cli = await CliFixture.open()
    t.after(() => cli.close())
    await cli.json(['feed', 'create', 'roamco', '--format', 'csv', '--late', '6h'])
    const listed = async () => (await cli.json<Record<string, unknown>>(['feed', 'list']))[0]!
    assert.deepEqual([(await listed()).late_seconds, (await listed()).state], [6 * 3600, 'current'])
    const flags = ['--at', '2026-03-01', '--reason', 'contract ended']
    const told = await cli.run(['feed', 'retire', 'roamco', ...flags])
    assert.equal(told.stdout, 'feed roamco is retired since 2026-03-01T00:00:00Z\n')
    assert.equal((await listed()).state, 'retired')
    await cli.json(['feed', 'unretire', 'roamco'])
    const set = ['--late', '1h', '--overdue', '3h', '--covers-from', '2026-01-01']
    await cli.json(['feed', 'set', 'roamco', ...set])
    const { retired, late_seconds, overdue_seconds, covers_from, complete_from } = await listed()
    assert.deepEqual([retired, late_seconds, overdue_seconds], [null, 3600, 3 * 3600])
    assert.deepEqual([covers_from, complete_from], Array(2).fill('2026-01-01T00:00:00Z'))
    await cli.json(['feed', 'set', 'roamco', '--no-covers-from'])
    assert.equal((await listed()).covers_from, null)
  })

  it('refuses what cannot be, naming it', async (t) => {
    const cli = await CliFixture.open()
    t.after(() => cli.close())
    await cli.json(['feed', 'create', 'roamco', '--format', 'csv'])
    const future = ['--at', '2027-03-01', '--reason', 'x']
    const refused = await cli.run(['feed', 'retire', 'roamco', ...future])
    assert.deepEqual([refused.exitCode, /is after now/.test(refused.stderr)], [2, true])
    const order = await cli.run(['feed', 'set', 'roamco', '--late', '3d'])
    assert.notEqual(order.exitCode, 0)
    assert.match(order.stderr, /late 3d, overdue 2d: a feed cannot be overdue before it is late/)
  })
})
