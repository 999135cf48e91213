/** `/Feeds/{name}/Gaps`: lists missing numbered deliveries, and accepts that they are missing. */
import { Type } from 'typebox'
import { feedGaps } from '../../domain/completeness.ts'
import type { Feed } from '../../domain/directory.ts'
import { UsageError } from '../../domain/usage-error.ts'
import type { UsageStore } from '../../storage/usage-store.ts'
import { actingStore, callerOf, requireOperator } from '../access.ts'
import { HttpError, notFound, pathOf } from '../error-reply.ts'
import { gapAcceptanceBody, gapFromApi } from '../gap-parameters.ts'
import { arrayPage, listMeta, pageParameters } from '../list-page.ts'
import type { HttpServer, RouteContext } from '../route-context.ts'
import { failures } from '../schemas/error.ts'
import {
  acceptedGapSchema,
  acceptedGapToApi,
  gapsSchema,
  gapToApi,
} from '../schemas/feed-status.ts'

const params = Type.Object({ name: Type.String() })

export function addFeedGapRoutes(server: HttpServer, context: RouteContext): void {
  const { store, clock, gates, baseUrlOf } = context

  server.get(
    '/v1/Feeds/:name/Gaps',
    {
      onRequest: gates.read,
      schema: {
        operationId: 'listFeedGaps',
        summary: 'Lists the numbered deliveries of a feed that are missing; for the operator',
        params,
        querystring: Type.Object(pageParameters),
        response: { 200: gapsSchema, ...failures },
      },
    },
    async (request) => {
      requireOperator(callerOf(request))
      const feed = await findFeed(store, request.params.name)
      const progress = (await store.listFeedProgress()).find(({ feedId }) => feedId === feed.id)
      const { rows, links } = arrayPage(request.query, progress ? feedGaps(progress) : [])
      const now = clock()
      const location = baseUrlOf(request) + pathOf(request.url)
      return {
        gaps: rows.map((gap) => gapToApi(feed, gap, now)),
        meta: listMeta({ key: 'gaps', location, filters: [] }, links),
      }
    },
  )

  server.post(
    '/v1/Feeds/:name/Gaps/Accept',
    {
      onRequest: gates.admin,
      schema: {
        operationId: 'acceptFeedGap',
        summary: 'Accepts that deliveries of a feed will not come; for the operator',
        params,
        body: gapAcceptanceBody,
        response: { 200: acceptedGapSchema, ...failures },
      },
    },
    async (request) => {
      requireOperator(callerOf(request))
      const feed = await findFeed(store, request.params.name)
      const { gap, by, reason } = gapFromApi(request.body)
      const at = clock()
      const acting = actingStore(context, request)
      const progress = await acting.acceptGap(feed.id, gap, { by, reason, at }).catch(refuse)
      return acceptedGapToApi(feed, { ...gap, by, reason, at }, progress)
    },
  )
}

async function findFeed(store: Pick<UsageStore, 'findFeed'>, name: string): Promise<Feed> {
  const feed = await store.findFeed(name)
  if (feed === null) throw notFound()
  return feed
}

/** A gap that is not open is a mistake in the body, not in the path. */
function refuse(error: unknown): never {
  if (!(error instanceof UsageError) || error.code !== 'not_found') throw error
  const { message, hint } = error
  throw new HttpError('invalid_parameter', hint === undefined ? message : `${message}; ${hint}`)
}
