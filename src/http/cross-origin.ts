/**
 * CORS: pages of other origins may read answers if the operator names their origins. None is named by
 * default, and `*` never is, because credentials would then work from any page.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { UsageError } from '../domain/usage-error.ts'
import { pathOf } from './error-reply.ts'
import { addVary } from './vary.ts'

/** How long a browser may reuse the answer to a preflight. */
const PREFLIGHT_SECONDS = 600

const REQUEST_HEADERS = 'Accept, Authorization, Content-Type, If-Match, If-None-Match, Prefer'

/** Headers that a page may read, beyond those that every page may. */
const RESPONSE_HEADERS = [
  'ETag',
  'Allow',
  'Retry-After',
  'Server-Timing',
  'Twilio-Request-Id',
  'Usage-Complete-From',
  'Usage-Complete-Through',
  'Usage-Retained-From',
].join(', ')

/** Returns the origin as browsers write it. Throws `invalid` for anything else. */
export function parseOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  const isWeb = url?.protocol === 'http:' || url?.protocol === 'https:'
  if (isWeb && url.href === `${url.origin}/`) return url.origin
  throw new UsageError('invalid', `allowOrigin ${text}: expected an origin`, {
    field: 'allowOrigin',
    value: text,
    hint: 'give scheme, host and, where it is another than usual, the port: https://app.example.com',
  })
}

export interface CrossOrigin {
  /** Answers a preflight of a named origin if the path has methods. Returns false otherwise. */
  answerPreflight(
    request: FastifyRequest,
    reply: FastifyReply,
    methodsOf: (path: string) => readonly string[],
  ): boolean
}

/** Throws `invalid`. */
export function addCrossOrigin(server: FastifyInstance, origins: readonly string[]): CrossOrigin {
  const allowed = new Set(origins.map(parseOrigin))
  if (allowed.size === 0) return { answerPreflight: () => false }
  const isAllowed = ({ headers: { origin } }: FastifyRequest) =>
    origin !== undefined && allowed.has(origin)

  server.addHook('onRequest', (request, reply, done) => {
    // Even if the request names no origin, or one that is not allowed: a cache keeps the answer for other
    // origins.
    addVary(reply, 'Origin')
    if (isAllowed(request)) {
      reply.headers({
        'Access-Control-Allow-Origin': request.headers.origin,
        'Access-Control-Allow-Credentials': 'true',
        'Access-Control-Expose-Headers': RESPONSE_HEADERS,
      })
    }
    done()
  })
  return {
    answerPreflight: (request, reply, methodsOf) => {
      const isAsked = request.headers['access-control-request-method'] !== undefined
      if (request.method !== 'OPTIONS' || !isAsked || !isAllowed(request)) return false
      const methods = methodsOf(pathOf(request.url))
      if (methods.length === 0) return false
      reply
        .code(204)
        .headers({
          'Access-Control-Allow-Methods': methods.join(', '),
          'Access-Control-Allow-Headers': REQUEST_HEADERS,
          'Access-Control-Max-Age': String(PREFLIGHT_SECONDS),
        })
        .send()
      return true
    },
  }
}
