/**
 * Who is let in, by credentials, by a session of the console or by a link that begins one; and how many of
 * their requests at once. All gates count into one of these.
 */
import type { ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ConsoleCredential, ConsoleSession } from '../domain/console-session.ts'
import type { Sid } from '../domain/identifiers.ts'
import type { Limits } from '../domain/limits.ts'
import { hashSecret } from '../domain/secret.ts'
import type { AccessTokens } from './access-token.ts'
import type { ConsoleSessions } from './console/sessions.ts'
import {
  authenticate,
  basicOf,
  type Caller,
  callerStoodFor,
  type DirectoryOfCallers,
  ExpiredToken,
} from './credentials.ts'
import { HttpError } from './error-reply.ts'
import type { KeyUses } from './key-uses.ts'
import type { LogIns } from './log-ins.ts'
import { TokenBuckets } from './token-buckets.ts'

export interface AdmissionOptions {
  readonly store: DirectoryOfCallers
  readonly accessTokens: AccessTokens
  readonly sessions: ConsoleSessions
  readonly limits: Pick<Limits, 'requestsInFlight' | 'requestRate' | 'requestBurst'>
  readonly logIns: LogIns
  readonly keyUses: KeyUses
  /** UTC seconds. */
  readonly clock: () => number
  /** Milliseconds of a clock that only goes forward. */
  readonly nowMs: () => number
}

/** Who signs in, and what a session of theirs stands for. */
export interface Shown {
  readonly caller: Caller
  readonly credential: ConsoleCredential
}

export interface SignedIn {
  readonly caller: Caller
  readonly session: ConsoleSession
}

/** Each throws 401 for who is not let in, and 429 for too many requests of who is. */
export class Admission {
  readonly #options: AdmissionOptions
  readonly #inFlight: InFlightRequests
  readonly #requests: TokenBuckets

  constructor(options: AdmissionOptions) {
    const { limits, nowMs } = options
    this.#options = options
    this.#inFlight = new InFlightRequests(limits.requestsInFlight)
    const rate = { perSecond: limits.requestRate, burst: limits.requestBurst }
    this.#requests = new TokenBuckets(rate, nowMs)
  }

  /** Who shows this authorization. Throws 429 for too many wrong credentials from their address, too. */
  async byAuthorization(
    request: FastifyRequest,
    reply: FastifyReply,
    authorization: string | undefined,
  ): Promise<Caller> {
    const { store, accessTokens, logIns, clock } = this.#options
    logIns.require(request, authorization)
    const now = clock()
    try {
      const caller = await authenticate({ directory: store, accessTokens, now }, authorization)
      logIns.succeeded(request, caller.credentialSid)
      return this.#admitted(reply, caller, now)
    } catch (error) {
      const isWrong = error instanceof HttpError && error.kind === 'unauthenticated'
      if (isWrong && !(error instanceof ExpiredToken)) logIns.failed(request, authorization)
      throw error
    }
  }

  /** Who is signed in to the console; 403 for what another page would do as them. */
  async bySession(request: FastifyRequest, reply: FastifyReply): Promise<SignedIn> {
    const { store, sessions, clock } = this.#options
    const session = await sessions.require(request)
    const now = clock()
    const caller = await callerStoodFor(store, session, now)
    if (caller === null) throw sessions.signedOut(request)
    sessions.use(session, request)
    return { caller: this.#admitted(reply, caller, now), session }
  }

  /** As `byAuthorization`, for who signs in to the console. */
  async bySecret(
    request: FastifyRequest,
    reply: FastifyReply,
    { sid, secret }: { readonly sid: string; readonly secret: string },
  ): Promise<Shown> {
    const caller = await this.byAuthorization(request, reply, basicOf(sid, secret)).catch(
      (error: unknown) => {
        const isWrong = error instanceof HttpError && error.kind === 'unauthenticated'
        throw isWrong ? wrong('the SID or the secret is wrong') : error
      },
    )
    const { credentialSid, account, key } = caller
    const secretHash = hashSecret(secret)
    // A token that was replaced is good for programs until they have the new one.
    if (key === null && secretHash !== account?.authTokenHash) {
      throw wrong('this auth token has been replaced, sign in with the new one')
    }
    return { caller, credential: { credentialSid, secretHash } }
  }

  /** Who a sign-in link was made for. A wrong code counts as wrong credentials do. */
  async byLink(request: FastifyRequest, reply: FastifyReply, code: string): Promise<Shown> {
    const { store, sessions, logIns, clock } = this.#options
    logIns.require(request, LINK)
    const credential = await sessions.takeLink(code)
    const now = clock()
    const caller = credential === null ? null : await callerStoodFor(store, credential, now)
    if (caller === null || credential === null) {
      logIns.failed(request, LINK)
      throw wrong('the link has been used or has expired')
    }
    return { caller: this.#admitted(reply, caller, now), credential }
  }

  #admitted(reply: FastifyReply, caller: Caller, now: number): Caller {
    const { keyUses, limits } = this.#options
    if (caller.key !== null) keyUses.note(caller.key, now)
    requireRate(this.#requests, caller.credentialSid, limits.requestRate)
    this.#inFlight.enter(caller.credentialSid, reply.raw)
    return caller
  }
}

/** Stands for an authorization where failures are counted: it names nobody. */
const LINK = 'a sign-in link'

/** The 401 of a sign-in, at which no browser asks for a password itself. */
function wrong(reason: string): HttpError {
  return new HttpError('unauthenticated', `Authenticate: ${reason}`)
}

function requireRate(requests: TokenBuckets, credentialSid: Sid, requestRate: number): void {
  if (requests.take(credentialSid)) return
  throw new HttpError(
    'too_many_requests',
    `Too many requests: at most ${requestRate} a second on average; this one was not processed`,
    {
      limit: 'requestRate',
      headers: { 'Retry-After': String(requests.waitSeconds(credentialSid)) },
    },
  )
}

/** Counts requests by credential. A place is given back when the response or its socket ends. */
class InFlightRequests {
  readonly #max: number
  readonly #counts = new Map<Sid, number>()

  constructor(max: number) {
    this.#max = max
  }

  enter(credentialSid: Sid, response: ServerResponse): void {
    // A caller who left while the credentials were looked up will not close a second time.
    if (response.closed) return
    const count = this.#counts.get(credentialSid) ?? 0
    if (count >= this.#max) {
      throw new HttpError(
        'too_many_requests',
        `Too many concurrent requests: at most ${this.#max} at once; this one was not processed`,
        { limit: 'requestsInFlight', headers: { 'Retry-After': '1' } },
      )
    }
    this.#counts.set(credentialSid, count + 1)
    response.once('close', () => this.#leave(credentialSid))
  }

  #leave(credentialSid: Sid): void {
    const count = (this.#counts.get(credentialSid) ?? 0) - 1
    if (count > 0) this.#counts.set(credentialSid, count)
    else this.#counts.delete(credentialSid)
  }
}
