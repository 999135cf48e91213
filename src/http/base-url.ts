/** The scheme, host and path prefix under which callers reach this server. */
import { BlockList, isIPv6 } from 'node:net'
import type { FastifyRequest } from 'fastify'
import { UsageError } from '../domain/usage-error.ts'

/** Whose `X-Forwarded-*` headers are believed: nobody's, everybody's, or these addresses'. */
export type TrustProxy = boolean | readonly string[]

export type TrustsPeer = (address: string) => boolean

/** Addresses may be single (`10.0.0.1`) or networks (`10.0.0.0/8`). Throws `invalid`. */
export function trustsPeer(trustProxy: TrustProxy): TrustsPeer {
  if (typeof trustProxy === 'boolean') return () => trustProxy
  const proxies = new BlockList()
  for (const text of trustProxy) addProxy(proxies, text)
  return (address) => proxies.check(address, familyOf(address))
}

function addProxy(proxies: BlockList, text: string): void {
  const [address = '', prefixLength] = text.split('/')
  try {
    if (prefixLength === undefined) proxies.addAddress(address, familyOf(address))
    else proxies.addSubnet(address, Number(prefixLength), familyOf(address))
  } catch (cause) {
    throw new UsageError('invalid', `trustProxy ${text}: expected an IP address or network`, {
      field: 'trustProxy',
      value: text,
      cause,
    })
  }
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4'
}

/** Absolute, without a slash at its end: `https://usage.example.com/iot`. */
export type BaseUrlOf = (request: FastifyRequest) => string

/** The parts of a base URL: `https://usage.example.com` and `/iot`. The path is empty if there is none. */
export function partsOfBaseUrl(baseUrl: string): {
  readonly origin: string
  readonly path: string
} {
  // A URL parser would fail here: the host in a request may be a name that no URL can have.
  const [origin = ''] = /^https?:\/\/[^/]*/.exec(baseUrl) ?? []
  return { origin, path: baseUrl.slice(origin.length) }
}

/** Path characters that need no escape. Anything else in the header is not a prefix. */
const PREFIX = /^(\/[A-Za-z0-9._~-]+)+$/

/** `publicUrl` wins, then the word of a trusted proxy, then the request's own Host. */
export function buildBaseUrl(publicUrl: string | undefined, trusts: TrustsPeer): BaseUrlOf {
  if (publicUrl !== undefined) {
    const base = parsePublicUrl(publicUrl)
    return () => base
  }
  return (request) => {
    const host = request.host === '' ? ownAddress(request) : request.host
    return `${request.protocol}://${host}${forwardedPrefix(request, trusts)}`
  }
}

/** HTTP/1.0 has no Host, so take the address and port that the request came to. */
function ownAddress({ socket: { localAddress, localPort } }: FastifyRequest): string {
  if (localAddress === undefined) return 'localhost'
  // A server that listens on both families sees IPv4 addresses in this form.
  const address = localAddress.replace(/^::ffff:(?=[\d.]+$)/, '')
  return `${isIPv6(address) ? `[${address}]` : address}:${localPort}`
}

function forwardedPrefix(request: FastifyRequest, trusts: TrustsPeer): string {
  const header = request.headers['x-forwarded-prefix']
  if (typeof header !== 'string' || !trusts(request.socket.remoteAddress ?? '')) return ''
  // The nearest proxy writes last. Fastify reads the forwarded host and protocol the same way.
  const prefix = header
    .slice(header.lastIndexOf(',') + 1)
    .trim()
    .replace(/\/+$/, '')
  return PREFIX.test(prefix) ? prefix : ''
}

function parsePublicUrl(publicUrl: string): string {
  const url = URL.canParse(publicUrl) ? new URL(publicUrl) : null
  const web = url?.protocol === 'http:' || url?.protocol === 'https:'
  if (url === null || !web || url.search !== '' || url.hash !== '' || url.username !== '') {
    throw new UsageError('invalid', `publicUrl ${publicUrl}: expected an http or https URL`, {
      field: 'publicUrl',
      value: publicUrl,
      hint: 'give scheme, host and, if there is one, a path prefix: https://usage.example.com/iot',
    })
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '')
}
