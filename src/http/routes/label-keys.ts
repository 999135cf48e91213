/** `/LabelKeys`: the label keys by which callers can ask for usage. */
import { Type } from 'typebox'
import { accountRequired, callerOf } from '../access.ts'
import { pathOf } from '../error-reply.ts'
import { arrayPage, listMeta, pageParameters } from '../list-page.ts'
import type { HttpServer, RouteContext } from '../route-context.ts'
import { failures } from '../schemas/error.ts'
import { listSchema } from '../schemas/shapes.ts'
import { accountSidParameter } from '../sim-lookup.ts'

const labelKeysSchema = listSchema('label_keys', Type.Object({ key: Type.String() }))

export function addLabelKeyRoutes(server: HttpServer, context: RouteContext): void {
  const { store, gates, baseUrlOf } = context

  server.get(
    '/v1/LabelKeys',
    {
      onRequest: gates.read,
      schema: {
        operationId: 'listLabelKeys',
        summary: 'Lists the label keys that SIMs have or had',
        querystring: Type.Object({ ...accountSidParameter, ...pageParameters }),
        response: { 200: labelKeysSchema, ...failures },
      },
    },
    async (request) => {
      const { query } = request
      const account = await accountRequired(store, callerOf(request), query.AccountSid)
      const { rows, links } = arrayPage(query, await store.listLabelKeys(account.id))
      const location = baseUrlOf(request) + pathOf(request.url)
      const filters = [['AccountSid', query.AccountSid]] as const
      return {
        label_keys: rows.map((key) => ({ key })),
        meta: listMeta({ key: 'label_keys', location, filters }, links),
      }
    },
  )
}
