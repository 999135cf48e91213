/** `/supersim/v1/Sims`: an account's SIMs in the form of the Super SIM API. */
import { type Static, Type } from 'typebox'
import { parseUniqueName, type Sim, type SimChanges } from '../../domain/directory.ts'
import { type Iccid, parseIccid } from '../../domain/identifiers.ts'
import { newSid } from '../../domain/secret.ts'
import { UsageError } from '../../domain/usage-error.ts'
import type { PageRequest, SimFilter, UsageStore } from '../../storage/usage-store.ts'
import { accountRequired, actingStore, callerOf } from '../access.ts'
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
import { refuseNumbers } from '../routes/sims.ts'
import { failures } from '../schemas/error.ts'
import { requireFreeName } from '../sim-assignment.ts'
import { accountSidParameter, findSim, simParams } from '../sim-lookup.ts'
import { moved, moveFromApi, refuseBesideMove } from '../sim-move.ts'
import { SUPER_SIM_PREFIX } from './address.ts'
import { fleetNamed } from './fleet-lookup.ts'
import { superSimSchema, superSimsSchema } from './schemas.ts'
import {
  superSimCreateBody,
  superSimListQuery,
  superSimToApi,
  superSimUpdateBody,
} from './sim-parameters.ts'
import {
  changedStatus,
  type SUPER_SIM_STATUS_CHANGES,
  type SuperSimStatus,
  statusesShownAs,
} from './sim-status.ts'

const SIMS = `${SUPER_SIM_PREFIX}/v1/Sims`

export function addSuperSimRoutes(server: HttpServer, context: RouteContext): void {
  const { store, clock, gates, tokens, baseUrlOf } = context

  server.get(
    SIMS,
    {
      onRequest: gates.read,
      schema: {
        operationId: 'listSuperSims',
        summary: 'Lists SIMs, as the Super SIM API has them',
        querystring: superSimListQuery,
        response: { 200: superSimsSchema, ...failures },
      },
    },
    async (request) => {
      const { query } = request
      const account = await accountRequired(store, callerOf(request), query.AccountSid)
      const page = await keysetPage(query, await simList(store, account.id, query), tokens)
      const found = await keysetRows(page, (limit) =>
        listShownAs(store, account.id, page.list, keysetPageRequest(page, limit)),
      )
      const toApi = await superSimsToApi(store, found.rows)
      const baseUrl = baseUrlOf(request)
      return {
        sims: found.rows.map((sim) => toApi(sim, baseUrl)),
        meta: listMeta(
          {
            key: 'sims',
            location: baseUrl + pathOf(request.url),
            filters: [
              ['AccountSid', query.AccountSid],
              ['Status', query.Status],
              ['Fleet', query.Fleet],
              ['Iccid', query.Iccid],
            ],
          },
          await keysetLinks(page, found, query, tokens),
        ),
      }
    },
  )

  server.post(
    SIMS,
    {
      onRequest: gates.admin,
      schema: {
        operationId: 'createSuperSim',
        summary: 'Registers a SIM by its ICCID',
        body: superSimCreateBody,
        response: { 201: superSimSchema, ...failures },
      },
    },
    async (request, reply) => {
      const { AccountSid, Iccid } = request.body
      const caller = callerOf(request)
      const account = await accountRequired(store, caller, AccountSid)
      if (!Iccid) throw new UsageError('invalid', 'Iccid is missing: a SIM is registered by it')
      if (caller.account?.mayRegisterNumbers === false) refuseNumbers({ Iccid })
      const sim = await actingStore(context, request).createSim(
        account.id,
        { iccid: parseIccid(Iccid), status: 'new' },
        { at: clock(), newSid: () => newSid('HS') },
      )
      reply.code(201)
      return superSimToApi(sim, null, baseUrlOf(request))
    },
  )
  addSingleSuperSimRoutes(server, context)
}

