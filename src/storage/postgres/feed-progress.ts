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
import type { FeedTotals, Import } from '../../domain/import.ts'
import { findOpenGap, type NamedGap } from '../../domain/sequence.ts'
import { UsageError } from '../../domain/usage-error.ts'
import { SELECT_FEED_BY_ID, UPDATE_FEED } from '../directory-sql.ts'
import { refuseOtherAccount, SELECT_OTHER_ACCOUNT } from '../feed-access.ts'
import { changedFeedToRow, feedFromRow } from '../feed-rows.ts'
import * as sql from '../progress-sql.ts'
import { feedNameTaken } from '../sim-registry.ts'
import type { Session } from './connection.ts'
import { findFeed, listFeeds } from './directory-reads.ts'

export async function accountCoverage(
  session: Session,
  accountId: number,
): Promise<FeedCoverage[]> {
  const rows = await session.all(sql.SELECT_COVERAGE, [accountId])
  return rows.map(sql.coverageFromRow)
}

export async function listFeedProgress(session: Session): Promise<FeedProgress[]> {
  return sql.progressOfFeeds(
    await listFeeds(session),
    await session.all(sql.SELECT_ALL_PROGRESS),
    await session.all(sql.SELECT_ALL_ACCEPTANCES),
    await session.all(sql.SELECT_READING_COUNTS),
  )
}

export async function listFeedTotals(session: Session): Promise<FeedTotals[]> {
  return sql.totalsOfFeeds(
    await listFeeds(session),
    await session.all(sql.SELECT_IMPORT_TOTALS),
    await session.all(sql.SELECT_WAITING),
  )
}

/** Takes in an import that is `done` and speaks for its feed. Runs inside the transaction that ends it. */
export async function addToProgress(session: Session, finished: Import): Promise<void> {
  const feed = await feedById(session, finished.feedId)
  if (!speaksForFeed(feed, finished)) return
  const known = await deliveriesOf(session, feed.id)
  await writeProgress(session, feed, addDelivery(known, feed, finished))
}

/** Tells what is known from all finished imports anew. Runs inside a write transaction. */
export async function rebuildProgress(session: Session, feed: Feed): Promise<void> {
  let deliveries: FeedDeliveries = NO_DELIVERIES
  for (const row of await session.all(sql.SELECT_FINISHED, [feed.id, feed.accountId])) {
    deliveries = addDelivery(deliveries, feed, sql.finishedFromRow(row))
  }
  await writeProgress(session, feed, deliveries)
}

export async function updateFeed(
  session: Session,
  feedId: number,
  changes: FeedChanges,
): Promise<Feed> {
  const changed = { ...(await feedById(session, feedId)), ...changes }
  const named = await findFeed(session, changed.name)
  if (named !== null && named.id !== feedId) throw feedNameTaken(changed.name)
  if (changed.accountId !== null) {
    const values = [feedId, changed.accountId]
    refuseOtherAccount(changed, await session.get(SELECT_OTHER_ACCOUNT, values))
  }
  await session.run(UPDATE_FEED, [...changedFeedToRow(changed), feedId])
  const feed = await feedById(session, feedId)
  await rebuildProgress(session, feed)
  return feed
}

export async function acceptGap(
  session: Session,
  feedId: number,
  gap: NamedGap,
  { by, reason, at }: { by: string; reason: string; at: number },
): Promise<FeedProgress> {
  const feed = await feedById(session, feedId)
  const deliveries = await deliveriesOf(session, feedId)
  const acceptances = await acceptancesOf(session, feedId)
  const { stream, first, last } = findOpenGap(deliveries.streams, acceptances, gap)
  await session.run(sql.INSERT_ACCEPTANCE, [feedId, stream, first, last, by, reason, at])
  await writeProgress(session, feed, deliveries)
  return (await listFeedProgress(session)).find((progress) => progress.feedId === feedId)!
}

async function writeProgress(
  session: Session,
  feed: Feed,
  deliveries: FeedDeliveries,
): Promise<void> {
  const acceptances = await acceptancesOf(session, feed.id)
  await session.run(sql.UPSERT_PROGRESS, sql.progressToRow(feed, deliveries, acceptances))
}

async function deliveriesOf(session: Session, feedId: number): Promise<FeedDeliveries> {
  return sql.deliveriesFromRow(await session.get(sql.SELECT_PROGRESS, [feedId]))
}

async function acceptancesOf(session: Session, feedId: number) {
  return (await session.all(sql.SELECT_ACCEPTANCES, [feedId])).map(sql.acceptanceFromRow)
}

export async function feedById(session: Session, id: number): Promise<Feed> {
  const row = await session.get(SELECT_FEED_BY_ID, [id])
  if (row === undefined) throw new UsageError('not_found', `there is no feed ${id}`)
  return feedFromRow(row)
}
