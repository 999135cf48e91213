/** The account to which a request moves a SIM. */
import { type Static, Type } from 'typebox'
import { requirePast } from '../domain/question-text.ts'
import type { SimMove } from '../domain/sim-tenure.ts'
import { invalidField, UsageError, withFieldNamed } from '../domain/usage-error.ts'
import type { MoveOutcome, UsageStore } from '../storage/usage-store.ts'
import { requireOperator } from './access.ts'
import type { Caller } from './credentials.ts'
import { readInstant } from './usage-page.ts'

export const moveParameters = {
  AccountSid: Type.Optional(
    Type.String({
      description: "the account to move it to from Since on; for the operator's keys",
    }),
  ),
}

const moveBody = Type.Object({
  ...moveParameters,
  Since: Type.Optional(Type.String()),
})

/**
 * Null if the body names no account. Throws `permission_denied` for an account's own credentials, and
 * `invalid` for an unknown account or a future instant.
 */
export async function moveFromApi(
  store: Pick<UsageStore, 'findAccount'>,
  caller: Caller,
  { AccountSid, Since }: Static<typeof moveBody>,
  nowSeconds: number,
): Promise<SimMove | null> {
  if (AccountSid === undefined) return null
  requireOperator(caller)
  const account = await store.findAccount(AccountSid)
  if (account === null) throw invalidField('AccountSid', AccountSid, 'there is no such account')
  const since = Since ? readInstant(Since)! : undefined
  if (since !== undefined) requirePast('Since', since, nowSeconds)
  return { toAccountId: account.id, ...(since !== undefined && { since }) }
}

/** Throws `invalid` if the other parameter is given: groups and labels belong to one account. */
export function refuseBesideMove(name: string, value: unknown): void {
  if (value === undefined) return
  throw new UsageError(
    'invalid',
    `${name}: a move ends it; leave it out, and give it once the SIM is the other account's`,
    { field: name },
  )
}

const API_NAMES = { since: 'Since', account: 'AccountSid' } as const

/** Moves as the store does, with the store's refusals in the words of the API. */
export async function moved(moving: Promise<MoveOutcome>): Promise<MoveOutcome> {
  return moving.catch((error: unknown) => {
    throw withFieldNamed(error, API_NAMES)
  })
}
