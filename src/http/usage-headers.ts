/** What every answer about usage says beside its body: what is complete, and what is gone. */
import type { FastifyReply } from 'fastify'
import type { UsageWindow } from '../domain/period.ts'
import { formatInstant } from '../domain/time.ts'

/** `complete` is the instant up to which usage is complete, null where nothing can be said. */
export function setUsageHeaders(
  reply: FastifyReply,
  { beyondRetention, keptFrom }: Pick<UsageWindow, 'beyondRetention' | 'keptFrom'>,
  complete: number | null,
): void {
  if (complete !== null) reply.header('Usage-Complete-Through', formatInstant(complete))
  if (beyondRetention) reply.header('Usage-Retained-From', formatInstant(keptFrom))
}
