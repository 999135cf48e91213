/**
 * Writes `docs/openapi.json` from the routes and their schemas: `node scripts/generate-openapi.ts`. A test
 * fails while the file and the program differ. The client's types are generated from the file.
 */
import { writeFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import swagger from '@fastify/swagger'
import Fastify, { type FastifySchema, type RouteOptions } from 'fastify'
import type { TSchema } from 'typebox'
import type { Gate } from '../src/http/access.ts'
import { accountSchema, newAccountSchema } from '../src/http/schemas/account.ts'
import { actsSchema } from '../src/http/schemas/act.ts'
import { auditSchema } from '../src/http/schemas/audit.ts'
import { consoleSessionSchema } from '../src/http/schemas/console-session.ts'
import { errorSchema } from '../src/http/schemas/error.ts'
import { acceptedGapSchema, gapsSchema } from '../src/http/schemas/feed-status.ts'
import { groupSchema, membershipSchema } from '../src/http/schemas/group.ts'
import {
  deliverySchema,
  discardedSchema,
  dryRunSchema,
  feedSchema,
  importSchema,
  quarantineSchema,
  recycledSchema,
  undoDryRunSchema,
  undoneSchema,
} from '../src/http/schemas/import.ts'
import { keySchema, newKeySchema } from '../src/http/schemas/key.ts'
import { simSchema } from '../src/http/schemas/sim.ts'
import { simListSchema } from '../src/http/schemas/sim-list.ts'
import { usageEventsSchema } from '../src/http/schemas/usage-event.ts'
import { usageMemberSchema } from '../src/http/schemas/usage-member.ts'
import { accountUsageRecord, simUsageRecord } from '../src/http/schemas/usage-record.ts'
import { usedNetworkSchema } from '../src/http/schemas/used-network.ts'
import { buildServer } from '../src/http/server.ts'
import {
  fleetSchema,
  networkSchema,
  superSimSchema,
  superSimUsageRecord,
} from '../src/http/supersim/schemas.ts'
import type { UsageStore } from '../src/storage/usage-store.ts'

import { EXAMPLES } from './openapi-examples.ts'

export const OPENAPI_FILE = new URL('../docs/openapi.json', import.meta.url)

/** Schemas with a name in the file, so that clients have a type of that name. */
const COMPONENTS: Readonly<Record<string, TSchema>> = {
  Account: accountSchema,
  Act: actsSchema.properties.acts.items,
  AcceptedGap: acceptedGapSchema,
  AccountUsageRecord: accountUsageRecord,
  Audit: auditSchema,
  ConsoleSession: consoleSessionSchema,
  Delivery: deliverySchema,
  DeliveryDryRun: dryRunSchema,
  DiscardedImport: discardedSchema,
  Error: errorSchema,
  Feed: feedSchema,
  Fleet: fleetSchema,
  Gap: gapsSchema.properties.gaps.items,
  Group: groupSchema,
  Import: importSchema,
  Key: keySchema,
  ListMeta: actsSchema.properties.meta,
  Membership: membershipSchema,
  NewAccount: newAccountSchema,
  NewKey: newKeySchema,
  UsedNetwork: usedNetworkSchema,
  QuarantineEntry: quarantineSchema.properties.quarantine.items,
  RecycledImport: recycledSchema,
  Sim: simSchema,
  SimListOutcome: simListSchema,
  SimUsageRecord: simUsageRecord,
  SuperSim: superSimSchema,
  SuperSimNetwork: networkSchema,
  SuperSimUsageRecord: superSimUsageRecord,
  UndoDryRun: undoDryRunSchema,
  UndoneImport: undoneSchema,
  UsageMember: usageMemberSchema,
  UsageEvent: usageEventsSchema.properties.usage_events.items,
}

/** The content types of bodies that are not forms. Schemas do not state these. */
const TEXT_BODIES: Readonly<Record<string, readonly string[]>> = {
  deliverRecords: ['text/csv', 'application/x-ndjson', 'application/octet-stream'],
  registerSimList: ['text/csv'],
  trySimList: ['text/csv'],
  tryDelivery: ['text/csv', 'application/x-ndjson', 'application/octet-stream'],
}
const TEXT_ANSWERS: Readonly<Record<string, string>> = { fetchMetrics: 'text/plain' }
/** The content types that callers can ask for instead of JSON. */
const OTHER_ANSWERS: Readonly<Record<string, readonly string[]>> = {
  listUsage: ['text/csv', 'application/x-ndjson'],
}

/**
 * The subject of an operation, by its path: the first match counts. In the order in which the file shows
 * them.
 */
const TAGS: readonly (readonly [tag: string, path: RegExp])[] = [
  ['Usage', /^\/v1\/.*(Usage|Networks)/],
  ['SIMs', /^\/v1\/Sim/],
  ['Groups', /^\/v1\/(Groups|LabelKeys)/],
  ['Feeds', /^\/v1\/Feeds/],
  ['Imports', /^\/v1\/Imports/],
  ['Accounts', /^\/v1\/(Accounts|Keys)/],
  ['Store', /^\/v1\//],
  ['Super SIM', /^\/supersim/],
  ['Console', /^\/console/],
  ['Server', /^/],
]

type Json = Record<string, unknown>

/** The whole file as text. */
export async function openApiText(): Promise<string> {
  const describing = Fastify()
  describing.setValidatorCompiler(() => () => true)
  await describing.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Simtally',
        description:
          "Exact usage metering for cellular SIMs: the UsageRecords API of Programmable Wireless, the Super SIM API under /supersim, and Simtally's own routes beside them.",
        version: '1',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: 'http://127.0.0.1:8080' }],
      tags: TAGS.map(([name]) => ({ name })),
      components: {
        securitySchemes: {
          basic: {
            type: 'http',
            scheme: 'basic',
            description: 'The SID and auth token of an account, or the SID and secret of a key',
          },
          bearer: { type: 'http', scheme: 'bearer', description: 'An access token' },
        },
      },
    },
    transform: ({ schema, url, route }) => ({ schema: described(schema, route), url }),
  })
  for (const route of await routesOfServer()) describing.route({ ...route, handler: () => {} })
  await describing.ready()
  const file = plain(describing.swagger()) as Json
  const named = Object.entries(COMPONENTS).map(([name, schema]) => [name, plain(schema)] as const)
  const components = file.components as Json
  const paths = withReferences(withExamples(withTextBodies(file.paths as Json)), named)
  const responses = refusals(named)
  const whole = {
    ...file,
    paths: withReferences(paths, Object.entries(responses), 'responses'),
    components: {
      ...components,
      responses,
      schemas: Object.fromEntries(
        named.map(([name, schema]) => [
          name,
          withReferences(
            schema,
            named.filter(([other]) => other !== name),
          ),
        ]),
      ),
    },
  }
  await describing.close()
  return `${JSON.stringify(whole, null, 2)}\n`
}

