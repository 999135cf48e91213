/** `/Feeds/{name}/Retire` and `/Unretire`: ends a feed, or lets it go on after all. */
import type { FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import type { FeedRetirement } from '../../domain/directory.ts'
import { feedRetirement, parseReason } from '../../domain/feed-statements.ts'
import { actingStore, callerOf, requireOperator } from '../access.ts'
import { requireGiven } from '../decision-parameters.ts'
import { notFound } from '../error-reply.ts'
import type { HttpServer, RouteContext } from '../route-context.ts'
import { failures } from '../schemas/error.ts'
import { feedSchema, feedToApi } from '../schemas/import.ts'
import { readInstant } from '../usage-page.ts'
import { parameter, parsedParameter } from '../validation.ts'

const params = Type.Object({ name: Type.String() })

const body = Type.Object({
  At: Type.Optional(
    parameter(
      'At',
      'expected an ISO 8601 date or instant, such as 2026-01-31T23:59:59Z',
      (text) => readInstant(text) !== null,
    ),
  ),
  Reason: Type.Optional(
    parsedParameter('Reason', 'why the feed has ended', (text) => parseReason('Reason', text)),
  ),
})

export function addFeedRetirementRoutes(server: HttpServer, context: RouteContext): void {
  const { store, clock, gates, baseUrlOf } = context

  server.post(
    '/v1/Feeds/:name/Retire',
    {
      onRequest: gates.admin,
      schema: {
        operationId: 'retireFeed',
        summary: 'Ends a feed; for the operator',
        params,
        body,
        response: { 200: feedSchema, ...failures },
      },
    },
    async (request) => {
      requireOperator(callerOf(request))
      const retirement = retirementFromApi(request.body, clock())
      return change(request, retirement)
    },
  )

  server.post(
    '/v1/Feeds/:name/Unretire',
    {
      onRequest: gates.admin,
      schema: {
        operationId: 'unretireFeed',
        summary: 'Lets a feed go on after all; for the operator',
        params,
        response: { 200: feedSchema, ...failures },
      },
    },
    async (request) => {
      requireOperator(callerOf(request))
      return change(request, null)
    },
  )

  type FeedRequest = FastifyRequest<{ Params: Static<typeof params> }>

  async function change(request: FeedRequest, retirement: FeedRetirement | null) {
    const known = await store.findFeed(request.params.name)
    if (known === null) throw notFound()
    const feed = await actingStore(context, request).updateFeed(known.id, { retirement })
    const progress = (await store.listFeedProgress()).find(({ feedId }) => feedId === feed.id)!
    const grants = await store.listFeedGrants()
    return feedToApi({ feed, progress, grants }, clock(), baseUrlOf(request))
  }
}

/** From a body that the schema accepted. Throws `invalid` for anything missing or too late. */
function retirementFromApi({ At, Reason }: Static<typeof body>, now: number): FeedRetirement {
  const given = requireGiven({ At, Reason }, 'a feed is retired at an instant, for a reason')
  return feedRetirement(
    { at: readInstant(given.At)!, reason: parseReason('Reason', given.Reason) },
    now,
  )
}
