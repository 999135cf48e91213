/** `simtally migrate` and schema versions, as real processes meet them. */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { MIGRATIONS } from '../../../src/storage/postgres/migrations/migrations.ts'
import { jsonLines } from '../../cli/cli-fixture.ts'
import { type CliProcessOptions, runCli } from '../../support/cli-process.ts'
import { execute, newDatabase } from '../../support/postgres-schema.ts'
import { stopServerAtEnd } from '../../support/postgres-server.ts'
import { itLong, share } from '../../support/volume.ts'

stopServerAtEnd()

const PROCESSES = share(2, 10)
const VERSION = MIGRATIONS.length

/** Fails if it is run twice. */
const NEXT = { nextSchemaStep: 'CREATE TABLE novelty (id bigint); INSERT INTO novelty VALUES (1)' }

async function openDatabase(t: TestContext): Promise<string> {
  const { url, remove } = await newDatabase()
  t.after(remove)
  return url
}

interface Migrated {
  readonly engine: string
  readonly from: number
  readonly to: number
  readonly steps: readonly string[]
}

async function migrate(url: string, options: CliProcessOptions = {}): Promise<Migrated> {
  const { exitCode, stdout, stderr } = await runCli(
    ['migrate', '--database', url, '--json'],
    options,
  )
  assert.deepEqual([exitCode, stderr], [0, ''])
  return jsonLines<Migrated>(stdout)[0]!
}

async function version(url: string): Promise<number> {
  const [result] = await execute(url, 'SELECT version FROM simtally_schema')
  return result!.rows[0].version
}

/** What `command` says about a database that it refuses: one line, and exit code 1. */
async function refusal(command: readonly string[], url: string, options: CliProcessOptions = {}) {
  const { exitCode, stdout, stderr } = await runCli([...command, '--database', url], options)
  assert.deepEqual([exitCode, stdout], [1, ''])
  assert.match(stderr, /^simtally: [^\n]+\n$/)
  return stderr
}

const COMMANDS = [['serve', '--port', '0'], ['account', 'list'], ['audit']] as const

describe('simtally migrate', () => {
  it(`creates the schema once when ${PROCESSES} processes run at the same time`, async (t) => {
    const url = await openDatabase(t)
    const all = await Promise.all(Array.from({ length: PROCESSES }, () => migrate(url)))
    const working = all.filter(({ steps }) => steps.length > 0)
    assert.deepEqual(
      working.map(({ from, to }) => ({ from, to })),
      [{ from: 0, to: VERSION }],
    )
    const waiting = all.filter(({ steps }) => steps.length === 0)
    assert.ok(waiting.every(({ from, to }) => from === VERSION && to === VERSION))
    assert.equal(waiting.length, PROCESSES - 1)
    const { exitCode, stdout } = await runCli(['audit', '--database', url])
    assert.deepEqual(
      [exitCode, stdout],
      [0, '0 derived numbers agree with 0 ledger rows; no day is under checksum\n'],
    )
  })

  it(`upgrades an older schema once when ${PROCESSES} processes run, and keeps its content`, async (t) => {
    const url = await openDatabase(t)
    await migrate(url)
    const created = ['account', 'create', '--name', 'Acme', '--database', url]
    assert.equal((await runCli(created)).exitCode, 0)
    const all = await Promise.all(Array.from({ length: PROCESSES }, () => migrate(url, NEXT)))
    const working = all.filter(({ steps }) => steps.length > 0)
    assert.deepEqual(working, [
      { ...working[0], from: VERSION, to: VERSION + 1, steps: [`schema version ${VERSION + 1}`] },
    ])
    assert.equal(await version(url), VERSION + 1)
    const [accounts, novelties] = await execute(
      url,
      'SELECT name FROM account',
      'SELECT * FROM novelty',
    )
    assert.deepEqual([accounts!.rows, novelties!.rowCount], [[{ name: 'Acme' }], 1])
  })

  it('leaves the schema as it was when a step fails', async (t) => {
    const url = await openDatabase(t)
    await migrate(url)
    const bad = { nextSchemaStep: 'CREATE TABLE novelty (id bigint); SELECT 1 / 0' }
    const { exitCode, stdout, stderr } = await runCli(['migrate', '--database', url], bad)
    assert.deepEqual([exitCode, stdout], [1, ''])
    assert.match(stderr, /division by zero/)
    assert.equal(await version(url), VERSION)
    const [found] = await execute(url, "SELECT to_regclass('novelty') AS name")
    assert.equal(found!.rows[0].name, null)
  })

  itLong('tells a person what it did', async (t) => {
    const url = await openDatabase(t)
    const first = await runCli(['migrate', '--database', url])
    const { host, pathname } = new URL(url)
    const shown = `${host}${pathname}`
    assert.match(first.stderr, /^simtally: schema version 1\n/)
    assert.equal(
      first.stdout,
      `${shown} has schema version ${VERSION} on PostgreSQL (before: none)\n`,
    )
    const second = await runCli(['migrate', '--database', url])
    assert.equal(
      second.stdout,
      `${shown} has schema version ${VERSION} on PostgreSQL already; there was nothing to do\n`,
    )
  })
})

describe('a schema of another version', () => {
  itLong('is refused by every command if it is older, with the remedy', async (t) => {
    const url = await openDatabase(t)
    await migrate(url)
    for (const command of COMMANDS) {
      assert.match(
        await refusal(command, url, NEXT),
        new RegExp(`has schema version ${VERSION}, .*needs ${VERSION + 1}; run simtally migrate`),
      )
    }
    assert.equal(await version(url), VERSION)
  })

  it('is refused by every command if it is newer, even by migrate, and left alone', async (t) => {
    const url = await openDatabase(t)
    await migrate(url, NEXT)
    for (const command of [...COMMANDS.slice(0, share(1, COMMANDS.length)), ['migrate']]) {
      assert.match(
        await refusal(command, url),
        new RegExp(`has schema version ${VERSION + 1}, of a newer Simtally.*update the program`),
      )
    }
    assert.equal(await version(url), VERSION + 1)
  })
})
