/** How request bodies are read: forms as the original API's clients send them. */
import type { FastifyInstance } from 'fastify'

/** A form or JSON body is a handful of names; more is a delivery at the wrong address. */
export const FORM_BYTES_MAX = 64 * 1024

export function addFormParser(server: FastifyInstance): void {
  server.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: FORM_BYTES_MAX },
    (_request, text, done) => done(null, parseForm(text as string)),
  )
}

/** A name that comes several times becomes a list of its values. */
export function parseForm(text: string): Record<string, string | string[]> {
  const form: Record<string, string | string[]> = Object.create(null)
  for (const [name, value] of new URLSearchParams(text)) {
    const before = form[name]
    form[name] = before === undefined ? value : [before, value].flat()
  }
  return form
}
