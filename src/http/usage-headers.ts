/** The headers of every answer about usage: what is complete, and what retention has removed. */
import type { FastifyReply } from 'fastify'
import type { Completeness } from '../domain/completeness.ts'
import type { UsageWindow } from '../domain/period.ts'
import { formatInstant } from '../domain/time.ts'

export function setUsageHeaders(
  reply: FastifyReply,
  { beyondRetention, keptFrom, end }: Pick<UsageWindow, 'beyondRetention' | 'keptFrom' | 'end'>,
  { from, through }: Completeness,
): void {
  if (from !== null) reply.header('Usage-Complete-From', formatInstant(from))
  // A window before all deliveries is never complete, however far later usage is.
  if (from !== null && through !== null && end > from) {
    reply.header('Usage-Complete-Through', formatInstant(through))
  }
  if (beyondRetention) reply.header('Usage-Retained-From', formatInstant(keptFrom))
}
