/**
 * The ways into PostgreSQL's ledger: directly, for a batch that is all new, without the records that exist
 * already, and around rows that others add meanwhile. Which one a batch takes, or tries first, never shows in
 * what is counted.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import pg from 'pg'
import { NO_VERDICTS } from '../../../src/domain/import.ts'
import { type Ledger, openLedger, reopen } from '../../contract/engine.ts'
import { postgresEngine } from '../../contract/postgres-engine.ts'
import { aBatch, abroad, anImportStart, instant } from '../../support/builders.ts'
import { plainUrl, schemaOf } from '../../support/postgres-schema.ts'
import { stopServerAtEnd } from '../../support/postgres-server.ts'

stopServerAtEnd()

const engine = postgresEngine('PostgreSQL', 'postgres')
const FROM = instant('2026-02-01T00:00:00Z')

/** Events number `from` to `to`, ten minutes apart; number n has used n bytes. */
function numbered(ledger: Ledger, from: number, to: number) {
  return Array.from({ length: to - from }, (_, i) => {
    const n = from + i
    const at = { recordId: `r${n}`, line: n + 1, occurredAt: FROM + n * 600 }
    return ledger.event({ ...at, upload: n })
  })
}

/** With another content, so that it shows whose record was kept. */
const COPY_R19_AS_R20 = `
  INSERT INTO ledger
  SELECT copied.*
  FROM ledger, jsonb_populate_record(ledger, jsonb_build_object(
    'record_id', 'r20', 'occurred_at', ledger.occurred_at + 600)) AS copied
  WHERE ledger.record_id = 'r19'`

/** Resolves once another session waits for the transaction of this one. */
async function waitsForAnother(client: pg.Client): Promise<void> {
  const waiting = `SELECT 1 FROM pg_locks
    WHERE NOT granted AND locktype = 'transactionid' AND transactionid = pg_current_xact_id()::xid`
  while ((await client.query(waiting)).rows.length === 0);
}

async function assertCounted(ledger: Ledger, events: number): Promise<void> {
  const lines = [`2026-01-01T00:00:00Z home US ${(events * (events - 1)) / 2}/0/0/0`]
  assert.deepEqual(await ledger.simUsage(), lines)
  assert.deepEqual(await ledger.accountUsage(), lines)
  const report = await ledger.store.audit()
  assert.deepEqual([report.ledgerRows, report.differences], [events, []])
}

describe('a batch into the ledger', () => {
  it('is counted once if only its last record exists already', async (t) => {
    const ledger = await openLedger(t, engine)
    await ledger.append(numbered(ledger, 4_999, 5_000))
    const { counts } = await ledger.append(numbered(ledger, 0, 5_000))
    assert.deepEqual(counts, { ...NO_VERDICTS, accepted: 4_999, duplicate: 1 })
    await assertCounted(ledger, 5_000)
  })

  it('is counted the same after a batch that met records and after one that met none', async (t) => {
    const ledger = await openLedger(t, engine)
    const met: number[] = []
    for (const [from, to] of [
      [0, 100],
      [90, 150],
      [150, 200],
      [200, 250],
      [249, 300],
      [0, 300],
      [300, 350],
    ] as const) {
      const { counts } = await ledger.append(numbered(ledger, from, to))
      assert.equal(counts.accepted + counts.duplicate, to - from)
      met.push(counts.duplicate)
    }
    assert.deepEqual(met, [0, 10, 0, 0, 1, 300, 0])
    await assertCounted(ledger, 350)
  })

  it('is counted once although many importers share a third of their records', async (t) => {
    const ledger = await openLedger(t, engine)
    const stores = [ledger.store]
    for (let i = 0; i < 3; i++) stores.push(await reopen(t, engine, ledger.temp.url))
    let accepted = 0
    let duplicate = 0
    const importAll = async (store: (typeof stores)[number], s: number) => {
      const { feed } = ledger
      const { id: importId } = await store.beginImport(anImportStart(feed))
      // Each begins elsewhere; of the 300 records in a batch, the previous batch has 100 as well.
      for (let i = 0; i < 10; i++) {
        const from = ((i + s * 3) % 10) * 200
        const events = numbered(ledger, from, from + 300)
        const { counts } = await store.append(aBatch({ importId, feed, events }))
        accepted += counts.accepted
        duplicate += counts.duplicate
      }
    }
    await Promise.all(stores.map(importAll))
    assert.deepEqual([accepted, duplicate], [2_100, 4 * 10 * 300 - 2_100])
    await assertCounted(ledger, 2_100)
  })

  it('is counted once if another session adds one of its records while it is stored', async (t) => {
    const ledger = await openLedger(t, engine)
    const { store, temp } = ledger
    // From now on, the feed is known to bring records that exist.
    await ledger.append(numbered(ledger, 0, 10))
    await ledger.append(numbered(ledger, 0, 20))
    const other = new pg.Client({ connectionString: plainUrl(temp.url) })
    await other.connect()
    try {
      await other.query(`SET search_path TO ${schemaOf(temp.url)}; BEGIN`)
      await other.query(COPY_R19_AS_R20)
      const { id: importId } = await store.beginImport(anImportStart(ledger.feed))
      const { feed } = ledger
      // Large enough to be sifted.
      const events = numbered(ledger, 15, 3_000)
      const appended = store.append(aBatch({ importId, feed, events }))
      await waitsForAnother(other)
      await other.query('COMMIT')
      const { counts, conflicts } = await appended
      assert.deepEqual([counts.accepted, counts.duplicate, conflicts.length], [2_979, 5, 1])
    } finally {
      await other.end()
    }
  })

  it('brings a record thousands of times without effort', async (t) => {
    const ledger = await openLedger(t, engine)
    const same = ledger.event({ recordId: 'r1', occurredAt: FROM, upload: 7 })
    const events = Array.from({ length: 20_000 }, (_, i) => ({ ...same, line: i + 1 }))
    const { counts } = await ledger.append(events)
    assert.deepEqual([counts.accepted, counts.duplicate], [1, 19_999])
    await ledger.assertAuditClean()
  })

  it('adds up to sums past 2^53, in every cell that it changes', async (t) => {
    const ledger = await openLedger(t, engine)
    const most = Number.MAX_SAFE_INTEGER
    const events = Array.from({ length: 1_000 }, (_, i) =>
      ledger.event({
        recordId: `r${i}`,
        at: '2026-03-14T10:00:00Z',
        upload: most,
        download: i % 2,
        ...(i % 4 === 0 && { serving: abroad('FR') }),
      }),
    )
    await ledger.append(events)
    const sum = BigInt(most) * 250n
    const lines = [
      `2026-01-01T00:00:00Z home US ${sum * 3n}/500/0/0`,
      `2026-01-01T00:00:00Z international_roaming FR ${sum}/0/0/0`,
    ]
    assert.deepEqual(await ledger.simUsage(), lines)
    assert.deepEqual(await ledger.accountUsage(), lines)
    await ledger.assertAuditClean()
  })
})
