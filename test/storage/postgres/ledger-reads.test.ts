/** How PostgreSQL finds a SIM's rows: by the ledger's key, in the buckets asked for. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { selectEntries } from '../../../src/storage/postgres/ledger-reads.ts'
import { numbered } from '../../../src/storage/postgres/session.ts'
import { openLedger } from '../../contract/engine.ts'
import { postgresEngine } from '../../contract/postgres-engine.ts'
import { instant } from '../../support/builders.ts'
import { execute, plainUrl, schemaOf } from '../../support/postgres-schema.ts'
import { stopServerAtEnd } from '../../support/postgres-server.ts'

stopServerAtEnd()

describe('the rows of a SIM', () => {
  it('are found by bucket, SIM and time in the key of their partition alone', async (t) => {
    const ledger = await openLedger(t, postgresEngine('PostgreSQL', 'postgres'))
    await ledger.append([
      ledger.event({ at: '2026-02-14T10:00:00Z' }),
      ledger.event({ at: '2026-03-14T10:00:00Z' }),
    ])
    const bucket = instant('2026-03-14T00:00:00Z')
    const text = numbered(selectEntries({ simId: 1, start: 0, end: 1 }))
    const { url } = ledger.temp
    const results = await execute(
      plainUrl(url),
      `SET search_path = ${schemaOf(url)}`,
      'SET plan_cache_mode = force_generic_plan',
      // The tables are nearly empty. With this, a scan only remains if an index cannot be used.
      'SET enable_seqscan = off',
      `PREPARE entries (bigint[], bigint, bigint, bigint, bigint, bigint, bigint, bigint, text, bigint)
       AS ${text}`,
      `EXPLAIN (COSTS OFF, ANALYZE, TIMING OFF, SUMMARY OFF)
       EXECUTE entries ('{${bucket}}', ${bucket}, ${bucket}, ${ledger.sim.id},
                        ${bucket}, ${bucket + 86_400}, ${bucket}, 0, '', 50)`,
    )
    const plan = results.at(-1)!.rows.map((row) => row['QUERY PLAN'] as string)
    const ran = plan.filter((line) => / Scan /.test(line) && !line.includes('never executed'))
    assert.equal(ran.length, 1, plan.join('\n'))
    assert.match(ran[0]!, /Index Scan using ledger_2026_03_pkey on ledger_2026_03/)
    const condition = plan.find((line) => line.includes('Index Cond:'))!
    for (const part of ['bucket = ANY', 'sim_id =', 'occurred_at >=', 'occurred_at <']) {
      assert.ok(condition.includes(part), condition)
    }
  })
})
