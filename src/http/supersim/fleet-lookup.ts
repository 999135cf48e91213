/** Finding the fleet that a path or a parameter names, as far as the caller may know of it. */
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

/** Throws `invalid` for a fleet that the account has not. */
export async function fleetNamed(
  store: Pick<UsageStore, 'findGroup'>,
  accountId: number,
  name: string,
): Promise<SimGroup> {
  const fleet = await store.findGroup(accountId, name)
  if (fleet !== null) return fleet
  throw invalidField('Fleet', name, 'there is no such fleet')
}

/** Throws `not_found`, also for the fleet of another account: as if it did not exist. */
export async function findFleet(
  store: Pick<UsageStore, 'findAccount' | 'findGroup'>,
  request: FleetRequest,
): Promise<SimGroup> {
  const account = await accountRequired(store, callerOf(request), request.query.AccountSid)
  const { FleetSidOrUniqueName } = request.params
  // A segment that clients and proxies may take away leads nowhere, whatever its name is.
  if (isDotSegment(FleetSidOrUniqueName)) throw notFound()
  const fleet = await store.findGroup(account.id, FleetSidOrUniqueName)
  if (fleet === null) throw notFound()
  return fleet
}
