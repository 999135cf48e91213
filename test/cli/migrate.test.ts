import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it } from 'node:test'
import { StopRequest } from '../../src/cli/context.ts'
import { openStore } from '../../src/storage/open-store.ts'
import { MIGRATIONS } from '../../src/storage/sqlite/migrations/migrations.ts'
import { runCli } from '../support/cli-process.ts'
import { fillStore } from '../support/moved-store.ts'
import { newDatabase } from '../support/postgres-schema.ts'
import { stopServerAtEnd } from '../support/postgres-server.ts'
import { itLong } from '../support/volume.ts'
import { CliFixture } from './cli-fixture.ts'

stopServerAtEnd()

const VERSION = MIGRATIONS.length

/** Never reached: what is asked for is refused before. */
const ELSEWHERE = 'postgres://nobody@127.0.0.1:9/nothing'

let cli: CliFixture
before(async () => {
  cli = await CliFixture.open()
})
after(() => cli.close())

/** A store with something in every table; answers its URL. */
async function filledStore(name: string): Promise<string> {
  const url = `sqlite:${cli.path(name)}`
  const store = await openStore(url, { create: true })
  await fillStore(store).finally(() => store.close())
  return url
}

describe('simtally migrate on a SQLite file', () => {
  it('makes it, and has nothing to do the second time', async () => {
    const path = cli.path('new.db')
    const migrate = () => cli.run(['migrate', '--database', `sqlite:${path}`])
    const first = await migrate()
    assert.equal(
      first.stdout,
      `${path} has schema version ${VERSION} on SQLite (before: none)\n`,
      first.stderr,
    )
    assert.equal(
      (await migrate()).stdout,
      `${path} has schema version ${VERSION} on SQLite already; there was nothing to do\n`,
    )
  })

  it('upgrades an older one, and names its steps', async () => {
    const url = await filledStore('old.db')
    const nextSchemaStep = 'CREATE TABLE novelty (id INTEGER); INSERT INTO novelty VALUES (1)'
    const migrate = () => runCli(['migrate', '--database', url, '--json'], { nextSchemaStep })
    const first = await migrate()
    const steps = [`schema version ${VERSION + 1}`]
    const expected = { database: cli.path('old.db'), engine: 'sqlite', to: VERSION + 1 }
    assert.deepEqual(JSON.parse(first.stdout), { ...expected, from: VERSION, steps }, first.stderr)
    const second = await migrate()
    assert.deepEqual(JSON.parse(second.stdout), { ...expected, from: VERSION + 1, steps: [] })
    const audit = await runCli(['audit', '--database', url], { nextSchemaStep })
    assert.equal(audit.exitCode, 0, audit.stdout)
  })

  it('refuses a newer one and leaves it', async () => {
    const url = await filledStore('newer.db')
    const db = new DatabaseSync(cli.path('newer.db'))
    db.exec(`PRAGMA user_version = ${VERSION + 1}`)
    db.close()
    const { exitCode, stderr } = await cli.run(['migrate', '--database', url])
    assert.equal(exitCode, 1)
    assert.match(stderr, new RegExp(`has schema ${VERSION + 1}, and this program knows`))
  })
})

