/** `simtally import --watch`: what becomes of files that are dropped into a folder. */
import assert from 'node:assert/strict'
import { appendFileSync, readdirSync, writeFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { StopRequest } from '../../src/cli/context.ts'
import { iccidOf } from '../support/builders.ts'
import { CliFixture, type CliResult, type CliRunOptions, jsonLines } from './cli-fixture.ts'

const HEADER = 'record_id,sim,occurred_at,plmn,upload\n'

let cli: CliFixture
let account: string
let folders = 0
/** A folder and a feed of the test's own. */
let folder: string
let feed: string
before(async () => {
  cli = await CliFixture.open()
  account = await cli.account()
  await registerSim(1)
})
after(() => cli.close())
beforeEach(async () => {
  folder = cli.path(`drop-${++folders}`)
  feed = `feed-${folders}`
  await mkdir(folder)
  await cli.json(['feed', 'create', feed, '--format', 'csv'])
})

function registerSim(number: number): Promise<unknown> {
  const stdin = `iccid\n${iccidOf(number)}\n`
  return cli.json(['sim', 'import', '-', '--account', account], { stdin })
}

function records(from: number, count: number, sim = 1): string {
  const line = (i: number) => `r${i},${iccidOf(sim)},2026-03-01T10:00:${10 + i}Z,310-260,1\n`
  return Array.from({ length: count }, (_, i) => line(from + i)).join('')
}

const drop = (name: string, content: string | Uint8Array) => writeFile(join(folder, name), content)
const listed = (place: string) => readdirSync(join(folder, place)).sort()

const watch = (args: readonly string[] = [], options: CliRunOptions = {}): Promise<CliResult> =>
  cli.run(['import', '--watch', folder, '--feed', feed, '--settle', '0', ...args], options)

interface ResultJson {
  readonly source: string
  readonly status: string
  readonly accepted?: number
  readonly same_as?: string
}

async function once(...args: string[]): Promise<[number, string[]]> {
  const { exitCode, stdout } = await watch(['--once', '--json', ...args])
  const results = jsonLines<ResultJson>(stdout)
  const told = results.map(({ source, status, accepted, same_as: sameAs }) =>
    [source, status, accepted ?? sameAs].join(' ').replaceAll(`${folder}/`, ''),
  )
  return [exitCode, told]
}

describe('simtally import --watch --once', () => {
  it('counts what is there, moves it to done, and ends', async () => {
    await drop('a.csv', HEADER + records(0, 3))
    await drop('b.csv.gz', gzipSync(HEADER + records(3, 2)))
    assert.deepEqual(await once(), [0, ['a.csv done 3', 'b.csv.gz done 2']])
    assert.deepEqual(listed('done'), ['a.csv', 'b.csv.gz'])
    assert.deepEqual(listed(''), ['.simtally', 'done', 'failed'])
  })

  it('ends at once where there is nothing', async () => {
    assert.deepEqual(await once(), [0, []])
  })

  it('moves what cannot be read to failed, says why, and goes on', async () => {
    const gzip = gzipSync(HEADER + records(0, 9))
    await drop('a-cut.csv.gz', gzip.subarray(0, -9))
    await drop('b-headless.csv', records(0, 1))
    await drop('c.csv', HEADER + records(0, 1))
    const { exitCode, stderr } = await watch(['--once'])
    assert.equal(exitCode, 1)
    assert.deepEqual(listed('failed'), ['a-cut.csv.gz', 'b-headless.csv'])
    assert.deepEqual(listed('done'), ['c.csv'])
    assert.match(stderr, /a-cut\.csv\.gz: the gzip data is cut off/)
    assert.match(stderr, /b-headless\.csv: the header line/)
    assert.match(stderr, /^simtally: .*a-cut\.csv\.gz: moved to failed\/a-cut\.csv\.gz$/m)
  })

  it('exits with 3 when records were quarantined', async () => {
    await drop('a.csv', HEADER + records(0, 1) + records(1, 1, 77))
    assert.deepEqual(await once(), [3, ['a.csv done 1']])
    assert.deepEqual(listed('done'), ['a.csv'])
  })

  it('knows new content under a name that it has seen', async () => {
    await drop('a.csv', HEADER + records(0, 2))
    await once()
    await drop('a.csv', HEADER + records(0, 5))
    assert.deepEqual(await once(), [0, ['a.csv done 3']])
    assert.deepEqual(listed('done'), ['a.csv', 'a.csv.2'])
  })

  it('knows content that it has seen under a new name', async () => {
    await drop('a.csv', HEADER + records(0, 2))
    await once()
    await drop('b.csv', HEADER + records(0, 2))
    assert.deepEqual(await once(), [0, ['b.csv known a.csv']])
    assert.deepEqual(listed('done'), ['a.csv', 'b.csv'])
    const imports = await cli.json<{ source: string }>(['imports'])
    assert.ok(!imports.some(({ source }) => source === join(folder, 'b.csv')))
  })

  it('counts content again that had records in quarantine', async () => {
    await drop('a.csv', HEADER + records(0, 1, 9))
    assert.deepEqual(await once(), [3, ['a.csv done 0']])
    await registerSim(9)
    await drop('a.csv', HEADER + records(0, 1, 9))
    assert.deepEqual(await once(), [0, ['a.csv done 1']])
  })

  it('imports a file without records each time it comes, as a delivery of nothing', async () => {
    await drop('a.csv', HEADER)
    await once()
    await drop('b.csv', HEADER)
    assert.deepEqual(await once(), [0, ['b.csv done 0']])
  })

  it('reads a file again that has grown while it was read', async () => {
    await drop('a.csv', HEADER + records(0, 4))
    let grown = false
    const { exitCode, stderr } = await watch(['--once', '--batch-size', '2'], {
      onOutput: (text) => {
        if (grown || !/ 2 records committed/.test(text)) return
        grown = true
        appendFileSync(join(folder, 'a.csv'), records(4, 1))
      },
    })
    assert.equal(exitCode, 0)
    assert.match(stderr, /a\.csv: has changed meanwhile/)
    assert.match(stderr, /a\.csv: moved to done\/a\.csv/)
    await drop('again.csv', `${HEADER}${records(0, 5)}\n`)
    assert.deepEqual(await once(), [0, ['again.csv done 0']])
  })

  it('leaves what comes later, and what is not complete', async () => {
    await drop('a.csv', HEADER + records(0, 1))
    await drop('b.csv.part', HEADER + records(1, 1))
    const { exitCode } = await watch(['--once'], {
      onOutput: (text) => {
        if (/committed/.test(text)) writeFileSync(join(folder, 'late.csv'), HEADER)
      },
    })
    assert.equal(exitCode, 0)
    assert.deepEqual(listed(''), ['.simtally', 'b.csv.part', 'done', 'failed', 'late.csv'])
  })
})

describe('simtally import --watch', () => {
  it('goes on until a signal', async () => {
    const stop = new StopRequest()
    await drop('a.csv', HEADER + records(0, 1))
    const { exitCode, stdout } = await watch(['--json'], {
      stop,
      onOutput: (text) => {
        if (/moved to done\/a\.csv/.test(text))
          writeFileSync(join(folder, 'b.csv'), HEADER + records(1, 1))
        if (/moved to done\/b\.csv/.test(text)) assert.ok(stop.request('SIGTERM'))
      },
    })
    assert.equal(exitCode, 0)
    assert.equal(jsonLines(stdout).length, 2)
    assert.deepEqual(listed('done'), ['a.csv', 'b.csv'])
  })

  it('ends after the file under way, and leaves the next one', async () => {
    const stop = new StopRequest()
    await drop('a.csv', HEADER + records(0, 6))
    await drop('b.csv', HEADER + records(6, 1))
    const { exitCode, stdout } = await watch(['--json', '--batch-size', '2'], {
      stop,
      onOutput: (text) => {
        if (/ 2 records committed/.test(text)) assert.ok(stop.request('SIGTERM'))
      },
    })
    assert.equal(exitCode, 0)
    const results = jsonLines<ResultJson>(stdout)
    assert.deepEqual(
      results.map(({ status, accepted }) => [status, accepted]),
      [['done', 6]],
    )
    assert.deepEqual(listed('done'), ['a.csv'])
    assert.deepEqual(listed(''), ['.simtally', 'b.csv', 'done', 'failed'])
  })

  it('names what is wrong with the folder and with its flags', async () => {
    const missing = await cli.run(['import', '--watch', cli.path('nowhere'), '--feed', feed])
    assert.equal(missing.exitCode, 1)
    assert.match(missing.stderr, /^simtally: there is no folder .*nowhere$/m)
    const wrong = [
      [['import', 'a.csv', '--watch', folder], /--watch takes its files from the folder/],
      [['import'], /no file is named/],
      [['import', 'a.csv', '--once'], /--settle and --once are for --watch/],
      [
        ['import', '--watch', folder, '--settle', '1.5'],
        /--settle "1\.5": expected a whole number/,
      ],
    ] as const
    for (const [args, message] of wrong) {
      const { exitCode, stderr } = await cli.run([...args, '--feed', feed])
      assert.equal(exitCode, 2)
      assert.match(stderr, message)
    }
  })
})
