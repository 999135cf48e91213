/** What binding a feed to one account needs, the same for every engine. */
import type { Feed } from '../domain/directory.ts'
import { UsageError } from '../domain/usage-error.ts'
import type { Row } from './rows.ts'

/**
 * Throws `conflict` where `other` is an account whose usage the feed has brought. The account a feed
 * is bound to moves its completeness, which would then be that account's word on another's usage.
 */
export function refuseOtherAccount({ name }: Pick<Feed, 'name'>, other: Row | undefined): void {
  if (other === undefined) return
  throw new UsageError(
    'conflict',
    `feed ${name} has brought usage of ${other.sid} as well: it cannot be bound to one account`,
    { hint: 'make a feed of its own for the account' },
  )
}
