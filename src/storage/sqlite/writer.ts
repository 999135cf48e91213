/** The caller's side of the writer thread: starts it at the first write and waits for its replies. */
import { Worker } from 'node:worker_threads'
import { type Actor, SOMEBODY } from '../../domain/act.ts'
import { UsageError, type UsageErrorCode } from '../../domain/usage-error.ts'
import { type Acting, actingOf } from '../session.ts'
import type { ConnectionOptions } from './connection.ts'
import type { OperationArguments, OperationName, OperationResult } from './writer-operations.ts'

export interface WriterRequest {
  readonly id: number
  readonly name: OperationName
  readonly values: readonly unknown[]
  readonly acting: Acting
}

export interface WriterReply {
  readonly id: number
  readonly result?: unknown
  readonly failure?:
    | {
        readonly kind: 'usage'
        readonly code: UsageErrorCode
        readonly message: string
        readonly details: {
          readonly hint: string | undefined
          readonly field: string | undefined
          readonly value: string | undefined
        }
      }
    | { readonly kind: 'bug'; readonly error: Error }
}

let writes = 0

/** How many write operations, of any store in this process, have ended. */
export function writesSeen(): number {
  return writes
}

interface Waiting {
  readonly resolve: (result: never) => void
  readonly reject: (error: unknown) => void
}

export class Writer {
  readonly #path: string
  readonly #options: ConnectionOptions
  readonly #waiting = new Map<number, Waiting>()
  #worker: Worker | null = null
  #closed = false
  #lastId = 0

  constructor(path: string, options: ConnectionOptions) {
    this.#path = path
    this.#options = options
  }

  /** Resolves when the operation's transaction is on disk. */
  run<N extends OperationName>(
    name: N,
    values: OperationArguments<N>,
    { transfers = [], actor = SOMEBODY }: { transfers?: ArrayBuffer[]; actor?: Actor } = {},
  ): Promise<OperationResult<N>> {
    if (this.#closed) return Promise.reject(new UsageError('unavailable', 'the store is closed'))
    const worker = this.#startedWorker()
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      worker.ref()
      const acting = actingOf(actor)
      worker.postMessage({ id, name, values, acting } satisfies WriterRequest, transfers)
    })
  }

  /** Lets the operations under way end, then ends the thread. */
  async close(): Promise<void> {
    this.#closed = true
    const worker = this.#worker
    if (worker === null) return
    this.#worker = null
    worker.ref()
    const exited = new Promise((resolve) => worker.once('exit', resolve))
    worker.postMessage('close')
    await exited
  }

  #startedWorker(): Worker {
    if (this.#worker !== null) return this.#worker
    const worker = new Worker(new URL('./writer-thread.ts', import.meta.url), {
      workerData: { path: this.#path, options: this.#options },
    })
    worker.on('message', (reply: WriterReply) => this.#settle(worker, reply))
    worker.on('error', (error) => this.#fail(error))
    worker.on('exit', () => this.#fail(new UsageError('unavailable', 'the writer thread ended')))
    this.#worker = worker
    return worker
  }

  #settle(worker: Worker, { id, result, failure }: WriterReply): void {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return
    this.#waiting.delete(id)
    writes++
    // An idle writer does not keep the process alive; one at work, or on its way out, does.
    if (this.#waiting.size === 0 && !this.#closed) worker.unref()
    if (failure === undefined) waiting.resolve(result as never)
    else waiting.reject(errorOf(failure))
  }

  #fail(error: unknown): void {
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
    this.#worker = null
  }
}

function errorOf(failure: NonNullable<WriterReply['failure']>): Error {
  if (failure.kind === 'bug') return failure.error
  const { hint, field, value } = failure.details
  return new UsageError(failure.code, failure.message, {
    ...(hint === undefined ? {} : { hint }),
    ...(field === undefined ? {} : { field }),
    ...(value === undefined ? {} : { value }),
  })
}
