/** How a database and its server may be configured, and what connecting makes of it. */
import assert from 'node:assert/strict'
import { chmod, writeFile } from 'node:fs/promises'
import { describe, it, type TestContext } from 'node:test'
import pg from 'pg'
import { createStore, openStore } from '../../../src/storage/open-store.ts'
import { parsePostgresUrl } from '../../../src/storage/postgres/database-url.ts'
import { lockKey } from '../../../src/storage/postgres/locks.ts'
import { waitForMigration } from '../../../src/storage/postgres/migration-lock.ts'
import { CliFixture } from '../../cli/cli-fixture.ts'
import { assertAuditClean, failureOf } from '../../contract/engine.ts'
import { aFeed, anAccount, aSim, NOW, newSimSid } from '../../support/builders.ts'
import { execute, newDatabase, plainUrl } from '../../support/postgres-schema.ts'
import { freePort, stopServerAtEnd } from '../../support/postgres-server.ts'

stopServerAtEnd()

async function database(t: TestContext, options = ''): Promise<string> {
  const place = await newDatabase(options)
  t.after(() => place.remove())
  return place.url
}

async function connected(t: TestContext, url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: plainUrl(url) })
  // It may end along with its database.
  client.on('error', () => {})
  await client.connect()
  t.after(() => client.end())
  return client
}

describe('a database with another encoding than UTF-8', () => {
  for (const encoding of ['LATIN1', 'SQL_ASCII']) {
    it(`such as ${encoding} is refused in one line, and stays empty`, async (t) => {
      const options = `TEMPLATE template0 ENCODING '${encoding}' LC_COLLATE 'C' LC_CTYPE 'C'`
      const url = await database(t, options)
      const cli = await CliFixture.open('sqlite')
      t.after(() => cli.close())
      for (const args of [['account', 'list'], ['migrate']]) {
        const { exitCode, stdout, stderr } = await cli.run([...args, '--database', url])
        assert.deepEqual([exitCode, stdout], [1, ''])
        assert.match(stderr, new RegExp(`^simtally: \\S+ keeps text as ${encoding}; [^\n]*\n$`))
        assert.match(stderr, /needs UTF8: create another database with ENCODING 'UTF8'/)
      }
      const [found] = await execute(
        plainUrl(url),
        "SELECT 1 FROM pg_tables WHERE schemaname = 'public'",
      )
      assert.equal(found!.rowCount, 0)
    })
  }
})

describe('settings of a database', () => {
  it('cannot change what is stored or answered', async (t) => {
    const url = await database(t)
    const name = new URL(url).pathname.slice(1)
    const settings = {
      search_path: 'elsewhere',
      client_encoding: 'LATIN1',
      standard_conforming_strings: 'off',
      array_nulls: 'off',
      timezone: 'Asia/Kathmandu',
      datestyle: 'German',
      default_transaction_isolation: 'serializable',
      synchronous_commit: 'off',
    }
    const [version] = await execute(plainUrl(url), 'SHOW server_version_num')
    const isSettable = Number(version!.rows[0].server_version_num) < 190_000
    for (const [setting, value] of Object.entries(settings)) {
      if (setting === 'standard_conforming_strings' && !isSettable) continue
      await execute(plainUrl(url), `ALTER DATABASE ${name} SET ${setting} = '${value}'`)
    }
    const store = await openStore(url, { create: true })
    t.after(() => store.close())
    const text = 'Žluťoučký 🐎 \\ \'quoted\' "NULL"'
    const account = await store.createAccount(anAccount({ name: text }))
    assert.equal((await store.findAccount(account.sid))!.name, text)
    const sim = await store.createSim(account.id, aSim(), { at: NOW, newSid: newSimSid })
    assert.equal((await store.findSim(account.id, sim.sid))!.uniqueName, sim.uniqueName)
    await store.createFeed(aFeed())
    await assertAuditClean(store)
  })
})

describe('the lock for migrating', () => {
  it('is not waited for if its session does nothing, and the error names that session', async (t) => {
    const url = await database(t)
    const target = parsePostgresUrl(url)
    const holder = await connected(t, url)
    await holder.query("SET application_name = 'left behind'")
    await holder.query('SELECT pg_advisory_lock($1, $2)', lockKey('migration', target.schema))
    const waiting = await connected(t, url)
    await waiting.query('BEGIN')
    const wait = waitForMigration(waiting, target, { patienceMs: 20, idleSecondsMax: 0 })
    const error = await failureOf('unavailable', wait)
    assert.match(
      error.message,
      /is held by left behind on 127\.0\.0\.1 \(process \d+ of the server\)/,
    )
    assert.match(error.message, /end it with SELECT pg_terminate_backend\(\d+\), then repeat/)
  })

  it('is waited for while its holder is at work', async (t) => {
    const url = await database(t)
    const target = parsePostgresUrl(url)
    const holder = await connected(t, url)
    await holder.query('SELECT pg_advisory_lock($1, $2)', lockKey('migration', target.schema))
    const waiting = await connected(t, url)
    await waiting.query('BEGIN')
    const wait = waitForMigration(waiting, target, { patienceMs: 20, idleSecondsMax: 0 })
    await holder.query('SELECT pg_sleep(0.3), pg_advisory_unlock_all()')
    await wait
  })
})

