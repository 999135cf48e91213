/**
 * Where the Super SIM API lies: under a prefix, because it and the API at the root both have
 * `/v1/UsageRecords` and `/v1/Sims`, with other parameters and other answers.
 */
import type { IncomingMessage } from 'node:http'
import type { TrustsPeer } from '../base-url.ts'

export const SUPER_SIM_PREFIX = '/supersim'

/** The base URL that clients of the Super SIM API are given. */
export function superSimUrl(baseUrl: string): string {
  return baseUrl + SUPER_SIM_PREFIX
}

/** Clients that believe in a proxy say all of a URL, and every server has to take it. */
function withoutOrigin(url: string): string {
  const [origin = ''] = /^https?:\/\/[^/?#]*/i.exec(url) ?? []
  const path = url.slice(origin.length)
  return origin === '' || path.startsWith('/') ? path : `/${path}`
}

/**
 * The URL of a request as routes see it. Some clients can change the host of what they call and nothing
 * else: under a name that begins with `supersim.`, the prefix may be missing.
 */
export function withSuperSimPrefix(request: IncomingMessage, trusts: TrustsPeer): string {
  const { headers, socket } = request
  const url = withoutOrigin(request.url ?? '/')
  if (!url.startsWith('/v1/')) return url
  const forwarded = headers['x-forwarded-host']
  const isForwarded = typeof forwarded === 'string' && trusts(socket.remoteAddress ?? '')
  // The nearest proxy writes last, as Fastify reads it.
  const host = isForwarded ? forwarded.slice(forwarded.lastIndexOf(',') + 1).trim() : headers.host
  return /^supersim\./i.test(host ?? '') ? SUPER_SIM_PREFIX + url : url
}
