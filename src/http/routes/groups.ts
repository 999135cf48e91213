/** `/Groups`: groups of SIMs. A SIM is in one group at a time. */
import type { FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import { parseUniqueName } from '../../domain/directory.ts'
import { newSid } from '../../domain/secret.ts'
import type { SimGroup } from '../../domain/sim-group.ts'
import { accountRequired, actingStore, callerOf } from '../access.ts'
import { notFound, pathOf } from '../error-reply.ts'
import { keysetLinks, keysetPage, keysetPageRequest, keysetRows } from '../keyset-page.ts'
import { listMeta, pageParameters } from '../list-page.ts'
import type { HttpServer, RouteContext } from '../route-context.ts'
import { failures } from '../schemas/error.ts'
import { groupSchema, groupsSchema, groupToApi } from '../schemas/group.ts'
import { accountSidParameter } from '../sim-lookup.ts'
import { parsedParameter } from '../validation.ts'

const nameParameter = {
  UniqueName: Type.Optional(
    parsedParameter('UniqueName', 'a name for the SID; empty takes it away', (text) =>
      parseUniqueName('UniqueName', text),
    ),
  ),
}
const creationBody = Type.Object({ ...accountSidParameter, ...nameParameter })
const changesBody = Type.Object(nameParameter, {
  refused: {
    AccountSid: 'a group stays with its account; an operator names the account in the query',
  },
})
const listQuery = Type.Object({ ...accountSidParameter, ...pageParameters })
const ofAccount = Type.Object(accountSidParameter)
const params = Type.Object({ SidOrName: Type.String() })

export function addGroupRoutes(server: HttpServer, context: RouteContext): void {
  const { store, clock, gates, baseUrlOf } = context

  server.get(
    '/v1/Groups',
    {
      onRequest: gates.read,
      schema: {
        operationId: 'listGroups',
        summary: 'Lists groups of SIMs',
        querystring: listQuery,
        response: { 200: groupsSchema, ...failures },
      },
    },
    (request) => groupList(context, request),
  )

  server.post(
    '/v1/Groups',
    {
      onRequest: gates.admin,
      schema: {
        operationId: 'createGroup',
        summary: 'Creates a group of SIMs',
        body: creationBody,
        response: { 201: groupSchema, ...failures },
      },
    },
    async (request, reply) => {
      const { AccountSid, UniqueName } = request.body
      const account = await accountRequired(store, callerOf(request), AccountSid)
      const uniqueName = UniqueName ? parseUniqueName('UniqueName', UniqueName) : null
      const group = await actingStore(context, request).createGroup(
        account.id,
        { sid: newSid('HF'), uniqueName, settings: {} },
        clock(),
      )
      reply.code(201)
      return groupToApi(group, baseUrlOf(request))
    },
  )

  server.get(
    '/v1/Groups/:SidOrName',
    {
      onRequest: gates.read,
      schema: {
        operationId: 'fetchGroup',
        summary: 'A group of SIMs',
        params,
        querystring: ofAccount,
        response: { 200: groupSchema, ...failures },
      },
    },
    async (request) => groupToApi(await findGroup(context, request), baseUrlOf(request)),
  )

  server.post(
    '/v1/Groups/:SidOrName',
    {
      onRequest: gates.admin,
      schema: {
        operationId: 'updateGroup',
        summary: 'Changes the name of a group',
        params,
        querystring: ofAccount,
        body: changesBody,
        response: { 200: groupSchema, ...failures },
      },
    },
    async (request) => {
      const known = await findGroup(context, request)
      const { UniqueName } = request.body
      const changes = UniqueName === undefined ? {} : { uniqueName: UniqueName }
      const acting = actingStore(context, request)
      return groupToApi(await acting.updateGroup(known.id, changes, clock()), baseUrlOf(request))
    },
  )
}

async function groupList(
  { store, tokens, baseUrlOf }: RouteContext,
  request: FastifyRequest<{ Querystring: Static<typeof listQuery> }>,
) {
  const { query } = request
  const account = await accountRequired(store, callerOf(request), query.AccountSid)
  const list = { kind: 'groups1', owner: account.id, filters: [] }
  const page = await keysetPage(query, list, tokens)
  const found = await keysetRows(page, (limit) =>
    store.listGroups({ accountId: account.id }, keysetPageRequest(page, limit)),
  )
  const baseUrl = baseUrlOf(request)
  return {
    groups: found.rows.map((group) => groupToApi(group, baseUrl)),
    meta: listMeta(
      {
        key: 'groups',
        location: baseUrl + pathOf(request.url),
        filters: [['AccountSid', query.AccountSid]],
      },
      await keysetLinks(page, found, query, tokens),
    ),
  }
}

type GroupRequest = FastifyRequest<{
  Params: Static<typeof params>
  Querystring: Static<typeof ofAccount>
}>

/** Throws `not_found`, also for another account's group, as if it did not exist. */
async function findGroup({ store }: RouteContext, request: GroupRequest): Promise<SimGroup> {
  const account = await accountRequired(store, callerOf(request), request.query.AccountSid)
  const group = await store.findGroup(account.id, request.params.SidOrName)
  if (group === null) throw notFound()
  return group
}
