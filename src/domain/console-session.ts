/**
 * Sessions of the web console. A session stands for a credential, and is good no longer than the very
 * secret that the credential had when the session began: a key that is revoked or a token that is
 * replaced ends its sessions at once.
 */
import type { Sid } from './identifiers.ts'

/** What a session or a sign-in link stands for. */
export interface ConsoleCredential {
  /** The account whose auth token it is, or the key. */
  readonly credentialSid: Sid
  /** As the store kept it then: of the account's newest token, or the key's secret. */
  readonly secretHash: string
}

/** All instants in UTC seconds, the first ones at which it is no longer good. */
export interface ConsoleSession extends ConsoleCredential {
  /** SHA-256 of the random token that the browser keeps, hexadecimal. */
  readonly tokenHash: string
  readonly createdAt: number
  /** Moves on while the session is used, never past `expiresAt`. */
  readonly idleUntil: number
  readonly expiresAt: number
}

/** A link that begins one session, once. */
export interface ConsoleLink extends ConsoleCredential {
  /** SHA-256 of the random code in the link, hexadecimal. */
  readonly codeHash: string
  readonly expiresAt: number
}

/**
 * How many sessions of one credential there may be; the oldest one ends for the next. Enough for a team
 * that shares a token on several devices each, and nobody who signs in again and again fills a store.
 */
export const CONSOLE_SESSIONS_MAX = 100

/** How long a sign-in link is good: it is opened when it is made, and may be seen in a terminal later. */
export const CONSOLE_LINK_SECONDS = 600

/** Whether it is good as far as time goes. */
export function isSessionAlive({ idleUntil, expiresAt }: ConsoleSession, now: number): boolean {
  return now < idleUntil && now < expiresAt
}
