/** Whole stores move to another engine: nothing is lost, mixed up, or usable before it is complete. */
import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { describe, it, type TestContext } from 'node:test'
import fc from 'fast-check'
import { UsageError } from '../../src/domain/usage-error.ts'
import { createStore, moveStore, openStore } from '../../src/storage/open-store.ts'
import { TABLES } from '../../src/storage/tables.ts'
import { checkWorld } from '../exactness/check-world.ts'
import { anyWorld } from '../exactness/worlds.ts'
import { aFeed, anAccount, anImportStart, NOW } from '../support/builders.ts'
import { fillStore, movePart, moveWhole, QUIET } from '../support/moved-store.ts'
import { execute, newSchema, plainUrl, schemaOf } from '../support/postgres-schema.ts'
import { ask, comparable, rowsOf, rowsOfPostgres } from '../support/table-rows.ts'
import { newPlace, openTempStore, type TempStore } from '../support/temp-store.ts'
import { itLong } from '../support/volume.ts'
import { failureOf } from './engine.ts'

const SEED = 20_260_315
const WORLDS = 6

async function openFilled(t: TestContext): Promise<TempStore> {
  // Created here rather than copied, so that its key tells it from other stores.
  const temp = await openTempStore('sqlite', (dir) => newPlace('sqlite', dir))
  t.after(() => temp.dispose())
  await fillStore(temp.store)
  return temp
}

const pathOf = (temp: TempStore) => temp.url.slice('sqlite:'.length)

/** Every row of every table as text, independent of column order, and each in the bucket of its day. */
async function rowsOfSqlite(temp: TempStore): Promise<Record<string, string[]>> {
  const db = new DatabaseSync(pathOf(temp), { readOnly: true })
  try {
    const rows = TABLES.map(({ name }) => {
      const statement = db.prepare(`SELECT * FROM ${name}`)
      statement.setReadBigInts(true)
      const rows = statement.all().map((row) => {
        const { bucket } = row as { bucket?: bigint }
        return bucket === undefined ? row : { ...row, bucket: bucket - (bucket % 86_400n) }
      })
      return [name, comparable(rows)] as const
    })
    return Object.fromEntries(rows)
  } finally {
    db.close()
  }
}

const SPOILING = [
  'DELETE FROM sim_imsi WHERE imsi = (SELECT MIN(imsi) FROM sim_imsi)',
  'UPDATE account_hour SET upload = upload - 1',
  'UPDATE ledger SET download = download + 1 WHERE line = 9',
]

