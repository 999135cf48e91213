/** `POST /Feeds/{name}/Records`: a delivery of usage records, answered once it is on disk. */
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Feed, FeedFormat } from '../../domain/directory.ts'
import { recordCount, type VerdictCounts } from '../../domain/import.ts'
import { UsageError } from '../../domain/usage-error.ts'
import { type ImportSummary, importRecords } from '../../ingest/import-records.ts'
import { callerOf, feedToDeliverTo } from '../access.ts'
import { HttpError } from '../error-reply.ts'
import { type ImportSids, importSids, inSids, refuseInSids } from '../import-sids.ts'
import type { HttpServer, RouteContext } from '../route-context.ts'
import { failures } from '../schemas/error.ts'
import { deliverySchema, deliveryToApi } from '../schemas/import.ts'

/**
 * What a delivery keeps in memory is this much twice, smaller than for a file: many come at once.
 * Bounded in records and in UTF-16 units of their text.
 */
const BATCH_RECORDS = 5_000
const BATCH_TEXT_MAX = 2_097_152

/** Formats with nothing to set: any feed of one of them can be read as the other as well. */
const CANONICAL_FORMATS: readonly FeedFormat[] = ['csv', 'ndjson']

/**
 * What a content type says of the format, where the feed's own is a canonical one; null leaves it
 * to the feed. A feed of another format reads all of them as it is set up.
 */
const FORMAT_OF_TYPE: Readonly<Record<string, FeedFormat | null>> = {
  'text/csv': 'csv',
  'application/x-ndjson': 'ndjson',
  'application/ndjson': 'ndjson',
  'application/jsonl': 'ndjson',
  // One record is a line of NDJSON.
  'application/json': 'ndjson',
  'application/cloudevents+json': 'mapped',
  'application/cloudevents-batch+json': 'mapped',
  'application/xml': 'mapped',
  'text/xml': 'mapped',
  'text/plain': null,
  'application/octet-stream': null,
  'application/gzip': null,
  // What curl sends with --data-binary unless it is told otherwise.
  'application/x-www-form-urlencoded': null,
}

/** A scope of its own, in which bodies are left unread: the import pipeline streams them. */
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
          params: Type.Object({ name: Type.String() }),
          response: { 200: deliverySchema, ...failures },
        },
      },
      async (request, reply) => {
        const gone = new AbortController()
        reply.raw.once('close', () => gone.abort())
        try {
          const { name } = request.params
          const summary = await receive(context, request, { feedName: name, gone: gone.signal })
          return deliveryToApi(summary, {
            baseUrl: context.baseUrlOf(request),
            sids: await importSids(context.store),
          })
        } finally {
          // A client that has not sent all yet hears the answer only if the rest is taken in.
          request.raw.resume()
        }
      },
    )
  })
}

async function receive(
  { store, clock, limits, imports, turns, onDelivery }: RouteContext,
  request: FastifyRequest,
  { feedName, gone }: { readonly feedName: string; readonly gone: AbortSignal },
): Promise<ImportSummary> {
  const caller = callerOf(request)
  const feed = await feedToDeliverTo(store, caller, feedName)
  const format = formatOf(request, feed)
  const body = new LimitedBody(request, limits.deliveryBytes)
  const importing = {
    store: store.actingAs({ name: callerOf(request).credentialSid, clock }),
    feed,
    account: caller.account,
    source: { name: 'http', bytes: body },
    ...(format !== null && { format }),
    clock,
    limits,
    batchRecordsMax: BATCH_RECORDS,
    batchTextMax: BATCH_TEXT_MAX,
    nextTurn: () => turns.next(),
  }
  const sids = await importSids(store)
  const summary = await imports
    .run(caller.credentialSid, gone, () => importRecords(importing))
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
  const reason = summary.import.error!.replace(/^./, (first) => first.toUpperCase())
  throw new HttpError('payload_too_large', `${reason}; ${countedBefore(summary, sids)}`, { limit })
}

/** Throws 415 for a body that is not records, or that is packed in another way than gzip. */
function formatOf({ headers, mediaType }: FastifyRequest, feed: Feed): FeedFormat | null {
  const encoding = headers['content-encoding']?.toLowerCase() ?? 'identity'
  if (!['identity', 'gzip', 'x-gzip'].includes(encoding)) {
    throw new HttpError(
      'unsupported_media_type',
      `Content-Encoding "${encoding}": expected gzip, or none`,
    )
  }
  if (mediaType === undefined) return null
  const format = FORMAT_OF_TYPE[mediaType.toLowerCase()]
  if (format === undefined) {
    throw new HttpError(
      'unsupported_media_type',
      `Content-Type "${mediaType}": expected ${Object.keys(FORMAT_OF_TYPE).join(', ')}, or none`,
    )
  }
  if (!CANONICAL_FORMATS.includes(feed.format)) return null
  if (format === null || CANONICAL_FORMATS.includes(format)) return format
  throw new HttpError(
    'unsupported_media_type',
    `Content-Type "${mediaType}": the feed ${feed.name} reads ${feed.format}; what is not canonical needs a feed with a mapping`,
  )
}

/** A request's bytes up to a limit. Fails before the first one where Content-Length tells. */
class LimitedBody implements AsyncIterable<Uint8Array> {
  readonly #request: FastifyRequest
  readonly #bytesMax: number
  #bytesRead = 0

  constructor(request: FastifyRequest, bytesMax: number) {
    if (Number(request.headers['content-length'] ?? 0) > bytesMax) {
      throw new HttpError('payload_too_large', tooLarge(bytesMax), { limit: 'deliveryBytes' })
    }
    this.#request = request
    this.#bytesMax = bytesMax
  }

  /** Throws `unreadable` at the limit, and where the connection ends before the body does. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    // A stream destroyed for being left early would take the socket, and so the answer, with it.
    const chunks = this.#request.raw.iterator({ destroyOnReturn: false })
    try {
      for (;;) {
        const { done, value } = await chunks.next().catch((cause: unknown) => {
          throw new UsageError('unreadable', 'the connection ended before the body did', { cause })
        })
        if (done) return
        this.#bytesRead += value.length
        if (this.#bytesRead > this.#bytesMax) {
          throw new UsageError('unreadable', tooLarge(this.#bytesMax), { limit: 'deliveryBytes' })
        }
        yield value
      }
    } finally {
      await chunks.return?.()
    }
  }
}

function tooLarge(bytesMax: number): string {
  return `The body is larger than ${bytesMax} bytes: cut the delivery into smaller ones`
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
