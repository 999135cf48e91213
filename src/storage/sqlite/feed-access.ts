/** Which feeds exist for which accounts. */
import type { AccountFeed, FeedGrant } from '../../domain/directory.ts'
import { UsageError } from '../../domain/usage-error.ts'
import * as sql from '../feed-access.ts'
import type { Connection } from './connection.ts'
import { findAccountById, findOne } from './directory-reads.ts'
import { feedById } from './feed-progress.ts'

export function findAccountFeed(
  connection: Connection,
  accountId: number,
  name: string,
): AccountFeed | null {
  return findOne(connection, sql.SELECT_ACCOUNT_FEED, [accountId, name], sql.accountFeedFromRow)
}

export function listFeedGrants(connection: Connection): FeedGrant[] {
  return connection.prepare(sql.SELECT_GRANTS).all().map(sql.grantFromRow)
}

export function grantFeed(
  connection: Connection,
  feedId: number,
  accountId: number,
  at: number,
): FeedGrant {
  const account = findAccountById(connection, accountId)
  if (account === null) throw new UsageError('not_found', `there is no account ${accountId}`)
  sql.refuseGrant(feedById(connection, feedId), account)
  connection.prepare(sql.INSERT_GRANT).run(accountId, feedId, at)
  return findGrant(connection, feedId, accountId)!
}

export function revokeFeedGrant(
  connection: Connection,
  feedId: number,
  accountId: number,
): FeedGrant | null {
  const known = findGrant(connection, feedId, accountId)
  connection.prepare(sql.DELETE_GRANT).run(accountId, feedId)
  return known
}

function findGrant(connection: Connection, feedId: number, accountId: number): FeedGrant | null {
  return findOne(connection, sql.SELECT_GRANT, [accountId, feedId], sql.grantFromRow)
}
