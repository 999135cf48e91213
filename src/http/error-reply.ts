/** Every failure in the one form that clients read: `{code, message, more_info, status}`. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { maskIdentifier } from '../domain/identifiers.ts'
import type { LimitName } from '../domain/limits.ts'
import { shown, UsageError, type UsageErrorCode } from '../domain/usage-error.ts'
import { whatIsHere } from './not-here.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The kind for a wrong parameter, on routes whose API has a code of its own for it. */
    invalid?: ErrorKind
  }
}

/** The original API's codes if it has one, else 20000 plus the status, as that API does itself. */
const KINDS = {
  invalid_parameter: { status: 400, code: 33101 },
  invalid_page_token: { status: 400, code: 21481 },
  /** Faults of HTTP itself, such as a malformed Host. */
  bad_request: { status: 400, code: 20400 },
  unauthenticated: { status: 401, code: 20003 },
  permission_denied: { status: 403, code: 20003 },
  not_found: { status: 404, code: 20404 },
  method_not_allowed: { status: 405, code: 20004 },
  request_timeout: { status: 408, code: 20408 },
  payload_too_large: { status: 413, code: 20413 },
  uri_too_long: { status: 414, code: 20414 },
  unsupported_media_type: { status: 415, code: 20415 },
  expectation_failed: { status: 417, code: 20417 },
  too_many_requests: { status: 429, code: 20429 },
  headers_too_large: { status: 431, code: 20431 },
  /** The Super SIM API has codes of its own for wrong questions about usage. */
  usage_parameter: { status: 400, code: 83600 },
  usage_not_on_day: { status: 400, code: 83601 },
  usage_not_on_hour: { status: 400, code: 83602 },
  usage_sims_too_long: { status: 400, code: 83603 },
  usage_window_too_long: { status: 400, code: 83604 },
  usage_start_too_early: { status: 400, code: 83605 },
  internal: { status: 500, code: 20500 },
  unavailable: { status: 503, code: 20503 },
} as const
export type ErrorKind = keyof typeof KINDS

const KIND_OF_USAGE_ERROR: Record<UsageErrorCode, ErrorKind> = {
  invalid: 'invalid_parameter',
  unreadable: 'invalid_parameter',
  overflow: 'invalid_parameter',
  conflict: 'invalid_parameter',
  not_found: 'not_found',
  unavailable: 'unavailable',
  missing: 'unavailable',
  replaced: 'unavailable',
  storage_full: 'unavailable',
  read_only: 'unavailable',
  incompatible: 'unavailable',
}

const KIND_OF_STATUS: Readonly<Record<number, ErrorKind>> = {
  400: 'invalid_parameter',
  // The path is longer than any name can be.
  414: 'not_found',
  413: 'payload_too_large',
  415: 'unsupported_media_type',
}

/** What callers learn of the store's own failures; the store's own words may name paths and hosts. */
const STORE_FAILURES: Partial<Record<UsageErrorCode, string>> = {
  unavailable: 'The usage store cannot be reached now; trying again is safe',
  missing: 'The usage store is gone; nothing is answered until it is back',
  replaced:
    'Another store is in the place of the one that this server opened; it has to be started again',
  storage_full: 'The usage store has no space left; nothing more was stored, trying again is safe',
  read_only: 'The usage store is read-only; nothing was stored',
  incompatible: 'The usage store cannot be used as it is now; nothing was stored',
}

/** How long a caller should wait, in seconds, for a store that is locked or down. */
const RETRY_AFTER_SECONDS = '5'

/** On every answer: no cache may keep usage, and browsers must take JSON for nothing else. */
export const SAFETY_HEADERS = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
} as const

export interface HttpErrorDetails {
  readonly headers?: Readonly<Record<string, string>>
  /** The limit that was exceeded, if any. */
  readonly limit?: LimitName
}

/** A failure that only HTTP knows: credentials, limits, methods, page tokens. */
export class HttpError extends Error {
  readonly kind: ErrorKind
  readonly headers: Readonly<Record<string, string>>
  readonly limit: LimitName | null

  constructor(kind: ErrorKind, message: string, { headers = {}, limit }: HttpErrorDetails = {}) {
    super(message)
    this.name = 'HttpError'
    this.kind = kind
    this.headers = headers
    this.limit = limit ?? null
  }
}

export interface ErrorBody {
  readonly code: number
  readonly message: string
  readonly more_info: string
  readonly status: number
}

interface Failure {
  readonly kind: ErrorKind
  readonly message: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Fastify's error handler, which also handles the errors that Fastify raises itself. */
export function replyWithError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const { kind, message, headers = {} } = failureOf(error, request)
  const body = errorBody(kind, message)
  if (body.status >= 500) request.log.error(loggedFailure(error), message)
  reply
    .code(body.status)
    .headers(headers)
    .header('Twilio-Request-Id', request.id)
    .headers(SAFETY_HEADERS)
    .send(body)
}

/** A failure that somebody can act on is logged in words; a bug is logged with its stack. */
function loggedFailure(error: unknown): object {
  if (!(error instanceof UsageError)) return { err: error }
  const { code, message, hint } = error
  return { failure: code, reason: message, ...(hint !== undefined && { hint }) }
}

