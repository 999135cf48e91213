/** `/Sims`: the SIMs of an account, with their registration, names and status. */
import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { type Static, Type } from 'typebox'
import { parseSearch, type SimStatus } from '../../domain/directory.ts'
import { parseSilence } from '../../domain/feed-statements.ts'
import { type Iccid, parseIccid } from '../../domain/identifiers.ts'
import { newSid } from '../../domain/secret.ts'
import { parseLabel } from '../../domain/sim-group.ts'
import type { SimFilter } from '../../storage/usage-store.ts'

import {
  accountNamed,
  accountRequired,
  actingStore,
  callerOf,
  permissionDenied,
} from '../access.ts'

import { type AnswerFormat, acceptedFormat, TYPE_OF_FORMAT } from '../answer-format.ts'
import type { Caller } from '../credentials.ts'
import { pathOf } from '../error-reply.ts'
import {
  type KeysetList,
  keysetLinks,
  keysetPage,
  keysetPageRequest,
  keysetRows,
} from '../keyset-page.ts'
import { listMeta } from '../list-page.ts'
import { groupIdOf } from '../question-page.ts'
import type { HttpServer, RouteContext } from '../route-context.ts'
import { failures } from '../schemas/error.ts'
import { membershipSchema, membershipToApi } from '../schemas/group.ts'
import { simSchema, simsSchema, simToApi } from '../schemas/sim.ts'
import { assignmentFromApi, requireFreeName } from '../sim-assignment.ts'
import { simLines } from '../sim-lines.ts'
import { accountSidParameter, findSim, simParams } from '../sim-lookup.ts'
import { moved, moveFromApi, refuseBesideMove } from '../sim-move.ts'
import {
  changesFromApi,
  registrationFromApi,
  simListQuery,
  simRegistrationBody,
  simUpdateBody,
} from '../sim-parameters.ts'
import { pointToSuperSim, SIGNS_IN_SIMS } from '../supersim/misdirected.ts'
import { addVary } from '../vary.ts'

type SimListQuery = Static<typeof simListQuery>

export function addSimRoutes(server: HttpServer, context: RouteContext): void {
  const { store, clock, gates, tokens, baseUrlOf } = context
  const errorHandler = pointToSuperSim(baseUrlOf, SIGNS_IN_SIMS)

  server.get(
    '/v1/Sims',
    {
      onRequest: gates.read,
      errorHandler,
      schema: {
        operationId: 'listSims',
        summary: 'Lists SIMs',
        querystring: simListQuery,
        response: { 200: simsSchema, ...failures },
      },
    },
    async (request, reply) => {
      const { query, method } = request
      const caller = callerOf(request)
      const page = await keysetPage(query, simList(caller, query, clock()), tokens)
      const filter = await simFilter(context, caller, page.list)
      // Even if a parameter states the format: a cache may keep the answer for callers without it.
      addVary(reply, 'Accept')
      const format = (query.Format as AnswerFormat) ?? acceptedFormat(request.headers.accept)
      if (format !== 'json') {
        const lines = await simLines(page, {
          ...{ store, filter, format, baseUrl: baseUrlOf(request) },
          // For HEAD, reads no more than the headers need.
          isWhole: query.PageSize === undefined && method !== 'HEAD' && !page.backwards,
          nextTurn: () => context.turns.next(),
        })
        return sendLines(reply, format, lines)
      }
      const found = await keysetRows(page, (limit) =>
        store.listSims(filter, keysetPageRequest(page, limit)),
      )
      const baseUrl = baseUrlOf(request)
      return {
        sims: found.rows.map((sim) => simToApi(sim, baseUrl)),
        meta: listMeta(
          {
            key: 'sims',
            location: baseUrl + pathOf(request.url),
            filters: FILTERS.map((name) => [name, query[name]] as const),
          },
          await keysetLinks(page, found, query, tokens),
        ),
      }
    },
  )

  server.post(
    '/v1/Sims',
    {
      onRequest: gates.admin,
      errorHandler,
      schema: {
        operationId: 'createSim',
        summary: 'Registers a SIM',
        body: simRegistrationBody,
        response: { 201: simSchema, ...failures },
      },
    },
    async (request, reply) => {
      const { body } = request
      const caller = callerOf(request)
      const account = await accountRequired(store, caller, body.AccountSid)
      if (caller.account?.mayRegisterNumbers === false) refuseNumbers(body)
      const options = { at: clock(), newSid: () => newSid('DE') }
      const sim = await actingStore(context, request).createSim(
        account.id,
        registrationFromApi(body),
        options,
      )
      reply.code(201)
      return simToApi(sim, baseUrlOf(request))
    },
  )
  addSingleSimRoutes(server, context)
  addMembershipRoute(server, context)
}

/** Lines do not fit the schema, which describes the list as JSON. */
function sendLines(
  reply: FastifyReply,
  format: AnswerFormat,
  lines: AsyncIterable<string>,
): FastifyReply {
  return reply.type(TYPE_OF_FORMAT[format]).send(Readable.from(lines))
}

/** Records name SIMs by these numbers: an account free to choose one could take another's usage. */
const NUMBERS = ['Sid', 'Iccid', 'Imsi', 'Msisdn'] as const

