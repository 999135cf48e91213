/** Sign-in links: whom they are for, and their form. */
import { CONSOLE_LINK_SECONDS, type ConsoleCredential } from '../domain/console-session.ts'
import type { Sid } from '../domain/identifiers.ts'
import { hashSecret, newSecret, newSid } from '../domain/secret.ts'
import { UsageError } from '../domain/usage-error.ts'
import type { UsageStore } from '../storage/usage-store.ts'
import { accountOf } from './command-line.ts'
import { noSuchKey } from './commands/key-list.ts'

/** Identifies the operator's key that links are made with. Revoking it ends their sessions. */
export const LINK_KEY_LABEL = 'console'

export interface ConsoleLinkMade {
  readonly url: string
  readonly credentialSid: Sid
  /** UTC seconds. */
  readonly expiresAt: number
}

export async function makeConsoleLink(
  store: UsageStore,
  credential: ConsoleCredential,
  { baseUrl, now }: { readonly baseUrl: string; readonly now: number },
): Promise<ConsoleLinkMade> {
  const code = newSecret()
  const expiresAt = now + CONSOLE_LINK_SECONDS
  await store.addConsoleLink({ codeHash: hashSecret(code), ...credential, expiresAt })
  // Browsers do not send the part after the #.
  const url = `${baseUrl.replace(/\/+$/, '')}/console/sign-in#${code}`
  return { url, credentialSid: credential.credentialSid, expiresAt }
}

export async function accountCredential(store: UsageStore, sid: Sid): Promise<ConsoleCredential> {
  const { authTokenHash } = await accountOf(store, sid)
  return { credentialSid: sid, secretHash: authTokenHash }
}

/** Throws `not_found`, and `conflict` for a revoked key. */
export async function keyCredential(store: UsageStore, sid: Sid): Promise<ConsoleCredential> {
  const key = await store.findApiKey(sid)
  if (key === null) throw noSuchKey(sid)
  if (key.revokedAt === null) return { credentialSid: sid, secretHash: key.secretHash }
  throw new UsageError('conflict', `the key ${sid} is revoked: nobody can sign in with it`)
}

/** The operator's credential. Its key is created the first time, with a secret that nobody learns. */
export async function operatorCredential(
  store: UsageStore,
  now: number,
): Promise<ConsoleCredential> {
  const keys = await store.listApiKeys()
  const found = keys.find(
    ({ accountId, scope, label, revokedAt }) =>
      accountId === null && scope === 'admin' && label === LINK_KEY_LABEL && revokedAt === null,
  )
  const key =
    found ??
    (await store.createApiKey({
      sid: newSid('SK'),
      accountId: null,
      scope: 'admin',
      secretHash: hashSecret(newSecret()),
      label: LINK_KEY_LABEL,
      createdAt: now,
      revokedAt: null,
    }))
  return { credentialSid: key.sid, secretHash: key.secretHash }
}
