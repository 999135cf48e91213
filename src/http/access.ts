/** The gate before every route: credentials, how many requests at once, and the scope needed. */
import type { ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Account, type Feed, type KeyScope, scopeAllows } from '../domain/directory.ts'
import type { Sid } from '../domain/identifiers.ts'
import type { Limits } from '../domain/limits.ts'
import { invalidField, UsageError } from '../domain/usage-error.ts'
import type { UsageStore } from '../storage/usage-store.ts'
import type { AccessTokens } from './access-token.ts'
import { authenticate, type Caller, type DirectoryOfCallers, ExpiredToken } from './credentials.ts'
import { HttpError, notFound } from './error-reply.ts'
import type { KeyUses } from './key-uses.ts'
import type { LogIns } from './log-ins.ts'
import { TokenBuckets } from './token-buckets.ts'
import type { Turns } from './turns.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the gate; read it through `callerOf`. */
    caller: Caller | null
  }
}

export interface GateOptions {
  readonly store: DirectoryOfCallers
  readonly accessTokens: AccessTokens
  readonly limits: Pick<Limits, 'requestsInFlight' | 'requestRate' | 'requestBurst'>
  readonly logIns: LogIns
  readonly keyUses: KeyUses
  /** UTC seconds. */
  readonly clock: () => number
  /** Milliseconds of a clock that only goes forward. */
  readonly nowMs: () => number
}

export interface Gate {
  (request: FastifyRequest, reply: FastifyReply): Promise<void>
  /** What credentials need. */
  readonly scope: KeyScope
}

/**
 * Who shows this authorization. Throws 401, and 429 for too many requests of
 * theirs or too many wrong credentials from their address.
 */
export type LogIn = (
  request: FastifyRequest,
  reply: FastifyReply,
  authorization: string | undefined,
) => Promise<Caller>

/** What all gates, and whoever reads credentials from elsewhere, count into. */
export function buildLogIn(options: GateOptions): LogIn {
  const { limits, keyUses, clock, nowMs } = options
  const inFlight = new InFlightRequests(limits.requestsInFlight)
  const rate = { perSecond: limits.requestRate, burst: limits.requestBurst }
  const requests = new TokenBuckets(rate, nowMs)
  return async (request, reply, authorization) => {
    const now = clock()
    const caller = await identify(options, request, { authorization, now })
    if (caller.key !== null) keyUses.note(caller.key, now)
    requireRate(requests, caller.credentialSid, limits.requestRate)
    inFlight.enter(caller.credentialSid, reply.raw)
    return caller
  }
}

/** One gate a scope. */
export function buildGates(logIn: LogIn, turns: Turns): Record<KeyScope, Gate> {
  const gateFor = (scope: KeyScope): Gate => {
    const gate = async (request: FastifyRequest, reply: FastifyReply) => {
      const caller = await logIn(request, reply, request.headers.authorization)
      if (!scopeAllows(caller.scope, scope)) {
        throw permissionDenied(`this needs the scope "${scope}", the key has "${caller.scope}"`)
      }
      request.caller = caller
      const turn = turns.take()
      if (turn !== null) await turn
    }
    return Object.assign(gate, { scope })
  }
  return { read: gateFor('read'), ingest: gateFor('ingest'), admin: gateFor('admin') }
}

async function identify(
  { store, accessTokens, logIns }: GateOptions,
  request: FastifyRequest,
  { authorization, now }: { readonly authorization: string | undefined; readonly now: number },
): Promise<Caller> {
  logIns.require(request, authorization)
  try {
    const caller = await authenticate({ directory: store, accessTokens, now }, authorization)
    logIns.succeeded(request, caller.credentialSid)
    return caller
  } catch (error) {
    const isWrong = error instanceof HttpError && error.kind === 'unauthenticated'
    if (isWrong && !(error instanceof ExpiredToken)) logIns.failed(request, authorization)
    throw error
  }
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

export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === null) throw new Error('the route has no gate')
  return request.caller
}

/** The store, for a change that is logged as the caller's. */
export function actingStore(
  { store, clock }: { readonly store: UsageStore; readonly clock: () => number },
  request: FastifyRequest,
): UsageStore {
  return store.actingAs({ name: callerOf(request).credentialSid, clock })
}

export function permissionDenied(reason: string): HttpError {
  return new HttpError('permission_denied', `Permission Denied: ${reason}`)
}

/** Only the operator may: feeds belong to nobody else. */
export function requireOperator(caller: Caller): void {
  if (caller.account !== null) throw permissionDenied("this needs one of the operator's keys")
}

/**
 * The feed a caller delivers to, whose deliveries it takes back and counts later. Throws `not_found`,
 * for an account also where it has no grant: as if there were none.
 */
export async function feedToDeliverTo(
  store: Pick<UsageStore, 'findFeed' | 'findAccountFeed'>,
  { account }: Caller,
  name: string,
): Promise<Feed> {
  const known = account === null ? null : await store.findAccountFeed(account.id, name)
  const feed = account === null ? await store.findFeed(name) : known?.mayDeliver ? known.feed : null
  if (feed === null) throw notFound()
  return feed
}

/** The feed whose usage a caller may see: an account's by a grant, or by usage that it has brought. */
export async function feedToRead(
  store: Pick<UsageStore, 'findFeed' | 'findAccountFeed'>,
  { account }: Caller,
  name: string,
): Promise<Feed | null> {
  if (account === null) return store.findFeed(name)
  return (await store.findAccountFeed(account.id, name))?.feed ?? null
}

/**
 * The account a request is about: the caller's own, or for the operator the one `AccountSid`
 * names. Null when the operator names none. Throws `invalid` when there is no such account.
 */
export async function accountNamed(
  store: Pick<UsageStore, 'findAccount'>,
  caller: Caller,
  accountSid: string | undefined,
): Promise<Account | null> {
  if (caller.account !== null) return caller.account
  if (accountSid === undefined) return null
  const account = await store.findAccount(accountSid)
  if (account !== null) return account
  throw invalidField('AccountSid', accountSid, 'there is no such account')
}

/** As `accountNamed`, where the operator has to name one. */
export async function accountRequired(
  store: Pick<UsageStore, 'findAccount'>,
  caller: Caller,
  accountSid: string | undefined,
): Promise<Account> {
  const account = await accountNamed(store, caller, accountSid)
  if (account !== null) return account
  throw new UsageError(
    'invalid',
    'AccountSid is missing: an operator key has to name the account',
    {
      field: 'AccountSid',
    },
  )
}
