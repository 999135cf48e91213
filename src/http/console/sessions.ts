/**
 * Sessions of the console. A session is a row in the store, so every process agrees on it. The browser keeps
 * a random token in a cookie that no script can read and no other site can send.
 */
import type { FastifyRequest } from 'fastify'
import {
  CONSOLE_SESSIONS_MAX,
  type ConsoleCredential,
  type ConsoleSession,
  isSessionAlive,
} from '../../domain/console-session.ts'
import type { Limits } from '../../domain/limits.ts'
import { hashSecret, newSecret } from '../../domain/secret.ts'
import type { UsageStore } from '../../storage/usage-store.ts'
import { type BaseUrlOf, partsOfBaseUrl } from '../base-url.ts'
import { HttpError } from '../error-reply.ts'
import { sessionCookie, sessionTokenIn } from './session-cookie.ts'

/**
 * The header that the console sends with each request: `1`, or `background` if nobody asked for it. With it,
 * the session counts, whatever credentials the browser adds by itself.
 */
const CONSOLE_HEADER = 'simtally-console'

/** A session's use is noted at most this often, because each note is a write. */
const NOTED_AFTER_SECONDS = 30

const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS']

export interface ConsoleSessionsOptions {
  readonly store: Pick<
    UsageStore,
    | 'beginConsoleSession'
    | 'findConsoleSession'
    | 'extendConsoleSession'
    | 'endConsoleSession'
    | 'takeConsoleLink'
  >
  readonly limits: Pick<Limits, 'consoleIdleSeconds' | 'consoleSessionSeconds'>
  readonly baseUrlOf: BaseUrlOf
  /** UTC seconds. */
  readonly clock: () => number
}

export class ConsoleSessions {
  readonly #options: ConsoleSessionsOptions

  constructor(options: ConsoleSessionsOptions) {
    this.#options = options
  }

  /** Whether the session decides for a request, rather than an `Authorization` header. */
  decideFor(request: FastifyRequest): boolean {
    const { headers, method } = request
    if (headers[CONSOLE_HEADER] !== undefined) return true
    if (headers.authorization !== undefined || this.#tokenOf(request) === null) return false
    // Browsers also send the cookie for pages of sibling hosts. Those may read nothing and change nothing.
    const site = headers['sec-fetch-site']
    const isOfOthers = site !== undefined && site !== 'same-origin' && site !== 'none'
    return !isOfOthers || !SAFE_METHODS.includes(method)
  }

  /** Throws 401 without a session, and 403 if another page would change something with it. */
  async require(request: FastifyRequest): Promise<ConsoleSession> {
    if (!SAFE_METHODS.includes(request.method)) this.requireOwnPage(request)
    const { store, clock } = this.#options
    const token = this.#tokenOf(request)
    const session = token === null ? null : await store.findConsoleSession(hashSecret(token))
    if (session === null || !isSessionAlive(session, clock())) throw this.signedOut(request)
    return session
  }

  /** Extends the session, unless the request came in the background. Nobody waits for the write. */
  use(session: ConsoleSession, request: FastifyRequest): void {
    if (request.headers[CONSOLE_HEADER] === 'background') return
    const { store, clock } = this.#options
    const idleUntil = this.#idleUntil(clock(), session.expiresAt)
    if (idleUntil - session.idleUntil < NOTED_AFTER_SECONDS) return
    // If the write fails now, the next request tries again.
    store.extendConsoleSession(session.tokenHash, idleUntil).catch(() => {})
  }

  /**
   * Throws 403 unless one of our own pages sent the request. Browsers say so themselves, but over plain HTTP
   * only to their own machine. Elsewhere they name the origin of a request that changes something.
   */
  requireOwnPage(request: FastifyRequest): void {
    const { 'sec-fetch-site': site, origin } = request.headers
    if (site === 'same-origin') return
    if (site === undefined && origin === partsOfBaseUrl(this.#options.baseUrlOf(request)).origin)
      return
    throw new HttpError(
      'permission_denied',
      'Permission Denied: a session of the console counts for its own pages only',
    )
  }

  /**
   * Begins a session under a new token and ends the one that the request had. Returns it with the cookie to
   * set.
   */
  async begin(
    request: FastifyRequest,
    { credentialSid, secretHash }: ConsoleCredential,
  ): Promise<{ readonly session: ConsoleSession; readonly cookie: string }> {
    const { store, limits, clock } = this.#options
    const token = newSecret()
    const createdAt = clock()
    const expiresAt = createdAt + limits.consoleSessionSeconds
    const idleUntil = this.#idleUntil(createdAt, expiresAt)
    const tokenHash = hashSecret(token)
    const session = { tokenHash, credentialSid, secretHash, createdAt, idleUntil, expiresAt }
    const before = this.#tokenOf(request)
    const replaced = before === null ? null : hashSecret(before)
    await store.beginConsoleSession(session, { replaced, sessionsMax: CONSOLE_SESSIONS_MAX })
    const cookie = sessionCookie(token, limits.consoleSessionSeconds, this.#isSecure(request))
    return { session, cookie }
  }

  /**
   * The credential that a sign-in link stands for; null if it was used, has expired, or was never given out.
   */
  takeLink(code: string): Promise<ConsoleCredential | null> {
    return this.#options.store.takeConsoleLink(hashSecret(code), this.#options.clock())
  }

  /** Returns the cookie that removes the token. */
  async end(request: FastifyRequest): Promise<string> {
    const token = this.#tokenOf(request)
    if (token !== null) await this.#options.store.endConsoleSession(hashSecret(token))
    return sessionCookie('', 0, this.#isSecure(request))
  }

  /** A 401 that does not make a browser ask for a password, and that removes a bad token. */
  signedOut(request: FastifyRequest): HttpError {
    const isKept = this.#tokenOf(request) !== null
    return new HttpError('unauthenticated', 'Authenticate: sign in to the console', {
      headers: isKept ? { 'Set-Cookie': sessionCookie('', 0, this.#isSecure(request)) } : {},
    })
  }

  #idleUntil(now: number, expiresAt: number): number {
    return Math.min(now + this.#options.limits.consoleIdleSeconds, expiresAt)
  }

  #tokenOf(request: FastifyRequest): string | null {
    return sessionTokenIn(request.headers.cookie, this.#isSecure(request))
  }

  #isSecure(request: FastifyRequest): boolean {
    return this.#options.baseUrlOf(request).startsWith('https:')
  }
}
