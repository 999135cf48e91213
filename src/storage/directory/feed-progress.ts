/** What is known of feeds' deliveries, updated by every import that ends: its SQL, rows and rules. */
import {
  addDelivery,
  type FeedCoverage,
  type FeedDeliveries,
  type FeedProgress,
  type FinishedDelivery,
  feedCompleteFrom,
  feedCompleteThrough,
  NO_DELIVERIES,
  speaksForFeed,
} from '../../domain/completeness.ts'
import {
  SERIES_VERDICTS,
  type SeriesCounts,
  type SeriesVerdict,
} from '../../domain/counter-series.ts'
import type { Feed, FeedChanges } from '../../domain/directory.ts'
import {
  type FeedTotals,
  IMPORT_STATUSES,
  type Import,
  type ImportStatus,
  NO_VERDICTS,
  type QuarantineReason,
} from '../../domain/import.ts'
import { findOpenGap, type GapAcceptance, type NamedGap } from '../../domain/sequence.ts'
import { factsFromRow, type Row } from '../rows.ts'
import { all, get, run, type Steps } from '../session.ts'
import { refuseOtherAccount, SELECT_OTHER_ACCOUNT } from './feed-access.ts'
import { changedFeedToRow } from './feed-rows.ts'
import { feedById, findFeed, listFeeds } from './reads.ts'
import { feedNameTaken } from './sim-registry.ts'
import { UPDATE_FEED } from './sql.ts'

const SELECT_COVERAGE = `
  SELECT feed_progress.complete_from, feed_progress.complete_through, feed.retired_at,
         feed.settle_seconds
  FROM account_feed
  JOIN feed ON feed.id = account_feed.feed_id
  LEFT JOIN feed_progress ON feed_progress.feed_id = account_feed.feed_id
  WHERE account_feed.account_id = ?`

const SELECT_PROGRESS = 'SELECT * FROM feed_progress WHERE feed_id = ?'
const SELECT_ALL_PROGRESS = 'SELECT * FROM feed_progress'
const UPSERT_PROGRESS = `
  INSERT INTO feed_progress (feed_id, complete_from, complete_through, deliveries)
  VALUES (?, ?, ?, ?)
  ON CONFLICT (feed_id) DO UPDATE
  SET complete_from = excluded.complete_from, complete_through = excluded.complete_through,
      deliveries = excluded.deliveries`

const INSERT_ACCEPTANCE = `
  INSERT INTO gap_acceptance (feed_id, stream, first_position, last_position, accepted_by, reason,
                              accepted_at)
  VALUES (?, ?, ?, ?, ?, ?, ?)`
const SELECT_ACCEPTANCES = 'SELECT * FROM gap_acceptance WHERE feed_id = ? ORDER BY id'
const SELECT_ALL_ACCEPTANCES = 'SELECT * FROM gap_acceptance ORDER BY id'

/**
 * The finished deliveries that speak for a feed, in the order in which they were added, whatever their
 * clocks say. The second parameter is the account that the feed is bound to.
 */
const SELECT_FINISHED = `
  SELECT source, started_at, sequence_stream, sequence_number, complete_through, usage_from
  FROM import
  WHERE feed_id = ? AND status = 'done' AND (account_id IS NULL OR account_id = ?)
  ORDER BY end_order`

export const SELECT_IMPORT_TOTALS = `
  SELECT feed_id, status, COUNT(*) AS imports, SUM(accepted) AS accepted,
         SUM(duplicate) AS duplicate, SUM(replaced) AS replaced, SUM(quarantined) AS quarantined,
         SUM(expired) AS expired
  FROM import GROUP BY feed_id, status`
const SELECT_WAITING = `
  SELECT feed_id, reason, COUNT(*) AS records FROM quarantine GROUP BY feed_id, reason`

/** Uses an index of these verdicts only, which are the first of `SERIES_VERDICTS`. */
const SELECT_READING_COUNTS = `
  SELECT feed_id, verdict, COUNT(*) AS readings
  FROM reading WHERE verdict < 3 GROUP BY feed_id, verdict`

export function acceptanceFromRow(row: Row): GapAcceptance {
  return {
    stream: row.stream as string,
    first: row.first_position as number,
    last: row.last_position as number | null,
    by: row.accepted_by as string,
    reason: row.reason as string,
    at: row.accepted_at as number,
  }
}

function deliveriesFromRow(row: Row | undefined): FeedDeliveries {
  return row === undefined
    ? NO_DELIVERIES
    : (JSON.parse(row.deliveries as string) as FeedDeliveries)
}

export function finishedFromRow(row: Row): FinishedDelivery {
  return {
    source: row.source as string,
    startedAt: row.started_at as number,
    facts: factsFromRow(row),
  }
}

function coverageFromRow(row: Row): FeedCoverage {
  return {
    completeFrom: row.complete_from as number | null,
    completeThrough: row.complete_through as number | null,
    retiredAt: row.retired_at as number | null,
    settleSeconds: row.settle_seconds as number,
  }
}

/** Values of `UPSERT_PROGRESS`. */
function progressToRow(
  feed: Feed,
  deliveries: FeedDeliveries,
  acceptances: readonly GapAcceptance[],
) {
  return [
    feed.id,
    feedCompleteFrom(deliveries, feed),
    feedCompleteThrough(deliveries, acceptances, feed),
    JSON.stringify(deliveries),
  ] as const
}

