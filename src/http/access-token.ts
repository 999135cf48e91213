/**
 * Access tokens. Clients that send `Authorization: Bearer` exchange a key's SID and secret for one. A token
 * is a JSON Web Token that names the key and its own end. It is stored nowhere: all processes on a store
 * share the signing key, and the key behind a token is looked up on each use, so revoking that key also ends
 * its tokens.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { isSid, type Sid } from '../domain/identifiers.ts'
import type { UsageStore } from '../storage/usage-store.ts'

/** The shortest of the lifetimes that the original offers, and the one its examples show. */
export const ACCESS_TOKEN_SECONDS = 3_600

/** How far the clocks of servers on one store may differ before a token looks made up. */
const CLOCK_SKEW_SECONDS = 300

/** Several times the length of any token issued here. */
const TOKEN_CHARACTERS_MAX = 1_024

const HEADER = encoded({ alg: 'HS256', typ: 'JWT' })

interface Claims {
  readonly sub: Sid
  /** UTC seconds: the first instant at which the token is no longer good. */
  readonly exp: number
}

export type TokenVerdict =
  | { readonly is: 'good' | 'expired'; readonly keySid: Sid }
  | { readonly is: 'wrong' }

export class AccessTokens {
  readonly #store: Pick<UsageStore, 'signingKey'>
  #key: Buffer | null = null

  constructor(store: Pick<UsageStore, 'signingKey'>) {
    this.#store = store
  }

  /** `now` in UTC seconds. */
  async issue(keySid: Sid, now: number): Promise<string> {
    const claims: Claims = { sub: keySid, exp: now + ACCESS_TOKEN_SECONDS }
    const signed = `${HEADER}.${encoded({ ...claims, iat: now })}`
    return `${signed}.${(await this.#signature(signed)).toString('base64url')}`
  }

  /** `now` in UTC seconds. */
  async judge(token: string, now: number): Promise<TokenVerdict> {
    const claims = claimsOf(token)
    if (claims === null) return { is: 'wrong' }
    const end = token.lastIndexOf('.')
    const given = Buffer.from(token.slice(end + 1), 'base64url')
    const kept = await this.#signature(token.slice(0, end))
    const isSigned = given.length === kept.length && timingSafeEqual(given, kept)
    // The decoder skips unknown characters, so accept only the spelling that was issued.
    if (!isSigned || given.toString('base64url') !== token.slice(end + 1)) return { is: 'wrong' }
    const { sub, exp } = claims
    const secondsLeft = exp - now
    // A token that lasts too long was issued by a clock that was ahead.
    const isGood = secondsLeft > 0 && secondsLeft <= ACCESS_TOKEN_SECONDS + CLOCK_SKEW_SECONDS
    return { is: isGood ? 'good' : 'expired', keySid: sub }
  }

  /** The store's own key signs nothing directly; each use derives a key from it. */
  async #signature(text: string): Promise<Buffer> {
    this.#key ??= createHmac('sha256', await this.#store.signingKey())
      .update('access token')
      .digest()
    return createHmac('sha256', this.#key).update(text).digest()
  }
}

/** The key that a token claims to be for, unverified; null if it names none. */
export function keyNamedBy(token: string): Sid | null {
  return claimsOf(token)?.sub ?? null
}

function claimsOf(token: string): Claims | null {
  if (token.length > TOKEN_CHARACTERS_MAX) return null
  const [header, payload = '', , ...rest] = token.split('.')
  if (header !== HEADER || rest.length > 0) return null
  try {
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Partial<Claims>
    const { sub, exp } = claims
    if (typeof sub !== 'string' || !isSid(sub, 'SK') || typeof exp !== 'number') return null
    return { sub, exp }
  } catch {
    return null
  }
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
