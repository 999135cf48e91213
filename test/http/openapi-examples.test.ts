/** Each operation of the OpenAPI file has an example, and it works on the demo's store. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { OPENAPI_FILE } from '../../scripts/generate-openapi.ts'
import { EXAMPLES, type Example } from '../../scripts/openapi-examples.ts'
import { hashSecret, newSecret, newSid } from '../../src/domain/secret.ts'
import type { HttpServer } from '../../src/http/route-context.ts'
import { buildServer } from '../../src/http/server.ts'
import { openStore } from '../../src/storage/open-store.ts'
import type { UsageStore } from '../../src/storage/usage-store.ts'
import { CliFixture } from '../cli/cli-fixture.ts'
import { bodyIn } from '../support/answers.ts'
import { NOW } from '../support/builders.ts'
import { askSession, OWN_PAGE, signedIn } from '../support/console-session.ts'
import { basic, type TestCredential } from '../support/http-fixture.ts'

interface Operation {
  readonly operationId: string
  readonly parameters?: readonly {
    readonly in: string
    readonly name: string
    readonly example?: string
  }[]
  readonly requestBody?: { readonly content: Record<string, { readonly example?: unknown }> }
}

const { paths }: { readonly paths: Record<string, Record<string, Operation>> } = JSON.parse(
  readFileSync(OPENAPI_FILE, 'utf8'),
)
const operations = new Map(
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [
      operation.operationId,
      { path, method: method.toUpperCase() as 'GET' | 'POST' | 'DELETE', operation },
    ]),
  ),
)

let cli: CliFixture
let store: UsageStore
let server: HttpServer
let operator: TestCredential
before(async () => {
  cli = await CliFixture.open()
  const demo = ['demo', '--no-serve', '--sims', '2', '--days', '10']
  // It lies where the demo is told to, with its credentials beside it.
  await cli.run([...demo, '--database', `sqlite:${cli.path('demo.db')}`], { now: NOW })
  store = await openStore(`sqlite:${cli.path('demo.db')}`)
  server = buildServer({ store, clock: () => NOW })
  operator = { sid: newSid('SK'), secret: newSecret() }
  await store.createApiKey({
    ...{ sid: operator.sid as 'SK', accountId: null, scope: 'admin', label: '' },
    ...{ secretHash: hashSecret(operator.secret), createdAt: NOW, revokedAt: null },
  } as Parameters<UsageStore['createApiKey']>[0])
})
after(async () => {
  await server?.close()
  await store?.close()
  await cli.close()
})

async function send(name: string, { path = {}, query = {}, form, text }: Example) {
  const { path: pattern, method } = operations.get(name)!
  const url = pattern.replaceAll(/\{(\w+)\}/g, (_, each: string) => path[each]!)
  const body = text ?? (form === undefined ? undefined : new URLSearchParams(form).toString())
  const type = text === undefined ? 'application/x-www-form-urlencoded' : 'text/csv'
  return server.inject({
    ...{ method, url: `${url}?${new URLSearchParams(query)}` },
    headers: { ...OWN_PAGE_OF_NOBODY, authorization: basic(operator), 'content-type': type },
    ...(body !== undefined && { payload: body }),
  })
}

/** The page of the viewer: its own, but no request of the console. */
const OWN_PAGE_OF_NOBODY = { 'sec-fetch-site': OWN_PAGE['sec-fetch-site'] }

/** Examples with what they need, where this store has it. */
async function withNeeds(example: Example): Promise<Example> {
  switch (example.needs) {
    case 'an import of listImports': {
      const { imports } = bodyIn<'/v1/Imports'>((await send('listImports', {})).body)
      return { ...example, path: { id: imports[0]!.import } }
    }
    case 'a network of listSuperSimNetworks': {
      const { body } = await send('listSuperSimNetworks', EXAMPLES.listSuperSimNetworks!)
      const { networks } = bodyIn<'/supersim/v1/Networks'>(body)
      return { ...example, path: { NetworkSid: networks[0]!.sid } }
    }
    case 'a key of listKeys': {
      const { keys } = bodyIn<'/v1/Keys'>((await send('listKeys', EXAMPLES.listKeys!)).body)
      return { ...example, path: { Sid: keys.at(-1)!.sid } }
    }
    case 'a key':
      return {
        form: { ...example.form, client_id: operator.sid, client_secret: operator.secret },
      }
    case "the account's auth token":
      return { form: { sid: operator.sid, secret: operator.secret } }
    default:
      return example
  }
}

/** What they need, no demo has: a gap, a conflict, a cookie. */
const UNSENT = ['acceptFeedGap', 'acceptConflict', 'fetchSession']

describe('the examples of the OpenAPI file', () => {
  it('are there for every operation, with each value that it has to have', () => {
    assert.deepEqual(Object.keys(EXAMPLES).sort(), [...operations.keys()].sort())
    for (const [name, { path, operation }] of operations) {
      const { path: values = {}, form, text } = EXAMPLES[name]!
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, each]) => each)
      assert.deepEqual(Object.keys(values), named, name)
      for (const parameter of operation.parameters ?? []) {
        if (parameter.in === 'path') assert.ok(parameter.example, `${name}: ${parameter.name}`)
      }
      for (const [type, { example }] of Object.entries(operation.requestBody?.content ?? {})) {
        const isSaid = text === undefined || type === 'text/csv'
        assert.deepEqual(example, isSaid ? (form ?? text) : undefined, name)
      }
    }
  })

  it('work on the demo’s store, one after the other', async () => {
    for (const [name, stated] of Object.entries(EXAMPLES)) {
      if (UNSENT.includes(name)) continue
      const { statusCode, body } = await send(name, await withNeeds(stated))
      assert.ok(statusCode >= 200 && statusCode < 300, `${name}: ${statusCode} ${body}`)
    }
    const headers = await signedIn({ server }, operator)
    assert.equal((await askSession({ server }, 'GET', { headers })).status, 200)
  })
})
