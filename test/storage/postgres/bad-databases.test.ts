/** Databases that cannot be used: one line says why and what to do, and nothing is created. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { parsePostgresUrl } from '../../../src/storage/postgres/database-url.ts'
import { MIGRATIONS } from '../../../src/storage/postgres/migrations/migrations.ts'
import { requireCurrentSchema, requireServerVersion } from '../../../src/storage/postgres/schema.ts'
import { TOPOLOGIES } from '../../../src/storage/postgres/topology.ts'
import { run, SIMTALLY } from '../../bad-input/cli-world.ts'
import { CliFixture } from '../../cli/cli-fixture.ts'
import { failureOf } from '../../contract/engine.ts'
import { execute, newDatabase, plainUrl, type TempPlace } from '../../support/postgres-schema.ts'
import { postgresUrl, startPostgresServer, stopServerAtEnd } from '../../support/postgres-server.ts'
import { TcpProxy } from '../../support/tcp-proxy.ts'
import { itLong } from '../../support/volume.ts'

const PASSWORD = 'hunter2-secret'

let cli: CliFixture
before(async () => {
  cli = await CliFixture.open()
})
after(() => cli.close())
stopServerAtEnd()

/** Runs a command that must fail with one line, and returns that line. */
async function refusal(url: string, args: readonly string[] = ['account', 'list']) {
  const { exitCode, stdout, stderr } = await cli.run(['--database', url, ...args])
  assert.deepEqual([exitCode, stdout], [1, ''], stderr)
  const [line, ...rest] = stderr.trimEnd().split('\n')
  assert.deepEqual(rest, [], stderr)
  assert.doesNotMatch(stderr, new RegExp(PASSWORD))
  return line!
}

async function database(t: TestContext): Promise<TempPlace> {
  const place = await newDatabase()
  t.after(() => place.remove())
  return place
}

async function tablesOf(url: string): Promise<string[]> {
  const [found] = await execute(
    plainUrl(url),
    `SELECT n.nspname || '.' || c.relname AS name FROM pg_class AS c
     JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relkind IN ('r', 'p')
     ORDER BY 1`,
  )
  return found!.rows.map(({ name }) => name as string)
}

/** The URL with some parts changed. */
function changed(
  url: string,
  parts: Partial<Record<'username' | 'password' | 'port' | 'hostname' | 'pathname', string>>,
) {
  return Object.assign(new URL(url), parts).href
}

let users = 0

/** A user that may log in to the database and nothing else. */
async function newUser(t: TestContext, url: string, ...grants: string[]): Promise<string> {
  const name = `user_${process.pid}_${++users}`
  await execute(
    plainUrl(url),
    `CREATE ROLE ${name} LOGIN PASSWORD '${PASSWORD}'`,
    ...grants.map((grant) => `GRANT ${grant} TO ${name}`),
  )
  // By then the database is gone, along with everything granted in it.
  t.after(async () => void (await execute(await postgresUrl(), `DROP ROLE ${name}`)))
  return changed(url, { username: name, password: PASSWORD })
}

async function attempt(work: () => void): Promise<void> {
  work()
}

