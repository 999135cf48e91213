/** What the serving process and its workers tell each other. */
import { UsageError, type UsageErrorCode } from '../domain/usage-error.ts'
import type { HttpServiceOptions } from './http-service.ts'

export interface WorkerOptions {
  readonly databaseUrl: string
  readonly http: HttpServiceOptions
  readonly logLevel: string
}

export type ToWorker =
  /** The first message. */
  | { readonly kind: 'serve'; readonly options: WorkerOptions }
  /** Answer what is under way, then end. */
  | { readonly kind: 'stop' }

export type FromWorker =
  | { readonly kind: 'listening' }
  | { readonly kind: 'delivery' }
  /** It could not start, and ends. */
  | { readonly kind: 'failed'; readonly failure: Failure }

interface Failure {
  /** Null for a bug, whose message is its stack. */
  readonly code: UsageErrorCode | null
  readonly message: string
  readonly hint?: string
}

export function failureOf(error: unknown): Failure {
  if (!(error instanceof UsageError)) {
    return { code: null, message: String(error instanceof Error ? error.stack : error) }
  }
  const { code, message, hint } = error
  return { code, message, ...(hint === undefined ? {} : { hint }) }
}

export function errorOf({ code, message, hint }: Failure): Error {
  if (code === null) return new Error(message)
  return new UsageError(code, message, hint === undefined ? {} : { hint })
}
