import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { PassThrough } from 'node:stream'
import { after, before, describe, it, type TestContext } from 'node:test'
import { gzipSync } from 'node:zlib'
import { StopRequest } from '../../src/cli/context.ts'
import { iccidOf, instant } from '../support/builders.ts'
import { CliFixture, jsonLines } from './cli-fixture.ts'

const HEADER = 'record_id,sim,occurred_at,plmn,upload,download,to_sim,from_sim\n'

interface ImportJson {
  readonly import: number
  readonly records: number
  readonly accepted: number
  readonly duplicate: number
  readonly quarantined: number
  readonly source: string
  readonly status: string
  readonly warnings: readonly string[]
  readonly errors: readonly { line: number; reason: string; field: string }[]
}

let cli: CliFixture
let feeds = 0
before(async () => {
  cli = await CliFixture.open()
  const account = await cli.account()
  await cli.json(['sim', 'import', '-', '--account', account], {
    stdin: `iccid\n${iccidOf(1)}\n`,
  })
})
after(() => cli.close())

/** Each test has a feed of its own, so that no record was delivered before. */
async function newFeed(...options: string[]): Promise<string> {
  const name = `feed-${++feeds}`
  await cli.json(['feed', 'create', name, '--format', 'csv', ...options])
  return name
}

function records(count: number, { from = 0, sim = iccidOf(1) as string } = {}): string {
  return Array.from({ length: count }, (_, i) => {
    const minute = String((from + i) % 60).padStart(2, '0')
    return `r${from + i},${sim},2026-03-01T10:${minute}:00Z,310-260,1,2,0,0\n`
  }).join('')
}

