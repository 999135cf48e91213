/**
 * Creates what has a secret: a key, an account. Only the hash is stored, so the secret is shown here or
 * never.
 */
import type { Account, ApiKey, KeyScope, NewAccount } from '../../domain/directory.ts'
import { type Limits, limitRemedy } from '../../domain/limits.ts'
import { hashSecret, newSecret, newSid } from '../../domain/secret.ts'
import { UsageError } from '../../domain/usage-error.ts'
import type { UsageStore } from '../usage-store.ts'

export interface KeyIssue {
  /** Null for an operator key. */
  readonly account: Account | null
  readonly scope: KeyScope
  readonly label: string
  /** UTC seconds. */
  readonly at: number
  readonly limits: Pick<Limits, 'keysPerAccount'>
}

/** Throws `conflict` if the account already has as many keys as it may. */
export async function issueKey(
  store: Pick<UsageStore, 'listApiKeys' | 'createApiKey'>,
  { account, scope, label, at, limits }: KeyIssue,
): Promise<{ readonly key: ApiKey; readonly secret: string }> {
  await requireRoom(store, account, limits)
  const secret = newSecret()
  const key = await store.createApiKey({
    ...{ sid: newSid('SK'), accountId: account?.id ?? null, scope, label },
    ...{ secretHash: hashSecret(secret), createdAt: at, revokedAt: null },
  })
  return { key, secret }
}

/** Null stands for the operator. */
async function requireRoom(
  store: Pick<UsageStore, 'listApiKeys'>,
  account: Account | null,
  { keysPerAccount }: Pick<Limits, 'keysPerAccount'>,
): Promise<void> {
  const keys = await keysOf(store, account)
  const count = keys.filter(({ revokedAt }) => revokedAt === null).length
  if (count < keysPerAccount) return
  const owner = account === null ? 'the operator' : `account ${account.sid}`
  const held = count === 1 ? '1 key' : `${count} keys`
  throw new UsageError('conflict', `${owner} has ${held}, as many as allowed`, {
    hint: `revoke those that nobody uses; ${limitRemedy('keysPerAccount')}`,
  })
}

/** Those of an account, or of the operator if null, in order of creation; revoked ones too. */
export async function keysOf(
  store: Pick<UsageStore, 'listApiKeys'>,
  account: Pick<Account, 'id'> | null,
): Promise<ApiKey[]> {
  const ownerId = account?.id ?? null
  return (await store.listApiKeys()).filter(({ accountId }) => accountId === ownerId)
}

/** Draws a SID if none is given. Throws `conflict` if the SID is taken. */
export async function issueAccount(
  store: Pick<UsageStore, 'createAccount'>,
  {
    sid = newSid('AC'),
    ...stated
  }: Omit<NewAccount, 'authTokenHash' | 'sid'> & Partial<Pick<NewAccount, 'sid'>>,
): Promise<{ readonly account: Account; readonly authToken: string }> {
  const authToken = newSecret()
  const authTokenHash = hashSecret(authToken)
  return { account: await store.createAccount({ ...stated, sid, authTokenHash }), authToken }
}
