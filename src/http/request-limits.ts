/** Limits on a request before any route sees it: its URL, headers, parameters and fields. */
import type { FastifyInstance } from 'fastify'
import type { LimitName, Limits } from '../domain/limits.ts'
import { shown } from '../domain/usage-error.ts'
import { HttpError, pathOf } from './error-reply.ts'
import { hostFault } from './host.ts'
import { isEncodedUtf8 } from './utf8.ts'

/** Checks every request as soon as its headers have arrived, and its fields once its body has. */
export function addRequestLimits(server: FastifyInstance, limits: Limits): void {
  server.addHook('onRequest', (request, _reply, done) => {
    const { url = '', rawHeaders } = request.raw
    const fault = urlFault(url, limits) ?? headerFault(rawHeaders, limits) ?? hostFault(request)
    done(fault ?? undefined)
  })
  server.addHook('preValidation', (request, _reply, done) => {
    done(fieldFault(request.query, limits) ?? fieldFault(request.body, limits) ?? undefined)
  })
}

function urlFault(url: string, limits: Limits): HttpError | null {
  if (url.length > limits.urlCharacters) {
    const message = `The URL has more than ${limits.urlCharacters} characters`
    return refused('urlCharacters', 'uri_too_long', message)
  }
  const path = pathOf(url)
  if (occurrences(path, '/') > limits.pathSegments) {
    const message = `The path has more than ${limits.pathSegments} segments`
    return refused('pathSegments', 'uri_too_long', message)
  }
  if (occurrences(url, '&', path.length) >= limits.queryParameters) {
    const message = `The query string has more than ${limits.queryParameters} parameters`
    return refused('queryParameters', 'invalid_parameter', message)
  }
  // Everything after it would be dropped, and the rest would pass for the whole name.
  if (url.includes('#')) return new HttpError('bad_request', 'The URL has a #: write %23')
  if (isEncodedUtf8(url.slice(path.length))) return null
  return new HttpError('invalid_parameter', 'The query string is not percent-encoded UTF-8')
}

/** `rawHeaders` alternates names and values. */
function headerFault(rawHeaders: readonly string[], limits: Limits): HttpError | null {
  if (rawHeaders.length <= limits.headers * 2) return null
  const message = `The request has more than ${limits.headers} headers`
  return refused('headers', 'headers_too_large', message)
}

/** Throws the refusal of a form with too many fields, before parsing it. */
export function requireFewFields(form: string, { formFields }: Limits): void {
  if (occurrences(form, '&') >= formFields) throw tooManyFields(formFields)
}

/** Checks parameters by name, each a text or a list of texts. Anything else is left to the schema. */
function fieldFault(fields: unknown, limits: Limits): HttpError | null {
  if (typeof fields !== 'object' || fields === null) return null
  let count = 0
  for (const [name, given] of Object.entries(fields)) {
    if (name.length > limits.fieldNameCharacters) {
      const message = `${shown(name)}: a name has at most ${limits.fieldNameCharacters} characters`
      return refused('fieldNameCharacters', 'invalid_parameter', message)
    }
    for (const value of [given].flat() as unknown[]) {
      if (++count > limits.formFields) return tooManyFields(limits.formFields)
      if (typeof value !== 'string' || value.length <= limits.fieldValueCharacters) continue
      const message = `${shown(name)} has more than ${limits.fieldValueCharacters} characters`
      return refused('fieldValueCharacters', 'invalid_parameter', message)
    }
  }
  return null
}

function tooManyFields(formFields: number): HttpError {
  const message = `The request has more than ${formFields} fields`
  return refused('formFields', 'invalid_parameter', message)
}

function refused(limit: LimitName, kind: HttpError['kind'], message: string): HttpError {
  return new HttpError(kind, message, { limit })
}

/** How often a character occurs in a text, from an index on. */
function occurrences(text: string, character: string, from = 0): number {
  let count = 0
  for (let at = text.indexOf(character, from); at !== -1; at = text.indexOf(character, at + 1)) {
    count++
  }
  return count
}
