/** `/Imports`: what was delivered, and what became of it. */
import { Type } from 'typebox'
import { IMPORT_STATUSES, type ImportStatus } from '../../domain/import.ts'
import type { UsageStore } from '../../storage/usage-store.ts'
import { callerOf } from '../access.ts'
import type { Caller } from '../credentials.ts'
import { pathOf } from '../error-reply.ts'
import { findImport, importAddress } from '../import-lookup.ts'
import { type KeysetList, keysetLinks, keysetPage, keysetRows } from '../keyset-page.ts'
import { listMeta, pageParameters } from '../list-page.ts'
import type { HttpServer, RouteContext } from '../route-context.ts'
import { failures } from '../schemas/error.ts'
import { importSchema, importsSchema, importToApi } from '../schemas/import.ts'
import { parameter } from '../validation.ts'

const importsQuery = Type.Object({
  Feed: Type.Optional(Type.String({ description: 'Feed: the name of a feed' })),
  Status: Type.Optional(
    parameter('Status', `expected ${IMPORT_STATUSES.join(', ')}`, isImportStatus),
  ),
  ...pageParameters,
})
const params = Type.Object({ id: Type.String() })

export function addImportRoutes(server: HttpServer, context: RouteContext): void {
  const { store, gates, tokens } = context

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
      const address = await importAddress(context, request)
      // The store reads imports newest first, in no other order.
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
      return importToApi(found, await importAddress(context, request))
    },
  )
}

function isImportStatus(text: string): text is ImportStatus {
  return (IMPORT_STATUSES as readonly string[]).includes(text)
}

/**
 * The operator sees all imports; an account sees those that its own keys delivered. Null for an unknown feed,
 * which an account cannot tell from one that it never delivered to.
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
