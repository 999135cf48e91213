/**
 * Batches that are copied into the ledger over several connections per server, and wait for each other's
 * rows on different servers. Nobody notices, and each record is counted once.
 */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { openStore } from '../../../src/storage/open-store.ts'
import type { UsageStore } from '../../../src/storage/usage-store.ts'
import { assertAuditClean } from '../../contract/engine.ts'
import {
  aBatch,
  aFeed,
  anAccount,
  anEvent,
  anImportStart,
  iccidOf,
  NOW,
  newSimSid,
} from '../../support/builders.ts'
import { execute, plainUrl, schemaOf } from '../../support/postgres-schema.ts'
import { openTempStore } from '../../support/temp-store.ts'

const SIMS = 20
/** This many fill Citus's buffer, after which it sends rows to a server. */
const SENT = 1_000
/** This many take a server longer than all of a small batch takes. */
const FILLING = 40_000
const ROUNDS = 3

async function openWriters(t: TestContext) {
  const { store, url, dispose } = await openTempStore('citus')
  t.after(dispose)
  const account = await store.createAccount(anAccount())
  const registrations = Array.from({ length: SIMS }, (_, n) => ({ iccid: iccidOf(n) }))
  const options = { at: NOW, newSid: newSimSid }
  const { sims } = await store.registerSims(account.id, registrations, options)
  const other = await openStore(url)
  t.after(() => other.close())
  const ids = sims.map(({ id }) => id)
  const simIds = await onTwoServers(url, ids)
  const event = (simId: number, recordId: string, secondsAgo: number) =>
    anEvent({ simId, accountId: account.id, recordId, occurredAt: NOW - secondsAgo, upload: 1 })
  return { store, other, url, simIds, event }
}

/** Two SIMs whose rows lie on different servers; the first has the lower id. */
async function onTwoServers(url: string, ids: readonly number[]): Promise<[number, number]> {
  const [found] = await execute(
    plainUrl(url),
    `SELECT id, nodename, nodeport FROM unnest(ARRAY[${ids.join(', ')}]::bigint[]) AS sim (id)
     JOIN pg_dist_shard_placement
       ON shardid = get_shard_id_for_distribution_column('${schemaOf(url)}.ledger', id)
     ORDER BY id`,
  )
  const [first, ...rest] = found!.rows.map(({ id, nodename, nodeport }) => {
    return { id: Number(id), server: `${nodename}:${nodeport}` }
  })
  const second = rest.find(({ server }) => server !== first!.server)
  assert.ok(second !== undefined, `the rows of ${SIMS} SIMs lie on one server`)
  return [first!.id, second.id]
}

/** Resolves once a batch of the store is being copied. */
async function copying(url: string): Promise<void> {
  const look = `SELECT COUNT(*) AS copies FROM pg_stat_activity
    WHERE datname = current_database() AND state = 'active' AND query LIKE '%COPY ledger (%'
      AND pid <> pg_backend_pid()`
  for (;;) {
    const [found] = await execute(plainUrl(url), look)
    if (found!.rows[0].copies !== '0') return
  }
}

describe('batches that wait for each other on two servers', () => {
  it('are both counted in turn, each record once', async (t) => {
    const { store, other, url, simIds, event } = await openWriters(t)
    const [simOfOne, simOfOther] = simIds
    const total = { accepted: 0, duplicate: 0 }
    for (let round = 0; round < ROUNDS; round++) {
      const feed = await store.createFeed(aFeed())
      const append = async (by: UsageStore, events: ReturnType<typeof anEvent>[]) => {
        const { id: importId } = await by.beginImport(anImportStart(feed))
        const { counts } = await by.append(aBatch({ importId, feed, events }))
        total.accepted += counts.accepted
        total.duplicate += counts.duplicate
      }
      const shared = [event(simOfOne, 'first', 45_000), event(simOfOther, 'last', 0)]
      // In key order: the first record at once, and the last one long after it.
      const long = [
        ...shared,
        ...Array.from({ length: SENT }, (_, n) => event(simOfOne, 'sent', 44_000 - n)),
        ...Array.from({ length: FILLING }, (_, n) => event(simOfOther, 'filling', 1 + n)),
      ]
      const appendingLong = append(store, long)
      await copying(url)
      await Promise.all([appendingLong, append(other, shared)])
    }
    const accepted = ROUNDS * (SENT + FILLING + 2)
    assert.deepEqual(total, { accepted, duplicate: ROUNDS * 2 })
    await assertAuditClean(store)
    assert.equal((await store.audit()).ledgerRows, accepted)
  })
})
