/**
 * Admits callers by credentials, by a console session or by the sign-in link that starts one, and limits how
 * many requests each may have at once. All gates share one of these.
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

/** A caller who signs in, and the credential that the session stands for. */
export interface Shown {
  readonly caller: Caller
  readonly credential: ConsoleCredential
}

export interface SignedIn {
  readonly caller: Caller
  readonly session: ConsoleSession
}

/**
 * Every method throws 401 for callers it does not admit, and 429 for admitted callers with too many requests.
 */
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

  /**
   * The caller behind this authorization. Also throws 429 after too many wrong credentials from one address.
   */
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

  /**
   * The caller signed in to the console. Throws 403 for a change that another page would make in their name.
   */
  async bySession(request: FastifyRequest, reply: FastifyReply): Promise<SignedIn> {
    const { store, sessions, clock } = this.#options
    const session = await sessions.require(request)
    const now = clock()
    const caller = await callerStoodFor(store, session, now)
    if (caller === null) throw sessions.signedOut(request)
    sessions.use(session, request)
    return { caller: this.#admitted(reply, caller, now), session }
  }

  /** As `byAuthorization`, for signing in to the console. */
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
    // After a rotation, programs may use the old token until they have the new one.
    if (key === null && secretHash !== account?.authTokenHash) {
      throw wrong('this auth token has been replaced, sign in with the new one')
    }
    return { caller, credential: { credentialSid, secretHash } }
  }

  /** The caller whom a sign-in link was made for. A wrong code counts as a wrong credential. */
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

/** Takes the place of an authorization in the count of failures, since it names nobody. */
const LINK = 'a sign-in link'

/** The 401 of a sign-in, which does not make a browser ask for a password itself. */
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

/** Counts requests by credential. A place is freed when the response or its socket closes. */
class InFlightRequests {
  readonly #max: number
  readonly #counts = new Map<Sid, number>()

  constructor(max: number) {
    this.#max = max
  }

  enter(credentialSid: Sid, response: ServerResponse): void {
    // If the caller left during the look-up, `close` has already fired and will not fire again.
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
