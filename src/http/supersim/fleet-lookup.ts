/** Finds the fleet that a path or a parameter names, within what the caller may know. */
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { isDotSegment } from '../../domain/directory.ts'
import type { SimGroup } from '../../domain/sim-group.ts'
import { invalidField } from '../../domain/usage-error.ts'
import type { UsageStore } from '../../storage/usage-store.ts'
import { accountRequired, callerOf } from '../access.ts'
import { notFound } from '../error-reply.ts'

export const fleetParams = Type.Object({ FleetSidOrUniqueName: Type.String() })

type FleetRequest = FastifyRequest<{
  Params: { FleetSidOrUniqueName: string }
  Querystring: { AccountSid?: string }
}>

/** Throws `invalid` for a fleet that the account does not have. */
export async function fleetNamed(
  store: Pick<UsageStore, 'findGroup'>,
  accountId: number,
  name: string,
): Promise<SimGroup> {
  const fleet = await store.findGroup(accountId, name)
  if (fleet !== null) return fleet
  throw invalidField('Fleet', name, 'there is no such fleet')
}

/** Throws `not_found`, also for another account's fleet, as if it did not exist. */
export async function findFleet(
  store: Pick<UsageStore, 'findAccount' | 'findGroup'>,
  request: FleetRequest,
): Promise<SimGroup> {
  const account = await accountRequired(store, callerOf(request), request.query.AccountSid)
  const { FleetSidOrUniqueName } = request.params
  // Clients and proxies may remove such a segment, so it leads nowhere, even to a fleet of that name.
  if (isDotSegment(FleetSidOrUniqueName)) throw notFound()
  const fleet = await store.findGroup(account.id, FleetSidOrUniqueName)
  if (fleet === null) throw notFound()
  return fleet
}