/** For every feed, from the rows of all feeds. */
function progressOfFeeds(
  feeds: readonly Feed[],
  progress: readonly Row[],
  acceptances: readonly Row[],
  readings: readonly Row[],
): FeedProgress[] {
  const rows = new Map(progress.map((row) => [row.feed_id as number, row]))
  const accepted = Map.groupBy(acceptances, (row) => row.feed_id as number)
  return feeds.map(({ id }) => ({
    feedId: id,
    deliveries: deliveriesFromRow(rows.get(id)),
    acceptances: (accepted.get(id) ?? []).map(acceptanceFromRow),
    completeThrough: (rows.get(id)?.complete_through ?? null) as number | null,
    completeFrom: (rows.get(id)?.complete_from ?? null) as number | null,
    series: seriesCountsFrom(readings.filter((row) => row.feed_id === id)),
  }))
}

function seriesCountsFrom(rows: readonly Row[]): SeriesCounts {
  const count = (verdict: SeriesVerdict) =>
    Number(rows.find((row) => SERIES_VERDICTS[Number(row.verdict)] === verdict)?.readings ?? 0)
  return { resets: count('reset'), falls: count('fall'), wraps: count('wrap') }
}

/** For every feed. Sums come as numbers or as text. */
export function totalsOfFeeds(
  feeds: readonly Feed[],
  imports: readonly Row[],
  waiting: readonly Row[],
): FeedTotals[] {
  return feeds.map(({ id }) => {
    const ofFeed = imports.filter((row) => row.feed_id === id)
    const sum = (name: string, rows = ofFeed) =>
      rows.reduce((total, row) => total + Number(row[name]), 0)
    const ofStatus = (status: ImportStatus) => ofFeed.filter((row) => row.status === status)
    return {
      feedId: id,
      imports: Object.fromEntries(
        IMPORT_STATUSES.map((status) => [status, sum('imports', ofStatus(status))]),
      ) as FeedTotals['imports'],
      counts: Object.fromEntries(
        Object.keys(NO_VERDICTS).map((verdict) => [verdict, sum(verdict)]),
      ) as unknown as FeedTotals['counts'],
      waiting: Object.fromEntries(
        waiting
          .filter((row) => row.feed_id === id)
          .map((row) => [row.reason as QuarantineReason, Number(row.records)]),
      ),
    }
  })
}

export function* accountCoverage(accountId: number): Steps<FeedCoverage[]> {
  const rows = yield* all(SELECT_COVERAGE, [accountId])
  return rows.map(coverageFromRow)
}

export function* listFeedProgress(): Steps<FeedProgress[]> {
  return progressOfFeeds(
    yield* listFeeds(),
    yield* all(SELECT_ALL_PROGRESS),
    yield* all(SELECT_ALL_ACCEPTANCES),
    yield* all(SELECT_READING_COUNTS),
  )
}

/** For every feed, from one state. */
export function* listFeedTotals(): Steps<FeedTotals[]> {
  return totalsOfFeeds(
    yield* listFeeds(),
    yield* all(SELECT_IMPORT_TOTALS),
    yield* all(SELECT_WAITING),
  )
}

/** Adds an import that is `done` and speaks for its feed. Runs inside the transaction that ends it. */
export function* addToProgress(finished: Import): Steps<void> {
  const feed = yield* feedById(finished.feedId)
  if (!speaksForFeed(feed, finished)) return
  const known = yield* deliveriesOf(feed.id)
  yield* writeProgress(feed, addDelivery(known, feed, finished))
}

/** Derives what is known again from all finished imports. Runs inside a write transaction. */
export function* rebuildProgress(feed: Feed): Steps<void> {
  let deliveries: FeedDeliveries = NO_DELIVERIES
  for (const row of yield* all(SELECT_FINISHED, [feed.id, feed.accountId])) {
    deliveries = addDelivery(deliveries, feed, finishedFromRow(row))
  }
  yield* writeProgress(feed, deliveries)
}

export function* updateFeed(feedId: number, changes: FeedChanges): Steps<Feed> {
  const changed = { ...(yield* feedById(feedId)), ...changes }
  const named = yield* findFeed(changed.name)
  if (named !== null && named.id !== feedId) throw feedNameTaken(changed.name)
  if (changed.accountId !== null) {
    const values = [feedId, changed.accountId]
    refuseOtherAccount(changed, yield* get(SELECT_OTHER_ACCOUNT, values))
  }
  yield* run(UPDATE_FEED, [...changedFeedToRow(changed), feedId])
  const feed = yield* feedById(feedId)
  yield* rebuildProgress(feed)
  return feed
}

export function* acceptGap(
  feedId: number,
  gap: NamedGap,
  { by, reason, at }: { by: string; reason: string; at: number },
): Steps<FeedProgress> {
  const feed = yield* feedById(feedId)
  const deliveries = yield* deliveriesOf(feedId)
  const acceptances = yield* acceptancesOf(feedId)
  const { stream, first, last } = findOpenGap(deliveries.streams, acceptances, gap)
  yield* run(INSERT_ACCEPTANCE, [feedId, stream, first, last, by, reason, at])
  yield* writeProgress(feed, deliveries)
  return (yield* listFeedProgress()).find((progress) => progress.feedId === feedId)!
}

function* writeProgress(feed: Feed, deliveries: FeedDeliveries): Steps<void> {
  const acceptances = yield* acceptancesOf(feed.id)
  yield* run(UPSERT_PROGRESS, progressToRow(feed, deliveries, acceptances))
}

function* deliveriesOf(feedId: number): Steps<FeedDeliveries> {
  return deliveriesFromRow(yield* get(SELECT_PROGRESS, [feedId]))
}

function* acceptancesOf(feedId: number): Steps<GapAcceptance[]> {
  return (yield* all(SELECT_ACCEPTANCES, [feedId])).map(acceptanceFromRow)
}
