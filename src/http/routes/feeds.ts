/** `/Feeds`: the operator's streams of usage, who delivers them and how. */
import { Type } from 'typebox'
import { callerOf, requireOperator } from '../access.ts'
import { pathOf } from '../error-reply.ts'
import { arrayPage, listMeta, pageParameters } from '../list-page.ts'
import type { HttpServer, RouteContext } from '../route-context.ts'
import { failures } from '../schemas/error.ts'
import { feedsSchema, feedToApi } from '../schemas/import.ts'

export function addFeedRoutes(server: HttpServer, context: RouteContext): void {
  const { store, clock, gates, baseUrlOf } = context

  server.get(
    '/v1/Feeds',
    {
      onRequest: gates.read,
      schema: {
        operationId: 'listFeeds',
        summary:
          'Lists the feeds, whether they deliver and how far they are complete; for the operator',
        querystring: Type.Object(pageParameters),
        response: { 200: feedsSchema, ...failures },
      },
    },
    async (request) => {
      requireOperator(callerOf(request))
      const [feeds, progress, grants] = await Promise.all([
        store.listFeeds(),
        store.listFeedProgress(),
        store.listFeedGrants(),
      ])
      const progressOf = new Map(progress.map((one) => [one.feedId, one]))
      // A feed created between the two questions appears in the next answer.
      const known = feeds.flatMap((feed) => {
        const found = progressOf.get(feed.id)
        return found === undefined ? [] : [{ feed, progress: found, grants }]
      })
      // Feeds are few, and new ones only ever appear at the end.
      const { rows, links } = arrayPage(request.query, known)
      const baseUrl = baseUrlOf(request)
      const now = clock()
      return {
        feeds: rows.map((row) => feedToApi(row, now, baseUrl)),
        meta: listMeta(
          { key: 'feeds', location: baseUrl + pathOf(request.url), filters: [] },
          links,
        ),
      }
    },
  )
}
