/** `/Networks`: the networks on which SIMs have used anything. */
import { Type } from 'typebox'
import { parseCountry } from '../../domain/country.ts'
import { accountNamed, callerOf } from '../access.ts'
import { pathOf } from '../error-reply.ts'
import { arrayPage, listMeta, pageParameters } from '../list-page.ts'
import { countryParameter } from '../question-page.ts'
import type { HttpServer, RouteContext } from '../route-context.ts'
import { failures } from '../schemas/error.ts'
import { usedNetworksSchema, usedNetworkToApi } from '../schemas/used-network.ts'
import { accountSidParameter } from '../sim-lookup.ts'

export function addUsedNetworkRoutes(
  server: HttpServer,
  { store, gates, baseUrlOf }: RouteContext,
) {
  server.get(
    '/v1/Networks',
    {
      onRequest: gates.read,
      schema: {
        operationId: 'listNetworks',
        summary: 'Lists the networks on which SIMs have used anything',
        querystring: Type.Object({
          ...accountSidParameter,
          Country: countryParameter,
          ...pageParameters,
        }),
        response: { 200: usedNetworksSchema, ...failures },
      },
    },
    async (request) => {
      const { query } = request
      const account = await accountNamed(store, callerOf(request), query.AccountSid)
      const country = query.Country === undefined ? null : parseCountry(query.Country)
      const used = await store.listUsedNetworks(account?.id ?? null)
      const wanted = used.filter((network) => country === null || network.country === country)
      const { rows, links } = arrayPage(query, wanted)
      return {
        networks: rows.map(usedNetworkToApi),
        meta: listMeta(
          {
            key: 'networks',
            location: baseUrlOf(request) + pathOf(request.url),
            filters: [
              ['AccountSid', query.AccountSid],
              ['Country', query.Country],
            ],
          },
          links,
        ),
      }
    },
  )
}
