/** `/supersim/v1/Networks`: the networks on which an account's SIMs have used anything. */
import { type Static, Type } from 'typebox'
import { type CountryCode, parseCountry } from '../../domain/country.ts'
import { countryOfPlmn, type Plmn } from '../../domain/plmn.ts'
import type { UsageStore } from '../../storage/usage-store.ts'
import { accountNamed, callerOf } from '../access.ts'
import { notFound, pathOf } from '../error-reply.ts'
import { arrayPage, listMeta, pageParameters } from '../list-page.ts'
import type { HttpServer, RouteContext } from '../route-context.ts'
import { failures } from '../schemas/error.ts'
import { accountSidParameter } from '../sim-lookup.ts'
import { parameter } from '../validation.ts'
import { SUPER_SIM_PREFIX, superSimUrl } from './address.ts'
import { networkSidOf, plmnOfNetworkSid } from './network-sid.ts'
import { networkSchema, networksSchema } from './schemas.ts'

const NETWORKS = `${SUPER_SIM_PREFIX}/v1/Networks`

export const isoCountryParameter = parameter(
  'IsoCountry',
  'expected an ISO 3166-1 country code, such as FR',
  (text) => parseCountry(text) !== null,
)

const networkListQuery = Type.Object({
  ...accountSidParameter,
  IsoCountry: Type.Optional(isoCountryParameter),
  Mcc: Type.Optional(parameter('Mcc', 'expected 3 digits', (text) => /^\d{3}$/.test(text))),
  Mnc: Type.Optional(
    parameter('Mnc', 'expected 2 or 3 digits, with their zeros', (text) => /^\d{2,3}$/.test(text)),
  ),
  ...pageParameters,
})

const networkParams = Type.Object({ NetworkSid: Type.String() })

export function addNetworkRoutes(server: HttpServer, context: RouteContext): void {
  const { store, gates, baseUrlOf } = context

  server.get(
    NETWORKS,
    {
      onRequest: gates.read,
      schema: {
        operationId: 'listSuperSimNetworks',
        summary: 'Lists the networks on which anything was used',
        querystring: networkListQuery,
        response: { 200: networksSchema, ...failures },
      },
    },
    async (request) => {
      const { query } = request
      const account = await accountNamed(store, callerOf(request), query.AccountSid)
      const used = await usedNetworks(store, account?.id ?? null)
      const { rows, links } = arrayPage(
        query,
        used.filter((network) => fits(network, query)),
      )
      const baseUrl = baseUrlOf(request)
      return {
        networks: rows.map((network) => networkToApi(network, baseUrl)),
        meta: listMeta(
          {
            key: 'networks',
            location: baseUrl + pathOf(request.url),
            filters: [
              ['AccountSid', query.AccountSid],
              ['IsoCountry', query.IsoCountry],
              ['Mcc', query.Mcc],
              ['Mnc', query.Mnc],
            ],
          },
          links,
        ),
      }
    },
  )

  server.get(
    `${NETWORKS}/:NetworkSid`,
    {
      onRequest: gates.read,
      schema: {
        operationId: 'fetchSuperSimNetwork',
        summary: 'A network',
        params: networkParams,
        querystring: Type.Object(accountSidParameter),
        response: { 200: networkSchema, ...failures },
      },
    },
    async (request) => {
      const plmn = plmnOfNetworkSid(request.params.NetworkSid)
      if (plmn === null) throw notFound()
      const country = countryOfPlmn(plmn)
      // A network outlives the retention of its usage.
      if (country !== null) return networkToApi({ plmn, country }, baseUrlOf(request))
      const account = await accountNamed(store, callerOf(request), request.query.AccountSid)
      const used = await usedNetworks(store, account?.id ?? null)
      const network = used.find((one) => one.plmn === plmn)
      if (network === undefined) throw notFound()
      return networkToApi(network, baseUrlOf(request))
    },
  )
}

interface Network {
  readonly plmn: Plmn
  readonly country: CountryCode | null
}

/** Each network once, by PLMN, in its own country if known, else in one that records have stated. */
async function usedNetworks(
  store: Pick<UsageStore, 'listUsedNetworks'>,
  accountId: number | null,
): Promise<Network[]> {
  const networks = new Map<Plmn, Network>()
  for (const { plmn, country } of await store.listUsedNetworks(accountId)) {
    const before = networks.get(plmn)?.country ?? null
    networks.set(plmn, { plmn, country: countryOfPlmn(plmn) ?? before ?? country })
  }
  return [...networks.values()].sort((a, b) => (a.plmn < b.plmn ? -1 : 1))
}

function fits(
  { plmn, country }: Network,
  { IsoCountry, Mcc, Mnc }: Static<typeof networkListQuery>,
): boolean {
  const [mcc, mnc] = plmn.split('-')
  const isThere = IsoCountry === undefined || country === parseCountry(IsoCountry)
  return isThere && (Mcc ?? mcc) === mcc && (Mnc ?? mnc) === mnc
}

/** Simtally keeps no list of network names, so a network is called by its PLMN. */
function networkToApi({ plmn, country }: Network, baseUrl: string): Static<typeof networkSchema> {
  const [mcc = '', mnc = ''] = plmn.split('-')
  const sid = networkSidOf(plmn)
  return {
    friendly_name: plmn,
    iso_country: country,
    identifiers: [{ mcc, mnc }],
    sid,
    url: `${superSimUrl(baseUrl)}/v1/Networks/${sid}`,
  }
}
