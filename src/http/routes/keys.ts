/** `/Keys`: the keys of an account or of the operator. */
import type { FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import { type Account, type ApiKey, KEY_SCOPES, parseName } from '../../domain/directory.ts'
import { UsageError } from '../../domain/usage-error.ts'
import { issueKey, keysOf } from '../../storage/usage-store.ts'
import { accountNamed, accountRequired, actingStore, callerOf } from '../access.ts'
import { notFound, pathOf } from '../error-reply.ts'
import { arrayPage, listMeta, pageParameters } from '../list-page.ts'
import type { HttpServer, RouteContext } from '../route-context.ts'
import { failures } from '../schemas/error.ts'
import { keySchema, keysSchema, keyToApi, newKeySchema } from '../schemas/key.ts'
import { accountSidParameter } from '../sim-lookup.ts'
import { parameter, parsedParameter } from '../validation.ts'

const labelParameter = parsedParameter('Label', 'what it is for', (text) =>
  parseName('Label', text),
)
const operatorParameter = {
  Operator: Type.Optional(
    parameter('Operator', 'true for keys of the operator, in place of AccountSid', (text) =>
      ['true', 'false'].includes(text),
    ),
  ),
}

const params = Type.Object({ Sid: Type.String() })
const listQuery = Type.Object({ ...accountSidParameter, ...operatorParameter, ...pageParameters })
const creationBody = Type.Object({
  ...accountSidParameter,
  ...operatorParameter,
  Scope: Type.Optional(
    parameter('Scope', `expected ${KEY_SCOPES.join(', ')}`, (text) =>
      (KEY_SCOPES as readonly string[]).includes(text),
    ),
  ),
  Label: Type.Optional(labelParameter),
})
const changesBody = Type.Object(
  { Label: Type.Optional(labelParameter) },
  { refused: { Scope: 'a key keeps its scope; make another key, and revoke this one' } },
)

export function addKeyRoutes(server: HttpServer, context: RouteContext): void {
  const { clock, gates, limits, baseUrlOf } = context

  server.get(
    '/v1/Keys',
    {
      onRequest: gates.admin,
      schema: {
        operationId: 'listKeys',
        summary: 'Lists keys, without their secrets',
        querystring: listQuery,
        response: { 200: keysSchema, ...failures },
      },
    },
    (request) => keyList(context, request),
  )

  server.post(
    '/v1/Keys',
    {
      onRequest: gates.admin,
      schema: {
        operationId: 'createKey',
        summary: 'Creates a key; only this answer has its secret',
        body: creationBody,
        response: { 201: newKeySchema, ...failures },
      },
    },
    async (request, reply) => {
      const { Scope, Label = '' } = request.body
      const account = await ownerOf(context, request, request.body)
      const scope = KEY_SCOPES.find((name) => name === Scope)
      if (scope === undefined) throw missing('Scope', `expected ${KEY_SCOPES.join(', ')}`)
      const acting = actingStore(context, request)
      const label = parseName('Label', Label)
      const issued = await issueKey(acting, { account, scope, label, at: clock(), limits })
      reply.code(201)
      return { ...keyToApi(issued.key, baseUrlOf(request)), secret: issued.secret }
    },
  )

  const single = { params, response: { 200: keySchema, ...failures } }

  server.get(
    '/v1/Keys/:Sid',
    {
      onRequest: gates.admin,
      schema: { operationId: 'fetchKey', summary: 'A key, without its secret', ...single },
    },
    async (request) => keyToApi(await findKey(context, request), baseUrlOf(request)),
  )

  server.post(
    '/v1/Keys/:Sid',
    {
      onRequest: gates.admin,
      schema: {
        ...{ operationId: 'updateKey', summary: 'Changes the label of a key' },
        ...{ ...single, body: changesBody },
      },
    },
    async (request) => {
      const key = await findKey(context, request)
      const { Label } = request.body
      const label = Label === undefined ? key.label : parseName('Label', Label)
      const changed = await actingStore(context, request).updateApiKey(key.sid, { label })
      return keyToApi(changed, baseUrlOf(request))
    },
  )

  server.post(
    '/v1/Keys/:Sid/Revoke',
    {
      onRequest: gates.admin,
      schema: {
        ...{ operationId: 'revokeKey', summary: 'Ends a key for good' },
        ...single,
      },
    },
    async (request) => {
      const { sid } = await findKey(context, request)
      const revoked = await actingStore(context, request).revokeApiKey(sid, clock())
      return keyToApi(revoked!, baseUrlOf(request))
    },
  )
}

type ListRequest = FastifyRequest<{ Querystring: Static<typeof listQuery> }>

async function keyList(context: RouteContext, request: ListRequest) {
  const { query } = request
  const account = await ownerOf(context, request, query)
  // New keys only ever appear at the end.
  const { rows, links } = arrayPage(query, await keysOf(context.store, account))
  const baseUrl = context.baseUrlOf(request)
  return {
    keys: rows.map((key) => keyToApi(key, baseUrl)),
    meta: listMeta(
      {
        key: 'keys',
        location: baseUrl + pathOf(request.url),
        filters: (['AccountSid', 'Operator'] as const).map((name) => [name, query[name]] as const),
      },
      links,
    ),
  }
}

/**
 * The owner of the keys: the caller's account, or whatever the operator names; null for the operator itself.
 * The operator has to name that too, because a forgotten parameter must not create a key that may do
 * everything.
 */
async function ownerOf(
  { store }: RouteContext,
  request: FastifyRequest,
  { AccountSid, Operator }: { readonly AccountSid?: string; readonly Operator?: string },
): Promise<Account | null> {
  const caller = callerOf(request)
  if (caller.account === null && Operator === 'true') {
    if (!AccountSid) return null
    throw new UsageError('invalid', 'AccountSid and Operator: give one of them')
  }
  if (AccountSid || caller.account !== null) return accountNamed(store, caller, AccountSid)
  return accountRequired(store, caller, undefined)
}

/** Throws `not_found`, also if the key is another account's, as if it did not exist. */
async function findKey(
  { store }: RouteContext,
  request: FastifyRequest<{ Params: Static<typeof params> }>,
): Promise<ApiKey> {
  const { account } = callerOf(request)
  const key = await store.findApiKey(request.params.Sid)
  if (key === null || (account !== null && key.accountId !== account.id)) throw notFound()
  return key
}

function missing(name: string, rule: string): UsageError {
  return new UsageError('invalid', `${name} is missing: ${rule}`, { field: name })
}