function addSingleSuperSimRoutes(server: HttpServer, context: RouteContext): void {
  const { store, clock, gates, baseUrlOf } = context
  const querystring = Type.Object(accountSidParameter)

  server.get(
    `${SIMS}/:SidOrUniqueName`,
    {
      onRequest: gates.read,
      schema: {
        operationId: 'fetchSuperSim',
        summary: 'A SIM, as the Super SIM API has it',
        params: simParams,
        querystring,
        response: { 200: superSimSchema, ...failures },
      },
    },
    async (request) => {
      const sim = await findSim(store, request)
      const toApi = await superSimsToApi(store, [sim])
      return toApi(sim, baseUrlOf(request))
    },
  )

  server.post(
    `${SIMS}/:SidOrUniqueName`,
    {
      onRequest: gates.admin,
      schema: {
        operationId: 'updateSuperSim',
        summary: 'Changes the name, the status, the fleet and the account of a SIM',
        params: simParams,
        querystring,
        body: superSimUpdateBody,
        response: { 200: superSimSchema, ...failures },
      },
    },
    async (request) => {
      const { body } = request
      const known = await findSim(store, request)
      const at = clock()
      // Comes first, so that an unknown fleet or account changes nothing.
      const fleet = body.Fleet ? await fleetNamed(store, known.accountId, body.Fleet) : null
      const changes = changesFromApi(known, body)
      const acting = actingStore(context, request)
      const move = await moveFromApi(store, callerOf(request), body, at)
      if (move !== null) {
        refuseBesideMove('Fleet', body.Fleet)
        await requireFreeName(store, { id: known.id, accountId: move.toAccountId }, changes)
        await moved(acting.moveSim(known.id, move, at))
      }
      const sim = await acting.updateSim(known.id, changes, at)
      if (body.Fleet !== undefined) {
        // Earlier usage stays where it was used, even if that was in no fleet.
        const assignment = { simId: sim.id, groupId: fleet?.id ?? null, since: at }
        await acting.assignSims(sim.accountId, [assignment], at)
      }
      const toApi = await superSimsToApi(store, [sim])
      return toApi(sim, baseUrlOf(request))
    },
  )
}

function changesFromApi(known: Sim, body: Static<typeof superSimUpdateBody>): SimChanges {
  const { UniqueName, Status } = body
  const status = Status as (typeof SUPER_SIM_STATUS_CHANGES)[number] | '' | undefined
  return {
    ...(UniqueName !== undefined && { uniqueName: parseUniqueName('UniqueName', UniqueName) }),
    ...(status && { status: changedStatus(known.status, status) }),
  }
}

async function superSimsToApi(store: Pick<UsageStore, 'simPlaces'>, sims: readonly Sim[]) {
  const places = await store.simPlaces(sims.map(({ id }) => id))
  return (sim: Sim, baseUrl: string) =>
    superSimToApi(sim, places.get(sim.id)?.group?.sid ?? null, baseUrl)
}

async function simList(
  store: Pick<UsageStore, 'findGroup'>,
  accountId: number,
  { Status, Fleet, Iccid }: Static<typeof superSimListQuery>,
): Promise<KeysetList> {
  const fleet = Fleet === undefined ? null : await fleetNamed(store, accountId, Fleet)
  const iccid = Iccid === undefined ? null : parseIccid(Iccid)
  const filters = [Status ?? null, fleet === null ? null : String(fleet.id), iccid]
  return { kind: 'supersims1', owner: accountId, filters }
}

/** Reads each status that the filter stands for by itself, in the order of the whole list. */
async function listShownAs(
  store: Pick<UsageStore, 'listSims'>,
  accountId: number,
  { filters }: KeysetList,
  page: PageRequest,
): Promise<Sim[]> {
  const [shown, fleet, iccid] = filters
  const filter: SimFilter = {
    accountId,
    ...(fleet != null && { groupId: Number(fleet) }),
    ...(iccid != null && { iccid: iccid as Iccid }),
  }
  if (shown == null) return store.listSims(filter, page)
  const lists = await Promise.all(
    statusesShownAs(shown as SuperSimStatus).map((status) =>
      store.listSims({ ...filter, status }, page),
    ),
  )
  const sims = lists.flat().sort((a, b) => a.id - b.id)
  return page.beforeId === undefined ? sims.slice(0, page.limit) : sims.slice(-page.limit)
}
