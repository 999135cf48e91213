/** Reads request bodies as the forms that clients of the original API send. */
import { isUtf8 } from 'node:buffer'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Limits } from '../domain/limits.ts'
import { shown } from '../domain/usage-error.ts'
import { HttpError } from './error-reply.ts'
import { requireFewFields } from './request-limits.ts'
import { isEncodedUtf8, notUtf8, utf8Of } from './utf8.ts'

export function addFormParser(server: FastifyInstance, limits: Limits): void {
  server.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'buffer', bodyLimit: limits.formBytes },
    async (_request: unknown, body: Buffer) => {
      const text = utf8Of(body)
      requireFewFields(text, limits)
      if (isEncodedUtf8(text)) return parseForm(text)
      throw new HttpError('invalid_parameter', 'The body is not percent-encoded UTF-8')
    },
  )
  addJsonParser(server, limits)
  // The first clients with usage records send this type.
  server.addContentTypeParser(
    'multipart/form-data',
    { parseAs: 'buffer', bodyLimit: limits.formBytes },
    (request: FastifyRequest, body: Buffer) => parseMultipart(request, body),
  )
}

/** Fastify's own parser would replace bytes that are not UTF-8 with other letters. */
function addJsonParser(server: FastifyInstance, limits: Limits): void {
  const parse = server.getDefaultJsonParser('error', 'error')
  server.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer', bodyLimit: limits.formBytes },
    (
      request: FastifyRequest,
      body: Buffer,
      done: (error: Error | null, value?: unknown) => void,
    ) => {
      if (!isUtf8(body)) return done(notUtf8())
      parse(request, body.toString(), (error, value: unknown) => {
        done(error ?? (hasHalfLetters(value) ? notUtf8() : null), value)
      })
    },
  )
}

/** Escapes can name half of a surrogate pair. */
function hasHalfLetters(parameters: unknown): boolean {
  return Object.entries(Object(parameters))
    .flat(2)
    .some((text) => typeof text === 'string' && !text.isWellFormed())
}

/** Node itself reads it. Throws 400 for a malformed form, and for files, because no route takes any. */
async function parseMultipart({ headers }: FastifyRequest, body: Buffer): Promise<Form> {
  utf8Of(body)
  const type = headers['content-type'] ?? ''
  const form = await new Response(new Uint8Array(body), { headers: { 'Content-Type': type } })
    .formData()
    .catch(() => {
      throw new HttpError('invalid_parameter', 'The body is not the form its Content-Type says')
    })
  return collected(
    [...form].map(([name, value]): [string, string] => {
      if (typeof value === 'string') return [name, value]
      throw new HttpError('invalid_parameter', `${shown(name)} is a file: expected text`)
    }),
  )
}

type Form = Record<string, string | string[]>

export function parseForm(text: string): Form {
  return collected(new URLSearchParams(text))
}

/** A name that occurs several times becomes a list of its values. */
function collected(fields: Iterable<[string, string]>): Form {
  const form: Form = Object.create(null)
  for (const [name, value] of fields) {
    const before = form[name]
    if (before === undefined) form[name] = value
    else if (typeof before === 'string') form[name] = [before, value]
    else before.push(value)
  }
  return form
}