/** To PostgreSQL, or to Citus: what is moved, and what is refused. */
export function describeMoves(engine: 'postgres' | 'citus'): void {
  async function openDatabase(t: TestContext): Promise<string> {
    const { url, remove } = await newSchema(engine)
    t.after(remove)
    return url
  }

  describe('a moved store', () => {
    it('has every row of every table unchanged', async (t) => {
      const temp = await openFilled(t)
      const before = await rowsOfSqlite(temp)
      for (const { name } of TABLES)
        assert.ok(before[name]!.length > 0, `${name} has no rows to move`)
      const to = await openDatabase(t)
      const proof = await moveWhole(temp.url, to, { rowsMax: 3 })
      assert.deepEqual(await rowsOfPostgres(to), before)
      assert.deepEqual(await rowsOfSqlite(temp), before)
      const counted = Object.fromEntries(TABLES.map(({ name }) => [name, before[name]!.length]))
      assert.deepEqual(proof.rows, counted)
      assert.deepEqual([proof.accounts, proof.sims, proof.simsTotal], [2, 8, 8])
      assert.equal(proof.answers, 3 * 10)
      assert.equal(proof.audit.ledgerRows, before.ledger!.length)
    })

    it('has rows of fresh days in the buckets of their days, including a half gathered one', async (t) => {
      const temp = await openFilled(t)
      await temp.store.close()
      const source = await openStore(temp.url, { gatherRowsMax: 1 })
      t.after(() => source.close())
      assert.equal(await source.sealNextDay(NOW), true)
      const isHalf = "SELECT value > 0 AS found FROM setting WHERE name = 'gathered_sims'"
      const isFresh = 'SELECT COUNT(*) > 0 AS found FROM ledger WHERE bucket % 86400 <> 0'
      const db = new DatabaseSync(pathOf(temp))
      for (const text of [isHalf, isFresh]) assert.equal(db.prepare(text).get()!.found, 1)
      db.close()
      const to = await openDatabase(t)
      await moveWhole(temp.url, to, { rowsMax: 3 })
      for (const table of ['ledger', 'ledger_history']) {
        const [found] = await ask(
          to,
          `SELECT COUNT(*) AS rows FROM ${table} WHERE bucket % 86400 <> 0`,
        )
        assert.equal(Number(found!.rows[0].rows), 0)
      }
      assert.deepEqual(await rowsOfPostgres(to), await rowsOfSqlite(temp))
      const target = await openStore(to)
      t.after(() => target.close())
      while (await target.sealNextDay(NOW));
      assert.deepEqual((await target.audit()).differences, [])
    })

    it('is under no checksum, also where a day was partly under one', async (t) => {
      const temp = await openFilled(t)
      while (await temp.store.sealNextDay(NOW));
      await temp.store.close()
      const source = await openStore(temp.url, { checksumRowsMax: 1 })
      t.after(() => source.close())
      const sims =
        "SELECT CAST(value AS BIGINT) AS sims FROM setting WHERE name = 'checksummed_sims'"
      const isPart = async () => Number((await rowsOf(temp.url, sims))[0]!.sims) > 0
      do assert.equal(await source.checksumNextDay(), true)
      while (!(await isPart()))
      const to = await openDatabase(t)
      await moveWhole(temp.url, to)
      assert.equal(Number((await rowsOf(to, sims))[0]!.sims), 0)
      const target = await openStore(to, { checksumRowsMax: 1 })
      t.after(() => target.close())
      assert.equal((await target.audit()).checksummedThrough, null)
      while (await target.checksumNextDay());
      assert.deepEqual((await target.audit()).differences, [])
    })

    itLong(
      'continues with the ids after the old store’s last, even those of deleted rows',
      async (t) => {
        const temp = await openFilled(t)
        const db = new DatabaseSync(pathOf(temp))
        db.exec("UPDATE sqlite_sequence SET seq = 5000 WHERE name = 'quarantine_delivery'")
        db.close()
        const to = await openDatabase(t)
        await moveWhole(temp.url, to)
        const store = await openStore(to)
        t.after(() => store.close())
        const [, last] = await store.listAccounts()
        const account = await store.createAccount(anAccount())
        assert.equal(account.id, last!.id + 1)
        const feed = await store.createFeed(aFeed())
        const [before] = await store.listImports({}, { limit: 1 })
        const { id } = await store.beginImport(anImportStart(feed))
        assert.equal(id, before!.id + 1)
        const [sequence] = await ask(
          to,
          "SELECT nextval(pg_get_serial_sequence('quarantine_delivery', 'id')) AS id",
        )
        assert.equal(sequence!.rows[0].id, '5001')
      },
    )

    it('may be empty', async (t) => {
      const temp = await openTempStore('sqlite')
      t.after(() => temp.dispose())
      const to = await openDatabase(t)
      const proof = await moveWhole(temp.url, to)
      assert.deepEqual([proof.period, proof.answers], [null, 0])
      const store = await openStore(to)
      t.after(() => store.close())
      assert.deepEqual(
        Buffer.from(await store.signingKey()),
        Buffer.from(await temp.store.signingKey()),
      )
    })

    itLong('may come from another PostgreSQL database', async (t) => {
      const temp = await openFilled(t)
      const [first, second] = [await openDatabase(t), await openDatabase(t)]
      await moveWhole(temp.url, first)
      await moveWhole(first, second, { rowsMax: 4 })
      assert.deepEqual(await rowsOfPostgres(second), await rowsOfSqlite(temp))
    })

    itLong(
      `keeps answering and counting like the model, moved in the middle of ${WORLDS} random worlds`,
      async () => {
        const worlds = anyWorld({ identitiesMax: 40, questions: 12 })
        const move = async (from: string): Promise<TempStore> => {
          const { url, remove } = await newSchema(engine)
          await moveWhole(from, url, { rowsMax: 5 })
          const store = await openStore(url)
          const dispose = () => store.close().then(remove)
          return { store, url, dir: '', dispose }
        }
        const check = fc.asyncProperty(worlds, (world) =>
          checkWorld(world, (laboratory) => laboratory.moveWith(move)),
        )
        await fc.assert(check, { seed: SEED, numRuns: WORLDS })
      },
    )
  })

  describe('a move that was stopped', () => {
    it('continues where it was, whichever piece came last', async (t) => {
      const temp = await openFilled(t)
      const to = await openDatabase(t)
      const rows: number[] = []
      for (let pieces = 1; pieces <= 6; pieces++) await movePart(temp.url, to, pieces)
      await moveWhole(temp.url, to, { rowsMax: 3, onProgress: (moved) => rows.push(moved.rows) })
      assert.ok(rows[0]! > 1 + 2 + 3 + 4 + 5 + 6, `began again at ${rows[0]} rows`)
      assert.deepEqual(await rowsOfPostgres(to), await rowsOfSqlite(temp))
    })

    it('keeps every other command out of the database', async (t) => {
      const temp = await openFilled(t)
      const to = await openDatabase(t)
      await movePart(temp.url, to, 5)
      const error = await failureOf('incompatible', openStore(to))
      assert.match(error.message, /holds only a part of .*simtally\.db, .*simtally migrate --from/)
      await moveWhole(temp.url, to)
      await (await openStore(to)).close()
    })

    it('is refused if the source has changed meanwhile, until it is restarted', async (t) => {
      const temp = await openFilled(t)
      const to = await openDatabase(t)
      await movePart(temp.url, to, 8)
      const [sim] = await temp.store.listSims({}, { limit: 1 })
      // The clock stands still, so only the name tells.
      await temp.store.updateSim(sim!.id, { friendlyName: 'renamed' }, sim!.updatedAt)
      const error = await failureOf('conflict', moveStore({ from: temp.url, to }, QUIET))
      assert.match(error.message, /simtally\.db has changed since a part of it was moved/)
      assert.match(error.hint ?? '', /--restart/)
      await moveWhole(temp.url, to, { restart: true })
      assert.deepEqual(await rowsOfPostgres(to), await rowsOfSqlite(temp))
    })

    itLong('does not mix with another store', async (t) => {
      const [temp, other] = [await openFilled(t), await openFilled(t)]
      const to = await openDatabase(t)
      await movePart(temp.url, to, 8)
      const error = await failureOf('incompatible', moveStore({ from: other.url, to }, QUIET))
      assert.match(error.message, /holds a part of another store, .*simtally\.db/)
      assert.match(error.hint ?? '', /--restart/)
      await moveWhole(other.url, to, { restart: true })
      assert.deepEqual(await rowsOfPostgres(to), await rowsOfSqlite(other))
    })
  })

  describe('a move', () => {
    it('is refused by a database with content, which stays as it is', async (t) => {
      const temp = await openFilled(t)
      const to = await openDatabase(t)
      await createStore(to)
      const store = await openStore(to)
      t.after(() => store.close())
      await store.createAccount(anAccount())
      const before = await rowsOfPostgres(to)
      for (const restart of [false, true]) {
        const moving = moveStore({ from: temp.url, to }, { ...QUIET, restart })
        const error = await failureOf('incompatible', moving)
        assert.match(error.message, /is a store already: it has rows in account, act$/)
      }
      assert.deepEqual(await rowsOfPostgres(to), before)
    })

    it('is refused by another program’s database, in which nothing is created', async (t) => {
      const temp = await openFilled(t)
      const to = await openDatabase(t)
      const schema = schemaOf(to)
      const song = [`CREATE SCHEMA ${schema}`, `CREATE TABLE ${schema}.song (title text)`]
      await execute(plainUrl(to), ...song)
      const error = await failureOf('incompatible', moveStore({ from: temp.url, to }, QUIET))
      assert.match(error.message, /belongs to something else: it has "song"/)
      const [tables] = await ask(
        to,
        'SELECT tablename FROM pg_tables WHERE schemaname = current_schema()',
      )
      assert.deepEqual(tables!.rows, [{ tablename: 'song' }])
    })

    it('keeps writers out of the file, but not readers', async (t) => {
      const temp = await openFilled(t)
      const impatient = await openStore(temp.url, { lockWaitMs: 1 })
      t.after(() => impatient.close())
      const to = await openDatabase(t)
      const answered: Promise<unknown>[] = []
      const failures: Promise<UsageError | null>[] = []
      // The last ones may come after the move.
      const writeOne = () => impatient.createAccount(anAccount()).then(() => null, asUsageError)
      const onProgress = () => {
        failures.push(writeOne())
        answered.push(impatient.listAccounts())
      }
      await moveWhole(temp.url, to, { onProgress })
      await Promise.all(answered)
      const [first, ...others] = await Promise.all(failures)
      assert.equal(first?.code, 'unavailable')
      assert.ok(others.every((failure) => failure === null || failure.code === 'unavailable'))
      const moved = await openStore(to)
      t.after(() => moved.close())
      assert.equal((await moved.listAccounts()).length, 2)
    })

    itLong('reports that a PostgreSQL source was written to meanwhile', async (t) => {
      const temp = await openFilled(t)
      const [first, second] = [await openDatabase(t), await openDatabase(t)]
      await moveWhole(temp.url, first)
      const store = await openStore(first)
      t.after(() => store.close())
      const [feed] = await store.listFeeds()
      let written: Promise<unknown> | null = null
      const moving = moveStore(
        { from: first, to: second },
        { ...QUIET, onProgress: () => (written ??= store.beginImport(anImportStart(feed!))) },
      )
      const error = await failureOf('conflict', moving)
      await written
      assert.match(error.message, /was written to while it was moved/)
      await failureOf('incompatible', openStore(second))
    })

    it('names differences, and leaves the database unused', async (t) => {
      const temp = await openFilled(t)
      const to = await openDatabase(t)
      let isStopped = false
      const onProgress = ({ table }: { table: string }) => {
        isStopped ||= table === 'sim_day'
      }
      const rest = { ...QUIET, rowsMax: 1 }
      await moveStore({ from: temp.url, to }, { ...rest, onProgress, isStopped: () => isStopped })
      await ask(to, ...SPOILING)
      const { proof } = await moveStore({ from: temp.url, to }, rest)
      assert.ok(proof !== null && proof.differenceCount > 0)
      const text = proof.differences.join('\n')
      assert.match(text, /^sim_imsi: 15 rows in the source, 14 in the target$/m)
      assert.match(
        text,
        /^account AC\w+, hourly: 2026-\S+ \w+ .* in the source, .* in the target$/m,
      )
      assert.match(text, /^SIM DE\w+, hourly: /m)
      await failureOf('incompatible', openStore(to))
      await moveWhole(temp.url, to, { restart: true })
    })
  })
}

function asUsageError(error: unknown): UsageError {
  assert.ok(error instanceof UsageError, String(error))
  return error
}
