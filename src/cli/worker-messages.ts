/** What the serving process and its workers tell each other. */
import { UsageError, type UsageErrorCode } from '../domain/usage-error.ts'
import type { RequestSnapshot } from '../http/metrics.ts'
import type { HttpServiceOptions } from './http-service.ts'

export interface WorkerOptions {
  readonly databaseUrl: string
  readonly http: HttpServiceOptions
  readonly logLevel: string
  readonly logFile?: string
}

export type ToWorker =
  /** The first message. */
  | { readonly kind: 'serve'; readonly options: WorkerOptions }
  /** Answer what is under way, then end. */
  | { readonly kind: 'stop' }
  /** Another worker was shown wrong credentials from an address. */
  | { readonly kind: 'failed log-in'; readonly address: string }
  /** Open your log file anew, and take the certificate that is there now. */
  | { readonly kind: 'hang up' }
  /** Tell what you have measured. */
  | { readonly kind: 'measure'; readonly question: number }
  /** What all others have measured, for the worker that asked. */
  | {
      readonly kind: 'others'
      readonly question: number
      readonly snapshots: readonly RequestSnapshot[]
    }

export type FromWorker =
  | { readonly kind: 'listening' }
  | { readonly kind: 'delivery' }
  /** Wrong credentials came from an address. */
  | { readonly kind: 'failed log-in'; readonly address: string }
  /** All requests have ended; so many were cut off. It ends. */
  | { readonly kind: 'stopped'; readonly cutOff: number }
  | {
      readonly kind: 'measured'
      readonly question: number
      readonly snapshot: RequestSnapshot
    }
  /** What have all others measured? This worker has `own`. */
  | { readonly kind: 'ask others'; readonly question: number; readonly own: RequestSnapshot }
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
