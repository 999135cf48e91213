/** What answers vary by, for caches. */
import type { FastifyReply } from 'fastify'

export function addVary(reply: FastifyReply, name: string): void {
  const before = reply.getHeader('Vary')
  reply.header('Vary', before === undefined ? name : `${before}, ${name}`)
}
