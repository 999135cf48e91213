/** `/Imports`: what was delivered, what became of it, and the records that wait in quarantine. */
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Feed } from '../../domain/directory.ts'
import {
  IMPORT_STATUSES,
  type Import,
  type ImportStatus,
  recordCount,
} from '../../domain/import.ts'
import { recycleRecords } from '../../ingest/recycle-records.ts'
import type { UsageStore } from '../../storage/usage-store.ts'
import { actingStore, callerOf, feedToDeliverTo, permissionDenied } from '../access.ts'
import { acceptanceFromApi, conflictAcceptanceBody } from '../conflict-parameters.ts'
import type { Caller } from '../credentials.ts'
import { notFound, pathOf } from '../error-reply.ts'
import { importSids, refuseInSids } from '../import-sids.ts'
import { type KeysetList, keysetLinks, keysetPage, keysetRows } from '../keyset-page.ts'
import { listMeta, pageParameters } from '../list-page.ts'
import type { HttpServer, RouteContext } from '../route-context.ts'
import { failures } from '../schemas/error.ts'
import {
  importSchema,
  importsSchema,
  importToApi,
  quarantineEntryToApi,
  quarantineSchema,
  recycledSchema,
  recycledToApi,
  undoneSchema,
  undoneToApi,
} from '../schemas/import.ts'
import { parameter } from '../validation.ts'

const querystring = Type.Object(pageParameters)
const importsQuery = Type.Object({
  Feed: Type.Optional(Type.String({ description: 'Feed: the name of a feed' })),
  Status: Type.Optional(
    parameter('Status', `expected ${IMPORT_STATUSES.join(', ')}`, isImportStatus),
  ),
  ...pageParameters,
})
const params = Type.Object({ id: Type.String() })

export function addImportRoutes(server: HttpServer, context: RouteContext): void {
  const { store, clock, gates, tokens, baseUrlOf } = context
  const addressOf = async (request: FastifyRequest) => ({
    baseUrl: baseUrlOf(request),
    sids: await importSids(store),
  })

  server.get(
    '/v1/Imports',
    {
      onRequest: gates.read,
      schema: {
        operationId: 'listImports',
        summary: 'Lists deliveries, newest first',
        querystring: importsQuery,
        response: { 200: importsSchema, ...failures },
      },
    },
    async (request) => {
      const { account } = callerOf(request)
      const { query } = request
      const filters = [query.Feed ?? null, query.Status ?? null]
      const list = { kind: 'imports1', owner: account?.id ?? null, filters }
      const page = await keysetPage(query, list, tokens)
      const filter = await importFilter(store, callerOf(request), page.list)
      const { rows, next } = await keysetRows(page, async (limit) =>
        filter === null
          ? []
          : store.listImports(
              filter,
              page.cursor === null ? { limit } : { limit, beforeId: page.cursor },
            ),
      )
      const address = await addressOf(request)
      // The store reads imports from the newest on, and only that way.
      const links = await keysetLinks(page, { next, previous: null }, request.query, tokens)
      return {
        imports: rows.map((found) => importToApi(found, address)),
        meta: listMeta(
          {
            key: 'imports',
            location: address.baseUrl + pathOf(request.url),
            filters: [
              ['Feed', query.Feed],
              ['Status', query.Status],
            ],
          },
          links,
        ),
      }
    },
  )

  server.get(
    '/v1/Imports/:id',
    {
      onRequest: gates.read,
      schema: {
        operationId: 'fetchImport',
        summary: 'A delivery and its counts',
        params,
        response: { 200: importSchema, ...failures },
      },
    },
    async (request) => {
      const found = await findImport(store, callerOf(request), request.params.id)
      return importToApi(found, await addressOf(request))
    },
  )

  server.post(
    '/v1/Imports/:id/Undo',
    {
      onRequest: gates.admin,
      schema: {
        operationId: 'undoImport',
        summary: 'Takes a delivery back',
        params,
        response: { 200: undoneSchema, ...failures },
      },
    },
    async (request) => {
      const { id } = await findImportToChange(store, callerOf(request), request.params.id)
      const address = await addressOf(request)
      const undone = await actingStore(context, request)
        .undoImport(id, clock())
        .catch((error: unknown) => refuseInSids(error, address.sids))
      return undoneToApi(undone, address)
    },
  )

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
      const address = await addressOf(request)
      const acting = actingStore(context, request)
      const recycling = recycleRecords({ store: acting, filter: { importId: id }, clock })
      const summary = await recycling.catch((error: unknown) => refuseInSids(error, address.sids))
      const now = await findImport(store, callerOf(request), request.params.id)
      return recycledToApi(now, summary, address)
    },
  )

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
      return recycledToApi(now, summary, await addressOf(request))
    },
  )

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
      const location = baseUrlOf(request) + pathOf(request.url)
      const sids = await importSids(store)
      return {
        quarantine: rows.map((entry) => quarantineEntryToApi(entry, sids)),
        meta: listMeta({ key: 'quarantine', location, filters: [] }, links),
      }
    },
  )
}

/** Between versions on a feed of several accounts, the operator decides. */
function requireToDecide({ account }: Caller, feed: Feed): void {
  if (account === null || feed.accountId === account.id) return
  throw permissionDenied(
    'conflicts on a feed that is not bound to the account are for the operator',
  )
}

function isImportStatus(text: string): text is ImportStatus {
  return (IMPORT_STATUSES as readonly string[]).includes(text)
}

/**
 * The operator sees all imports, an account those its own keys have delivered. Null for a feed that
 * there is not, which an account cannot tell from one that it has never delivered to.
 */
async function importFilter(
  store: Pick<UsageStore, 'findFeed'>,
  { account }: Caller,
  { filters }: KeysetList,
): Promise<Parameters<UsageStore['listImports']>[0] | null> {
  const [feedName, status] = filters
  const feed = feedName == null ? undefined : await store.findFeed(feedName)
  if (feed === null) return null
  return {
    ...(account !== null && { accountId: account.id }),
    ...(feed !== undefined && { feedId: feed.id }),
    ...(status != null && { status: status as ImportStatus }),
  }
}

/** By its SID, or for the operator by the number that the command line shows as well. */
async function findImport(
  store: Pick<UsageStore, 'findImport' | 'signingKey'>,
  { account }: Caller,
  id: string,
): Promise<Import> {
  const number = account === null && /^\d{1,15}$/.test(id) ? Number(id) : null
  const known = number ?? (await importSids(store)).idOf(id)
  const found = known === null ? null : await store.findImport(known)
  const mayRead = account === null || found?.accountSid === account.sid
  if (found === null || !mayRead) throw notFound()
  return found
}

/** As `findImport`; an account changes nothing of a feed that it may no longer deliver to. */
async function findImportToChange(
  store: Pick<UsageStore, 'findImport' | 'signingKey' | 'findFeed' | 'findAccountFeed'>,
  caller: Caller,
  id: string,
): Promise<Import> {
  const found = await findImport(store, caller, id)
  await feedToDeliverTo(store, caller, found.feedName)
  return found
}
