/** A database in use on one server, to which Citus is added later. */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { openStore } from '../../../src/storage/open-store.ts'
import { TOPOLOGIES } from '../../../src/storage/postgres/topology.ts'
import type { UsageStore } from '../../../src/storage/usage-store.ts'
import { jsonLines } from '../../cli/cli-fixture.ts'
import { assertAuditClean, failureOf } from '../../contract/engine.ts'
import { aBatch, anEvent, anImportStart, instant, NOW } from '../../support/builders.ts'
import { type ClusterDatabase, newClusterDatabase } from '../../support/citus-cluster.ts'
import { runCli } from '../../support/cli-process.ts'
import { fillStore } from '../../support/moved-store.ts'
import { execute } from '../../support/postgres-schema.ts'
import { rowsOfPostgres } from '../../support/table-rows.ts'

const PROCESSES = 4
const SPREAD = [...TOPOLOGIES.citus.reference, ...TOPOLOGIES.citus.distributed]

interface Migrated {
  readonly engine: string
  readonly from: number
  readonly to: number
  readonly steps: readonly string[]
}

async function openDatabase(t: TestContext): Promise<ClusterDatabase> {
  const database = await newClusterDatabase()
  t.after(database.remove)
  return database
}

async function open(t: TestContext, url: string): Promise<UsageStore> {
  const store = await openStore(url)
  t.after(() => store.close())
  return store
}

async function migrate(url: string): Promise<Migrated> {
  const { exitCode, stdout, stderr } = await runCli(['migrate', '--database', url, '--json'])
  assert.deepEqual([exitCode, stderr], [0, ''])
  return jsonLines<Migrated>(stdout)[0]!
}

/** What every account and SIM used, and every record of it. */
async function answersOf(store: UsageStore): Promise<string> {
  const answers: unknown[] = []
  const period = { start: instant('2026-01-01T00:00:00Z'), end: NOW }
  const accounts = await store.listAccounts()
  const sims = await store.listSims({}, { limit: 1_000 })
  const scopes = [
    ...accounts.map(({ id }) => ({ accountId: id })),
    ...sims.map(({ id }) => ({ simId: id })),
  ]
  for (const scope of scopes) {
    for (const granularity of ['hourly', 'daily', 'all'] as const) {
      answers.push(await store.queryUsage({ scope, ...period, granularity }))
    }
  }
  answers.push(accounts, sims, await store.listImports({}, { limit: 1_000 }))
  answers.push(await store.listQuarantine({}, { limit: 1_000 }))
  const { ledgerRows } = await store.audit()
  assert.ok(ledgerRows > 0 && sims.length > 0)
  return JSON.stringify([...answers, ledgerRows], (_, value) =>
    typeof value === 'bigint' ? `${value}n` : value,
  )
}

/** Delivers the same events in two batches; returns how many were accepted and known. */
async function deliverTwice(store: UsageStore, recordId: string): Promise<[number, number]> {
  const [feed] = await store.listFeeds()
  const sims = await store.listSims({}, { limit: 1_000 })
  const { id: importId } = await store.beginImport(anImportStart(feed!))
  const events = sims.map(({ id: simId, accountId }) =>
    anEvent({ simId, accountId, recordId, occurredAt: NOW - 60, upload: 5 }),
  )
  const first = await store.append(aBatch({ importId, feed: feed!, events }))
  const second = await store.append(aBatch({ importId, feed: feed!, events }))
  assert.equal(first.counts.accepted + second.counts.accepted, sims.length)
  return [first.counts.accepted, second.counts.duplicate]
}

