/** Compares the stored progress of feeds with the finished imports that speak for them. */
import {
  addDelivery,
  type FeedDeliveries,
  feedCompleteFrom,
  feedCompleteThrough,
  NO_DELIVERIES,
} from '../../domain/completeness.ts'
import type { Feed } from '../../domain/directory.ts'
import { acceptanceFromRow, finishedFromRow } from '../directory/feed-progress.ts'
import { feedFromRow } from '../directory/feed-rows.ts'
import type { Row } from '../rows.ts'
import type { Ask } from './engine.ts'
import type { AuditDifference } from './report.ts'

const SELECT_FINISHED = `
  SELECT feed_id, source, started_at, sequence_stream, sequence_number, complete_through,
         usage_from
  FROM import
  WHERE status = 'done' AND feed_id = :feed
    AND (account_id IS NULL OR account_id = (SELECT account_id FROM feed WHERE id = :feed))
  ORDER BY end_order`

export interface ExpectedProgress {
  readonly feed: Feed
  readonly deliveries: FeedDeliveries
  readonly completeFrom: number | null
  readonly completeThrough: number | null
}

/** For each feed, the progress that follows from its finished imports. */
export async function expectedProgress(ask: Ask): Promise<ExpectedProgress[]> {
  const accepted = Map.groupBy(await ask('SELECT * FROM gap_acceptance ORDER BY id'), (row) =>
    Number(row.feed_id),
  )
  const progress: ExpectedProgress[] = []
  for (const row of await ask('SELECT * FROM feed ORDER BY id')) {
    const feed = feedFromRow(numbered(row))
    let deliveries: FeedDeliveries = NO_DELIVERIES
    for (const finished of await ask(SELECT_FINISHED, { feed: feed.id })) {
      deliveries = addDelivery(deliveries, feed, finishedFromRow(numbered(finished)))
    }
    const acceptances = (accepted.get(feed.id) ?? []).map((one) => acceptanceFromRow(numbered(one)))
    progress.push({
      feed,
      deliveries,
      completeFrom: feedCompleteFrom(deliveries, feed),
      completeThrough: feedCompleteThrough(deliveries, acceptances, feed),
    })
  }
  return progress
}

export async function feedProgressDifferences(ask: Ask): Promise<AuditDifference[]> {
  const differences: AuditDifference[] = []
  const progress = new Map(
    (await ask('SELECT * FROM feed_progress')).map((row) => [Number(row.feed_id), row]),
  )
  for (const { feed, deliveries, completeFrom, completeThrough } of await expectedProgress(ask)) {
    const kept = progress.get(feed.id)
    // As text, because what is stored may no longer be JSON.
    const stored = inWords(
      { from: kept?.complete_from, through: kept?.complete_through },
      (kept?.deliveries as string | undefined) ?? JSON.stringify(NO_DELIVERIES),
    )
    const recomputed = inWords(
      { from: completeFrom, through: completeThrough },
      JSON.stringify(deliveries),
    )
    if (stored !== recomputed) {
      differences.push({ table: 'feed progress', cell: `feed ${feed.name}`, stored, recomputed })
    }
  }
  return differences
}

/** Directory rows only have safe integers. */
function numbered(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === 'bigint' ? Number(value) : value,
    ]),
  )
}

function inWords(complete: { from: unknown; through: unknown }, deliveries: string): string {
  const { from, through } = complete
  return `complete from ${from ?? 'unknown'} through ${through ?? 'unknown'}, ${deliveries}`
}
