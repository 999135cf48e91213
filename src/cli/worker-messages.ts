/** The messages between the serving process and its workers. */
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
  /** Answer all running requests, then end. */
  | { readonly kind: 'stop' }
  /** Another worker received wrong credentials from an address. */
  | { readonly kind: 'failed log-in'; readonly address: string }
  /** Reopen your log file and load the current certificate. */
  | { readonly kind: 'hang up' }
  /** Report your measurements. */
  | { readonly kind: 'measure'; readonly question: number }
  /** The measurements of all others, for the worker that asked. */
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
  /** All requests have ended, this many of them cut off. The worker ends. */
  | { readonly kind: 'stopped'; readonly cutOff: number }
  | {
      readonly kind: 'measured'
      readonly question: number
      readonly snapshot: RequestSnapshot
    }
  /** What have all others measured? This worker has measured `own`. */
  | { readonly kind: 'ask others'; readonly question: number; readonly own: RequestSnapshot }
  /** The worker could not start, and ends. */
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