describe('a plain database that gets the Citus extension', () => {
  it('is distributed by migrate, whole and once, and answers as before', async (t) => {
    const { url, addCitus } = await openDatabase(t)
    const before = await open(t, url)
    await fillStore(before)
    const rows = await rowsOfPostgres(url)
    const answers = await answersOf(before)
    await before.close()

    await addCitus()
    const untouched = await open(t, url)
    assert.equal(await answersOf(untouched), answers)
    await untouched.close()

    const all = await Promise.all(Array.from({ length: PROCESSES }, () => migrate(url)))
    const working = all.filter(({ steps }) => steps.length > 0)
    assert.deepEqual(
      working.map(({ steps }) => steps.length),
      [SPREAD.length],
    )
    assert.ok(all.every(({ engine, from, to }) => engine === 'citus' && from === to))
    assert.deepEqual(await rowsOfPostgres(url), rows)
    const after = await open(t, url)
    assert.equal(await answersOf(after), answers)
    await assertAuditClean(after)
  })

  it('keeps distributed rows on the workers alone', async (t) => {
    const { url, addCitus } = await openDatabase(t)
    const store = await open(t, url)
    await fillStore(store)
    const { ledgerRows } = await store.audit()
    await addCitus()
    await migrate(url)
    const [onWorkers, here] = await execute(
      url,
      `SELECT COUNT(DISTINCT nodeport) AS servers, SUM(result::bigint) AS rows
       FROM run_command_on_shards('ledger', 'SELECT COUNT(*) FROM %s')
       JOIN pg_dist_shard_placement USING (shardid)`,
      // Citus leaves the coordinator's own tables in place.
      `SELECT SUM(pg_relation_size(relid)) AS bytes
       FROM pg_partition_tree('ledger') WHERE isleaf`,
    )
    assert.deepEqual(onWorkers!.rows, [{ servers: '2', rows: String(ledgerRows) }])
    assert.deepEqual(here!.rows, [{ bytes: '0' }])
  })

  it('keeps counting: imports, undo and new months', async (t) => {
    const { url, addCitus } = await openDatabase(t)
    const store = await open(t, url)
    await fillStore(store)
    await store.close()
    await addCitus()
    await migrate(url)
    const spread = await open(t, url)
    const rows = await rowsOfPostgres(url)
    const sims = await spread.listSims({}, { limit: 1_000 })
    assert.deepEqual(await deliverTwice(spread, 'later'), [sims.length, sims.length])
    await assertAuditClean(spread)
    const [last] = await spread.listImports({}, { limit: 1 })
    const end = { status: 'done', finishedAt: NOW, checksum: null, error: null } as const
    await spread.finishImport(last!.id, end)
    const { removed } = await spread.undoImport(last!.id, NOW)
    assert.equal(removed, sims.length)
    assert.deepEqual((await rowsOfPostgres(url)).ledger, rows.ledger)
    const [feed] = await spread.listFeeds()
    const { id: importId } = await spread.beginImport(anImportStart(feed!))
    const [sim] = sims
    const occurredAt = instant('2027-05-06T07:00:00Z')
    const event = anEvent({ simId: sim!.id, accountId: sim!.accountId, occurredAt })
    const { counts } = await spread.append(aBatch({ importId, feed: feed!, events: [event] }))
    assert.equal(counts.accepted, 1)
    await assertAuditClean(spread)
  })

  it('serves a process that was there before, for reads and writes', async (t) => {
    const { url, addCitus } = await openDatabase(t)
    const early = await open(t, url)
    await fillStore(early)
    const { length } = await early.listSims({}, { limit: 1_000 })
    assert.deepEqual(await deliverTwice(early, 'before'), [length, length])
    const other = await open(t, url)
    const asking = await open(t, url)
    await addCitus()
    const { ledgerRows } = await early.audit()
    let isSpread = false
    const migrating = migrate(url).finally(() => {
      isSpread = true
    })
    let deliveries = 0
    while (!isSpread || deliveries < 3) {
      // One store whose feed has met existing records, and one that assumes all are new.
      for (const [store, name] of [[early, 'early'] as const, [other, 'other'] as const]) {
        const delivered = await deliverTwice(store, `${name} ${deliveries}`)
        assert.deepEqual(delivered, [length, length])
      }
      deliveries++
    }
    await migrating
    const later = await open(t, url)
    await assertAuditClean(later)
    const answers = await answersOf(later)
    for (const store of [early, other, asking]) assert.equal(await answersOf(store), answers)
    assert.equal((await later.audit()).ledgerRows, ledgerRows + 2 * deliveries * length)
  })

  it('lets a process that was there before try a delivery', async (t) => {
    const { url, addCitus } = await openDatabase(t)
    const early = await open(t, url)
    await fillStore(early)
    await addCitus()
    await migrate(url)
    const [feed] = await early.listFeeds()
    const [sim] = await early.listSims({}, { limit: 1 })
    const event = anEvent({ simId: sim!.id, accountId: sim!.accountId, recordId: 'tried' })
    const batch = aBatch({ importId: 0, feed: feed!, events: [event] })
    const tried = () => early.tryOut((trial) => trial.append(batch))
    // A trial cannot repeat its work by itself; only its caller can.
    const { message, hint } = await failureOf('unavailable', tried())
    assert.match(message, /^the tables of \S+ have been spread over several servers meanwhile$/)
    assert.equal(hint, 'trying again is safe')
    assert.equal((await tried()).counts.accepted, 1)
  })
})