/** Sorted by path, so that moving code moves nothing here. */
async function routesOfServer(): Promise<RouteOptions[]> {
  const routes: RouteOptions[] = []
  // No route is called, so the store is not used either.
  const store = { actingAs: () => store } as unknown as UsageStore
  const server = buildServer({ store, clock: () => 0, onRoute: (route) => routes.push(route) })
  await server.ready()
  return routes
    .filter(({ method }) => method !== 'HEAD')
    .sort((a, b) =>
      a.url < b.url ? -1 : a.url > b.url ? 1 : String(a.method) < String(b.method) ? -1 : 1,
    )
}

function described(schema: FastifySchema, route: RouteOptions): FastifySchema {
  const { scope } = (route.onRequest ?? {}) as Partial<Gate>
  return {
    ...(plain(schema) as FastifySchema),
    tags: [TAGS.find(([, path]) => path.test(route.url))![0]],
    ...(schema.body !== undefined && {
      consumes: ['application/x-www-form-urlencoded', 'application/json'],
    }),
    ...(scope !== undefined && {
      description: `Needs the scope \`${scope}\`.`,
      security: [{ basic: [] }, { bearer: [] }],
    }),
  }
}

/**
 * A copy of the JSON in it. OpenAPI 3.1 has a type for what 3.0 called nullable. Parameter descriptions begin
 * with the parameter's name, which sentences about wrong values need but this file does not.
 */
