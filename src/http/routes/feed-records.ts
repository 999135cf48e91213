/**
 * `POST /Feeds/{name}/Records`: a delivery of usage records, answered once it is on disk, and its dry run.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import { recordCount, type VerdictCounts } from '../../domain/import.ts'
import { printable } from '../../domain/printable.ts'
import { UsageError } from '../../domain/usage-error.ts'
import { type ImportSummary, importRecords } from '../../ingest/import-records.ts'
import { type DryRunSummary, tryImport } from '../../ingest/try-import.ts'
import { actingStore, callerOf, feedToDeliverTo } from '../access.ts'
import { formatOf, LimitedBody, wholeBody } from '../delivery-body.ts'
import { HttpError } from '../error-reply.ts'
import { importAddress } from '../import-lookup.ts'
import { type ImportSids, importSids, inSids, refuseInSids } from '../import-sids.ts'
import type { HttpServer, RouteContext } from '../route-context.ts'
import { failures } from '../schemas/error.ts'
import { deliverySchema, deliveryToApi, dryRunSchema, dryRunToApi } from '../schemas/import.ts'
import { parameter } from '../validation.ts'

/**
 * A delivery keeps twice this much in memory. It is smaller than for a file, because many deliveries come at
 * once. Bounded in records and in UTF-16 units of their text.
 */
const BATCH_RECORDS = 5_000
const BATCH_TEXT_MAX = 2_097_152

const params = Type.Object({ name: Type.String() })

const querystring = Type.Object({
  FileName: Type.Optional(
    parameter(
      'FileName',
      'expected the name of the file that is delivered: at most 255 printable characters, no slash',
      isFileName,
    ),
  ),
})

const FILE_NAME_MAX = 255

function isFileName(text: string): boolean {
  return text.length <= FILE_NAME_MAX && printable(text) === text && !/[/\\]/.test(text)
}

type DeliveryRequest = FastifyRequest<{ Querystring: Static<typeof querystring> }>

/** The source of a delivery without a name. */
const NAMELESS = 'http'

interface Delivered {
  readonly feedName: string
  /** Aborted when the caller has hung up. */
  readonly gone: AbortSignal
}

/** A scope of its own that leaves bodies unread, because the import pipeline streams them. */
export function addFeedRecordRoutes(server: HttpServer, context: RouteContext): void {
  server.register(async (scope: HttpServer) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
    scope.post(
      '/v1/Feeds/:name/Records',
      {
        onRequest: context.gates.ingest,
        schema: {
          operationId: 'deliverRecords',
          summary: 'Delivers usage records; answers once they are on disk',
          params,
          querystring,
          response: { 200: deliverySchema, ...failures },
        },
      },
      (request, reply) =>
        taken(request, reply, async (gone) => {
          const summary = await receive(context, request, { feedName: request.params.name, gone })
          return deliveryToApi(summary, await importAddress(context, request))
        }),
    )
    scope.post(
      '/v1/Feeds/:name/Records/DryRun',
      {
        onRequest: context.gates.ingest,
        schema: {
          operationId: 'tryDelivery',
          summary: 'Shows what a delivery would change, and keeps nothing of it',
          params,
          querystring,
          response: { 200: dryRunSchema, ...failures },
        },
      },
      (request, reply) =>
        taken(request, reply, async (gone) => {
          const summary = await tryOut(context, request, { feedName: request.params.name, gone })
          return dryRunToApi(summary, callerOf(request), await importSids(context.store))
        }),
    )
  })
}

async function taken<T>(
  request: FastifyRequest,
  reply: FastifyReply,
  work: (gone: AbortSignal) => Promise<T>,
): Promise<T> {
  const gone = new AbortController()
  const abort = () => gone.abort()
  reply.raw.once('close', abort)
  try {
    return await work(gone.signal)
  } finally {
    // Every answer ends in a close. An abort by then stops nothing, and makes an error with its stack.
    reply.raw.off('close', abort)
    // A client still sending gets the answer only if the server takes in the rest.
    request.raw.resume()
  }
}

