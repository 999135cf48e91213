/** How request bodies are read: forms as the original API's clients send them. */
import type { FastifyInstance } from 'fastify'
import type { Limits } from '../domain/limits.ts'
import { requireFewFields } from './request-limits.ts'

export function addFormParser(server: FastifyInstance, limits: Limits): void {
  server.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: limits.formBytes },
    async (_request: unknown, text: string) => {
      requireFewFields(text, limits)
      return parseForm(text)
    },
  )
}

/** A name that comes several times becomes a list of its values. */
export function parseForm(text: string): Record<string, string | string[]> {
  const form: Record<string, string | string[]> = Object.create(null)
  for (const [name, value] of new URLSearchParams(text)) {
    const before = form[name]
    if (before === undefined) form[name] = value
    else if (typeof before === 'string') form[name] = [before, value]
    else before.push(value)
  }
  return form
}
