/** Finds the SIM that a path names, within what the caller may know. */
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { isDotSegment, type Sim } from '../domain/directory.ts'
import type { HeldSim } from '../domain/sim-tenure.ts'
import { formatInstant } from '../domain/time.ts'
import type { UsageStore } from '../storage/usage-store.ts'
import { accountNamed, callerOf } from './access.ts'
import { HttpError, notFound, shownPath } from './error-reply.ts'

export const simParams = Type.Object({ SidOrUniqueName: Type.String() })

/** For operator keys. Other callers have an account of their own and cannot choose. */
export const accountSidParameter = {
  AccountSid: Type.Optional(Type.String({ description: 'the account an operator key acts for' })),
}

export type SimRequest = FastifyRequest<{
  Params: { SidOrUniqueName: string }
  Querystring: { AccountSid?: string }
}>

/**
 * By SID or unique name within the account. The operator finds any account's SIM by its SID and, if
 * `AccountSid` names the account, by its unique name. Throws `not_found`, also for another account's SIM, as
 * if it did not exist.
 */
export async function findSim(
  store: Pick<UsageStore, 'findAccount' | 'findSim' | 'findHeldSim'>,
  request: SimRequest,
): Promise<Sim> {
  const accountId = await accountIdOf(store, request)
  const name = nameOf(request)
  const sim = await store.findSim(accountId, name)
  if (sim !== null) return sim
  const held = await store.findHeldSim(accountId, name)
  throw held === null ? notFound() : movedAway(request, held)
}

/**
 * As `findSim`, but also finds a SIM that has left the account, whose usage until then stays the account's.
 */
export async function findHeldSim(
  store: Pick<UsageStore, 'findAccount' | 'findHeldSim'>,
  request: SimRequest,
): Promise<HeldSim> {
  const sim = await store.findHeldSim(await accountIdOf(store, request), nameOf(request))
  if (sim === null) throw notFound()
  return sim
}

async function accountIdOf(
  store: Pick<UsageStore, 'findAccount'>,
  request: SimRequest,
): Promise<number | null> {
  return (await accountNamed(store, callerOf(request), request.query.AccountSid))?.id ?? null
}

/** Clients and proxies may remove such a segment, so it leads to no SIM, even to one of that name. */
function nameOf({ params: { SidOrUniqueName } }: SimRequest): string {
  if (isDotSegment(SidOrUniqueName)) throw notFound()
  return SidOrUniqueName
}

function movedAway(request: SimRequest, { sid, leftAt }: HeldSim): HttpError {
  return new HttpError(
    'not_found',
    `The requested resource ${shownPath(request)} was not found: the SIM has moved to another account at ` +
      `${formatInstant(leftAt!)}; what it used before is found under /v1/Sims/${sid}/UsageRecords`,
  )
}
