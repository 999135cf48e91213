/** SIMs and accounts that are erased on the command line, and the bytes that are left of them. */
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import { iccidOf } from '../support/builders.ts'
import { CliFixture } from './cli-fixture.ts'

const BY = ['--by', 'Ada', '--reason', 'asked for']
const NUMBER = iccidOf(1)
const SECRETS = [
  NUMBER,
  'bus-of-ada',
  'Adas-bus',
  'customer-ada',
  'record-of-ada',
  '310260123456789',
]
const RECORDS = `record_id,sim,occurred_at,plmn,upload
record-of-ada,${NUMBER},2026-03-01T10:20:30Z,310-260,5
other,${iccidOf(2)},2026-03-01T10:20:30Z,310-260,7
record-of-ada-2,${NUMBER},2026-03-01T10:20:31Z,777-01,7
`

describe('erasing', () => {
  let cli: CliFixture
  let account: string
  let sid: string
  // Only on a file does Simtally know where the bytes are.
  before(async () => {
    cli = await CliFixture.open('sqlite')
    account = await cli.account()
    const stdin =
      'iccid,imsi,unique_name,friendly_name,labels\n' +
      `${NUMBER},310260123456789,bus-of-ada,Adas-bus,customer=customer-ada\n${iccidOf(2)},,,,\n`
    await cli.json(['sim', 'import', '-', '--account', account], { stdin })
    await cli.json(['sim', 'set', 'bus-of-ada', '--friendly-name', 'Adas-bus-2'])
    await cli.json(['feed', 'create', 'f', '--format', 'csv'])
    const { exitCode } = await cli.run(['import', '-', '--feed', 'f'], { stdin: RECORDS })
    assert.equal(exitCode, 3)
    const [sim] = await cli.json<{ sid: string }>(['sim', 'search', 'bus-of-ada'])
    sid = sim!.sid
  })
  after(() => cli.close())

  /** The secrets that stand somewhere in the files of the database. */
  async function found(secrets: readonly string[]): Promise<string[]> {
    const names = (await readdir(cli.directory)).filter((name) => name.includes('.db'))
    const files = await Promise.all(names.map((name) => readFile(cli.path(name))))
    return secrets.filter((secret) => files.some((bytes) => bytes.includes(secret)))
  }

  const usage = async () =>
    JSON.stringify(await cli.json(['report', '--month', '2026-03', '--by', 'country']))

  it('tells what goes, and refuses what it cannot mean', async () => {
    const [plan] = await cli.json(['sim', 'erase', 'bus-of-ada', ...BY, '--dry-run'])
    const counts = { usage_events: 1, versions: 0, quarantine_entries: 1 }
    assert.deepEqual(plan, { dry_run: true, sid, ...counts })
    assert.deepEqual(await found([...SECRETS, sid]), [...SECRETS, sid])
    for (const [args, exitCode, message] of [
      [['sim', 'erase', 'bus-of-ada'], 2, /--by/],
      [['sim', 'erase', 'nobody', ...BY], 1, /there is no SIM/],
      [['account', 'erase', 'x', ...BY], 2, /AC/],
      [['account', 'erase', `AC${'0'.repeat(32)}`, ...BY], 1, /there is no account/],
    ] as const) {
      const refused = await cli.run(args)
      assert.equal(refused.exitCode, exitCode)
      assert.match(refused.stderr, message)
    }
  })

  it('leaves no byte of a SIM in the file, and every total', async () => {
    const before = await usage()
    const { stdout, stderr } = await cli.run(['sim', 'erase', 'bus-of-ada', ...BY])
    assert.match(stdout, /^erased: 1 usage event, 0 replaced versions, 1 quarantined record$/m)
    assert.match(stdout, /^its usage stays under DE[0-9a-f]{32}$/m)
    assert.equal(stderr, '')
    assert.deepEqual(await found([...SECRETS, sid]), [])
    assert.equal(await usage(), before)
    assert.equal((await cli.run(['audit'])).exitCode, 0)
    const [act] = await cli.json<{ verb: string; details: object }>(['log', 'list'])
    assert.equal(act?.verb, 'erase')
  })

  it('waits for what comes later, and takes it when it is told again', async () => {
    const late = `record_id,sim,occurred_at,plmn,upload\nlate,${NUMBER},2026-03-02T10:00:00Z,310-260,5\n`
    const { exitCode } = await cli.run(['import', '-', '--feed', 'f'], { stdin: late })
    assert.equal(exitCode, 3)
    assert.deepEqual(await found([NUMBER]), [NUMBER])
    const [again] = await cli.json(['sim', 'erase', NUMBER, ...BY])
    const counts = { usage_events: 0, versions: 0, quarantine_entries: 1 }
    assert.deepEqual(again, { dry_run: false, sid: null, ...counts })
    assert.deepEqual(await found([NUMBER]), [])
    assert.equal((await cli.run(['audit'])).exitCode, 0)
  })

  it('erases an account with its SIMs and keys, and its totals stay', async () => {
    await cli.json([
      'key',
      'create',
      '--account',
      account,
      '--scope',
      'read',
      '--label',
      'key-of-ada',
    ])
    await cli.json(['account', 'set', account, '--name', 'Ada-and-sons'])
    const before = await usage()
    const secrets = ['key-of-ada', 'Ada-and-sons', iccidOf(2)]
    assert.deepEqual(await found(secrets), secrets)
    const [erased] = await cli.json(['account', 'erase', account, ...BY])
    assert.deepEqual(erased, {
      ...{ dry_run: false, sid: account, sims: 1, usage_events: 1, versions: 0, keys: 1 },
      ...{ groups: 0, quarantine_entries: 0 },
    })
    assert.deepEqual(await found(secrets), [])
    assert.equal(await usage(), before)
    const [{ name }] = (await cli.json<{ name: string }>(['account', 'list'])) as [{ name: string }]
    assert.equal(name, 'erased')
    assert.equal((await cli.run(['audit'])).exitCode, 0)
  })
})
