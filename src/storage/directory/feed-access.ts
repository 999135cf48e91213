/** Which feeds exist for which accounts: grants, binding, and their SQL. */
import type { Account, AccountFeed, Feed, FeedGrant } from '../../domain/directory.ts'
import type { Sid } from '../../domain/identifiers.ts'
import { UsageError } from '../../domain/usage-error.ts'
import type { Row } from '../rows.ts'
import { findOne, insert, list, run, type Steps } from '../session.ts'
import { feedFromRow } from './feed-rows.ts'
import { accountById, feedById } from './reads.ts'
import { FEED_COLUMNS } from './sql.ts'

/** A single question, whether the feed exists or not, so that its duration reveals nothing. */
const SELECT_ACCOUNT_FEED = `
  SELECT granted.account_id AS granted_to, ${FEED_COLUMNS}
  LEFT JOIN feed_grant AS granted ON granted.feed_id = feed.id AND granted.account_id = ?1
  WHERE feed.name = ?2
    AND (granted.account_id IS NOT NULL
         OR EXISTS (SELECT 1 FROM account_feed AS brought
                    WHERE brought.account_id = ?1 AND brought.feed_id = feed.id))`
const INSERT_GRANT = `
  INSERT INTO feed_grant (account_id, feed_id, granted_at) VALUES (?, ?, ?)
  ON CONFLICT DO NOTHING`
const DELETE_GRANT = 'DELETE FROM feed_grant WHERE account_id = ? AND feed_id = ?'
const GRANT_COLUMNS = `
  feed_grant.*, account.sid AS account_sid
  FROM feed_grant JOIN account ON account.id = feed_grant.account_id`
const SELECT_GRANT = `
  SELECT ${GRANT_COLUMNS} WHERE feed_grant.account_id = ? AND feed_grant.feed_id = ?`
const SELECT_GRANTS = `
  SELECT ${GRANT_COLUMNS} ORDER BY feed_grant.feed_id, feed_grant.account_id`

/** An account other than `?2` that may deliver to the feed `?1`, or has usage from it. */
export const SELECT_OTHER_ACCOUNT = `
  SELECT account.sid
  FROM (SELECT account_id FROM account_feed WHERE feed_id = ?1
        UNION
        SELECT account_id FROM feed_grant WHERE feed_id = ?1) AS known
  JOIN account ON account.id = known.account_id
  WHERE account.id <> ?2
  LIMIT 1`

function accountFeedFromRow(row: Row): AccountFeed {
  return { feed: feedFromRow(row), mayDeliver: row.granted_to !== null }
}

function grantFromRow(row: Row): FeedGrant {
  return {
    feedId: row.feed_id as number,
    accountId: row.account_id as number,
    accountSid: row.account_sid as Sid,
    grantedAt: row.granted_at as number,
  }
}

/**
 * Throws `conflict` if `other` is an account that the feed also serves. The account that a feed is bound
 * to affects its completeness, and would then decide about another account's usage.
 */
export function refuseOtherAccount({ name }: Pick<Feed, 'name'>, other: Row | undefined): void {
  if (other === undefined) return
  throw new UsageError(
    'conflict',
    `feed ${name} is for ${other.sid} as well, by a grant or by usage that it has brought: it ` +
      'cannot be bound to one account',
    { hint: 'make a feed of its own for the account' },
  )
}

/** Throws `conflict` if the feed is bound to another account. */
function refuseGrant(
  { name, accountId, accountSid }: Pick<Feed, 'name' | 'accountId' | 'accountSid'>,
  to: Pick<Account, 'id' | 'sid'>,
): void {
  if (accountId === null || accountId === to.id) return
  throw new UsageError(
    'conflict',
    `feed ${name} is bound to ${accountSid}: ${to.sid} cannot deliver to it`,
  )
}

export function findAccountFeed(accountId: number, name: string): Steps<AccountFeed | null> {
  return findOne(SELECT_ACCOUNT_FEED, [accountId, name], accountFeedFromRow)
}

export function listFeedGrants(): Steps<FeedGrant[]> {
  return list(SELECT_GRANTS, grantFromRow)
}

export function* grantFeed(feedId: number, accountId: number, at: number): Steps<FeedGrant> {
  const account = yield* accountById(accountId)
  refuseGrant(yield* feedById(feedId), account)
  yield* run(INSERT_GRANT, [accountId, feedId, at])
  return (yield* findGrant(feedId, accountId))!
}

export function* revokeFeedGrant(feedId: number, accountId: number): Steps<FeedGrant | null> {
  const known = yield* findGrant(feedId, accountId)
  yield* run(DELETE_GRANT, [accountId, feedId])
  return known
}

function findGrant(feedId: number, accountId: number): Steps<FeedGrant | null> {
  return findOne(SELECT_GRANT, [accountId, feedId], grantFromRow)
}

/** Notes that the feed has brought usage of the accounts. */
export function addAccountFeeds(accountIds: ReadonlySet<number>, feedId: number): Steps<unknown> {
  return insert({
    table: 'account_feed',
    columns: ['account_id', 'feed_id'],
    rows: [...accountIds].sort((a, b) => a - b).map((accountId) => [accountId, feedId]),
    suffix: 'ON CONFLICT DO NOTHING',
  })
}
