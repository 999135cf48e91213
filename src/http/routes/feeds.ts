/** `/Feeds`: the operator's streams of usage, by whom and how they deliver. */
import { Type } from 'typebox'
import { callerOf, requireOperator } from '../access.ts'
import { pathOf } from '../error-reply.ts'
import { listMeta, PAGE_SIZE_DEFAULT, pageParameters, readPageNumbers } from '../list-page.ts'
import type { HttpServer, RouteContext } from '../route-context.ts'
import { failures } from '../schemas/error.ts'
import { feedsSchema, feedToApi } from '../schemas/import.ts'

export function addFeedRoutes(server: HttpServer, context: RouteContext): void {
  const { store, gates, baseUrlOf } = context

  server.get(
    '/v1/Feeds',
    {
      onRequest: gates.read,
      schema: {
        querystring: Type.Object(pageParameters),
        response: { 200: feedsSchema, ...failures },
      },
    },
    async (request) => {
      requireOperator(callerOf(request))
      const given = readPageNumbers(request.query)
      const pageSize = given.pageSize ?? PAGE_SIZE_DEFAULT
      const page = given.page ?? 0
      // Feeds are few and only ever added at the end: page numbers are enough.
      const feeds = await store.listFeeds()
      const start = page * pageSize
      const baseUrl = baseUrlOf(request)
      return {
        feeds: feeds.slice(start, start + pageSize).map((feed) => feedToApi(feed, baseUrl)),
        meta: listMeta(
          { key: 'feeds', location: baseUrl + pathOf(request.url), filters: [] },
          {
            pageSize,
            current: { page },
            first: { page: 0 },
            next: start + pageSize < feeds.length ? { page: page + 1 } : null,
            previous: page > 0 ? { page: page - 1 } : null,
          },
        ),
      }
    },
  )
}
