/**
 * How PostgreSQL finds what questions ask for in tables of a realistic size: by keys alone, and only in
 * the months asked for. The statements are those that the store has prepared, run with its settings.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { GRANULARITIES, type UsageQuery } from '../../../src/domain/usage-query.ts'
import { openStore } from '../../../src/storage/open-store.ts'
import { Database } from '../../../src/storage/postgres/connection.ts'
import { parsePostgresUrl } from '../../../src/storage/postgres/database-url.ts'
import { MAKE_INCOMING, SELECT_THERE, USE_KEYS } from '../../../src/storage/postgres/ledger-sql.ts'
import { listPartitions } from '../../../src/storage/postgres/partitions.ts'
import { TOPOLOGIES } from '../../../src/storage/postgres/topology.ts'
import { queryUsage, simUsageValues } from '../../../src/storage/postgres/usage-reads.ts'
import { accountUsageValues } from '../../../src/storage/questions/account-usage.ts'
import type { UsageStore } from '../../../src/storage/usage-store.ts'
import { instant } from '../../support/builders.ts'
import { appendFleet, type Fleet } from '../../support/hourly-fleet.ts'
import { newDatabase, type TempPlace } from '../../support/postgres-schema.ts'
import { stopServerAtEnd } from '../../support/postgres-server.ts'

const START = instant('2026-01-01T00:00:00Z')
const END = instant('2026-04-01T00:00:00Z')
const SEALED_THROUGH = instant('2026-02-11T00:00:00Z')

const LEDGER_KEY = ['bucket', 'sim_id', 'occurred_at']

let place: TempPlace
let store: UsageStore
let database: Database
let fleet: Fleet

before(async () => {
  // A separate database. If others read the same one, vacuum leaves pages as they are.
  place = await newDatabase()
  store = await openStore(place.url, { create: true })
  fleet = await appendFleet(store, { accounts: 5, sims: 20, start: START, end: END })
  while (await store.sealNextDay(SEALED_THROUGH));
  database = new Database(parsePostgresUrl(place.url), TOPOLOGIES.plain, {})
  await database.read(async ({ client }) => {
    const { rows } = await client.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class
       WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace`,
    )
    for (const { name } of rows) await client.query(`VACUUM (ANALYZE) ${name}`)
  })
})

after(async () => {
  await database.close()
  await store.close()
  await place.remove()
})

stopServerAtEnd()

interface PlanNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly 'Index Cond'?: string
  readonly 'Heap Fetches'?: number
  readonly 'Subplans Removed'?: number
  readonly 'Actual Loops': number
  readonly Plans?: readonly PlanNode[]
}

interface Explained {
  readonly plan: PlanNode
  /** Scans that were carried out. */
  readonly scans: readonly PlanNode[]
}

/** Asks as the store does, then explains the statement that it has prepared for that. */
async function explain(query: UsageQuery): Promise<Explained> {
  // A separate connection, on which nothing but this question is prepared.
  const own = new Database({ ...database.target, connectionsMax: 1 }, TOPOLOGIES.plain, {})
  try {
    const groups = await queryUsage(own, query, SEALED_THROUGH)
    assert.ok(groups.length > 0)
    return await own.read(async ({ client }) => {
      const prepared = await client.query(
        `SELECT name, generic_plans::integer AS generic, custom_plans::integer AS custom
         FROM pg_prepared_statements WHERE NOT from_sql`,
      )
      assert.equal(prepared.rows.length, 1)
      const { name, generic, custom } = prepared.rows[0]
      assert.deepEqual({ generic, custom }, { generic: 1, custom: 0 })
      const { rows } = await client.query(
        `EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE "${name}" (${valuesOf(query).join(', ')})`,
      )
      const plan = rows[0]['QUERY PLAN'][0].Plan as PlanNode
      return { plan, scans: nodesOf(plan).filter(isScan) }
    })
  } finally {
    await own.close()
  }
}

function valuesOf(query: UsageQuery): string[] {
  const { scope } = query
  const values =
    'simId' in scope
      ? simUsageValues(query, scope.simId, SEALED_THROUGH)
      : accountUsageValues(query, scope.accountId)
  return values.map((value) => (Array.isArray(value) ? `'{${value}}'` : String(value)))
}

function nodesOf(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)]
}

/** A generic plan has a node for every month; only those that were run count. */
function isScan(node: PlanNode): boolean {
  return node['Node Type'].includes('Scan') && node['Actual Loops'] > 0 && !node.Plans
}

function relationsOf(scans: readonly PlanNode[], prefix: string): string[] {
  const names = scans.map((node) => node['Relation Name'] ?? node['Index Name'] ?? '')
  return names.filter((name) => name.startsWith(prefix)).sort()
}

