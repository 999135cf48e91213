/** `/Sims`: the SIMs of an account, their registration, names and status. */
import { type Static, Type } from 'typebox'
import type { SimStatus } from '../../domain/directory.ts'
import { type Iccid, parseIccid } from '../../domain/identifiers.ts'
import { newSid } from '../../domain/secret.ts'

import {
  accountNamed,
  accountRequired,
  actingStore,
  callerOf,
  permissionDenied,
} from '../access.ts'

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
import type { HttpServer, RouteContext } from '../route-context.ts'
import { failures } from '../schemas/error.ts'
import { simSchema, simsSchema, simToApi } from '../schemas/sim.ts'
import { accountSidParameter, findSim, simParams } from '../sim-lookup.ts'
import {
  changesFromApi,
  registrationFromApi,
  simListQuery,
  simRegistrationBody,
  simUpdateBody,
} from '../sim-parameters.ts'
import { pointToSuperSim, SIGNS_IN_SIMS } from '../supersim/misdirected.ts'

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
    async (request) => {
      const { query } = request
      const caller = callerOf(request)
      const page = await keysetPage(query, simList(caller, query), tokens)
      const filter = await simFilter(context, caller, page.list)
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
            filters: [
              ['AccountSid', query.AccountSid],
              ['Iccid', query.Iccid],
              ['Status', query.Status],
            ],
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
}

/** Records name SIMs by them: an account that chose one freely could take another's usage. */
const NUMBERS = ['Sid', 'Iccid', 'Imsi', 'Msisdn'] as const

/** Throws 403 naming the numbers given; a SIM has at least one of them. */
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
        summary: 'Changes what is given of a SIM',
        params: simParams,
        querystring,
        body: simUpdateBody,
        response: { 200: simSchema, ...failures },
      },
    },
    async (request) => {
      const known = await findSim(store, request)
      const sim = await actingStore(context, request).updateSim(
        known.id,
        changesFromApi(request.body),
        clock(),
      )
      return simToApi(sim, baseUrlOf(request))
    },
  )
}

function simList(caller: Caller, { AccountSid, Iccid, Status }: SimListQuery): KeysetList {
  const accountSid = caller.account === null ? (AccountSid ?? null) : null
  const iccid = Iccid === undefined ? null : parseIccid(Iccid)
  const owner = caller.account?.id ?? null
  return { kind: 'sims1', owner, filters: [accountSid, iccid, Status ?? null] }
}

/** From the filters as the page token carries them, where there is one. */
async function simFilter({ store }: RouteContext, caller: Caller, { filters }: KeysetList) {
  const [accountSid, iccid, status] = filters
  const account = await accountNamed(store, caller, accountSid ?? undefined)
  return {
    ...(account !== null && { accountId: account.id }),
    ...(iccid != null && { iccid: iccid as Iccid }),
    ...(status != null && { status: status as SimStatus }),
  }
}
