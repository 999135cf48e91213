/** The body of a delivery: its declared type, and its bytes up to a limit. */
import type { FastifyRequest } from 'fastify'
import type { Feed, FeedFormat } from '../domain/directory.ts'
import type { LimitName } from '../domain/limits.ts'
import { UsageError } from '../domain/usage-error.ts'
import { HttpError } from './error-reply.ts'

/** These have no settings, so a feed of either can also be read as the other. */
const CANONICAL_FORMATS: readonly FeedFormat[] = ['csv', 'ndjson']

/**
 * The format that a content type means on a feed whose own format is canonical; null leaves it to the feed.
 * Feeds of other formats read all of these as they are configured.
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
  'application/x-gzip': null,
  'application/zip': null,
  'application/x-zip-compressed': null,
  // curl sends this with --data-binary unless told otherwise.
  'application/x-www-form-urlencoded': null,
}

/** Throws 415 for a body that is not records, or whose compression is not gzip. */
export function formatOf({ headers, mediaType }: FastifyRequest, feed: Feed): FeedFormat | null {
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

export interface BodyLimit {
  readonly limit: LimitName
  readonly bytesMax: number
  /** What the caller can do about a larger body. */
  readonly remedy: string
}

/** A request's bytes up to a limit. If Content-Length already exceeds it, fails before the first byte. */
export class LimitedBody implements AsyncIterable<Uint8Array> {
  readonly #request: FastifyRequest
  readonly #most: BodyLimit
  #bytesRead = 0

  constructor(request: FastifyRequest, most: BodyLimit) {
    if (Number(request.headers['content-length'] ?? 0) > most.bytesMax) {
      throw new HttpError('payload_too_large', tooLarge(most), { limit: most.limit })
    }
    this.#request = request
    this.#most = most
  }

  /** Throws `unreadable` at the limit, and if the connection ends before the body does. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    // Leaving the loop early would destroy the stream, and with it the socket and the answer.
    const chunks = this.#request.raw.iterator({ destroyOnReturn: false })
    try {
      for (;;) {
        const { done, value } = await chunks.next().catch((cause: unknown) => {
          throw new UsageError('unreadable', 'the connection ended before the body did', { cause })
        })
        if (done) return
        this.#bytesRead += value.length
        if (this.#bytesRead > this.#most.bytesMax) {
          throw new UsageError('unreadable', tooLarge(this.#most), { limit: this.#most.limit })
        }
        yield value
      }
    } finally {
      await chunks.return?.()
    }
  }
}

function tooLarge({ bytesMax, remedy }: BodyLimit): string {
  return `The body is larger than ${bytesMax} bytes: ${remedy}`
}

/**
 * The whole body, read before anything is done with it. Throws 413 at the limit, and 400 if the connection
 * ends before the body does.
 */
export async function wholeBody(body: LimitedBody): Promise<readonly Uint8Array[]> {
  try {
    return await Array.fromAsync(body)
  } catch (error) {
    if (!(error instanceof UsageError) || error.limit === undefined) throw error
    throw new HttpError('payload_too_large', error.message, { limit: error.limit })
  }
}