describe('simtally import', () => {
  it('counts every record once, however often its file comes', async () => {
    const feed = await newFeed()
    const file = await cli.file('usage.csv', HEADER + records(5))
    const [first] = await cli.json<ImportJson>(['import', file, '--feed', feed])
    const { import: id, ...counts } = first!
    assert.equal(typeof id, 'number')
    assert.deepEqual(counts, {
      records: 5,
      accepted: 5,
      duplicate: 0,
      replaced: 0,
      quarantined: 0,
      expired: 0,
      readings: { resets: 0, falls: 0, wraps: 0 },
      source: file,
      status: 'done',
      error: null,
      warnings: [],
      errors: [],
    })
    const [second] = await cli.json<ImportJson>(['import', file, '--feed', feed])
    assert.deepEqual([second!.accepted, second!.duplicate], [0, 5])
  })

  it('exits with 3 when records were quarantined, and lists them with their raw text', async () => {
    const feed = await newFeed()
    const bad = Buffer.concat([
      Buffer.from(`${HEADER}${records(1)}`),
      Buffer.from([0x61, 0xff, 0x2c, 0x0a]),
      Buffer.from(records(1, { sim: 'nobody' })),
    ])
    const file = await cli.file('bad.csv', bad)
    const { exitCode, stdout } = await cli.run(['import', file, '--feed', feed, '--json'])
    const [done] = jsonLines<ImportJson>(stdout)
    assert.equal(exitCode, 3)
    assert.deepEqual([done!.records, done!.accepted, done!.quarantined], [3, 1, 2])
    const listed = await cli.json<{ line: number; reason: string; raw: string; feed: string }>([
      ...['quarantine', 'list', '--feed', feed, '--import', String(done!.import)],
    ])
    assert.deepEqual(
      listed
        .sort((a, b) => a.line - b.line)
        .map((entry) => [entry.line, entry.reason, entry.raw, entry.feed]),
      [
        [3, 'unreadable', 'a\\xff,', feed],
        [4, 'unknown_sim', records(1, { sim: 'nobody' }).trimEnd(), feed],
      ],
    )
    const table = await cli.run(['quarantine', 'list', '--feed', feed])
    assert.match(table.stdout, /^IMPORT +LINE +REASON +DETAIL +RAW TEXT\n/)
    assert.match(table.stdout, /3 +unreadable .*a\\xff,$/m)
  })

  it('says what became of the records in words, with the first that were quarantined', async () => {
    const feed = await newFeed()
    const { exitCode, stdout } = await cli.run(['import', '-', '--feed', feed], {
      stdin: HEADER + records(2) + records(1, { sim: 'nobody' }),
    })
    assert.equal(exitCode, 3)
    assert.match(stdout, /^import \d+: 3 records of - in [\d.]+ s$/m)
    assert.match(stdout, /^ {2}accepted +2 {2}/m)
    assert.match(stdout, /^ {2}quarantined +1 {2}/m)
    assert.match(stdout, /^ {2}line 4: unknown_sim: sim "nobody"/m)
    assert.match(stdout, /simtally quarantine list --import \d+/)
  })

  it('reads standard input and gzip, and prints a line of JSON for each file', async () => {
    const feed = await newFeed()
    const plain = await cli.file('a.csv', HEADER + records(1))
    const gzip = await cli.file('b.csv.gz', gzipSync(HEADER + records(2, { from: 1 })))
    const done = await cli.json<ImportJson>(['import', plain, '-', gzip, '--feed', feed], {
      stdin: HEADER + records(3, { from: 3 }),
    })
    assert.deepEqual(
      done.map(({ source, accepted }) => [source, accepted]),
      [
        [plain, 1],
        ['-', 3],
        [gzip, 2],
      ],
    )
  })

  it('reports each committed batch on stderr, never more than is committed', async () => {
    const feed = await newFeed()
    const { stderr } = await cli.run(['import', '-', '--feed', feed, '--batch-size', '2'], {
      stdin: HEADER + records(5),
    })
    const lines = stderr.trimEnd().split('\n')
    assert.deepEqual(
      lines.map((line) => line.replace(/import \d+/, 'import N')),
      [2, 4, 5].map((count) => `simtally: import N: ${count} records committed`),
    )
  })

  it('draws a bar on a terminal and takes it away', async () => {
    const feed = await newFeed()
    const file = await cli.file('bar.csv', HEADER + records(5))
    const { stderr } = await cli.run(['import', file, '--feed', feed], { terminal: true })
    assert.match(stderr, /█{30} 100 % · \d+ B · 5 records/)
    assert.doesNotMatch(stderr, /records? committed/)
  })

  /** Imports one record on each of three days, two of which ended 48 hours ago, into a new store. */
  async function importThreeDays(t: TestContext, prepare = (_: DatabaseSync) => {}) {
    const own = await CliFixture.open('sqlite')
    t.after(() => own.close())
    const account = await own.account()
    const sims = { stdin: `iccid\n${iccidOf(1)}\n` }
    await own.json(['sim', 'import', '-', '--account', account], sims)
    await own.json(['feed', 'create', 'carrier', '--format', 'csv'])
    const database = new DatabaseSync(own.path('simtally.db'))
    prepare(database)
    database.close()
    const days = ['01', '02', '03']
    const result = await own.run(['import', '-', '--feed', 'carrier', '--json'], {
      stdin: HEADER + days.map((day) => `a,${iccidOf(1)},2026-01-${day},310-260,1,,,\n`).join(''),
      now: instant('2026-01-05T01:00:00Z'),
    })
    const [audit] = await own.json<{ cells_checked: number; difference_count: number }>(['audit'])
    return { ...result, audit: audit! }
  }

  it('seals the days that are complete', async (t) => {
    const { exitCode, audit } = await importThreeDays(t)
    // An hour and a day of the account for each record, and two days of the SIM, which its month sums.
    assert.deepEqual([exitCode, audit.difference_count, audit.cells_checked], [0, 0, 3 + 3 + 2 + 1])
  })

  it('has counted the records also where it cannot seal, and says so', async (t) => {
    const { exitCode, stdout, stderr, audit } = await importThreeDays(t, (database) =>
      // What SQLite says when a sum passes 64 bits.
      database.exec(`CREATE TRIGGER no_seal BEFORE INSERT ON sim_day
                     BEGIN SELECT RAISE(ABORT, 'integer overflow'); END`),
    )
    assert.deepEqual([exitCode, JSON.parse(stdout).accepted], [0, 3])
    assert.match(
      stderr,
      /^{"warning":{"message":"complete days could not be summed up: .*"hint":"the rec/m,
    )
    assert.equal(audit.cells_checked, 3 + 3)
  })

  it('exits with 3 where a sum has no room for all records, and counts the rest', async () => {
    const own = await newFeed()
    const line = (id: number, bytes: number) =>
      `r${id},${iccidOf(1)},2025-12-24T10:00:00Z,310-260,${bytes},0,0,0\n`
    const lines = Array.from({ length: 1_026 }, (_, i) => line(i, Number.MAX_SAFE_INTEGER))
    const { exitCode, stdout } = await cli.run(['import', '-', '--feed', own, '--json'], {
      stdin: HEADER + lines.join('') + line(9_999, 1_023),
    })
    const [{ status, accepted, quarantined, errors }] = jsonLines<ImportJson>(stdout) as [
      ImportJson,
    ]
    assert.deepEqual([exitCode, status, accepted, quarantined], [3, 'done', 1_025, 2])
    assert.deepEqual(
      errors.map(({ line, reason }) => `${line} ${reason}`),
      ['1026 too_large', '1027 too_large'],
    )
  })

  it('goes on with the other files when one fails, and exits with 1', async () => {
    const feed = await newFeed()
    const good = await cli.file('good.csv', HEADER + records(1))
    const gzip = gzipSync(HEADER + records(500))
    const cut = await cli.file('cut.csv.gz', gzip.subarray(0, gzip.length - 20))
    const headless = await cli.file('headless.csv', records(1))
    const empty = await cli.file('empty.csv', '')
    const { exitCode, stdout, stderr } = await cli.run([
      ...['import', cli.path('missing.csv'), cli.directory, cut, headless, empty, good],
      ...['--feed', feed, '--json'],
    ])
    assert.equal(exitCode, 1)
    const done = jsonLines<ImportJson>(stdout)
    assert.deepEqual(
      done.map(({ source, status, accepted }) => [source, status, accepted]),
      [
        [cut, 'failed', 0],
        [headless, 'failed', 0],
        [empty, 'failed', 0],
        [good, 'done', 1],
      ],
    )
    const errors = jsonLines<{ error?: { code: string; message: string } }>(stderr)
    assert.deepEqual(
      errors.flatMap(({ error }) => (error === undefined ? [] : error.code)),
      ['not_found', 'unreadable', 'unreadable', 'failed', 'failed'],
    )
    for (const [at, words] of [
      /^there is no file .*missing\.csv$/,
      / is a directory$/,
      /cut\.csv\.gz: the gzip data is cut off/,
      /headless\.csv: the header line .* has no column record_id/,
      /empty\.csv: there is no header line/,
    ].entries()) {
      assert.match(errors[at]!.error!.message, words)
    }
  })

  it('warns of columns that it does not know, and counts the rest', async () => {
    const feed = await newFeed()
    const { exitCode, stdout, stderr } = await cli.run(['import', '-', '--feed', feed, '--json'], {
      stdin: `record_id,sim,occurred_at,plmn,colour\na,${iccidOf(1)},2026-03-01,310-260,red\n`,
    })
    assert.equal(exitCode, 0)
    assert.match(stderr, /^{"warning":{"message":"-: columns .* ignored: \\"colour\\""/m)
    assert.equal(jsonLines<ImportJson>(stdout)[0]!.warnings.length, 1)
  })

  it('stops at a signal, tells what is committed, and is completed by repeating it', async () => {
    const feed = await newFeed()
    const stop = new StopRequest()
    const stdin = new PassThrough()
    stdin.write(HEADER + records(4))
    const stopped = await cli.run(['import', '-', '--feed', feed, '--batch-size', '2'], {
      stdin,
      stop,
      onOutput: (text) => {
        if (/ 4 records committed/.test(text)) assert.ok(stop.request('SIGINT'))
      },
    })
    assert.equal(stopped.exitCode, 1)
    assert.match(
      stopped.stderr,
      /simtally: -: stopped by SIGINT\n {2}4 records of it are committed; importing it again is safe/,
    )
    const [done] = await cli.json<ImportJson>(['import', '-', '--feed', feed], {
      stdin: HEADER + records(6),
    })
    assert.deepEqual([done!.accepted, done!.duplicate], [2, 4])
  })

  it('fails for a feed that does not exist, and says how to make it', async () => {
    const { exitCode, stderr } = await cli.run(['import', '-', '--feed', 'none'])
    assert.equal(exitCode, 1)
    assert.match(stderr, /^simtally: there is no feed "none"\n {2}simtally feed create none/)
  })

  it('is wrong usage without files, without a feed, and with a batch of no records', async () => {
    for (const args of [['--feed', 'x'], ['-'], ['-', '--feed', 'x', '--batch-size', '0']]) {
      const { exitCode, stdout } = await cli.run(['import', ...args])
      assert.deepEqual([exitCode, stdout], [2, ''])
    }
    const twice = await cli.run(['import', '-', '-', '--feed', 'x'])
    assert.equal(twice.exitCode, 2)
    assert.match(twice.stderr, /can be read only once/)
  })
})

describe('simtally import list', () => {
  it('lists the newest first, with what became of their records', async () => {
    const feed = await newFeed()
    for (const count of [1, 2, 3]) {
      await cli.json(['import', '-', '--feed', feed], { stdin: HEADER + records(count) })
    }
    const listed = await cli.json<ImportJson & { feed: string }>(['import', 'list', '--limit', '2'])
    assert.deepEqual(
      listed.map((done) => [done.feed, done.records, done.accepted, done.duplicate, done.status]),
      [
        [feed, 3, 1, 2, 'done'],
        [feed, 2, 1, 1, 'done'],
      ],
    )
    assert.match((await cli.run(['import', 'list'])).stdout, /^IMPORT +FEED +SOURCE +STATUS/)
  })

  it('are what a quarantine list asks for: an unknown one fails', async () => {
    const { exitCode, stderr } = await cli.run(['quarantine', 'list', '--import', '99999'])
    assert.equal(exitCode, 1)
    assert.match(stderr, /there is no import 99999/)
  })
})
