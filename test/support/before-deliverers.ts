/** A quarantine from before deliverers were told apart, and what must become of it. */
import assert from 'node:assert/strict'
import type { UsageStore } from '../../src/storage/usage-store.ts'
import { NOW, sha256 } from './builders.ts'

/** One record of accounts 1 and 2, one of the operator and account 2, one of account 1 alone. */
const DELIVERED = [
  { id: 11, text: 'of two accounts', imports: [1, 2, 1] },
  { id: 12, text: 'of the operator and an account', imports: [3, 2] },
  { id: 14, text: 'of one account', imports: [1] },
]

/** Each engine writes bytes in its own way. */
export function rowsBeforeDeliverers(bytes: (hexadecimal: string) => string): string {
  const raw = (text: string) => bytes(Buffer.from(text).toString('hex'))
  const records = DELIVERED.map(
    ({ id, text }) =>
      `(${id}, 1, 'unknown_sim', '${sha256(text)}', 'as it was', 'sim', ${raw(text)})`,
  )
  const deliveries = DELIVERED.flatMap(({ id, imports }) =>
    imports.map((importId, i) => `(${10 * id + i}, ${id}, ${importId}, ${i + 1}, ${NOW})`),
  )
  return `
    INSERT INTO account (id, sid, name, auth_token_hash, home_plmns, home_countries, created_at)
    VALUES (1, 'AC${'1'.repeat(32)}', 'one', 'x', '', '', ${NOW}),
           (2, 'AC${'2'.repeat(32)}', 'two', 'y', '', '', ${NOW});
    INSERT INTO feed (id, name, format, settings, on_conflict, created_at)
    VALUES (1, 'one', 'csv', '{}', 'reject', ${NOW});
    INSERT INTO import (id, feed_id, account_id, source, format, status, quarantined, started_at)
    VALUES (1, 1, 1, 'http', 'csv', 'running', 3, ${NOW}), (2, 1, 2, 'http', 'csv', 'running', 2, ${NOW}),
           (3, 1, NULL, 'u.csv', 'csv', 'running', 1, ${NOW});
    INSERT INTO quarantine (id, feed_id, reason, raw_hash, detail, field, raw)
    VALUES ${records.join(', ')};
    INSERT INTO quarantine_delivery (id, quarantine_id, import_id, line, seen_at)
    VALUES ${deliveries.join(', ')};`
}

export async function assertDeliverersTold(store: UsageStore): Promise<void> {
  const texts = async (importId: number) =>
    (await store.listQuarantine({ importId }, { limit: 9 })).map(
      ({ id, line, raw }) => `${id} ${line} ${Buffer.from(raw)}`,
    )
  assert.deepEqual(await texts(1), [
    '110 1 of two accounts',
    '112 3 of two accounts',
    '140 1 of one account',
  ])
  const ofSecond = ['111 2 of two accounts', '121 2 of the operator and an account']
  assert.deepEqual(await texts(2), ofSecond)
  const waiting = async () => (await store.listFeedTotals())[0]!.waiting
  assert.deepEqual(await waiting(), { unknown_sim: 5 })
  assert.equal((await store.audit()).differenceCount, 0)
  await store.undoImport(1, NOW)
  await store.undoImport(3, NOW)
  assert.deepEqual(await texts(2), ofSecond)
  assert.deepEqual(await waiting(), { unknown_sim: 2 })
  assert.equal((await store.audit()).differenceCount, 0)
}