describe('checking whether the database answers', () => {
  it('ends within about a second while all connections are busy, and says so', async (t) => {
    const url = await database(t)
    const store = await openStore(`${url}?connections=2`, { create: true })
    t.after(() => store.close())
    const holder = await connected(t, url)
    await holder.query('SELECT pg_advisory_lock($1, $2)', lockKey('directory', 'public'))
    const held = [store.createAccount(anAccount()), store.createAccount(anAccount())]
    const startedAt = performance.now()
    const checks = [store.check(), store.check(), store.check()]
    const errors = await Promise.all(checks.map((check) => failureOf('unavailable', check)))
    assert.ok(performance.now() - startedAt < 3_000)
    for (const { message } of errors) {
      assert.match(
        message,
        /all 2 connections of this process to \S+ are busy, and none became free/,
      )
    }
    await holder.query('SELECT pg_advisory_unlock_all()')
    await Promise.all(held)
    await store.check()
  })
})

describe('the clock of the server', () => {
  it('is compared with the local clock, and a difference of more than a minute is reported', async (t) => {
    const url = await database(t)
    const cli = await CliFixture.open('sqlite')
    t.after(() => cli.close())
    await createStore(url)
    const args = ['account', 'list', '--database', url]
    for (const [ahead, isSaid] of [
      [60, false],
      [61, true],
      [-7_200, true],
    ] as const) {
      const options = { now: NOW + ahead, serverNow: NOW }
      const { exitCode, stderr } = await cli.run(args, options)
      assert.equal(exitCode, 0)
      const said =
        /^simtally: this machine's clock says \S+Z, that of the database's server \S+Z; set the one/
      assert.equal(said.test(stderr), isSaid, stderr)
      assert.equal(stderr === '', !isSaid)
    }
  })
})

describe('the password of a database', () => {
  it('comes from the environment or a file, which is read again for each connection', async (t) => {
    const cli = await CliFixture.open('sqlite')
    t.after(() => cli.close())
    const full = new URL(await database(t))
    await createStore(full.href)
    const { password } = full
    const none = Object.assign(new URL(full), { password: '' }).href
    const listed = (databaseParameters: Record<string, string>, url = none) =>
      cli.run(['account', 'list', '--database', url], { databaseParameters })
    assert.equal((await listed({ password })).exitCode, 0)
    const file = await cli.file('password', `${password}\n`)
    assert.equal((await listed({ password_file: file })).exitCode, 0)
    await writeFile(file, 'hunter2-wrong')
    const wrong = await listed({ password_file: file })
    assert.match(wrong.stderr, /^simtally: \S+ refuses the login [^\n]*\n$/)
    assert.doesNotMatch(wrong.stderr, /hunter2/)
    // What the URL says takes precedence.
    assert.equal((await listed({ password_file: file }, full.href)).exitCode, 0)
    const passfile = await cli.file(
      'passfile',
      `other:*:*:*:x\n*:${full.port}:*:postgres:${password}\n`,
    )
    await chmod(passfile, 0o644)
    assert.match((await listed({ passfile })).stderr, /others may read the password file [^\n]*\n$/)
    await chmod(passfile, 0o600)
    assert.equal((await listed({ passfile })).exitCode, 0)
    const missing = await listed({ password_file: cli.path('nothing') })
    assert.match(
      missing.stderr,
      /^simtally: the password file \S+ cannot be read \(ENOENT[^\n]*\n$/,
    )
  })
})

describe('several hosts in a URL', () => {
  it('are tried in turn, and all are named if none works', async (t) => {
    const full = new URL(await database(t))
    const dead = String(await freePort())
    const both = full.href.replace(full.host, `127.0.0.1:${dead},${full.host}`)
    const store = await openStore(both, { create: true })
    await store.createAccount(anAccount())
    assert.equal((await store.listAccounts()).length, 1)
    await store.close()
    const none = full.href.replace(full.host, `127.0.0.1:${dead},localhost:${dead}`)
    const error = await failureOf('unavailable', openStore(none))
    assert.match(
      error.message,
      /^no host of \S+ can be written now \(127\.0\.0\.1:\d+: .*; localhost:\d+: /,
    )
  })
})
