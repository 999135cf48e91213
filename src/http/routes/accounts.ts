/** `/Accounts`: the operator's customers, their names and home sets. */
import { type Static, Type } from 'typebox'
import { type AccountChanges, parseName } from '../../domain/directory.ts'
import { parseCountryList, parsePlmnList } from '../../domain/home-set.ts'
import { actingStore, callerOf, requireOperator } from '../access.ts'
import { notFound, pathOf } from '../error-reply.ts'
import { arrayPage, listMeta, pageParameters } from '../list-page.ts'
import type { HttpServer, RouteContext } from '../route-context.ts'
import { accountSchema, accountsSchema, accountToApi } from '../schemas/account.ts'
import { failures } from '../schemas/error.ts'
import { parameter, parsedParameter } from '../validation.ts'

const params = Type.Object({ Sid: Type.String() })

const changesBody = Type.Object({
  Name: Type.Optional(
    parsedParameter('Name', 'what people call it', (text) => parseName('Name', text)),
  ),
  HomePlmns: Type.Optional(
    parsedParameter('HomePlmns', 'its home networks, in place of those it has', (text) =>
      parsePlmnList('HomePlmns', text),
    ),
  ),
  HomeCountries: Type.Optional(
    parsedParameter('HomeCountries', 'its home countries, likewise', (text) =>
      parseCountryList('HomeCountries', text),
    ),
  ),
  MayRegisterNumbers: Type.Optional(
    parameter('MayRegisterNumbers', 'expected true or false', (text) =>
      ['true', 'false'].includes(text),
    ),
  ),
})

export function addAccountRoutes(server: HttpServer, context: RouteContext): void {
  const { store, gates, baseUrlOf } = context

  server.get(
    '/v1/Accounts',
    {
      onRequest: gates.read,
      schema: {
        operationId: 'listAccounts',
        summary: 'Lists the accounts; for the operator',
        querystring: Type.Object(pageParameters),
        response: { 200: accountsSchema, ...failures },
      },
    },
    async (request) => {
      requireOperator(callerOf(request))
      // Accounts are only ever added at the end.
      const { rows, links } = arrayPage(request.query, await store.listAccounts())
      const baseUrl = baseUrlOf(request)
      const location = baseUrl + pathOf(request.url)
      return {
        accounts: rows.map((account) => accountToApi(account, baseUrl)),
        meta: listMeta({ key: 'accounts', location, filters: [] }, links),
      }
    },
  )

  server.get(
    '/v1/Accounts/:Sid',
    {
      onRequest: gates.read,
      schema: {
        operationId: 'fetchAccount',
        summary: 'An account; for the operator',
        params,
        response: { 200: accountSchema, ...failures },
      },
    },
    async (request) => {
      requireOperator(callerOf(request))
      const account = await store.findAccount(request.params.Sid)
      if (account === null) throw notFound()
      return accountToApi(account, baseUrlOf(request))
    },
  )

  server.post(
    '/v1/Accounts/:Sid',
    {
      onRequest: gates.admin,
      schema: {
        operationId: 'updateAccount',
        summary: 'Changes what is given of an account; for the operator',
        params,
        body: changesBody,
        response: { 200: accountSchema, ...failures },
      },
    },
    async (request) => {
      requireOperator(callerOf(request))
      const account = await store.findAccount(request.params.Sid)
      if (account === null) throw notFound()
      const changed = await actingStore(context, request).updateAccount(
        account.id,
        changesFromApi(request.body),
      )
      return accountToApi(changed, baseUrlOf(request))
    },
  )
}

function changesFromApi(body: Static<typeof changesBody>): AccountChanges {
  const { Name, HomePlmns, HomeCountries, MayRegisterNumbers } = body
  return {
    ...(Name ? { name: parseName('Name', Name) } : {}),
    ...(MayRegisterNumbers ? { mayRegisterNumbers: MayRegisterNumbers === 'true' } : {}),
    home: {
      ...(HomePlmns === undefined ? {} : { plmns: parsePlmnList('HomePlmns', HomePlmns) }),
      ...(HomeCountries === undefined
        ? {}
        : { countries: parseCountryList('HomeCountries', HomeCountries) }),
    },
  }
}
