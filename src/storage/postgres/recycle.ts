/** Counts quarantined records that can now be counted. */
import { comingOf, endRecycling, findWaiting } from '../ledger/recycle.ts'
import type { AppendOutcome, RecycleBatch } from '../usage-store.ts'
import { applyEvents, orderByKey } from './append.ts'
import type { PostgresSession } from './session.ts'

/**
 * Runs inside a write transaction that excludes batches. A batch could otherwise just be adding another
 * delivery of a record whose last delivery is removed here.
 */
export async function recycle(
  session: PostgresSession,
  batch: RecycleBatch,
): Promise<AppendOutcome> {
  const { importId, feed, knownAt } = batch
  const { accountId, ...found } = await session.take(findWaiting(batch))
  const outcome = await applyEvents(
    session,
    {
      importId,
      accountId,
      feed,
      knownAt,
      coming: comingOf(batch),
      mayRewrite: true,
      changes: null,
    },
    orderByKey(found.there.events.map(({ event }) => event)),
    { way: 'moved', alone: true },
  )
  return session.take(endRecycling(batch, found, outcome))
}