export function errorBody(kind: ErrorKind, message: string): ErrorBody {
  const { status, code } = KINDS[kind]
  return { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status }
}

/** The limit that a failure is about, even if Fastify enforces it; null for other failures. */
export function limitOf(error: unknown): LimitName | null {
  if (error instanceof HttpError) return error.limit
  if (error instanceof UsageError) return error.limit ?? null
  return (error as FastifyError | null)?.code === 'FST_ERR_CTP_BODY_TOO_LARGE' ? 'formBytes' : null
}

function failureOf(error: unknown, request: FastifyRequest): Failure {
  if (error instanceof HttpError) return error
  if (error instanceof UsageError) return failureOfUsageError(error, request)
  const kind = KIND_OF_STATUS[(error as FastifyError | null)?.statusCode ?? 500]
  if (kind === 'not_found') return { kind, message: notFoundMessage(request) }
  if (kind !== undefined) return { kind, message: wordsOfFastify(error as FastifyError) }
  return { kind: 'internal', message: internalMessage(request) }
}

function wordsOfFastify({ code, message }: FastifyError): string {
  return code === 'FST_ERR_BAD_URL' ? 'The path is not valid percent-encoded UTF-8' : message
}

function failureOfUsageError(error: UsageError, request: FastifyRequest): Failure {
  const kind = kindOfUsageError(error, request)
  if (kind === 'not_found') return { kind, message: notFoundMessage(request) }
  if (kind === 'internal') return { kind, message: internalMessage(request) }
  const storeFailure = STORE_FAILURES[error.code]
  if (storeFailure === undefined) return { kind, message: callersWords(error) }
  const headers = error.code === 'unavailable' ? { 'Retry-After': RETRY_AFTER_SECONDS } : {}
  return { kind, message: storeFailure, headers }
}

function kindOfUsageError({ code }: UsageError, { routeOptions }: FastifyRequest): ErrorKind {
  const kind = KIND_OF_USAGE_ERROR[code]
  return kind === 'invalid_parameter' ? (routeOptions.config.invalid ?? kind) : kind
}

/** Parameters and columns that hold a subscriber's number. */
const IDENTIFIER_FIELDS = new Set(['iccid', 'imsi', 'msisdn'])
const PARAMETER_OF_FIELD: Readonly<Record<string, string>> = {
  sid: 'Sid',
  iccid: 'Iccid',
  imsi: 'Imsi',
  msisdn: 'Msisdn',
  unique_name: 'UniqueName',
  labels: 'Label',
}

/** The error's message with the parameter's name in place of the field's, and with identifiers masked. */
export function callersWords({ message, field, value, hint }: UsageError): string {
  const hinted = hint === undefined ? message : `${message}; ${hint}`
  if (field === undefined || value === undefined) return hinted
  // The store masks subscriber numbers; the parsers do not.
  const told = [value, maskIdentifier(value)]
    .map((text) => `${field} ${shown(text)}`)
    .find((text) => hinted.startsWith(text))
  if (told === undefined) return hinted
  const name = PARAMETER_OF_FIELD[field] ?? field
  return `${name} ${shownValue(name, value)}${hinted.slice(told.length)}`
}

/** A parameter's value as messages show it, with subscriber numbers masked. */
export function shownValue(name: string, value: string): string {
  return shown(IDENTIFIER_FIELDS.has(name.toLowerCase()) ? maskIdentifier(value) : value)
}

/** The answer if a resource does not exist or belongs to another account. */
export function notFound(): UsageError {
  return new UsageError('not_found', 'there is no such resource')
}

/** A SIM's number may stand in the path where its SID belongs. The answer does not repeat it. */
const NUMBER_IN_PATH = /(?<=\/)\+?\d{10,}(?=\/|$)/g

function notFoundMessage(request: FastifyRequest): string {
  const given = pathOf(request.url)
  return `The requested resource ${shownPath(request)} was not found${whatIsHere(given)}`
}

/** The path as messages show it. */
export function shownPath({ url }: Pick<FastifyRequest, 'url'>): string {
  return pathOf(url)
    .replace(/^(?:\/supersim)?\/v1(?=\/)/, '')
    .replace(NUMBER_IN_PATH, maskIdentifier)
}

function internalMessage(request: FastifyRequest): string {
  return `An unexpected error occurred; it is logged under the request id ${request.id}`
}

/** The path of a request's URL: still encoded, without the query. */
export function pathOf(url: string): string {
  const query = url.indexOf('?')
  return query === -1 ? url : url.slice(0, query)
}

/** For requests that no route takes: the method is wrong, or the path does not exist. */
export function replyWithNoRoute(
  request: FastifyRequest,
  reply: FastifyReply,
  methodsOf: (path: string) => readonly string[],
): void {
  const methods = methodsOf(pathOf(request.url))
  const allowed = methods.join(', ')
  const error =
    methods.length === 0
      ? notFound()
      : new HttpError(
          'method_not_allowed',
          `Method ${request.method} is not allowed here; allowed: ${allowed}`,
          { headers: { Allow: allowed } },
        )
  replyWithError(error, request, reply)
}
