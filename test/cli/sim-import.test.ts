import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { iccidOf, imsiOf, sidOf } from '../support/builders.ts'
import { CliFixture, jsonLines } from './cli-fixture.ts'

interface ListedSim {
  readonly iccid: string
  readonly imsis: readonly string[]
  readonly friendly_name: string | null
}

let cli: CliFixture
let account: string
before(async () => {
  cli = await CliFixture.open()
  account = await cli.account()
})
after(() => cli.close())

const importList = (content: string) =>
  cli.run(['sim', 'import', '-', '--account', account, '--json'], { stdin: content })

const listed = () => cli.json<ListedSim>(['sim', 'list', '--account', account])

describe('simtally sim import', () => {
  it('registers the SIMs of a file, and says what a second time changes', async () => {
    const file = await cli.file(
      'sims.csv',
      `iccid,imsi,friendly_name\n${iccidOf(1)},${imsiOf(1)},One\n${iccidOf(2)},${imsiOf(2)},Two\n`,
    )
    const args = ['sim', 'import', file, '--account', account]
    assert.deepEqual(await cli.json(args), [{ created: 2, updated: 0, unchanged: 0 }])
    assert.deepEqual(await cli.json(args), [{ created: 0, updated: 0, unchanged: 2 }])
    const more = `iccid,imsi,friendly_name\n${iccidOf(1)},${imsiOf(9)},\n${iccidOf(3)},,Three\n`
    const { stdout } = await importList(more)
    assert.deepEqual(JSON.parse(stdout), { created: 1, updated: 1, unchanged: 0 })
    const sims = await listed()
    assert.deepEqual(
      sims.map(({ iccid, imsis, friendly_name }) => [iccid, imsis, friendly_name]),
      [
        [iccidOf(1), [imsiOf(1), imsiOf(9)], 'One'],
        [iccidOf(2), [imsiOf(2)], 'Two'],
        [iccidOf(3), [], 'Three'],
      ],
    )
  })

  it('registers nothing when the list has a fault, and tells all of them', async () => {
    const before = await listed()
    const refused = await importList(`iccid,imsi\n${iccidOf(10)},\n1,\n,2\n`)
    assert.deepEqual([refused.exitCode, refused.stdout], [1, ''])
    assert.deepEqual(
      jsonLines<{ error: { message: string } }>(refused.stderr).map(({ error }) => error.message),
      [
        '- line 3: iccid "1": expected 18 to 20 digits starting with 89',
        '- line 4: imsi "2": expected 6 to 15 digits',
        '-: 2 faults, so no SIM was registered',
      ],
    )
    assert.deepEqual(await listed(), before)
  })

  it('registers nothing when a number is another SIM’s, and tells its line', async () => {
    const other = await cli.account('Other')
    const taken = await cli.run(['sim', 'import', '-', '--account', other], {
      stdin: `iccid\n${iccidOf(20)}\n\n${iccidOf(1)}\n`,
    })
    assert.deepEqual([taken.exitCode, taken.stdout], [1, ''])
    assert.match(
      taken.stderr,
      /^simtally: - line 4: iccid "\d{6}…\d\d": another SIM is registered with it\n {2}no SIM of the list/,
    )
    assert.deepEqual(await cli.json(['sim', 'list', '--account', other]), [])
  })

  it('warns of unknown columns and goes on', async () => {
    const { exitCode, stderr } = await importList(`iccid,colour\n${iccidOf(1)},red\n`)
    assert.equal(exitCode, 0)
    assert.match(stderr, /^{"warning":{"message":"-: columns .* ignored: \\"colour\\""/)
  })

  it('fails without a header, without a file, and for an account that does not exist', async () => {
    const sims = await cli.file('some.csv', `iccid\n${iccidOf(30)}\n`)
    for (const [args, message] of [
      [[await cli.file('no.csv', 'a,b\n'), '--account', account], /no\.csv: the header "a,b" has/],
      [[cli.path('missing.csv'), '--account', account], /there is no file .*missing\.csv\n$/],
      [[cli.directory, '--account', account], /is a directory/],
      [[sims, '--account', sidOf('AC', 99)], /there is no account AC0+63/],
    ] as const) {
      const refused = await cli.run(['sim', 'import', ...args])
      assert.equal(refused.exitCode, 1)
      assert.match(refused.stderr, message)
    }
  })
})

describe('simtally sim list', () => {
  it('shows more SIMs than one page of the store holds, as a table', async () => {
    const many = await cli.account('Many')
    const lines = Array.from({ length: 1001 }, (_, i) => `${iccidOf(1000 + i)},sim-${i}`)
    await cli.json(['sim', 'import', '-', '--account', many], {
      stdin: `iccid,unique_name\n${lines.join('\n')}\n`,
    })
    const { stdout } = await cli.run(['sim', 'list', '--account', many])
    const rows = stdout.trimEnd().split('\n')
    assert.equal(rows.length, 1002)
    assert.match(rows[0]!, /^SID +UNIQUE NAME +STATUS +ICCID/)
    assert.match(rows.at(-1)!, /sim-1000 +active/)
  })

  it('shows the SIMs of one status', async () => {
    assert.deepEqual(await cli.json(['sim', 'list', '--status', 'canceled']), [])
    assert.equal((await cli.run(['sim', 'list', '--status', 'lost'])).exitCode, 2)
  })
})
