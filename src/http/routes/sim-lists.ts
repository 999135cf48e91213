/** `/SimLists`: registers the SIMs of a CSV list, or says beforehand what that would do. */
import type { IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import type { Limits } from '../../domain/limits.ts'
import { UsageError } from '../../domain/usage-error.ts'
import { readSimList, type SimListFault } from '../../ingest/sim-list.ts'
import {
  type ListGiven,
  previewSimList,
  registerSimList,
} from '../../ingest/sim-list-registration.ts'
import { accountRequired, actingStore, callerOf, permissionDenied } from '../access.ts'
import { HttpError } from '../error-reply.ts'
import type { HttpServer, RouteContext } from '../route-context.ts'
import { failures } from '../schemas/error.ts'
import { simListPreviewToApi, simListSchema, simListToApi } from '../schemas/sim-list.ts'
import { accountSidParameter } from '../sim-lookup.ts'

const querystring = Type.Object(accountSidParameter)

/** At most this many faults are named for a list that cannot be registered; a dry run names more. */
const FAULTS_NAMED_MAX = 10

/** Bytes read before other requests get their turn. */
const PIECE_BYTES = 65_536

/** A scope of its own, in which bodies stay unread until their turn. */
export function addSimListRoutes(server: HttpServer, context: RouteContext): void {
  server.register(async (scope: HttpServer) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
    scope.post(
      '/v1/SimLists',
      {
        onRequest: context.gates.admin,
        schema: {
          operationId: 'registerSimList',
          summary: 'Registers the SIMs of a CSV list, all or none',
          querystring,
          response: { 200: simListSchema, ...failures },
        },
      },
      (request, reply) => received(context, request, reply, register),
    )
    // A route of its own: a mistyped parameter must not turn a dry run into a real one.
    scope.post(
      '/v1/SimLists/DryRun',
      {
        onRequest: context.gates.admin,
        schema: {
          operationId: 'trySimList',
          summary: 'Shows what registering a CSV list of SIMs would do, and registers nothing',
          querystring,
          response: { 200: simListSchema, ...failures },
        },
      },
      (request, reply) => received(context, request, reply, preview),
    )
  })
}

type ListRequest = FastifyRequest<{ Querystring: { AccountSid?: string } }>

/** What to do with a list once it is read. */
type Use = (
  context: RouteContext,
  request: FastifyRequest,
  given: Omit<ListGiven, 'store'>,
) => Promise<Static<typeof simListSchema>>

/** Takes turns with the deliveries, because lists weigh as much. */
async function received(
  context: RouteContext,
  request: ListRequest,
  reply: FastifyReply,
  use: Use,
): Promise<Static<typeof simListSchema>> {
  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort())
  const { credentialSid } = callerOf(request)
  try {
    return await context.imports.run(credentialSid, gone.signal, async () =>
      use(context, request, await read(context, request)),
    )
  } finally {
    // A client still sending gets the answer only if the server takes in the rest.
    request.raw.resume()
  }
}

async function read(
  context: RouteContext,
  request: ListRequest,
): Promise<Omit<ListGiven, 'store'>> {
  const { store, clock, limits, turns } = context
  const caller = callerOf(request)
  const account = await accountRequired(store, caller, request.query.AccountSid)
  if (caller.account?.mayRegisterNumbers === false) {
    throw permissionDenied(
      'SIMs and their numbers are registered by the operator, unless it allows the account to ' +
        '(MayRegisterNumbers)',
    )
  }
  const body = await bytesOf(request.raw, limits)
  const unpacking = { unpackedBytes: limits.simListBytes, unpackRatio: limits.unpackRatio }
  const simList = await readSimList(
    inTurns(body, () => turns.next()),
    unpacking,
  )
  return { account, simList, at: clock(), name: null }
}

const register: Use = async (context, request, given) => {
  const registered = await registerSimList({ ...given, store: actingStore(context, request) })
  if ('faults' in registered) throw refusal(registered.faults)
  return simListToApi(given.account, registered.outcome, given.simList.warnings)
}

const preview: Use = async ({ store }, _request, given) => {
  const told = await previewSimList({ ...given, store })
  return simListPreviewToApi(given.account, told, given.simList.warnings)
}

async function* inTurns(body: Buffer, nextTurn: () => Promise<void>): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < body.length; at += PIECE_BYTES) {
    if (at > 0) await nextTurn()
    yield body.subarray(at, at + PIECE_BYTES)
  }
}

/** Throws 413 above the limit, and before the first byte if `Content-Length` already exceeds it. */
async function bytesOf(
  raw: IncomingMessage,
  { simListBytes }: Pick<Limits, 'simListBytes'>,
): Promise<Buffer> {
  if (Number(raw.headers['content-length'] ?? 0) > simListBytes) throw tooLarge(simListBytes)
  const chunks: Buffer[] = []
  let bytes = 0
  // Leaving the loop early would destroy the stream, and with it the socket and the answer.
  for await (const chunk of raw.iterator({ destroyOnReturn: false })) {
    bytes += chunk.length
    if (bytes > simListBytes) throw tooLarge(simListBytes)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function tooLarge(bytesMax: number): HttpError {
  const message = `The list is larger than ${bytesMax} bytes: cut it into several`
  return new HttpError('payload_too_large', message, { limit: 'simListBytes' })
}

function refusal(faults: readonly SimListFault[]): UsageError {
  const named = faults.slice(0, FAULTS_NAMED_MAX).map(lineOf)
  const cut = faults.length > named.length ? `, of which the first ${named.length}` : ''
  const count = faults.length === 1 ? '1 fault' : `${faults.length} faults`
  return new UsageError('invalid', `${count}${cut}: ${named.join('; ')}`, {
    hint: 'no SIM of the list was registered',
  })
}

function lineOf({ line, message }: SimListFault): string {
  return `line ${line}: ${message}`
}
