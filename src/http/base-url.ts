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

/** A base URL apart: `https://usage.example.com` and `/iot`, the path empty where there is none. */
export function partsOfBaseUrl(baseUrl: string): {
  readonly origin: string
  readonly path: string
} {
  // Not by a parser of URLs: what a request says of its host may be a name that no URL can have.
  const [origin = ''] = /^https?:\/\/[^/]*/.exec(baseUrl) ?? []
  return { origin, path: baseUrl.slice(origin.length) }
}

/** Characters of a path that need no escape: anything else in the header is not a prefix. */
const PREFIX = /^(\/[A-Za-z0-9._~-]+)+$/

/** `publicUrl` wins; else what a trusted proxy says, else the request's own Host. */
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

/** HTTP/1.0 has no Host, so it is the address that the request came to, with its port. */
function ownAddress({ socket: { localAddress, localPort } }: FastifyRequest): string {
  if (localAddress === undefined) return 'localhost'
  // Where a server listens to both, IPv4 is written like this.
  const address = localAddress.replace(/^::ffff:(?=[\d.]+$)/, '')
  return `${isIPv6(address) ? `[${address}]` : address}:${localPort}`
}

function forwardedPrefix(request: FastifyRequest, trusts: TrustsPeer): string {
  const header = request.headers['x-forwarded-prefix']
  if (typeof header !== 'string' || !trusts(request.socket.remoteAddress ?? '')) return ''
  // The nearest proxy writes last; Fastify reads the forwarded host and protocol alike.
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
