/** `/Accounts`: the operator's customers, with their names and home sets. */
import { type Static, Type } from 'typebox'
import { type AccountChanges, parseName } from '../../domain/directory.ts'
import { parseCountryList, parsePlmnList } from '../../domain/home-set.ts'
import { parseSid } from '../../domain/identifiers.ts'
import { UsageError } from '../../domain/usage-error.ts'
import { issueAccount } from '../../storage/usage-store.ts'
import { actingStore, callerOf, requireOperator } from '../access.ts'
import { notFound, pathOf } from '../error-reply.ts'
import { arrayPage, listMeta, pageParameters } from '../list-page.ts'
import type { HttpServer, RouteContext } from '../route-context.ts'
import {
  accountSchema,
  accountsSchema,
  accountToApi,
  newAccountSchema,
} from '../schemas/account.ts'
import { failures } from '../schemas/error.ts'
import { parameter, parsedParameter } from '../validation.ts'

const params = Type.Object({ Sid: Type.String() })

const accountParameters = {
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
}
const changesBody = Type.Object(accountParameters)
const creationBody = Type.Object({
  ...accountParameters,
  Sid: Type.Optional(
    parsedParameter('Sid', 'a SID from elsewhere, to keep it', (text) =>
      parseSid('Sid', text, 'AC'),
    ),
  ),
})

export function addAccountRoutes(server: HttpServer, context: RouteContext): void {
  addReads(server, context)
  addChanges(server, context)
}

function addReads(server: HttpServer, { store, gates, baseUrlOf }: RouteContext): void {
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
      // New accounts only ever appear at the end.
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
        summary: 'An account; for the operator, and for the account itself',
        params,
        response: { 200: accountSchema, ...failures },
      },
    },
    async (request) => {
      const { account: own } = callerOf(request)
      const { Sid } = request.params
      const account = own === null || own.sid === Sid ? await store.findAccount(Sid) : null
      if (account === null) throw notFound()
      return accountToApi(account, baseUrlOf(request))
    },
  )
}

function addChanges(server: HttpServer, context: RouteContext): void {
  const { store, clock, gates, baseUrlOf } = context

  server.post(
    '/v1/Accounts',
    {
      onRequest: gates.admin,
      schema: {
        operationId: 'createAccount',
        summary: 'Creates an account, for the operator; only this answer has its auth token',
        body: creationBody,
        response: { 201: newAccountSchema, ...failures },
      },
    },
    async (request, reply) => {
      requireOperator(callerOf(request))
      const { name, home, mayRegisterNumbers = false } = changesFromApi(request.body)
      if (name === undefined) {
        throw new UsageError('invalid', 'Name is missing: what people call the account', {
          field: 'Name',
        })
      }
      const { Sid } = request.body
      const { account, authToken } = await issueAccount(actingStore(context, request), {
        ...(Sid && { sid: parseSid('Sid', Sid, 'AC') }),
        ...{ name, mayRegisterNumbers, createdAt: clock() },
        home: { plmns: home?.plmns ?? [], countries: home?.countries ?? [] },
      })
      reply.code(201)
      return { ...accountToApi(account, baseUrlOf(request)), auth_token: authToken }
    },
  )

  server.post(
    '/v1/Accounts/:Sid',
    {
      onRequest: gates.admin,
      schema: {
        operationId: 'updateAccount',
        summary: 'Changes the given properties of an account; for the operator',
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
