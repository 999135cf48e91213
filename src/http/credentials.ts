/**
 * Identifies the caller. HTTP Basic carries an account's SID and auth token or a key's SID and secret; Bearer
 * carries an access token that was issued for a key.
 */
import { timingSafeEqual } from 'node:crypto'
import type { ConsoleCredential } from '../domain/console-session.ts'
import type { Account, ApiKey, KeyScope } from '../domain/directory.ts'
import { isSid, type Sid } from '../domain/identifiers.ts'
import { hashSecret } from '../domain/secret.ts'
import type { UsageStore } from '../storage/usage-store.ts'
import { type AccessTokens, keyNamedBy } from './access-token.ts'
import { HttpError, type HttpErrorDetails } from './error-reply.ts'

export interface Caller {
  /** The SID that the caller sent. Limits and logs use it. */
  readonly credentialSid: Sid
  readonly scope: KeyScope
  /** Null for the operator, who may act for every account. */
  readonly account: Account | null
  /** The key that the caller sent; null for an account's auth token. */
  readonly key: ApiKey | null
}

export type DirectoryOfCallers = Pick<UsageStore, 'findAccount' | 'findAccountById' | 'findApiKey'>

interface Credential {
  /** Either of the two is good, the newest first. A single one is listed twice. */
  readonly secretHashes: readonly [string, string]
  readonly scope: KeyScope
  readonly accountId: number | null
  readonly revoked: boolean
  /** Set if the account is known without another question to the store. */
  readonly account?: Account
  readonly key: ApiKey | null
}

/** Takes the place of an unknown SID, so that one costs the same work as a wrong secret. */
const NOBODY: Credential = {
  secretHashes: [hashSecret(''), hashSecret('')],
  scope: 'read',
  accountId: null,
  revoked: true,
  key: null,
}

/** An access token that was good but has expired. Nobody guessed it, and a new one is the remedy. */
export class ExpiredToken extends HttpError {
  constructor() {
    super('unauthenticated', 'Authenticate: the access token has expired, ask for another one', {
      headers: BEARER_CHALLENGE,
    })
  }
}

export interface CredentialSources {
  readonly directory: DirectoryOfCallers
  readonly accessTokens: AccessTokens
  /** UTC seconds. */
  readonly now: number
}

/**
 * Throws the same 401 for all wrong credentials, whatever is wrong, and `ExpiredToken` for an expired token
 * of a key that is still good.
 */
export async function authenticate(
  sources: CredentialSources,
  authorization: string | undefined,
): Promise<Caller> {
  const token = BEARER.exec(authorization ?? '')?.[1]
  if (token !== undefined) return callerOfToken(sources, token)
  const { directory, now } = sources
  const { user, secret } = readBasic(authorization)
  const credential = await findCredential(directory, user, now)
  const matches = secretMatches(secret, credential.secretHashes)
  if (!matches || credential.revoked) throw unauthenticated()
  return callerOfCredential(directory, user as Sid, credential)
}

async function callerOfToken(
  { directory, accessTokens, now }: CredentialSources,
  token: string,
): Promise<Caller> {
  const verdict = await accessTokens.judge(token, now)
  if (verdict.is === 'wrong') throw unauthenticated(BEARER_CHALLENGE)
  const credential = await findCredential(directory, verdict.keySid, now)
  if (credential.revoked) throw unauthenticated(BEARER_CHALLENGE)
  if (verdict.is === 'expired') throw new ExpiredToken()
  return callerOfCredential(directory, verdict.keySid, credential)
}

/**
 * The caller behind a console session or a sign-in link; null if the credential is revoked or its secret has
 * changed since.
 */
export async function callerStoodFor(
  directory: DirectoryOfCallers,
  { credentialSid, secretHash }: ConsoleCredential,
  now: number,
): Promise<Caller | null> {
  const credential = await findCredential(directory, credentialSid, now)
  if (credential.revoked || credential.secretHashes[0] !== secretHash) return null
  return callerOfCredential(directory, credentialSid, credential)
}

async function callerOfCredential(
  directory: DirectoryOfCallers,
  credentialSid: Sid,
  credential: Credential,
): Promise<Caller> {
  const { scope, accountId, key } = credential
  if (accountId === null) return { credentialSid, scope, account: null, key }
  const account = credential.account ?? (await directory.findAccountById(accountId))
  if (account === null) throw unauthenticated()
  return { credentialSid, scope, account, key }
}

async function findCredential(
  directory: DirectoryOfCallers,
  user: string,
  now: number,
): Promise<Credential> {
  if (isSid(user, 'AC')) {
    const account = await directory.findAccount(user)
    if (account === null) return NOBODY
    const { id, authTokenHash, previousToken } = account
    const isPreviousGood = previousToken !== null && now < previousToken.until
    return {
      secretHashes: [authTokenHash, isPreviousGood ? previousToken.hash : authTokenHash],
      scope: 'admin',
      accountId: id,
      revoked: false,
      account,
      key: null,
    }
  }
  if (!isSid(user, 'SK')) return NOBODY
  const key = await directory.findApiKey(user)
  if (key === null) return NOBODY
  const { secretHash, scope, accountId, revokedAt } = key
  const secretHashes = [secretHash, secretHash] as const
  return { secretHashes, scope, accountId, revoked: revokedAt !== null, key }
}

/** Compares with both, so that the time taken does not tell which one is good. */
function secretMatches(secret: string, secretHashes: readonly [string, string]): boolean {
  const given = Buffer.from(hashSecret(secret))
  const [first, second] = secretHashes.map((secretHash) => {
    const kept = Buffer.from(secretHash)
    return given.length === kept.length && timingSafeEqual(given, kept)
  })
  return first === true || second === true
}

const BASIC = /^basic +([A-Za-z0-9+/_=-]+) *$/i
const BEARER = /^bearer +([A-Za-z0-9._~+/=-]+) *$/i

const BASIC_CHALLENGE = { 'WWW-Authenticate': 'Basic realm="Simtally"' }
const BEARER_CHALLENGE = {
  'WWW-Authenticate': 'Bearer realm="Simtally", error="invalid_token"',
}

/** The user that a caller claims to be, unverified; null if that cannot be read. */
export function userOf(authorization: string | undefined): string | null {
  const token = BEARER.exec(authorization ?? '')?.[1]
  if (token !== undefined) return keyNamedBy(token)
  try {
    return readBasic(authorization).user
  } catch {
    return null
  }
}

/** The header for a user and a secret that arrived in another way. */
export function basicOf(user: string, secret: string): string {
  return `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`
}

function readBasic(authorization: string | undefined): { user: string; secret: string } {
  const encoded = BASIC.exec(authorization ?? '')?.[1]
  if (encoded === undefined) throw unauthenticated()
  const text = Buffer.from(encoded, 'base64').toString()
  const colon = text.indexOf(':')
  if (colon === -1) throw unauthenticated()
  return { user: text.slice(0, colon), secret: text.slice(colon + 1) }
}

function unauthenticated(headers: HttpErrorDetails['headers'] = BASIC_CHALLENGE): HttpError {
  return new HttpError('unauthenticated', 'Authenticate', { headers })
}