describe('simtally migrate --from --to', () => {
  it('is refused with exit code 2 where it cannot mean anything', async () => {
    const from = 'sqlite:a.db'
    const cases: [string[], RegExp][] = [
      [['--from', from], /^simtally: --from and --to belong together\n {2}name both/],
      [['--to', ELSEWHERE], /^simtally: --from and --to belong together/],
      [
        ['--from', from, '--to', ELSEWHERE, '--database', from],
        /^simtally: --database has no part in a move/,
      ],
      [['--restart'], /^simtally: --restart and --batch-size are for --from and --to/],
      [['--batch-size', '5'], /^simtally: --restart and --batch-size are for --from and --to/],
      [
        ['--from', from, '--to', ELSEWHERE, '--batch-size', '0'],
        /^simtally: --batch-size "0": expected a whole number from 1 to 1000000/,
      ],
      [
        ['--from', from, '--to', 'sqlite:b.db'],
        /^simtally: --to: expected postgres:[^\n]*\n {2}stores move to PostgreSQL and Citus only/,
      ],
      [['--from', 'a.db', '--to', ELSEWHERE], /^simtally: --from "a\.db": expected sqlite:PATH/],
    ]
    for (const [args, expected] of cases) {
      const { exitCode, stdout, stderr } = await cli.run(['migrate', ...args])
      assert.deepEqual([exitCode, stdout], [2, ''], stderr)
      assert.match(stderr, expected)
    }
  })

  it('never repeats a password', async () => {
    const url = await filledStore('secretive.db')
    for (const to of ['postgres://me:geheim@/x', 'mysql://me:geheim@host/x']) {
      const { exitCode, stderr } = await cli.run(['migrate', '--from', url, '--to', to])
      assert.equal(exitCode, 2)
      assert.match(stderr, /^simtally: --to/)
      assert.doesNotMatch(stderr, /geheim/)
    }
  })

  it('names a file that is not there, and makes none', async () => {
    const path = cli.path('missing/simtally.db')
    const { exitCode, stderr } = await cli.run([
      ...['migrate', '--from', `sqlite:${path}`, '--to', ELSEWHERE],
    ])
    assert.equal(exitCode, 1)
    assert.match(
      stderr,
      /^simtally: there is no store at .*; simtally init makes one, .* --from\n$/,
    )
    assert.ok(!existsSync(cli.path('missing')))
  })

  it('names a server that does not answer', async () => {
    const from = await filledStore('homeless.db')
    const { exitCode, stderr } = await cli.run(['migrate', '--from', from, '--to', ELSEWHERE])
    assert.equal(exitCode, 1)
    assert.match(stderr, /^simtally: no server answers at 127\.0\.0\.1:9\/nothing; .* with --to\n$/)
  })

  it('tells how far it is and what it has proved', async (t) => {
    const from = await filledStore('told.db')
    const { url: to, remove } = await newDatabase()
    t.after(remove)
    const args = ['migrate', '--from', from, '--to', to, '--batch-size', '10']
    const { exitCode, stdout, stderr } = await cli.run(args)
    assert.equal(exitCode, 0, stderr)
    assert.match(stderr, /^simtally: schema version 1\n/)
    assert.match(stderr, /\nsimtally: (\d+) of \1 rows moved, in act\n/)
    assert.match(stderr, /\nsimtally: 10 of 10 accounts and SIMs compared\n$/)
    assert.match(stdout, /^table {16}rows\n/)
    assert.match(stdout, /^sim {18}8$/m)
    assert.match(stdout, /^30 answers of 2 accounts and 8 of 8 SIMs compared, from 2026-02-27T/m)
    assert.match(stdout, /^\d+ derived numbers recomputed from 40 ledger rows$/m)
    assert.match(stdout, /\n\S+told\.db is moved to 127\.0\.0\.1:\d+\/\w+; nothing differs\n$/)
  })

  itLong('draws a bar on a terminal and takes it off', async (t) => {
    const from = await filledStore('drawn.db')
    const { url: to, remove } = await newDatabase()
    t.after(remove)
    const args = ['migrate', '--from', from, '--to', to, '--batch-size', '10', '--json']
    const { exitCode, stdout, stderr } = await cli.run(args, { terminal: true })
    assert.equal(exitCode, 0)
    assert.equal(JSON.parse(stdout).difference_count, 0)
    assert.match(stderr, /█+░* *\d+ % · /)
    assert.match(stderr, /accounts and SIMs compared/)
    assert.doesNotMatch(stderr, /simtally:/)
    // The cursor is shown again.
    assert.ok(stderr.lastIndexOf('\u001b[?25h') > stderr.lastIndexOf('\u001b[?25l'))
  })

  itLong('stops at a signal, and goes on from there', async (t) => {
    const from = await filledStore('stopped.db')
    const { url: to, remove } = await newDatabase()
    t.after(remove)
    const args = ['migrate', '--from', from, '--to', to, '--batch-size', '3']
    const stop = new StopRequest()
    const onOutput = (text: string) => {
      if (text.includes('moved, in feed')) stop.request('SIGINT')
    }
    const stopped = await cli.run(args, { stop, onOutput })
    assert.equal(stopped.exitCode, 1)
    assert.match(stopped.stderr, /\nsimtally: stopped by SIGINT\n {2}what was moved is kept; /)
    const movedLine = /(\d+) of \d+ rows moved/g
    const last = [...stopped.stderr.matchAll(movedLine)].at(-1)![1]
    const { exitCode, stderr } = await cli.run(args)
    assert.equal(exitCode, 0, stderr)
    const first = [...stderr.matchAll(movedLine)][0]![1]
    assert.ok(Number(first) > Number(last), `went on at ${first}, was at ${last}`)
  })

  it('ends with exit code 1 where something differs', async (t) => {
    const from = await filledStore('spoilt.db')
    const db = new DatabaseSync(cli.path('spoilt.db'))
    db.exec('UPDATE account_day SET upload = upload + 1')
    db.close()
    const { url: to, remove } = await newDatabase()
    t.after(remove)
    const { exitCode, stdout, stderr } = await cli.run(['migrate', '--from', from, '--to', to])
    assert.equal(exitCode, 1)
    assert.doesNotMatch(stdout, /is moved to/)
    assert.match(
      stderr,
      /\nsimtally: account day, account_id 1, .*: stored .*, from the ledger .*\n/,
    )
    assert.match(
      stderr,
      /\nsimtally: \d+ differences between \S+ and \S+, which stays unused\n {2}/,
    )
  })
})