async function receive(
  context: RouteContext,
  request: DeliveryRequest,
  delivered: Delivered,
): Promise<ImportSummary> {
  const { store, limits, imports, onDelivery } = context
  const caller = callerOf(request)
  const road = await roadOf(context, request, delivered)
  const body = new LimitedBody(request, {
    limit: 'deliveryBytes',
    bytesMax: limits.deliveryBytes,
    remedy: 'cut the delivery into smaller ones',
  })
  const importing = {
    ...road,
    store: actingStore(context, request),
    source: { name: request.query.FileName || NAMELESS, bytes: body },
    limits,
  }
  const sids = await importSids(store)
  const summary = await imports
    .run(caller.credentialSid, delivered.gone, () => importRecords(importing))
    .catch((error: unknown) => refuseInSids(error, sids))
    .finally(onDelivery)
  if (summary.import.status === 'done') return summary
  const { limit } = summary
  if (limit === null) {
    throw new HttpError(
      'invalid_parameter',
      `${inSids(unreadable(summary), summary.import.id, sids)}; ${countedBefore(summary, sids)}`,
    )
  }
  throw new HttpError(
    'payload_too_large',
    `${sentence(summary.import.error!)}; ${countedBefore(summary, sids)}`,
    { limit },
  )
}

/** The body is read in full before the dry run makes others wait. */
async function tryOut(
  context: RouteContext,
  request: DeliveryRequest,
  delivered: Delivered,
): Promise<DryRunSummary> {
  const { store, limits, imports } = context
  const { gone } = delivered
  const road = await roadOf(context, request, delivered)
  const body = new LimitedBody(request, {
    limit: limits.dryRunBytes < limits.deliveryBytes ? 'dryRunBytes' : 'deliveryBytes',
    bytesMax: Math.min(limits.dryRunBytes, limits.deliveryBytes),
    remedy: TOO_MUCH_TO_TRY,
  })
  const isFewer = limits.dryRunRecords < limits.deliveryRecords
  const deliveryRecords = isFewer ? limits.dryRunRecords : limits.deliveryRecords
  const summary = await imports.run(callerOf(request).credentialSid, gone, async () => {
    const bytes = whileAsked(await wholeBody(body), gone)
    const source = { name: request.query.FileName || NAMELESS, bytes }
    return tryImport({ ...road, store, source, limits: { ...limits, deliveryRecords } })
  })
  if (summary.import.status === 'done') return summary
  const { limit } = summary
  if (limit === null) {
    throw new HttpError('invalid_parameter', `${unreadable(summary)}; ${NOTHING_KEPT}`)
  }
  if (limit !== 'deliveryRecords') {
    const reason = `${sentence(summary.import.error!)}; ${NOTHING_KEPT}`
    throw new HttpError('payload_too_large', reason, { limit })
  }
  throw new HttpError(
    'payload_too_large',
    `The delivery has more than ${deliveryRecords} records: ${TOO_MUCH_TO_TRY}`,
    { limit: isFewer ? 'dryRunRecords' : limit },
  )
}

const NOTHING_KEPT = 'this was a dry run, and nothing of it is kept'
const TOO_MUCH_TO_TRY =
  'that is too much for a dry run; try it in smaller parts, or deliver it without one'

/** The steps that a delivery and its dry run share. */
async function roadOf(
  { store, clock, turns }: RouteContext,
  request: FastifyRequest,
  { feedName }: Delivered,
) {
  const caller = callerOf(request)
  const feed = await feedToDeliverTo(store, caller, feedName)
  const format = formatOf(request, feed)
  return {
    feed,
    account: caller.account,
    ...(format !== null && { format }),
    clock,
    batchRecordsMax: BATCH_RECORDS,
    batchTextMax: BATCH_TEXT_MAX,
    nextTurn: () => turns.next(),
  }
}

/** Ends early if nobody waits for the answer any more. */
async function* whileAsked(
  chunks: readonly Uint8Array[],
  gone: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    if (gone.aborted) throw new UsageError('unreadable', 'the caller has hung up')
    yield chunk
  }
}

function sentence(text: string): string {
  return text.replace(/^./, (first) => first.toUpperCase())
}

function unreadable({ import: { error }, hint }: ImportSummary): string {
  const remedy = hint === null ? '' : `; ${hint}`
  return `The delivery could not be read to its end: ${error}${remedy}`
}

function countedBefore({ import: { id, counts } }: ImportSummary, sids: ImportSids): string {
  const verdicts = Object.entries(counts satisfies VerdictCounts)
    .filter(([, count]) => count > 0)
    .map(([verdict, count]) => `${count} ${verdict}`)
  const named = verdicts.length === 0 ? '' : ` (${verdicts.join(', ')})`
  return (
    `${recordCount(counts)} records${named} were counted before, in import ${sids.of(id)}; ` +
    'sending the whole delivery again is safe, because no record is counted twice'
  )
}
