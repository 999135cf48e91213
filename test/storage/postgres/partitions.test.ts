/** Partitions of the ledger: created ahead and on demand, beside whatever is under way, and dropped. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import pg from 'pg'
import { NO_VERDICTS } from '../../../src/domain/import.ts'
import { openLedger, reopen } from '../../contract/engine.ts'
import { postgresEngine } from '../../contract/postgres-engine.ts'
import { aBatch, instant } from '../../support/builders.ts'
import { execute, plainUrl, schemaOf } from '../../support/postgres-schema.ts'
import { stopServerAtEnd } from '../../support/postgres-server.ts'

stopServerAtEnd()

const engine = postgresEngine('PostgreSQL', 'postgres')

async function partitions(url: string): Promise<string[]> {
  const [result] = await execute(
    plainUrl(url),
    `SELECT relname FROM pg_class
     WHERE relispartition AND relkind = 'r' AND relnamespace = '${schemaOf(url)}'::regnamespace
     ORDER BY relname`,
  )
  return result!.rows.map((row) => row.relname as string)
}

/** Both tables for each of the months. */
function ofMonths(...months: string[]): string[] {
  return ['ledger', 'ledger_history'].flatMap((table) => months.map((month) => `${table}_${month}`))
}

/** Runs `work` while another transaction stays open, as during a long audit or a slow import. */
async function beside<T>(url: string, statement: string, work: () => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: plainUrl(url) })
  await client.connect()
  try {
    await client.query(`SET search_path = ${schemaOf(url)}`)
    await client.query('BEGIN')
    await client.query(statement)
    return await work()
  } finally {
    await client.end()
  }
}

describe('partitions', () => {
  it('are created for this month and the next, whatever a batch holds', async (t) => {
    // A store that tests copy already has some.
    const { temp, append } = await openLedger(t, { ...engine, open: engine.make })
    await append([], { knownAt: instant('2026-12-15T00:00:00Z') })
    assert.deepEqual(await partitions(temp.url), ofMonths('2026_12', '2027_01'))
  })

  it('are created for the months of late records', async (t) => {
    const { temp, append, event, simUsage } = await openLedger(t, engine)
    const knownAt = instant('2026-03-31T23:59:59Z')
    await append(
      [
        event({ at: '2025-12-31T23:59:59Z', upload: 1 }),
        event({ at: '2026-02-28T23:59:59Z', upload: 2 }),
        event({ at: '2026-03-01T00:00:00Z', upload: 4 }),
      ],
      { knownAt },
    )
    const months = ['2025_12', '2026_02', '2026_03', '2026_04']
    assert.deepEqual(await partitions(temp.url), ofMonths(...months))
    const asked = { start: '2025-12-01T00:00:00Z', end: '2026-03-01T00:00:00Z' }
    assert.deepEqual(await simUsage(asked), ['2025-12-01T00:00:00Z home US 3/0/0/0'])
  })

  it('are created while another transaction writes to or reads the ledger', async (t) => {
    const { temp, append, event } = await openLedger(t, engine)
    await append([event({ at: '2026-03-10T00:00:00Z' })])
    const look = 'SELECT COUNT(*) FROM ledger, ledger_history'
    const { counts } = await beside(temp.url, 'UPDATE ledger SET line = line', () =>
      beside(temp.url, look, () => append([event({ at: '2025-11-10T00:00:00Z' })])),
    )
    assert.deepEqual(counts, { ...NO_VERDICTS, accepted: 1 })
  })

  it('are created once by stores that need them at the same moment', async (t) => {
    const { temp, store, event, feed, importId, simUsage, assertAuditClean } = await openLedger(
      t,
      engine,
    )
    const others = await Promise.all([1, 2, 3].map(() => reopen(t, engine, temp.url)))
    const outcomes = await Promise.all(
      [store, ...others].flatMap((one, s) =>
        ['2025-10', '2025-11', '2025-12'].map((month) => {
          const events = Array.from({ length: 50 }, (_, i) =>
            event({ at: `${month}-10T00:00:00Z`, recordId: `${s}-${i}`, upload: 1 }),
          )
          return one.append(aBatch({ importId, feed, events }))
        }),
      ),
    )
    const accepted = outcomes.reduce((sum, { counts }) => sum + counts.accepted, 0)
    assert.equal(accepted, 4 * 3 * 50)
    const asked = { start: '2025-10-01T00:00:00Z', end: '2026-01-01T00:00:00Z' }
    assert.deepEqual(await simUsage(asked), ['2025-10-01T00:00:00Z home US 600/0/0/0'])
    await assertAuditClean()
  })

  it('are created again for a month that another store has purged', async (t) => {
    const { temp, store, append, event, feed, importId } = await openLedger(t, engine)
    const other = await reopen(t, engine, temp.url)
    const old = event({ at: '2025-10-10T00:00:00Z' })
    await append([old])
    const before = instant('2025-11-01T00:00:00Z')
    await other.purge({ before, rowsMax: 1_000, dryRun: false })
    assert.ok(!(await partitions(temp.url)).includes('ledger_2025_10'))
    const { counts } = await store.append(
      aBatch({ importId, feed, events: [old, event({ at: '2025-11-01T00:00:00Z' })] }),
    )
    assert.deepEqual(counts, { ...NO_VERDICTS, accepted: 1, expired: 1 })
  })
})
