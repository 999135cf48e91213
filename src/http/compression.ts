/**
 * Compresses larger answers for callers that ask for it. `docs/decisions/compression.md` gives the reasons.
 */
import { gzip } from 'node:zlib'
import type { FastifyInstance } from 'fastify'
import { addVary } from './vary.ts'

/** Smaller ones fit into a packet or two, compressed or not. */
export const COMPRESSED_FROM_BYTES = 2_048

/** Measured: half the work of the usual level 6, for one eighth more bytes. */
const LEVEL = 2

export function addCompression(server: FastifyInstance): void {
  server.addHook('onSend', (request, reply, payload, done) => {
    const isText = typeof payload === 'string' && payload.length >= COMPRESSED_FROM_BYTES
    if (!isText || reply.hasHeader('Content-Encoding')) return done(null, payload)
    // Also on uncompressed answers: a cache keeps them for other callers.
    addVary(reply, 'Accept-Encoding')
    if (!acceptsCoding(request.headers['accept-encoding'], 'gzip')) return done(null, payload)
    // Runs on another thread, so requests go on meanwhile.
    gzip(payload, { level: LEVEL }, (error, compressed) => {
      if (error !== null) return done(error)
      reply.header('Content-Encoding', 'gzip')
      // Otherwise the header would keep the uncompressed length.
      reply.removeHeader('Content-Length')
      done(null, compressed)
    })
  })
}

/** RFC 9110: a named coding takes precedence over `*`, and a weight of 0 is a refusal. */
export function acceptsCoding(header: string | string[] | undefined, name: string): boolean {
  const weights = new Map<string, number>()
  for (const part of String(header ?? '').split(',')) {
    const [coding = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase())
    const weight = parameters.find((text) => text.startsWith('q='))?.slice(2)
    weights.set(coding === 'x-gzip' ? 'gzip' : coding, weight === undefined ? 1 : Number(weight))
  }
  return (weights.get(name) ?? weights.get('*') ?? 0) > 0
}
