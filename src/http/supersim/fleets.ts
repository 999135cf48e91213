/** `/supersim/v1/Fleets`: an account's groups in the form of the Super SIM API. */
import { Type } from 'typebox'
import { parseUniqueName } from '../../domain/directory.ts'
import { newSid } from '../../domain/secret.ts'
import type { SimGroup } from '../../domain/sim-group.ts'
import type { PageRequest, UsageStore } from '../../storage/usage-store.ts'
import { accountRequired, actingStore, callerOf } from '../access.ts'
import { pathOf } from '../error-reply.ts'
import { keysetLinks, keysetPage, keysetPageRequest, keysetRows } from '../keyset-page.ts'
import { listMeta, PAGE_SIZE_MAX } from '../list-page.ts'
import type { HttpServer, RouteContext } from '../route-context.ts'
import { failures } from '../schemas/error.ts'
import { accountSidParameter } from '../sim-lookup.ts'
import { SUPER_SIM_PREFIX } from './address.ts'
import { findFleet, fleetParams } from './fleet-lookup.ts'
import {
  fleetCreateBody,
  fleetListQuery,
  fleetToApi,
  fleetUpdateBody,
  profileSidOf,
  settingsFromApi,
  sidOfProfile,
} from './fleet-settings.ts'
import { fleetSchema, fleetsSchema } from './schemas.ts'

const FLEETS = `${SUPER_SIM_PREFIX}/v1/Fleets`

export function addFleetRoutes(server: HttpServer, context: RouteContext): void {
  const { store, clock, gates, tokens, baseUrlOf } = context

  server.get(
    FLEETS,
    {
      onRequest: gates.read,
      schema: {
        operationId: 'listFleets',
        summary: 'Lists fleets, which are the groups of SIMs',
        querystring: fleetListQuery,
        response: { 200: fleetsSchema, ...failures },
      },
    },
    async (request) => {
      const { query } = request
      const account = await accountRequired(store, callerOf(request), query.AccountSid)
      const asked = query.NetworkAccessProfile
      const profile = asked === undefined ? null : sidOfProfile(asked)
      const list = { kind: 'fleets1', owner: account.id, filters: [profile] }
      const page = await keysetPage(query, list, tokens)
      const found = await keysetRows(page, (limit) =>
        listWithProfile(
          store,
          account.id,
          page.list.filters[0] ?? null,
          keysetPageRequest(page, limit),
        ),
      )
      const baseUrl = baseUrlOf(request)
      return {
        fleets: found.rows.map((fleet) => fleetToApi(fleet, baseUrl)),
        meta: listMeta(
          {
            key: 'fleets',
            location: baseUrl + pathOf(request.url),
            filters: [
              ['AccountSid', query.AccountSid],
              ['NetworkAccessProfile', asked],
            ],
          },
          await keysetLinks(page, found, query, tokens),
        ),
      }
    },
  )

  server.post(
    FLEETS,
    {
      onRequest: gates.admin,
      schema: {
        operationId: 'createFleet',
        summary: 'Makes a fleet',
        body: fleetCreateBody,
        response: { 201: fleetSchema, ...failures },
      },
    },
    async (request, reply) => {
      const { body } = request
      const account = await accountRequired(store, callerOf(request), body.AccountSid)
      const uniqueName = parseUniqueName('UniqueName', body.UniqueName ?? '') || null
      const group = { sid: newSid('HF'), uniqueName, settings: settingsFromApi(body) }
      const fleet = await actingStore(context, request).createGroup(account.id, group, clock())
      reply.code(201)
      return fleetToApi(fleet, baseUrlOf(request))
    },
  )
  addSingleFleetRoutes(server, context)
}

function addSingleFleetRoutes(server: HttpServer, context: RouteContext): void {
  const { store, clock, gates, baseUrlOf } = context
  const path = `${FLEETS}/:FleetSidOrUniqueName`
  const querystring = Type.Object(accountSidParameter)

  server.get(
    path,
    {
      onRequest: gates.read,
      schema: {
        operationId: 'fetchFleet',
        summary: 'A fleet',
        params: fleetParams,
        querystring,
        response: { 200: fleetSchema, ...failures },
      },
    },
    async (request) => fleetToApi(await findFleet(store, request), baseUrlOf(request)),
  )

  server.post(
    path,
    {
      onRequest: gates.admin,
      schema: {
        operationId: 'updateFleet',
        summary: 'Changes the given properties of a fleet',
        params: fleetParams,
        querystring,
        body: fleetUpdateBody,
        response: { 200: fleetSchema, ...failures },
      },
    },
    async (request) => {
      const { body } = request
      const { id } = await findFleet(store, request)
      const { UniqueName } = body
      const changes = {
        ...(UniqueName !== undefined && { uniqueName: parseUniqueName('UniqueName', UniqueName) }),
        settings: settingsFromApi(body),
      }
      const fleet = await actingStore(context, request).updateGroup(id, changes, clock())
      return fleetToApi(fleet, baseUrlOf(request))
    },
  )
}

/** An account has a few hundred fleets, so those with the profile are found by looking at all. */
async function listWithProfile(
  store: Pick<UsageStore, 'listGroups'>,
  accountId: number,
  profile: string | null,
  page: PageRequest,
): Promise<SimGroup[]> {
  if (profile === null) return store.listGroups({ accountId }, page)
  const isBackwards = page.beforeId !== undefined
  const found: SimGroup[] = []
  let at: PageRequest = { ...page, limit: PAGE_SIZE_MAX }
  while (found.length < page.limit) {
    const read = await store.listGroups({ accountId }, at)
    const fitting = read.filter((fleet) => profileSidOf(fleet) === profile)
    if (isBackwards) found.unshift(...fitting)
    else found.push(...fitting)
    if (read.length < PAGE_SIZE_MAX) break
    at = isBackwards
      ? { limit: PAGE_SIZE_MAX, beforeId: read[0]!.id }
      : { limit: PAGE_SIZE_MAX, afterId: read.at(-1)!.id }
  }
  return isBackwards ? found.slice(-page.limit) : found.slice(0, page.limit)
}
