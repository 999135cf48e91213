/** `/Imports/{id}/Quarantine`: lists the records in quarantine, counts them after all, or deletes them. */
import { Type } from 'typebox'
import type { Feed } from '../../domain/directory.ts'
import { recordCount } from '../../domain/import.ts'
import { discardRecords } from '../../ingest/discard-records.ts'
import { recycleRecords } from '../../ingest/recycle-records.ts'
import { actingStore, callerOf, feedToDeliverTo, permissionDenied } from '../access.ts'
import type { Caller } from '../credentials.ts'
import { notFound, pathOf } from '../error-reply.ts'
import { findImport, findImportToChange, importAddress } from '../import-lookup.ts'
import { refuseInSids } from '../import-sids.ts'
import { keysetLinks, keysetPage, keysetRows } from '../keyset-page.ts'
import { listMeta, pageParameters } from '../list-page.ts'
import {
  acceptanceFromApi,
  conflictAcceptanceBody,
  discardBody,
  discardFromApi,
} from '../quarantine-parameters.ts'
import type { HttpServer, RouteContext } from '../route-context.ts'
import { failures } from '../schemas/error.ts'
import {
  discardedSchema,
  importToApi,
  quarantineEntryToApi,
  quarantineSchema,
  recycledSchema,
  recycledToApi,
} from '../schemas/import.ts'

const querystring = Type.Object(pageParameters)
const params = Type.Object({ id: Type.String() })

export function addQuarantineRoutes(server: HttpServer, context: RouteContext): void {
  addListRoute(server, context)
  addRecycleRoute(server, context)
  addAcceptRoute(server, context)
  addDiscardRoute(server, context)
}

function addListRoute(server: HttpServer, context: RouteContext): void {
  const { store, gates, tokens } = context
  server.get(
    '/v1/Imports/:id/Quarantine',
    {
      onRequest: gates.read,
      schema: {
        operationId: 'listQuarantine',
        summary: 'Lists the records of a delivery that could not be counted',
        params,
        querystring,
        response: { 200: quarantineSchema, ...failures },
      },
    },
    async (request) => {
      const { id } = await findImport(store, callerOf(request), request.params.id)
      const list = { kind: 'quarantine1', owner: id, filters: [] }
      const page = await keysetPage(request.query, list, tokens)
      const { rows, next } = await keysetRows(page, (limit) =>
        store.listQuarantine({ importId: id }, { limit, afterId: page.cursor ?? 0 }),
      )
      const links = await keysetLinks(page, { next, previous: null }, request.query, tokens)
      const { baseUrl, sids } = await importAddress(context, request)
      const location = baseUrl + pathOf(request.url)
      return {
        quarantine: rows.map((entry) => quarantineEntryToApi(entry, sids)),
        meta: listMeta({ key: 'quarantine', location, filters: [] }, links),
      }
    },
  )
}

function addRecycleRoute(server: HttpServer, context: RouteContext): void {
  const { store, clock, gates } = context
  server.post(
    '/v1/Imports/:id/Quarantine/Recycle',
    {
      onRequest: gates.admin,
      schema: {
        operationId: 'recycleQuarantine',
        summary: 'Counts the quarantined records of a delivery that can be counted now',
        params,
        response: { 200: recycledSchema, ...failures },
      },
    },
    async (request) => {
      const { id } = await findImportToChange(store, callerOf(request), request.params.id)
      const address = await importAddress(context, request)
      const acting = actingStore(context, request)
      const recycling = recycleRecords({ store: acting, filter: { importId: id }, clock })
      const summary = await recycling.catch((error: unknown) => refuseInSids(error, address.sids))
      const now = await findImport(store, callerOf(request), request.params.id)
      return recycledToApi(now, summary, address)
    },
  )
}

function addAcceptRoute(server: HttpServer, context: RouteContext): void {
  const { store, clock, gates } = context
  server.post(
    '/v1/Imports/:id/Quarantine/Accept',
    {
      onRequest: gates.admin,
      schema: {
        operationId: 'acceptConflict',
        summary: 'Lets a conflict count in place of what it contradicts',
        params,
        body: conflictAcceptanceBody,
        response: { 200: recycledSchema, ...failures },
      },
    },
    async (request) => {
      const caller = callerOf(request)
      const { id, feedName } = await findImportToChange(store, caller, request.params.id)
      requireToDecide(caller, await feedToDeliverTo(store, caller, feedName))
      const { line, acceptance } = acceptanceFromApi(request.body)
      const acting = actingStore(context, request)
      const filter = { importId: id, reason: 'conflict', line } as const
      const summary = await recycleRecords({ store: acting, filter, clock, acceptance })
      if (recordCount(summary.counts) === 0) throw notFound()
      const now = await findImport(store, caller, request.params.id)
      return recycledToApi(now, summary, await importAddress(context, request))
    },
  )
}

function addDiscardRoute(server: HttpServer, context: RouteContext): void {
  const { store, gates } = context
  server.post(
    '/v1/Imports/:id/Quarantine/Discard',
    {
      onRequest: gates.admin,
      schema: {
        operationId: 'discardQuarantine',
        summary: 'Deletes quarantined records of a delivery that must never count',
        params,
        body: discardBody,
        response: { 200: discardedSchema, ...failures },
      },
    },
    async (request) => {
      const caller = callerOf(request)
      const { id } = await findImportToChange(store, caller, request.params.id)
      const { filter, decision } = discardFromApi(request.body)
      const acting = actingStore(context, request)
      let discarded = 0
      const pages = discardRecords({ store: acting, filter: { importId: id, ...filter }, decision })
      for await (const page of pages) discarded += page.discarded
      const now = await findImport(store, caller, request.params.id)
      return { ...importToApi(now, await importAddress(context, request)), discarded }
    },
  )
}

/** On a feed that serves several accounts, the operator decides between versions. */
function requireToDecide({ account }: Caller, feed: Feed): void {
  if (account === null || feed.accountId === account.id) return
  throw permissionDenied(
    'conflicts on a feed that is not bound to the account are for the operator',
  )
}