function plain(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => plain(item))
  if (typeof value !== 'object' || value === null) return value
  const { nullable, ...rest } = value as Json
  const copy = Object.fromEntries(
    Object.entries(rest)
      .filter(([, item]) => typeof item !== 'function')
      .map(([name, item]) => [name, plain(item, name)]),
  )
  const { description, type } = copy
  if (typeof description === 'string' && description.startsWith(`${key}: `)) {
    copy.description = description.slice(key.length + 2)
  }
  if (nullable === true) copy.type = [type, 'null']
  return copy
}

/** The meaning of a status, if the generator gives the same for all operations. */
const MEANINGS: Readonly<Record<string, string>> = {
  200: 'Done',
  201: 'Created',
  202: 'Accepted',
  401: 'Refused because of the credentials',
  '4XX': 'Refused: the message says what is wrong',
  '5XX': 'Failed; the request may be repeated',
}

function withTextBodies(paths: Json): Json {
  for (const operations of Object.values(paths) as Record<string, Json>[]) {
    for (const operation of Object.values(operations)) {
      const types = TEXT_BODIES[operation.operationId as string]
      if (types !== undefined) {
        const content = types.map((type) => [type, { schema: { type: 'string' } }])
        operation.requestBody = { required: true, content: Object.fromEntries(content) }
      }
      const type = TEXT_ANSWERS[operation.operationId as string]
      if (type !== undefined) {
        const content = { [type]: { schema: { type: 'string' } } }
        operation.responses = { 200: { content } }
      }
      const others = OTHER_ANSWERS[operation.operationId as string] ?? []
      for (const other of others) {
        const { content } = (operation.responses as Record<string, Json>)['200']!
        Object.assign(content as Json, { [other]: { schema: { type: 'string' } } })
      }
      for (const [status, answer] of Object.entries(operation.responses as Record<string, Json>)) {
        answer.description = MEANINGS[status]
      }
    }
  }
  return paths
}

interface Parameter {
  readonly in: 'path' | 'query'
  readonly name: string
  example?: string
}

function withExamples(paths: Json): Json {
  for (const operations of Object.values(paths) as Record<string, Json>[]) {
    for (const operation of Object.values(operations)) {
      const name = operation.operationId as string
      if (EXAMPLES[name] === undefined) {
        throw new Error(`scripts/openapi-examples.ts has no example for ${name}`)
      }
      const { form, text, needs, ...values } = EXAMPLES[name]
      for (const parameter of (operation.parameters ?? []) as Parameter[]) {
        const value = values[parameter.in]?.[parameter.name]
        if (value !== undefined) parameter.example = value
      }
      const { content = {} } = (operation.requestBody ?? {}) as { content?: Record<string, Json> }
      const example = form ?? text
      for (const [type, each] of Object.entries(content)) {
        // A text is an example of CSV, whatever else may be sent.
        if (example !== undefined && (form !== undefined || type === 'text/csv')) {
          each.example = example
        }
      }
      if (needs !== undefined) {
        operation.description = `${operation.description ?? ''} The example needs ${needs}.`.trim()
      }
    }
  }
  return paths
}

type Named = readonly (readonly [name: string, schema: unknown])[]

/** The answers that nearly every operation has, so that the file states them once. */
function refusals(named: Named): Json {
  const schema = withReferences(plain(errorSchema), named)
  const content = { 'application/json': { schema } }
  return {
    Refused: { description: MEANINGS['4XX'], content },
    Failed: { description: MEANINGS['5XX'], content },
  }
}

function withReferences(value: unknown, named: Named, kind = 'schemas'): unknown {
  if (Array.isArray(value)) return value.map((item) => withReferences(item, named, kind))
  if (typeof value !== 'object' || value === null) return value
  const found = named.find(([, schema]) => isDeepStrictEqual(schema, value))
  if (found !== undefined) return { $ref: `#/components/${kind}/${found[0]}` }
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, withReferences(item, named, kind)]),
  )
}

// Tests load this file without generating anything.
if (import.meta.main) openApiText().then((text) => writeFileSync(OPENAPI_FILE, text))
