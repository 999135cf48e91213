/** Finding the SIM a path names, as far as the caller may know of it. */
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { isDotSegment, type Sim } from '../domain/directory.ts'
import type { UsageStore } from '../storage/usage-store.ts'
import { accountNamed, callerOf } from './access.ts'
import { notFound } from './error-reply.ts'

export const simParams = Type.Object({ SidOrUniqueName: Type.String() })

/** For operator keys; a caller with an account of its own need not and cannot choose. */
export const accountSidParameter = {
  AccountSid: Type.Optional(Type.String({ description: 'the account an operator key acts for' })),
}

export type SimRequest = FastifyRequest<{
  Params: { SidOrUniqueName: string }
  Querystring: { AccountSid?: string }
}>

/**
 * By SID or unique name within the account. The operator finds a SIM of any account by its SID,
 * and by its unique name where `AccountSid` says whose. Throws `not_found`, also for the SIM of
 * another account: as if it did not exist.
 */
export async function findSim(
  store: Pick<UsageStore, 'findAccount' | 'findSim'>,
  request: SimRequest,
): Promise<Sim> {
  const account = await accountNamed(store, callerOf(request), request.query.AccountSid)
  const { SidOrUniqueName } = request.params
  // A segment that clients and proxies may take away leads to no SIM, whatever its name is.
  if (isDotSegment(SidOrUniqueName)) throw notFound()
  const sim = await store.findSim(account?.id ?? null, SidOrUniqueName)
  if (sim === null) throw notFound()
  return sim
}
