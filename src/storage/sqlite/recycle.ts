/** Counts quarantined records that can now be counted. */
import { EventColumns } from '../event-columns.ts'
import { comingOf, endRecycling, findWaiting } from '../ledger/recycle.ts'
import type { AppendOutcome, RecycleBatch } from '../usage-store.ts'
import { applyEvents } from './append.ts'
import type { Connection } from './connection.ts'

/** Runs inside a write transaction. */
export function recycle(connection: Connection, batch: RecycleBatch): AppendOutcome {
  const { importId, feed, knownAt } = batch
  const { accountId, ...found } = connection.take(findWaiting(batch))
  const events = EventColumns.of(found.there.events.map(({ event }) => event)).packed()
  const of = { importId, accountId, feed, knownAt, events }
  const outcome = applyEvents(connection, of, { coming: comingOf(batch) })
  return connection.take(endRecycling(batch, found, outcome))
}
