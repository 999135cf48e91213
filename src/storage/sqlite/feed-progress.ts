/** What is known of feeds' deliveries. Every import that ends updates it. */
import {
  addDelivery,
  type FeedCoverage,
  type FeedDeliveries,
  type FeedProgress,
  NO_DELIVERIES,
  speaksForFeed,
} from '../../domain/completeness.ts'
import type { Feed, FeedChanges } from '../../domain/directory.ts'
import type { Import } from '../../domain/import.ts'
import { findOpenGap, type NamedGap } from '../../domain/sequence.ts'
import { UsageError } from '../../domain/usage-error.ts'
import { SELECT_FEED_BY_ID, UPDATE_FEED } from '../directory-sql.ts'
import { refuseOtherAccount, SELECT_OTHER_ACCOUNT } from '../feed-access.ts'
import { changedFeedToRow, feedFromRow } from '../feed-rows.ts'
import * as sql from '../progress-sql.ts'
import { feedNameTaken } from '../sim-registry.ts'
import type { Connection } from './connection.ts'
import { findFeed, findOne, listFeeds } from './directory-reads.ts'

export function accountCoverage(connection: Connection, accountId: number): FeedCoverage[] {
  return connection.prepare(sql.SELECT_COVERAGE).all(accountId).map(sql.coverageFromRow)
}

export function listFeedProgress(connection: Connection): FeedProgress[] {
  return sql.progressOfFeeds(
    listFeeds(connection),
    connection.prepare(sql.SELECT_ALL_PROGRESS).all(),
    connection.prepare(sql.SELECT_ALL_ACCEPTANCES).all(),
    connection.prepare(sql.SELECT_READING_COUNTS).all(),
  )
}

/** Takes in an import that is `done` and speaks for its feed. Runs inside the transaction that ends it. */
export function addToProgress(connection: Connection, finished: Import): void {
  const feed = feedById(connection, finished.feedId)
  if (!speaksForFeed(feed, finished)) return
  const known = sql.deliveriesFromRow(connection.prepare(sql.SELECT_PROGRESS).get(feed.id))
  writeProgress(connection, feed, addDelivery(known, feed, finished))
}

/** Tells what is known from all finished imports anew. Runs inside a write transaction. */
export function rebuildProgress(connection: Connection, feed: Feed): void {
  let deliveries: FeedDeliveries = NO_DELIVERIES
  for (const row of connection.prepare(sql.SELECT_FINISHED).iterate(feed.id, feed.accountId)) {
    deliveries = addDelivery(deliveries, feed, sql.finishedFromRow(row))
  }
  writeProgress(connection, feed, deliveries)
}

export function updateFeed(connection: Connection, feedId: number, changes: FeedChanges): Feed {
  const changed = { ...feedById(connection, feedId), ...changes }
  const named = findFeed(connection, changed.name)
  if (named !== null && named.id !== feedId) throw feedNameTaken(changed.name)
  if (changed.accountId !== null) {
    const values = [feedId, changed.accountId]
    refuseOtherAccount(changed, connection.prepare(SELECT_OTHER_ACCOUNT).get(...values))
  }
  connection.prepare(UPDATE_FEED).run(...changedFeedToRow(changed), feedId)
  const feed = feedById(connection, feedId)
  rebuildProgress(connection, feed)
  return feed
}

export function acceptGap(
  connection: Connection,
  feedId: number,
  gap: NamedGap,
  { by, reason, at }: { by: string; reason: string; at: number },
): FeedProgress {
  const feed = feedById(connection, feedId)
  const { streams } = sql.deliveriesFromRow(connection.prepare(sql.SELECT_PROGRESS).get(feedId))
  const { stream, first, last } = findOpenGap(streams, acceptancesOf(connection, feedId), gap)
  connection.prepare(sql.INSERT_ACCEPTANCE).run(feedId, stream, first, last, by, reason, at)
  const row = connection.prepare(sql.SELECT_PROGRESS).get(feedId)
  writeProgress(connection, feed, sql.deliveriesFromRow(row))
  return listFeedProgress(connection).find((progress) => progress.feedId === feedId)!
}

function writeProgress(connection: Connection, feed: Feed, deliveries: FeedDeliveries): void {
  const values = sql.progressToRow(feed, deliveries, acceptancesOf(connection, feed.id))
  connection.prepare(sql.UPSERT_PROGRESS).run(...values)
}

function acceptancesOf(connection: Connection, feedId: number) {
  return connection.prepare(sql.SELECT_ACCEPTANCES).all(feedId).map(sql.acceptanceFromRow)
}

export function feedById(connection: Connection, id: number): Feed {
  const feed = findOne(connection, SELECT_FEED_BY_ID, [id], feedFromRow)
  if (feed === null) throw new UsageError('not_found', `there is no feed ${id}`)
  return feed
}
