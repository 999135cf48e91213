/** PgBouncer between Simtally and its database: sessions work, anything less is refused. */
import assert from 'node:assert/strict'
import { after, describe, it, type TestContext } from 'node:test'
import { openStore } from '../../../src/storage/open-store.ts'
import { Process, SIMTALLY } from '../../bad-input/cli-world.ts'
import { CliFixture } from '../../cli/cli-fixture.ts'
import { failureOf } from '../../contract/engine.ts'
import { describeLifetime } from '../../contract/lifetime.ts'
import { postgresEngine } from '../../contract/postgres-engine.ts'
import { askAt } from '../../support/answers.ts'
import { anAccount, iccidOf } from '../../support/builders.ts'
import {
  hasPgBouncer,
  INSTALL_PGBOUNCER,
  type PgBouncer,
  type PoolMode,
  startPgBouncer,
} from '../../support/pgbouncer.ts'
import { execute, newDatabase, newSchema, plainUrl } from '../../support/postgres-schema.ts'
import { postgresUrl, stopServerAtEnd } from '../../support/postgres-server.ts'
import { openTempStore } from '../../support/temp-store.ts'
import { isWhole, itLong } from '../../support/volume.ts'

stopServerAtEnd()

/** The usual configuration for programs that send settings along; the settings are then lost. */
const IGNORING = 'ignore_startup_parameters = extra_float_digits,options'

const poolers = new Map<PoolMode, Promise<PgBouncer>>()
after(() => Promise.all([...poolers.values()].map(async (pooler) => (await pooler).stop())))

/** One for all tests of the mode. */
async function pooler(mode: PoolMode): Promise<PgBouncer> {
  let started = poolers.get(mode)
  if (started === undefined) {
    started = startPgBouncer(await postgresUrl(), mode, [IGNORING])
    poolers.set(mode, started)
  }
  return started
}

/** A separate database for the test, with a schema `usage`: directly, and through the pooler. */
async function pooled(t: TestContext, mode: PoolMode): Promise<{ direct: string; by: string }> {
  const place = await newDatabase()
  t.after(() => place.remove())
  const direct = `${place.url}?schema=usage`
  return { direct, by: (await pooler(mode)).through(direct) }
}

async function tablesIn(url: string, schema: string): Promise<number> {
  const [found] = await execute(
    plainUrl(url),
    `SELECT COUNT(*)::integer AS tables FROM pg_tables WHERE schemaname = '${schema}'`,
  )
  return found!.rows[0].tables
}

