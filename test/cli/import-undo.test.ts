import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { iccidOf } from '../support/builders.ts'
import { CliFixture } from './cli-fixture.ts'

const HEADER = 'record_id,sim,occurred_at,plmn,upload\n'
const usage = (upload: number, sim: string = iccidOf(1)) =>
  `r1,${sim},2026-03-01T10:00:00Z,310-260,${upload}\n`

interface ImportJson {
  readonly import: number
  readonly status: string
  readonly accepted: number
  readonly replaced: number
  readonly date_undone: string | null
}

describe('simtally import undo', () => {
  let cli: CliFixture
  before(async () => {
    cli = await CliFixture.open()
    const account = await cli.account()
    const stdin = `iccid\n${iccidOf(1)}\n`
    await cli.json(['sim', 'import', '-', '--account', account], { stdin })
    await cli.json(['feed', 'create', 'f', '--format', 'csv', '--on-conflict', 'replace'])
  })
  after(() => cli.close())

  async function importText(text: string): Promise<ImportJson> {
    const { stdout } = await cli.run(['import', '-', '--feed', 'f', '--json'], {
      stdin: HEADER + text,
    })
    return JSON.parse(stdout)
  }

  async function counted(): Promise<string> {
    const [sim] = await cli.json<{ sid: string }>(['sim', 'list'])
    const period = ['--start', '2026-03-01', '--end', '2026-03-02']
    const [record] = await cli.json<{ data: { total: number } }>(['usage', sim!.sid, ...period])
    return String(record!.data.total)
  }

  it('takes an import back, and its file may come again', async () => {
    await importText(usage(5))
    const second = await importText(usage(8) + usage(1, 'nobody'))
    assert.equal(await counted(), '8')
    const { import: id } = second
    const [undone] = await cli.json(['import', 'undo', String(id)])
    assert.deepEqual(undone, {
      import: id,
      feed: 'f',
      source: '-',
      status: 'undone',
      removed: 0,
      restored: 1,
      kept: 0,
      quarantine_entries: 1,
      date_undone: '2026-03-15T12:34:56Z',
    })
    assert.equal(await counted(), '5')
    const [newest] = await cli.json<ImportJson>(['import', 'list'])
    assert.deepEqual(
      [newest!.import, newest!.status, newest!.replaced, newest!.date_undone],
      [id, 'undone', 1, '2026-03-15T12:34:56Z'],
    )
    assert.equal((await importText(usage(8))).replaced, 1)
    assert.equal(await counted(), '8')
  })

  it('tells what it would change, and leaves it to be done', async () => {
    const { import: id } = await importText(usage(8 + 30))
    const name = String(id)
    const { stdout } = await cli.run(['import', 'undo', name, '--dry-run'])
    const [first, second, ...table] = stdout.split('\n')
    assert.equal(
      first,
      `dry run: of import ${id} of -, if it were undone, 0 usage events are gone, ` +
        "1 counts with another version, 0 stay as another import's, " +
        '0 quarantined records are gone',
    )
    assert.equal(second, 'usage would change by')
    assert.match(table.join('\n'), /home USA +-30 /)
    const json = await cli.run(['import', 'undo', name, '--dry-run', '--json'])
    const { dry_run, status, restored, date_undone, changes } = JSON.parse(json.stdout)
    assert.deepEqual([dry_run, status, restored, date_undone], [true, 'done', 1, null])
    assert.deepEqual([changes.length, changes[0].upload], [1, -30])
    assert.equal(await counted(), '38')
    await cli.json(['import', 'undo', name])
    assert.equal(await counted(), '8')
    const twice = await cli.run(['import', 'undo', name, '--dry-run'])
    assert.equal(twice.exitCode, 1)
    assert.match(twice.stderr, /was already undone/)
  })

  it('says what was done in words', async () => {
    const { import: id } = await importText(usage(9))
    const { exitCode, stdout } = await cli.run(['import', 'undo', String(id)])
    assert.equal(exitCode, 0)
    assert.equal(
      stdout,
      `import ${id} of - is undone: 0 usage events are gone, 1 counts with another version, ` +
        `0 stay as another import's, ` +
        '0 quarantined records are gone\n',
    )
  })

  it('refuses what cannot be undone, and says what can be done', async () => {
    const { import: id } = await importText(usage(10))
    await cli.json(['import', 'undo', String(id)])
    const twice = await cli.run(['import', 'undo', String(id)])
    assert.equal(twice.exitCode, 1)
    assert.match(twice.stderr, /import \d+ was already undone, at 2026-03-15T12:34:56Z/)
    const unknown = await cli.run(['import', 'undo', '4711'])
    assert.equal(unknown.exitCode, 1)
    assert.match(unknown.stderr, /there is no import 4711\n {2}simtally import list shows/)
  })

  it('refuses wrong usage', async () => {
    for (const [args, expected] of [
      [[], /missing required argument 'import'/],
      [['0'], /import "0": expected a whole number/],
      [['usage.csv'], /import "usage.csv": expected a whole number/],
      [['1', '2'], /too many arguments/],
      [['1', '--feed', 'f'], /unknown option '--feed'/],
      [['1', '--batch-size', '7'], /unknown option '--batch-size'/],
      [['1', '--watch', '.'], /unknown option '--watch'/],
    ] as const) {
      const { exitCode, stderr } = await cli.run(['import', 'undo', ...args])
      assert.equal(exitCode, 2, stderr)
      assert.match(stderr, expected)
    }
  })

  it('is shown with its own options only', async () => {
    const { stdout } = await cli.run(['import', 'undo', '--help'])
    assert.match(stdout, /--database, --database-url <url>/)
    assert.doesNotMatch(stdout, /--watch|--feed/)
  })

  it('leaves files with the names of commands to be imported by a path', async () => {
    await mkdir(cli.path('named'), { recursive: true })
    for (const [i, name] of ['undo', 'help'].entries()) {
      const file = await cli.file(join('named', name), HEADER + usage(20 + i))
      const [done] = await cli.json<ImportJson>(['import', file, '--feed', 'f'])
      assert.equal(done!.replaced, 1)
    }
    const missing = await cli.run(['import', 'help', '--feed', 'f'])
    assert.match(missing.stderr, /there is no file help/)
  })

  it('still asks for the feed of what is imported', async () => {
    const { exitCode, stderr } = await cli.run(['import', 'usage.csv'])
    assert.equal(exitCode, 2)
    assert.match(stderr, /required option '--feed <name>' not specified/)
  })
})