describe('the usage of a SIM', () => {
  const month = { start: instant('2026-02-01T00:00:00Z'), end: instant('2026-03-01T00:00:00Z') }
  const across = { start: instant('2026-02-15T10:00:00Z'), end: instant('2026-03-15T11:30:00Z') }

  for (const granularity of GRANULARITIES) {
    it(`of a month, ${granularity}, is read from the keys of that month alone`, async () => {
      const scope = { simId: fleet.sims[50]!.id }
      const { plan, scans } = await explain({ scope, ...month, granularity })
      assert.deepEqual(relationsOf(scans, 'ledger'), ['ledger_2026_02'])
      const sealed = granularity === 'hourly' ? [] : ['sim_day']
      assert.deepEqual(relationsOf(scans, 'sim_day'), sealed)
      assert.equal(scans.length, 1 + sealed.length)
      for (const scan of scans) assertIndexOnly(scan)
      const partitions = await database.read(listPartitions)
      const months = partitions.filter(({ parent }) => parent === 'ledger').length
      assert.equal(months, 3)
      const removed = nodesOf(plan).reduce((sum, node) => sum + (node['Subplans Removed'] ?? 0), 0)
      assert.equal(removed, months - 1)
    })

    it(`across two months, ${granularity}, is read from the keys of both`, async () => {
      const scope = { simId: fleet.sims[50]!.id }
      const { scans } = await explain({ scope, ...across, granularity })
      const ledger = scans.filter((scan) => relationsOf([scan], 'ledger').length > 0)
      assert.deepEqual(relationsOf(ledger, ''), ['ledger_2026_02', 'ledger_2026_03'])
      for (const scan of ledger) assertIndexOnly(scan)
    })
  }

  function assertIndexOnly(scan: PlanNode): void {
    assert.equal(scan['Node Type'], 'Index Only Scan')
    assert.equal(scan['Heap Fetches'], 0)
    const condition = scan['Index Cond']!
    const columns = scan['Relation Name'] === 'sim_day' ? ['month', 'sim_id'] : LEDGER_KEY
    for (const column of columns) assert.ok(condition.includes(`(${column} `), condition)
  }
})

describe('the usage of an account', () => {
  const month = { start: instant('2026-02-01T10:00:00Z'), end: instant('2026-03-01T11:00:00Z') }

  for (const granularity of GRANULARITIES) {
    it(`of a month, ${granularity}, is found by the key of the rollups`, async () => {
      const scope = { accountId: fleet.accounts[2]!.id }
      const { scans } = await explain({ scope, ...month, granularity })
      const tables = granularity === 'hourly' ? ['account_hour'] : ['account_day', 'account_hour']
      const keys = scans.map((scan) => scan['Index Name'])
      assert.deepEqual([...new Set(keys)].sort(), tables.map((table) => `${table}_pkey`).sort())
      for (const scan of scans) {
        assert.match(scan['Node Type'], /^(Index Scan|Bitmap Index Scan)$/)
        for (const column of ['account_id', 'started_at']) {
          assert.ok(scan['Index Cond']!.includes(`(${column} `), scan['Index Cond']!)
        }
      }
    })
  }
})

describe('the records of a batch', () => {
  it('are looked up by their whole key, even by a session that planned it on an empty ledger', async () => {
    const empty = await newDatabase()
    try {
      const own = await openStore(empty.url, { create: true })
      await appendFleet(own, { accounts: 1, sims: 1, start: START, end: START + 3_600 })
      await own.close()
      const looker = new Database(parsePostgresUrl(empty.url), TOPOLOGIES.plain, {})
      const plan = await looker.rolledBack(async ({ client }) => {
        await client.query(`TRUNCATE ledger; ${MAKE_INCOMING}; ${USE_KEYS}`)
        const { rows } = await client.query(
          `EXPLAIN (ANALYZE, FORMAT JSON) ${SELECT_THERE.replace('?1', '1')}`,
        )
        return rows[0]['QUERY PLAN'][0].Plan as PlanNode
      })
      await looker.close()
      const scans = nodesOf(plan).filter((node) => node['Relation Name'] !== undefined)
      const ledger = scans.filter((scan) => relationsOf([scan], 'ledger').length > 0)
      assert.ok(ledger.length > 0)
      for (const scan of ledger) {
        assert.match(scan['Node Type'], /^Index (Only )?Scan$/)
        for (const column of [...LEDGER_KEY, 'feed_id', 'record_id']) {
          assert.ok(scan['Index Cond']!.includes(`(${column} `), scan['Index Cond']!)
        }
      }
    } finally {
      await empty.remove()
    }
  })
})
