/** What is renamed and retired on the command line, and goes on being answered. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { iccidOf } from '../support/builders.ts'
import { CliFixture } from './cli-fixture.ts'

describe('retiring', () => {
  let cli: CliFixture
  let account: string
  before(async () => {
    cli = await CliFixture.open()
    account = await cli.account()
    const stdin = `iccid,unique_name\n${iccidOf(1)},bus\n`
    await cli.json(['sim', 'import', '-', '--account', account], { stdin })
    await cli.json(['feed', 'create', 'f', '--format', 'csv'])
  })
  after(() => cli.close())

  it('keeps a SIM answerable, and its late records count', async () => {
    const [retired] = await cli.json<{ status: string }>(['sim', 'retire', 'bus'])
    assert.equal(retired?.status, 'deactivated')
    const stdin = `record_id,sim,occurred_at,plmn,upload\nr1,${iccidOf(1)},2026-03-01T10:00:00Z,310-260,5\n`
    assert.equal((await cli.run(['import', '-', '--feed', 'f'], { stdin })).exitCode, 0)
    const period = ['--start', '2026-03-01', '--end', '2026-03-02']
    const [record] = await cli.json<{ data: { total: number } }>(['usage', 'bus', ...period])
    assert.equal(record?.data.total, 5)
    assert.equal((await cli.run(['sim', 'retire', 'nobody'])).exitCode, 1)
  })

  it('finds a key by its label, and gives it another one', async () => {
    const made = ['--account', account, '--scope', 'read', '--label', 'old']
    const [key] = await cli.json<{ sid: string }>(['key', 'create', ...made])
    const { sid } = key!
    assert.deepEqual(await cli.json(['key', 'set', sid, '--label', 'new']), [{ sid, label: 'new' }])
    assert.deepEqual(
      (await cli.json<{ sid: string }>(['key', 'list', '--search', 'NEW'])).map((one) => one.sid),
      [sid],
    )
    assert.deepEqual(await cli.json(['key', 'list', '--search', 'old']), [])
    assert.equal((await cli.run(['key', 'set', sid])).exitCode, 2)
    const none = await cli.run(['key', 'set', `SK${'0'.repeat(32)}`, '--label', 'x'])
    assert.equal(none.exitCode, 1)
    const [act] = await cli.json<object>(['log', 'list', '--kind', 'key'])
    assert.deepEqual(act, { ...act, verb: 'change', object: sid, details: { label: 'new' } })
  })

  it('ends what could log in to an account, and nothing else', async () => {
    const [retired] = await cli.json(['account', 'retire', account])
    assert.deepEqual(retired, { sid: account, keys_revoked: 1 })
    const keys = await cli.json<{ date_revoked: string | null }>(['key', 'list'])
    assert.ok(keys.every((key) => key.date_revoked !== null))
    assert.equal((await cli.json(['sim', 'list', '--account', account])).length, 1)
    const none = await cli.run(['account', 'retire', `AC${'0'.repeat(32)}`])
    assert.equal(none.exitCode, 1)
    assert.deepEqual(await cli.json(['account', 'retire', account]), [
      { sid: account, keys_revoked: 0 },
    ])
  })
})
