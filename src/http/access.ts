/** The gate before every route: who calls, and which scope the route needs. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Account, type Feed, type KeyScope, scopeAllows } from '../domain/directory.ts'
import { invalidField, UsageError } from '../domain/usage-error.ts'
import type { UsageStore } from '../storage/usage-store.ts'
import type { ActingStores } from './acting-stores.ts'
import type { Admission } from './admission.ts'
import type { ConsoleSessions } from './console/sessions.ts'
import type { Caller } from './credentials.ts'
import { HttpError, notFound } from './error-reply.ts'
import type { Turns } from './turns.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the gate; read it through `callerOf`. */
    caller: Caller | null
  }
}

export interface Gate {
  (request: FastifyRequest, reply: FastifyReply): Promise<void>
  /** The scope that credentials need. */
  readonly scope: KeyScope
}

/** One gate for each scope. */
export function buildGates({
  admission,
  sessions,
  turns,
}: {
  readonly admission: Admission
  readonly sessions: ConsoleSessions
  readonly turns: Turns
}): Record<KeyScope, Gate> {
  const gateFor = (scope: KeyScope): Gate => {
    const gate = async (request: FastifyRequest, reply: FastifyReply) => {
      const caller = sessions.decideFor(request)
        ? (await admission.bySession(request, reply)).caller
        : await admission.byAuthorization(request, reply, request.headers.authorization)
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

export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === null) throw new Error('the route has no gate')
  return request.caller
}

/** The store, for a change that is logged under the caller's name. */
export function actingStore(
  { actingStores }: { readonly actingStores: ActingStores },
  request: FastifyRequest,
): UsageStore {
  return actingStores.of(callerOf(request).credentialSid)
}

export function permissionDenied(reason: string): HttpError {
  return new HttpError('permission_denied', `Permission Denied: ${reason}`)
}

/** Only the operator may: feeds belong to no account. */
export function requireOperator(caller: Caller): void {
  if (caller.account !== null) throw permissionDenied("this needs one of the operator's keys")
}

/**
 * A feed that the caller may deliver to, and whose deliveries it may undo or recycle. Throws `not_found`,
 * also for an account without a grant: to that account, the feed does not exist.
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

/**
 * A feed whose usage the caller may see: an account needs a grant, or usage that the feed delivered for it.
 */
export async function feedToRead(
  store: Pick<UsageStore, 'findFeed' | 'findAccountFeed'>,
  { account }: Caller,
  name: string,
): Promise<Feed | null> {
  if (account === null) return store.findFeed(name)
  return (await store.findAccountFeed(account.id, name))?.feed ?? null
}

/**
 * The account that a request is about: the caller's own or, for the operator, the one that `AccountSid`
 * names. Null if the operator names none. Throws `invalid` if no such account exists.
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

/** As `accountNamed`, but the operator has to name one. */
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
