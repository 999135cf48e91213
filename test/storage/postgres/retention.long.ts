/**
 * Retention on PostgreSQL: months that have ended are dropped whole, and no answer about a kept one
 * changes.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { purgeInSteps } from '../../../src/cli/purge-steps.ts'
import { retentionStart } from '../../../src/domain/period.ts'
import { hashSecret } from '../../../src/domain/secret.ts'
import { monthNumber } from '../../../src/domain/time.ts'
import { GRANULARITIES } from '../../../src/domain/usage-query.ts'
import { buildServer } from '../../../src/http/server.ts'
import type { UsageStore } from '../../../src/storage/usage-store.ts'
import { aKey, instant } from '../../support/builders.ts'
import { appendFleet, type Fleet } from '../../support/hourly-fleet.ts'
import { execute, plainUrl, schemaOf } from '../../support/postgres-schema.ts'
import { stopServerAtEnd } from '../../support/postgres-server.ts'
import { openTempStore } from '../../support/temp-store.ts'

stopServerAtEnd()

const NOW = instant('2026-09-01T00:00:00Z')
/** Twenty months, of which the first two are beyond retention. */
const START = instant('2025-01-01T00:00:00Z')
const SECRET = 'a secret of the operator'

async function partitionsOf(url: string): Promise<string[]> {
  const [result] = await execute(
    plainUrl(url),
    `SELECT inhrelid::regclass::text AS name FROM pg_inherits
     WHERE inhparent = '${schemaOf(url)}.ledger'::regclass ORDER BY 1`,
  )
  return result!.rows.map(({ name }) => (name as string).split('.').at(-1)!)
}

/** Makes a transaction fail if a row is deleted instead of being dropped with its month. */
async function forbidDeleting(url: string): Promise<void> {
  const schema = schemaOf(url)
  await execute(
    plainUrl(url),
    `CREATE FUNCTION ${schema}.refuse() RETURNS trigger LANGUAGE plpgsql
     AS $$ BEGIN RAISE EXCEPTION 'a row of % was deleted', TG_RELID::regclass; END $$`,
    ...['ledger', 'ledger_history'].map(
      (table) => `CREATE TRIGGER refuse BEFORE DELETE ON ${schema}.${table}
                  FOR EACH ROW EXECUTE FUNCTION ${schema}.refuse()`,
    ),
  )
}

/** Answers about every kept month, for accounts and for SIMs, byte by byte. */
async function answers(store: UsageStore, operator: string, fleet: Fleet): Promise<string[]> {
  const server = buildServer({ store, clock: () => NOW })
  const authorization = `Basic ${Buffer.from(`${operator}:${SECRET}`).toString('base64')}`
  const paths = fleet.accounts.map(({ sid }) => `/v1/UsageRecords?AccountSid=${sid}`)
  for (const sim of [fleet.sims[0]!, fleet.sims[40]!, fleet.sims.at(-1)!]) {
    paths.push(`/v1/Sims/${sim.sid}/UsageRecords?AccountSid=${sim.accountSid}`)
  }
  const texts: string[] = []
  for (const path of paths) {
    for (const granularity of GRANULARITIES) {
      for (const [start, end] of [
        ['2025-03-01T00:00:00Z', '2026-09-01T00:00:00Z'],
        ['2025-03-01T00:00:00Z', '2025-04-05T17:00:00Z'],
        ['2026-08-01T00:00:00Z', '2026-09-01T00:00:00Z'],
      ]) {
        const query = `Granularity=${granularity}&PageSize=1000&Start=${start}&End=${end}`
        const { statusCode, body } = await server.inject({
          url: `${path}&${query}`,
          headers: { authorization },
        })
        assert.equal(statusCode, 200, body)
        texts.push(body)
      }
    }
  }
  await server.close()
  return texts
}

describe('the end of retention', () => {
  it('drops two of twenty months whole, as a dry run announces, and changes no answer', async (t) => {
    const temp = await openTempStore('postgres')
    t.after(() => temp.dispose())
    const { store, url } = temp
    const size = { accounts: 2, sims: 35, start: START, end: NOW }
    const fleet = await appendFleet(store, size)
    assert.ok(fleet.records > 1_000_000, `${fleet.records} records`)
    while (await store.sealNextDay(instant('2025-03-15T00:00:00Z')));
    const { sid } = await store.createApiKey(
      aKey({ accountId: null, scope: 'admin', secretHash: hashSecret(SECRET) }),
    )
    const partitions = await partitionsOf(url)
    const before = retentionStart(NOW)
    const told = await answers(store, sid, fleet)
    await forbidDeleting(url)

    const foretold = await purgeInSteps(store, { before, dryRun: true })
    assert.deepEqual(await partitionsOf(url), partitions)
    const gone = await purgeInSteps(store, { before, dryRun: false })

    assert.deepEqual(gone, foretold)
    assert.equal(gone.ledgerRows, 70 * 59 * 24)
    assert.equal(monthNumber(before) - monthNumber(START), 2)
    const old = ['ledger_2025_01', 'ledger_2025_02']
    assert.deepEqual(
      await partitionsOf(url),
      partitions.filter((name) => !old.includes(name)),
    )
    assert.deepEqual(await answers(store, sid, fleet), told)
    const report = await store.audit()
    assert.deepEqual([report.ledgerRows, report.differences], [fleet.records - gone.ledgerRows, []])
  })
})
