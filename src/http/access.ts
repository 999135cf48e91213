/** The gate before every route: who calls, and the scope needed. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Account, type Feed, type KeyScope, scopeAllows } from '../domain/directory.ts'
import { invalidField, UsageError } from '../domain/usage-error.ts'
import type { UsageStore } from '../storage/usage-store.ts'
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
  /** What credentials need. */
  readonly scope: KeyScope
}

/** One gate a scope. */
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
