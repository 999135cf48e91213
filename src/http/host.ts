/** The host by which a caller reaches this server. URLs in answers begin with it. */
import type { FastifyRequest } from 'fastify'
import { HttpError } from './error-reply.ts'

const HOST_CHARACTERS_MAX = 255

/**
 * A name, an IPv4 address or a bracketed IPv6 address, and perhaps a port: nothing that would mean more
 * inside a URL.
 */
const HOST = /^(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?$/
const PORT_MAX = 65_535

/**
 * The refusal of a request with a malformed host, or null. HTTP/1.0 requests need no host. A host that a
 * trusted proxy forwards is held to the same rule.
 */
export function hostFault({ raw, host }: FastifyRequest): HttpError | null {
  const { rawHeaders, httpVersion, headers } = raw
  const given = rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host').length
  if (given > 1) return new HttpError('bad_request', 'The header Host is given several times')
  if (headers.host === undefined) {
    if (httpVersion === '1.0') return null
    return new HttpError('bad_request', 'The header Host is missing')
  }
  if (isHost(headers.host) && isHost(host)) return null
  return new HttpError('bad_request', 'The header Host is not the name or address of a server')
}

function isHost(text: string): boolean {
  const match = text.length <= HOST_CHARACTERS_MAX ? HOST.exec(text) : null
  return match !== null && Number(match[1] ?? 0) <= PORT_MAX
}
