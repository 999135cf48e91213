/** `simtally import --watch`: what becomes of files that are dropped into a folder. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { StopRequest } from '../../src/cli/context.ts'
import { iccidOf, NOW } from '../support/builders.ts'
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
  cli.run([...watchOf(feed), ...args], options)
const watchOf = (name: string) => ['import', '--watch', folder, '--feed', name, '--settle', '0']

interface ResultJson {
  readonly source: string
  readonly status: string
  readonly accepted?: number
  readonly same_as?: string
}

interface FolderJson {
  readonly feed: string
  readonly folder: string
  readonly waiting: number
  readonly oldest_waiting_seconds: number
  readonly failed: number
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
    assert.match(
      stderr,
      /^2026-03-15T12:34:56Z simtally: .*a-cut\.csv\.gz: moved to failed\/a-cut\.csv\.gz$/m,
    )
  })

  it('keeps what failed in the list of imports, and tells how the folder is doing', async () => {
    const gzip = gzipSync(HEADER + records(0, 9))
    await drop('cut.csv.gz', gzip.subarray(0, -9))
    await drop('headless.csv', records(0, 1))
    await drop('good.csv', HEADER + records(0, 1))
    await mkdir(join(folder, 'sub'))
    await watch(['--once'])
    const failed = await cli.json<{ source: string; status: string; error: string }>([
      ...['import', 'list', '--status', 'failed', '--feed', feed],
    ])
    assert.deepEqual(
      failed.map(({ source, error }) => [source.slice(folder.length + 1), error.split(' (')[0]]),
      [
        ['headless.csv', failed[0]!.error],
        ['cut.csv.gz', `${join(folder, 'cut.csv.gz')}: the gzip data is cut off`],
      ],
    )
    const folders = await cli.json<FolderJson>(['folder', 'list'])
    assert.deepEqual(
      folders.filter((one) => one.feed === feed),
      [
        {
          feed,
          folder,
          waiting: 0,
          oldest_waiting_seconds: 0,
          failed: 2,
          left_alone: 1,
          date_seen: '2026-03-15T12:34:56Z',
        },
      ],
    )
    assert.match((await cli.run(['folder', 'list'])).stdout, /FOLDER +WAITING +OLDEST +FAILED/)
  })

  it('tells what waits', async () => {
    const stop = new StopRequest()
    await drop('a.csv', HEADER + records(0, 1))
    await symlink('nowhere', join(folder, 'link'))
    await cli.run(['import', '--watch', folder, '--feed', feed, '--settle', '60'], {
      stop,
      onOutput: () => stop.request('SIGTERM'),
    })
    const folders = await cli.json<FolderJson>(['folder', 'list'], { now: NOW + 90 })
    const found = folders.find((one) => one.feed === feed)!
    assert.equal(found.waiting, 1)
    assert.ok(found.oldest_waiting_seconds >= 90)
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
    const imports = await cli.json<{ source: string }>(['import', 'list'])
    assert.ok(!imports.some(({ source }) => source === join(folder, 'b.csv')))
  })

  it('counts content again of which an undone import took something away', async () => {
    await registerSim(2)
    await drop('a.csv', HEADER + records(0, 3, 2))
    await once()
    const second = `${HEADER}${records(0, 3, 2)}\n`
    await drop('b.csv', second)
    assert.deepEqual(await once(), [0, ['b.csv done 0']])
    const imports = await cli.json<{ import: number; source: string }>(['import', 'list'])
    const first = imports.find(({ source }) => source === join(folder, 'a.csv'))!
    await cli.json(['import', 'undo', String(first.import)])
    await drop('b.csv', second)
    assert.match((await once())[1][0]!, /^b\.csv done/)
    await drop('a.csv', HEADER + records(0, 3, 2))
    assert.match((await once())[1][0]!, /^a\.csv done/)
    const period = ['--start', '2026-03-01', '--end', '2026-03-02', '--csv']
    const { stdout } = await cli.run(['usage', iccidOf(2), ...period])
    assert.match(stdout, /,home,USA,3,0,3,/)
  })

  it('counts content again that is read by other settings than before', async () => {
    const mapping = (field: string) =>
      cli.file(
        'm.yaml',
        `source: {format: csv}
fields: {record_id: record_id, sim: sim, occurred_at: {from: occurred_at}, plmn: plmn, ${field}: {from: upload, unit: bytes}}
`,
      )
    const mapped = await mapping('upload')
    await cli.json(['feed', 'create', `${feed}m`, '--mapping', mapped])
    const look = async () => {
      await drop('a.csv', HEADER + records(0, 1))
      return (await cli.run([...watchOf(`${feed}m`), '--once'])).stdout
    }
    assert.match(await look(), /^\S+Z import/)
    assert.match(await look(), /has the content of/)
    await mapping('download')
    await cli.json(['feed', 'set', `${feed}m`, '--mapping', mapped])
    assert.match(await look(), /^\S+Z import/)
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

describe('a drop folder of several feeds', () => {
  const other = () => `${feed}-b`
  const watchAll = (args: readonly string[], options: CliRunOptions = {}) =>
    cli.run(['import', '--watch', folder, '--settle', '0', '--json', ...args], options)
  const sources = async (name: string) => {
    const imports = await cli.json<{ source: string; accepted: number }>([
      'import',
      'list',
      '--feed',
      name,
    ])
    return imports
      .map(({ source, accepted }) => `${source.slice(folder.length + 1)} ${accepted}`)
      .sort()
  }
  beforeEach(() => cli.json(['feed', 'create', other(), '--format', 'csv']))

  it('takes each file to the feed whose pattern its name fits first', async () => {
    await drop('a-1.csv', HEADER + records(0, 1))
    await drop('b-1.csv', HEADER + records(1, 2))
    await drop('b-2.csv', records(0, 1))
    await drop('c-1.csv', HEADER + records(3, 3))
    await drop('d.txt', HEADER + records(6, 4))
    const matches = ['--match', `a-*=${feed}`, '--match', `b-?.csv=${other()}`]
    const { exitCode, stderr, stdout } = await watchAll([
      ...[...matches, '--match', `*.csv=${feed}`, '--once'],
    ])
    assert.equal(exitCode, 1)
    assert.deepEqual(await sources(feed), ['a-1.csv 1', 'c-1.csv 3'])
    assert.deepEqual(await sources(other()), ['b-1.csv 2', 'b-2.csv 0'])
    assert.match(stderr, /d\.txt is no feed's, by its name, and is left alone/)
    assert.deepEqual(listed('done'), ['a-1.csv', 'b-1.csv', 'c-1.csv'])
    assert.match(stdout, /^\{"date_written":"2026-03-15T12:34:56Z","import":/m)
    const folders = await cli.json<FolderJson>(['folder', 'list'])
    const failed = folders
      .filter((one) => one.folder === folder)
      .map((one) => [one.feed, one.failed])
    assert.deepEqual(failed.sort(), [
      [feed, 0],
      [other(), 1],
    ])
    await watchAll([...matches, '--feed', feed, '--once'])
    assert.deepEqual(await sources(feed), ['a-1.csv 1', 'c-1.csv 3', 'd.txt 4'])
  })

  it('has a folder for each feed, also for one that comes later', async () => {
    const stop = new StopRequest()
    await mkdir(join(folder, feed))
    await mkdir(join(folder, 'nobody'))
    await mkdir(join(folder, 'no-done'))
    await cli.json(['feed', 'create', 'no-done', '--format', 'csv'])
    await drop('no-done/done', 'no folder')
    await drop('stray.csv', HEADER)
    await drop(`${feed}/a.csv`, HEADER + records(0, 1))
    const { exitCode, stderr } = await watchAll(['--by-folder'], {
      stop,
      onOutput: (text) => {
        if (/moved to done\/a\.csv/.test(text)) {
          rmSync(join(folder, feed), { recursive: true })
          mkdirSync(join(folder, other()))
          writeFileSync(join(folder, other(), 'b.csv'), HEADER + records(1, 2))
        }
        if (/moved to done\/b\.csv/.test(text)) stop.request('SIGTERM')
      },
    })
    assert.equal(exitCode, 0)
    assert.deepEqual(await sources(feed), [`${feed}/a.csv 1`])
    assert.deepEqual(await sources(other()), [`${other()}/b.csv 2`])
    assert.deepEqual(listed(other()), ['.simtally', 'done', 'failed'])
    assert.deepEqual(listed(''), [other(), 'no-done', 'nobody', 'stray.csv'].sort())
    assert.match(stderr, /no-done is a folder that cannot be used \(EEXIST\) and is left alone/)
    assert.match(stderr, /nobody is a folder with the name of no feed and is left alone/)
    assert.match(stderr, /stray\.csv is in no feed's folder and is left alone/)
  })

  it('refuses what makes no sense', async () => {
    const wrong: readonly [readonly string[], number, RegExp][] = [
      [
        ['import', '--watch', folder, '--match', 'a'],
        2,
        /--match "a": expected a pattern and a feed/,
      ],
      [['import', '--watch', folder, '--match', `x/a=${feed}`], 2, /patterns are of names/],
      [['import', '--watch', folder, '--match', 'a=nobody'], 1, /there is no feed "nobody"/],
      [['import', '--watch', folder, '--by-folder', '--feed', feed], 2, /leave out the others/],
      [['import', '--watch', folder], 2, /required option '--feed/],
      [['import', 'a.csv', '--by-folder', '--feed', feed], 2, /are for --watch/],
      [['import', '--watch', join(folder, 'no'), '--by-folder'], 1, /there is no folder/],
    ]
    for (const [args, code, message] of wrong) {
      const { exitCode, stderr } = await cli.run(args)
      assert.equal(exitCode, code, stderr)
      assert.match(stderr, message)
    }
  })
})

describe('what somebody else does in the folder', () => {
  /** Runs `swap` in the moment in which the first of two files has been moved. */
  async function watchWhile(swap: (second: string) => void): Promise<string> {
    await drop('1.csv', HEADER + records(0, 1))
    await drop('2.csv', HEADER + records(1, 1))
    const { exitCode, stderr } = await watch(['--once'], {
      onOutput: (text) => {
        if (/moved to done\/1\.csv/.test(text)) swap(join(folder, '2.csv'))
      },
    })
    assert.equal(exitCode, 0)
    return stderr
  }

  it('cannot make it wait at a pipe', { timeout: 20_000 }, async () => {
    const stderr = await watchWhile((second) => {
      rmSync(second)
      execFileSync('mkfifo', [second])
    })
    assert.match(stderr, /2\.csv: has changed meanwhile, or is gone/)
    assert.match(stderr, /2\.csv is a pipe and is left alone/)
    assert.deepEqual(listed('done'), ['1.csv'])
  })

  it('cannot make it read what a link leads to', async () => {
    const elsewhere = await cli.file('elsewhere.csv', HEADER + records(5, 1))
    const stderr = await watchWhile((second) => {
      rmSync(second)
      symlinkSync(elsewhere, second)
    })
    assert.match(stderr, /2\.csv is a symbolic link and is left alone/)
    assert.deepEqual(listed('done'), ['1.csv'])
    assert.ok(listed('').includes('2.csv'))
  })

  it('may take a file away, or put another one in its place', async () => {
    assert.match(await watchWhile((second) => rmSync(second)), /2\.csv: has changed meanwhile/)
    const stderr = await watchWhile((second) => {
      writeFileSync(`${second}.part`, HEADER + records(1, 2))
      renameSync(`${second}.part`, second)
    })
    assert.match(stderr, /2\.csv: has changed meanwhile.*\n.*2 records committed\n.*done\/2\.csv/)
  })

  it('is told once of what is no file, and goes on', async () => {
    const stop = new StopRequest()
    await mkdir(join(folder, 'sub'))
    await symlink('nowhere', join(folder, 'link.csv'))
    await drop('a.csv', HEADER + records(0, 1))
    let looks = 0
    const { stderr } = await watch([], {
      stop,
      onOutput: (text) => {
        if (/moved to done\/a\.csv/.test(text)) writeFileSync(join(folder, 'b.csv'), HEADER)
        if (/moved to done/.test(text) && ++looks === 2) stop.request('SIGTERM')
      },
    })
    assert.equal(stderr.match(/sub is a folder and is left alone/g)?.length, 1)
    assert.equal(stderr.match(/link\.csv is a symbolic link/g)?.length, 1)
    assert.doesNotMatch(stderr, /done is a folder|failed is a folder/)
  })

  it('may name files by any bytes', async () => {
    const name = Buffer.from('a\xff\u0080.csv', 'latin1')
    await writeFile(Buffer.concat([Buffer.from(`${folder}/`), name]), HEADER + records(0, 1))
    await drop('line\nbreak\u001b[2J.csv', HEADER + records(1, 1))
    const [exitCode, told] = await once()
    assert.equal(exitCode, 0)
    assert.deepEqual(told.sort(), ['a\\xff\\x80.csv done 1', 'line\nbreak\u001b[2J.csv done 1'])
    const moved = readdirSync(join(folder, 'done'), { encoding: 'buffer' })
    assert.deepEqual(moved.map((bytes) => bytes.toString('latin1')).sort(), [
      name.toString('latin1'),
      'line\nbreak\u001b[2J.csv',
    ])
  })

  it('may use names so long that no number fits behind them', async () => {
    const name = `${'n'.repeat(251)}.csv`
    for (const count of [1, 2]) {
      await drop(name, HEADER + records(0, count))
      assert.equal((await once())[0], 0)
    }
    assert.deepEqual(listed('done'), [`${'n'.repeat(251)}.c.2`, name].sort())
  })

  it('does not end it when a file cannot be moved; it is not imported twice', async () => {
    const stop = new StopRequest()
    await mkdir(join(folder, 'failed'))
    await drop('done', 'no folder')
    await drop('a.csv', HEADER + records(0, 1))
    const refused = await watch(['--once'])
    assert.equal(refused.exitCode, 1)
    assert.match(refused.stderr, /the folder .* cannot be used \(EEXIST\)/)
    rmSync(join(folder, 'done'))
    const { stderr, stdout } = await watch([], {
      stop,
      onOutput: (text) => {
        if (/records? committed|has the content/.test(text)) {
          rmSync(join(folder, 'done'), { recursive: true })
          writeFileSync(join(folder, 'done'), '')
        }
        if (/moved to done\/ once it can be/.test(text)) rmSync(join(folder, 'done'))
        if (/moved to done\/a\.csv/.test(text)) stop.request('SIGTERM')
      },
    })
    assert.match(stderr, /a\.csv is imported and is moved to done\/ once it can be/)
    assert.equal(stdout.match(/^\S+Z import /gm)?.length, 1)
    assert.deepEqual(listed('done'), ['a.csv'])
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
      [['import', 'a.csv', '--once'], /--settle, --once, --match and --by-folder are for --watch/],
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
