/** Which feeds exist for which accounts. */
import type { AccountFeed, FeedGrant } from '../../domain/directory.ts'
import { UsageError } from '../../domain/usage-error.ts'
import * as sql from '../feed-access.ts'
import type { Session } from './connection.ts'
import { findAccountById, findOne } from './directory-reads.ts'
import { feedById } from './feed-progress.ts'

export function findAccountFeed(
  session: Session,
  accountId: number,
  name: string,
): Promise<AccountFeed | null> {
  return findOne(session, sql.SELECT_ACCOUNT_FEED, [accountId, name], sql.accountFeedFromRow)
}

export async function listFeedGrants(session: Session): Promise<FeedGrant[]> {
  return (await session.all(sql.SELECT_GRANTS)).map(sql.grantFromRow)
}

export async function grantFeed(
  session: Session,
  feedId: number,
  accountId: number,
  at: number,
): Promise<FeedGrant> {
  const account = await findAccountById(session, accountId)
  if (account === null) throw new UsageError('not_found', `there is no account ${accountId}`)
  sql.refuseGrant(await feedById(session, feedId), account)
  await session.run(sql.INSERT_GRANT, [accountId, feedId, at])
  return (await findGrant(session, feedId, accountId))!
}

export async function revokeFeedGrant(
  session: Session,
  feedId: number,
  accountId: number,
): Promise<FeedGrant | null> {
  const known = await findGrant(session, feedId, accountId)
  await session.run(sql.DELETE_GRANT, [accountId, feedId])
  return known
}

function findGrant(session: Session, feedId: number, accountId: number): Promise<FeedGrant | null> {
  return findOne(session, sql.SELECT_GRANT, [accountId, feedId], sql.grantFromRow)
}
