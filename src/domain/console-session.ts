/**
 * Sessions of the web console. A session stands for a credential and depends on the very secret that the
 * credential had when the session began. Revoking the key or replacing the token ends its sessions at
 * once.
 */
import type { Sid } from './identifiers.ts'

/** What a session or a sign-in link stands for. */
export interface ConsoleCredential {
  /** The account whose auth token it is, or the key. */
  readonly credentialSid: Sid
  /** As the store kept it at that time: of the account's newest token, or the key's secret. */
  readonly secretHash: string
}

/** All instants are UTC seconds, and the first ones at which it is no longer valid. */
export interface ConsoleSession extends ConsoleCredential {
  /** SHA-256 of the random token that the browser keeps, hexadecimal. */
  readonly tokenHash: string
  readonly createdAt: number
  /** Moves on while the session is used, but never past `expiresAt`. */
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
 * How many sessions one credential may have; the next one ends the oldest. That is enough for a team
 * sharing a token on several devices each, and repeated sign-ins cannot fill a store.
 */
export const CONSOLE_SESSIONS_MAX = 100

/**
 * How long a sign-in link is valid. It is opened right after it is made, and may be seen in a terminal
 * later.
 */
export const CONSOLE_LINK_SECONDS = 600

/** Whether it is still valid by time. */
export function isSessionAlive({ idleUntil, expiresAt }: ConsoleSession, now: number): boolean {
  return now < idleUntil && now < expiresAt
}
