/** `GET /Log`: what was done to the store, and by whom. */
import { type Static, Type } from 'typebox'
import { ACT_OBJECTS, type ActFilter, type ActObject } from '../../domain/act.ts'
import { callerOf, requireOperator } from '../access.ts'
import { pathOf } from '../error-reply.ts'
import { type KeysetList, keysetLinks, keysetPage, keysetRows } from '../keyset-page.ts'
import { listMeta, pageParameters } from '../list-page.ts'
import type { HttpServer, RouteContext } from '../route-context.ts'
import { actsSchema, actToApi } from '../schemas/act.ts'
import { failures } from '../schemas/error.ts'
import { INSTANT_RULE, readInstant } from '../usage-page.ts'
import { parameter } from '../validation.ts'

const querystring = Type.Object({
  Since: Type.Optional(parameter('Since', INSTANT_RULE, (text) => readInstant(text) !== null)),
  Kind: Type.Optional(
    parameter('Kind', `expected ${ACT_OBJECTS.join(', ')}`, (text) =>
      (ACT_OBJECTS as readonly string[]).includes(text),
    ),
  ),
  Object: Type.Optional(Type.String()),
  ...pageParameters,
})

export function addActRoutes(server: HttpServer, context: RouteContext): void {
  const { store, gates, tokens, baseUrlOf } = context

  server.get(
    '/v1/Log',
    {
      onRequest: gates.admin,
      schema: {
        operationId: 'listActs',
        summary: 'Lists what was done to the store, and by whom, newest first; for the operator',
        querystring,
        response: { 200: actsSchema, ...failures },
      },
    },
    async (request) => {
      requireOperator(callerOf(request))
      const { query } = request
      const page = await keysetPage(query, listOf(query), tokens)
      const filter = filterOf(page.list)
      const { rows, next } = await keysetRows(page, (limit) =>
        store.listActs(filter, { limit, ...(page.cursor !== null && { beforeId: page.cursor }) }),
      )
      return {
        acts: rows.map(actToApi),
        meta: listMeta(
          {
            key: 'acts',
            location: baseUrlOf(request) + pathOf(request.url),
            filters: [
              ['Since', query.Since],
              ['Kind', query.Kind],
              ['Object', query.Object],
            ],
          },
          // The store reads acts newest first, in no other order.
          await keysetLinks(page, { next, previous: null }, query, tokens),
        ),
      }
    },
  )
}

function listOf({ Since, Kind, Object: object }: Static<typeof querystring>): KeysetList {
  return { kind: 'acts1', owner: null, filters: [Since ?? null, Kind ?? null, object ?? null] }
}

/** The filters come from the page token if there is one. */
function filterOf({ filters: [since, kind, object] }: KeysetList): ActFilter {
  return {
    ...(since != null && { since: readInstant(since)! }),
    ...(kind != null && { objectKind: kind as ActObject }),
    ...(object != null && { object }),
  }
}
