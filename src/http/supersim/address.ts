/**
 * The address of the Super SIM API. It needs a prefix, because it and the API at the root both have
 * `/v1/UsageRecords` and `/v1/Sims`, with different parameters and answers.
 */
import type { IncomingMessage } from 'node:http'
import type { TrustsPeer } from '../base-url.ts'

export const SUPER_SIM_PREFIX = '/supersim'

/** The base URL to configure in clients of the Super SIM API. */
export function superSimUrl(baseUrl: string): string {
  return baseUrl + SUPER_SIM_PREFIX
}

/** Clients that believe they talk to a proxy send the whole URL, and every server must accept that. */
function withoutOrigin(url: string): string {
  const [origin = ''] = /^https?:\/\/[^/?#]*/i.exec(url) ?? []
  const path = url.slice(origin.length)
  return origin === '' || path.startsWith('/') ? path : `/${path}`
}

/**
 * The URL of a request as routes see it. Some clients can change only the host that they call, so under a
 * name that begins with `supersim.` the prefix may be missing.
 */
export function withSuperSimPrefix(request: IncomingMessage, trusts: TrustsPeer): string {
  const { headers, socket } = request
  const url = withoutOrigin(request.url ?? '/')
  if (!url.startsWith('/v1/')) return url
  const forwarded = headers['x-forwarded-host']
  const isForwarded = typeof forwarded === 'string' && trusts(socket.remoteAddress ?? '')
  // The nearest proxy writes last, which is also how Fastify reads it.
  const host = isForwarded ? forwarded.slice(forwarded.lastIndexOf(',') + 1).trim() : headers.host
  return /^supersim\./i.test(host ?? '') ? SUPER_SIM_PREFIX + url : url
}