async function locksLeft(url: string): Promise<number> {
  const [found] = await execute(
    plainUrl(url),
    `SELECT COUNT(*)::integer AS locks FROM pg_locks
     WHERE locktype = 'advisory'
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  )
  return found!.rows[0].locks
}

if (!hasPgBouncer()) {
  it(`PgBouncer is not installed, so nothing was tried with it; ${INSTALL_PGBOUNCER}`, () => {
    if (process.env.CI) assert.fail('CI has to install it')
    process.stderr.write(`PgBouncer is not installed: ${INSTALL_PGBOUNCER}\n`)
  })
} else {
  const engine = postgresEngine('PostgreSQL behind PgBouncer', 'postgres')
  const place = async () => {
    const schema = await newSchema('postgres')
    return { ...schema, url: (await pooler('session')).through(schema.url) }
  }
  describe('a pooler that keeps a session for a client', () => {
    const open = () => openTempStore('postgres', place)
    const behind = { ...engine, open, make: open }
    if (isWhole()) describeLifetime(behind)

    it('lets commands and `serve` use the schema that the URL names', async (t) => {
      const { direct, by } = await pooled(t, 'session')
      const cli = await CliFixture.open('sqlite')
      t.after(() => cli.close())
      const on = ['--database', by]
      await cli.json(['migrate', ...on])
      const [account] = await cli.json<{ sid: string; auth_token: string }>([
        ...['account', 'create', '--name', 'A', '--home-countries', 'US', ...on],
      ])
      const stdin = `iccid\n${iccidOf(1)}\n`
      await cli.json(['sim', 'import', '-', '--account', account!.sid, ...on], { stdin })
      await cli.json(['feed', 'create', 'hub', '--format', 'csv', ...on])
      const records = Array.from(
        { length: 500 },
        (_, i) => `r${i},${iccidOf(1)},2026-03-01T00:00:00Z,310-260,1\n`,
      )
      const usage = `record_id,sim,occurred_at,plmn,upload\n${records.join('')}`
      const args = ['import', '-', '--feed', 'hub', '--batch-size', '100', ...on]
      const [counts] = await cli.json<{ accepted: number }>(args, { stdin: usage })
      assert.equal(counts!.accepted, 500)
      const serving = new Process(process.execPath, [
        ...[SIMTALLY, 'serve', '--port', '0', '--workers', '1', '--json', ...on],
      ])
      t.after(() => serving.kill('SIGTERM'))
      await serving.printed('"url"')
      const { url } = JSON.parse(serving.stdout)
      const basic = btoa(`${account!.sid}:${account!.auth_token}`)
      const path = 'Granularity=all&Start=2026-03-01&End=2026-03-02'
      const { status, body } = await askAt(url, {
        url: `/v1/UsageRecords?${path}`,
        headers: { authorization: `Basic ${basic}` },
      })
      assert.equal(status, 200)
      assert.equal(body.usage_records[0]!.data.upload, 500)
      serving.kill('SIGTERM')
      assert.equal((await serving.ended()).code, 0)
      assert.ok((await tablesIn(direct, 'usage')) > 10)
      assert.equal(await tablesIn(direct, 'public'), 0)
    })

    it('applies the URL’s settings although the pooler drops them', async (t) => {
      const { by } = await pooled(t, 'session')
      const options = encodeURIComponent('-c default_transaction_read_only=on')
      const error = await failureOf('read_only', openStore(`${by}&options=${options}`))
      assert.match(error.message, /allows only reading/)
    })
  })

  describe('a pooler that shares its sessions', () => {
    for (const mode of ['transaction', 'statement'] as const) {
      it(`by ${mode} is refused in one line, with nothing created and no lock left`, async (t) => {
        const { direct, by } = await pooled(t, mode)
        const cli = await CliFixture.open('sqlite')
        t.after(() => cli.close())
        for (const args of [['account', 'list'], ['migrate'], ['serve', '--port', '0']]) {
          const { exitCode, stdout, stderr } = await cli.run([...args, '--database', by])
          assert.deepEqual([exitCode, stdout], [1, ''], stderr)
          assert.match(
            stderr,
            /^simtally: a pooler in front of \S+ shares its connections by transaction or statement; set pool_mode = session[^\n]*\n$/,
          )
        }
        assert.equal(await tablesIn(direct, 'public'), 0)
        assert.equal(await tablesIn(direct, 'usage'), 0)
        assert.equal(await locksLeft(direct), 0)
        // The attempts must not affect others on the same pooler.
        const [found] = await execute(plainUrl(by), 'SHOW search_path')
        assert.equal(found!.rows[0].search_path, '"$user", public')
      })
    }

    itLong('is detected while others use it, in every order of its servers', async (t) => {
      const server = await postgresUrl()
      const place = await newDatabase()
      t.after(() => place.remove())
      for (const order of ['server_round_robin = 1', 'server_round_robin = 0']) {
        const bouncer = await startPgBouncer(server, 'transaction', [IGNORING, order])
        t.after(() => bouncer.stop())
        const by = bouncer.through(place.url)
        // Occupies several sessions of the server, so that each call may get another one.
        const held = Array.from({ length: 4 }, () => execute(by, 'SELECT pg_sleep(0.3)'))
        await Promise.all(held)
        for (let times = 0; times < 5; times++) await failureOf('incompatible', openStore(by))
        let isOver = false
        const others = Array.from({ length: 4 }, async () => {
          while (!isOver) await execute(by, 'SELECT pg_sleep(0.01)', 'SELECT 1')
        })
        for (let times = 0; times < 5; times++) await failureOf('incompatible', openStore(by))
        isOver = true
        await Promise.all(others)
      }
    })

    it('is detected by a store that was opened before it began to share', async (t) => {
      const place = await newDatabase()
      t.after(() => place.remove())
      const bouncer = await startPgBouncer(await postgresUrl(), 'session', [IGNORING])
      t.after(() => bouncer.stop())
      const store = await openStore(bouncer.through(`${place.url}?schema=usage`), { create: true })
      t.after(() => store.close())
      const work = () =>
        Promise.allSettled(
          Array.from({ length: 5 }, () => [
            store.createAccount(anAccount()),
            store.listAccounts(),
          ]).flat(),
        )
      assert.ok((await work()).every(({ status }) => status === 'fulfilled'))
      await bouncer.change('transaction')
      const failures: unknown[] = []
      // On a busy machine, calls may get the sessions that they had before for a while.
      for (let times = 0; times < 50 && failures.length === 0; times++) {
        const outcomes = (await Promise.all([work(), work(), work()])).flat()
        for (const one of outcomes) if (one.status === 'rejected') failures.push(one.reason)
      }
      assert.ok(failures.length > 0)
      for (const error of failures) await failureOf('incompatible', Promise.reject(error))
      assert.equal(await tablesIn(place.url, 'public'), 0)
      assert.equal(await locksLeft(place.url), 0)
    })
  })
}
