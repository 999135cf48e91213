/** A store as it was before feeds knew how far they are complete, and what it has to be now. */
import assert from 'node:assert/strict'
import { SETTLE_SECONDS } from '../../src/domain/completeness.ts'
import { NO_FACTS } from '../../src/domain/import.ts'
import type { UsageStore } from '../../src/storage/usage-store.ts'
import { NOW } from './builders.ts'

const HOUR = 3_600

/** Feed 1 has finished two imports, feed 2 none; both have brought usage of account 1. */
export const ROWS_BEFORE = `
  INSERT INTO feed (id, name, format, settings, on_conflict, created_at)
  VALUES (1, 'one', 'csv', '{}', 'reject', ${NOW}), (2, 'two', 'csv', '{}', 'reject', ${NOW});
  INSERT INTO import (id, feed_id, source, format, status, started_at, finished_at)
  VALUES (1, 1, 'u1.csv', 'csv', 'done', ${NOW}, ${NOW + 1}),
         (2, 1, 'u3.csv', 'csv', 'done', ${NOW + HOUR}, ${NOW + HOUR}),
         (3, 1, 'u4.csv', 'csv', 'running', ${NOW + 2 * HOUR}, NULL),
         (4, 2, 'x.csv', 'csv', 'failed', ${NOW}, ${NOW + 1});
  INSERT INTO account_feed (account_id, feed_id) VALUES (1, 1), (1, 2);`

export async function assertUpgraded(store: UsageStore): Promise<void> {
  const settled = NOW + HOUR - SETTLE_SECONDS
  const complete = settled - (settled % HOUR)
  const throughs = (await store.accountCoverage(1)).map(({ completeThrough }) => completeThrough)
  assert.deepEqual(throughs.map(String).toSorted(), [String(complete), 'null'])
  const feed = (await store.findFeed('one'))!
  assert.deepEqual([feed.settleSeconds, feed.sequencePattern], [SETTLE_SECONDS, null])
  assert.deepEqual((await store.findImport(1))!.facts, NO_FACTS)
  const before = await store.listFeedProgress()
  // Told anew from the imports, it is the same.
  await store.updateFeed(1, {})
  assert.deepEqual(await store.listFeedProgress(), before)
}