async function listening(t: TestContext, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

describe('an impossible database URL', () => {
  const urls: Record<string, RegExp> = {
    'postgres:': /expected postgres:\/\/USER/,
    'postgres://': /expected postgres:\/\/USER/,
    [`postgres://u:${PASSWORD}@h`]: /"postgres:\/\/\*\*\*@h": no database name; expected postgres:/,
    [`postgres://u:${PASSWORD}@h/`]: /no database name/,
    [`postgres://u:${PASSWORD}@h/a/b`]: /no database name/,
    [`postgres://u:${PASSWORD}@h:port/db`]: /expected postgres:\/\/USER/,
    [`postgres://u:${PASSWORD}/x@h/db`]: /expected postgres:\/\/USER/,
    [`postgres://u:${PASSWORD}/db`]: /expected postgres:\/\/USER/,
    [`postgres:///db?password=${PASSWORD}`]: /no host/,
    [`postgres://u:${PASSWORD}@h/%ff`]: /not valid percent-encoding/,
    [`postgres://u:${PASSWORD}@h/db?schema=My-Schema`]: /schema "My-Schema": expected lower-case/,
    [`postgres://u:${PASSWORD}@h/db?connections=0`]:
      /connections "0": expected a whole number, 1 to 500/,
    [`postgres://u:${PASSWORD}@h/db?write_retry_ms=soon`]:
      /write_retry_ms "soon": expected a whole/,
  }
  for (const [url, expected] of Object.entries(urls)) {
    it(`${url.replaceAll(PASSWORD, '…')} is answered with what is wrong`, async () => {
      const line = await refusal(url)
      assert.match(line, /^simtally: --database "postgres:/)
      assert.match(line, expected)
    })
  }

  it('never shows its password, wherever it is', () => {
    const junk = fc.string({ maxLength: 12 })
    const login = fc.tuple(junk, junk).map(([a, b]) => `${a}:${PASSWORD}${b}@`)
    const urls = fc
      .tuple(login, junk, junk)
      .map(([user, host, rest]) => `postgres://${user}${host}/${rest}`)
    fc.assert(
      fc.property(urls, (url) => {
        try {
          parsePostgresUrl(url)
        } catch (error) {
          assert.doesNotMatch((error as Error).message, new RegExp(PASSWORD))
          assert.doesNotMatch(String((error as { value?: string }).value), new RegExp(PASSWORD))
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it('keeps its schema if it has settings of its own', async (t) => {
    const { url } = await database(t)
    const settings = encodeURIComponent('-c search_path=elsewhere -c work_mem=5MB')
    await cli.json(['account', 'create', '--name', 'A', '--database', `${url}?options=${settings}`])
    assert.ok((await tablesOf(url)).includes('public.account'))
  })
})

describe('a server that cannot be used', () => {
  const shownAs = (url: string) => `${new URL(url).host}${new URL(url).pathname}`

  it('refuses a wrong password and an unknown user', async () => {
    const server = await postgresUrl()
    for (const url of [
      changed(server, { password: PASSWORD }),
      changed(server, { username: 'nobody' }),
    ]) {
      const line = await refusal(url)
      assert.match(
        line,
        new RegExp(`^simtally: ${shownAs(url)} refuses the login \\(password auth`),
      )
      assert.match(line, /check user and password of --database$/)
    }
    const none = await refusal(changed(server, { password: '' }))
    assert.match(
      none,
      /asks user postgres for a password, and there is none: set SIMTALLY_DATABASE_PASS/,
    )
  })

  it('does not exist', async () => {
    const server = await postgresUrl()
    const nothing = createServer()
    nothing.listen(0, '127.0.0.1')
    await once(nothing, 'listening')
    const port = String((nothing.address() as AddressInfo).port)
    await new Promise((resolve) => nothing.close(resolve))
    assert.match(
      await refusal(changed(server, { port })),
      /no server answers at 127\.0\.0\.1:\d+\/postgres; start PostgreSQL there/,
    )
    assert.match(
      await refusal(changed(server, { hostname: 'no-such-host.invalid' })),
      /the host of no-such-host\.invalid\S* is not known; check its spelling/,
    )
    assert.match(
      await refusal(changed(server, { pathname: '/nothing_here' })),
      /nothing_here does not exist on its server; create it with createdb/,
    )
    assert.match(
      await refusal(`${server}?sslmode=verify-full&sslrootcert=/no/such/file.pem`),
      /a file that --database names cannot be read \(ENOENT/,
    )
    assert.match(
      await refusal(`${server}?sslmode=verify-full`),
      /cannot be reached \(The server does not support SSL/,
    )
  })

  it('is something else: an HTTP server, or one that closes every connection', async (t) => {
    const http = await listening(
      t,
      createHttpServer((_, reply) => void reply.end('hello')),
    )
    const closing = await listening(
      t,
      createServer((socket) => void socket.destroy()),
    )
    for (const port of [http, closing]) {
      const line = await refusal(`postgres://u:${PASSWORD}@127.0.0.1:${port}/db`)
      assert.match(line, new RegExp(`^simtally: 127\\.0\\.0\\.1:${port}/db cannot be reached`))
    }
  })

  it('is not waited for if it says nothing, and the process ends', async (t) => {
    const silent = createServer()
    const port = await listening(t, silent)
    const url = `postgres://u:${PASSWORD}@127.0.0.1:${port}/db?connect_timeout_ms=300`
    const { code, stderr } = await run(process.execPath, [
      SIMTALLY,
      'account',
      'list',
      '--database',
      url,
    ])
    assert.equal(code, 1)
    assert.match(
      stderr,
      new RegExp(
        `^simtally: 127\\.0\\.0\\.1:${port}/db cannot be reached \\(timeout expired\\)[^\n]*\n$`,
      ),
    )
  })

  it('has no connection free', async (t) => {
    const { url } = await database(t)
    const limited = await newUser(t, url)
    const { username } = new URL(limited)
    await execute(plainUrl(url), `ALTER ROLE ${username} CONNECTION LIMIT 0`)
    assert.match(
      await refusal(`${limited}?write_retry_ms=300`),
      /has no connection free; raise its max_connections, or run fewer processes/,
    )
  })

  it('is older than PostgreSQL 14', async () => {
    const place = { shown: 'db/usage' }
    requireServerVersion(place, 140_000)
    requireServerVersion(place, 180_004)
    const error = await failureOf(
      'incompatible',
      attempt(() => requireServerVersion(place, 130_022)),
    )
    assert.equal(error.message, 'db/usage is PostgreSQL 13; Simtally needs 14 or newer')
  })
})

describe('a database that may not be written', () => {
  itLong('is a standby', async (t) => {
    const primary = await startPostgresServer()
    await cli.json(['account', 'create', '--name', 'A', '--database', primary.url])
    await primary.crash()
    const copy = `${primary.dataDir}-standby`
    await promisify(execFile)('cp', ['-a', primary.dataDir, copy])
    await rm(join(copy, 'postmaster.pid'), { force: true })
    await writeFile(join(copy, 'standby.signal'), '')
    const standby = await startPostgresServer({ dataDir: copy, settings: ['hot_standby=on'] })
    t.after(() => standby.stop().then(() => primary.stop()))
    for (const args of [
      ['account', 'list'],
      ['account', 'create', '--name', 'B'],
    ]) {
      assert.match(
        await refusal(standby.url, args),
        /is a read-only standby; name the primary server instead$/,
      )
    }
  })

  it('allows only reading', async (t) => {
    const { url } = await database(t)
    const options = encodeURIComponent('-c default_transaction_read_only=on')
    assert.match(
      await refusal(`${url}?options=${options}`),
      /allows only reading \(default_transaction_read_only\); turn it off/,
    )
    assert.deepEqual(await tablesOf(url), [])
  })

  it('lets the user create nothing', async (t) => {
    const { url } = await database(t)
    const user = await newUser(t, url)
    assert.match(
      await refusal(user, ['init']),
      /the user of \S+ lacks a privilege \(permission denied for schema public\); grant it, or name another user/,
    )
    assert.match(
      await refusal(`${user}?schema=usage`, ['init']),
      /lacks a privilege \(permission denied for database/,
    )
    assert.deepEqual(await tablesOf(url), [])
  })

  it('lets the user create only in an existing schema, which is enough', async (t) => {
    const { url } = await database(t)
    const user = await newUser(t, url)
    const { username } = new URL(user)
    await execute(plainUrl(url), `CREATE SCHEMA usage AUTHORIZATION ${username}`)
    const own = `${user}?schema=usage`
    await cli.json(['account', 'create', '--name', 'A', '--database', own])
    assert.equal((await cli.json(['account', 'list', '--database', own])).length, 1)
  })

  it('lets the user read but not write, or not even read', async (t) => {
    const { url } = await database(t)
    await cli.json(['account', 'create', '--name', 'A', '--database', url])
    const blind = await newUser(t, url)
    assert.match(
      await refusal(blind),
      /lacks a privilege \(permission denied for table simtally_schema\)/,
    )
    const reader = await newUser(t, url, 'SELECT ON ALL TABLES IN SCHEMA public')
    assert.equal((await cli.json(['account', 'list', '--database', reader])).length, 1)
    assert.match(
      await refusal(reader, ['account', 'create', '--name', 'B']),
      /lacks a privilege \(permission denied for table \w+\); grant it/,
    )
    assert.equal((await cli.json(['account', 'list', '--database', url])).length, 1)
  })
})

describe('a database of others, or of another Simtally', () => {
  it('belongs to something else', async (t) => {
    const { url } = await database(t)
    await execute(
      url,
      'CREATE TABLE orders (id integer)',
      'CREATE VIEW "odd ""name"" " AS SELECT 1 AS one',
    )
    const line = await refusal(url)
    assert.match(
      line,
      /belongs to something else: it has .*"orders".*; create a database for Simtally, or add \?schema=NAME/,
    )
    assert.deepEqual(await tablesOf(url), ['public.orders'])
  })

  it('is not one whose schema another process creates during the check', async (t) => {
    const { url } = await database(t)
    const proxy = await TcpProxy.open(url)
    t.after(() => proxy.close())
    // The schema is created between the first check, which finds none, and the second.
    const made = proxy.before('FROM pg_class AS c', async () => {
      await cli.json(['account', 'create', '--name', 'A', '--database', url])
    })
    const listed = await cli.json(['account', 'list', '--database', proxy.through(url)])
    await made
    assert.equal(listed.length, 1)
  })

  it('has a newer schema, or an older one', async (t) => {
    const { url } = await database(t)
    await cli.json(['account', 'create', '--name', 'A', '--database', url])
    await execute(plainUrl(url), 'UPDATE simtally_schema SET version = 99')
    assert.match(
      await refusal(url),
      /has schema version 99, of a newer Simtally than this one, which knows \d+; update the program/,
    )
    const found = {
      version: MIGRATIONS.length - 1,
      topology: TOPOLOGIES.plain,
      transferFrom: null,
      undistributed: [],
      signingKey: null,
      serverTime: 0,
    }
    const error = await failureOf(
      'incompatible',
      attempt(() => requireCurrentSchema(parsePostgresUrl(url), found)),
    )
    assert.match(
      error.message,
      /has schema version \d+, this Simtally needs \d+; run simtally migrate$/,
    )
  })
})