/** Throws 403, naming the given numbers. A SIM has at least one of them. */
export function refuseNumbers(body: Static<typeof simRegistrationBody>): never {
  const given = NUMBERS.filter((name) => body[name])
  const named = given.length === 0 ? 'Iccid or Imsi' : given.join(', ')
  throw permissionDenied(
    `${named}: SIMs and their numbers are registered by the operator, unless it allows the account ` +
      'to (MayRegisterNumbers); names and status can be changed',
  )
}

function addSingleSimRoutes(server: HttpServer, context: RouteContext): void {
  const { store, clock, gates, baseUrlOf } = context
  const querystring = Type.Object(accountSidParameter)

  server.get(
    '/v1/Sims/:SidOrUniqueName',
    {
      onRequest: gates.read,
      schema: {
        operationId: 'fetchSim',
        summary: 'A SIM',
        params: simParams,
        querystring,
        response: { 200: simSchema, ...failures },
      },
    },
    async (request) => simToApi(await findSim(store, request), baseUrlOf(request)),
  )

  server.post(
    '/v1/Sims/:SidOrUniqueName',
    {
      onRequest: gates.admin,
      errorHandler: pointToSuperSim(baseUrlOf, SIGNS_IN_SIMS),
      schema: {
        operationId: 'updateSim',
        summary:
          'Changes the given properties of a SIM, puts it into a group, labels it, or moves it',
        params: simParams,
        querystring,
        body: simUpdateBody,
        response: { 200: simSchema, ...failures },
      },
    },
    async (request) => {
      const known = await findSim(store, request)
      const at = clock()
      const { body } = request
      const acting = actingStore(context, request)
      const changes = changesFromApi(body)
      const move = await moveFromApi(store, callerOf(request), body, at)
      if (move !== null) for (const name of PLACES) refuseBesideMove(name, body[name])
      const assignment = move === null ? await assignmentFromApi(store, known, body, at) : null
      // First everything that may be refused.
      if (assignment !== null || move !== null) {
        const accountId = move?.toAccountId ?? known.accountId
        await requireFreeName(store, { id: known.id, accountId }, changes)
      }
      if (assignment !== null) await acting.assignSims(known.accountId, [assignment], at)
      const placed = move === null ? known : (await moved(acting.moveSim(known.id, move, at))).sim
      const isPlaced = assignment !== null || move !== null
      const isUpdated = !isPlaced || Object.keys(changes).length > 0
      const sim = isUpdated ? await acting.updateSim(known.id, changes, at) : placed
      return simToApi(sim, baseUrlOf(request))
    },
  )
}

/** Parameters by which an account groups and labels its SIM. */
const PLACES = ['Group', 'Label'] as const

/** A route beside the SIM itself, whose fields are those of the original API. */
function addMembershipRoute(server: HttpServer, { store, gates, baseUrlOf }: RouteContext): void {
  server.get(
    '/v1/Sims/:SidOrUniqueName/Membership',
    {
      onRequest: gates.read,
      schema: {
        operationId: 'fetchSimMembership',
        summary: 'The current group and labels of a SIM',
        params: simParams,
        querystring: Type.Object(accountSidParameter),
        response: { 200: membershipSchema, ...failures },
      },
    },
    async (request) => {
      const sim = await findSim(store, request)
      const place = (await store.simPlaces([sim.id])).get(sim.id)!
      return membershipToApi(sim, place, baseUrlOf(request))
    },
  )
}

/** In the order in which URLs name them. */
const FILTERS = [
  ...['AccountSid', 'Iccid', 'Status', 'Search', 'Group', 'Label', 'Silent', 'Format'],
] as const

/** Silence is measured from `nowSeconds`. The token keeps it, so that all pages agree. */
function simList(caller: Caller, query: SimListQuery, nowSeconds: number): KeysetList {
  const { AccountSid, Iccid, Status, Search, Group, Label, Silent, PageToken } = query
  const accountSid = caller.account === null ? (AccountSid ?? null) : null
  const iccid = Iccid === undefined ? null : parseIccid(Iccid)
  const owner = caller.account?.id ?? null
  const since =
    Silent === undefined || PageToken !== undefined
      ? null
      : String(nowSeconds - parseSilence('Silent', Silent))
  const stated = [Status, Search, Group, Label, Silent].map((filter) => filter ?? null)
  return { kind: 'sims2', owner, filters: [accountSid, iccid, ...stated, since] }
}

/** The filters come from the page token if there is one. */
async function simFilter(
  { store }: RouteContext,
  caller: Caller,
  { filters }: KeysetList,
): Promise<SimFilter> {
  const [accountSid, iccid, status, search, group, label, , silentSince] = filters
  const named = accountSid ?? undefined
  const account =
    group == null
      ? await accountNamed(store, caller, named)
      : await accountRequired(store, caller, named)
  return {
    ...(account !== null && { accountId: account.id }),
    ...(iccid != null && { iccid: iccid as Iccid }),
    ...(status != null && { status: status as SimStatus }),
    ...(search != null && { search: parseSearch('Search', search) }),
    ...(group != null && { groupId: await groupIdOf(store, account!.id, group) }),
    ...(label != null && { label: parseLabel(label, 'Label') }),
    ...(silentSince != null && { silentSince: Number(silentSince) }),
  }
}
