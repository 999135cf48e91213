/** The caller's side of the writer thread. Starts it at the first write and waits for its replies. */
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

/** The database of the next requests, a request, or the end of a store. */
export type WriterOrder =
  | { readonly path: string; readonly options: ConnectionOptions }
  | WriterRequest
  | 'close'

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
  /** Called when the thread has released the file, or has ended. */
  #onClosed: () => void = () => {}
  /** True if a thread has ended unexpectedly. */
  #lost = false
  #lastId = 0
  #heard = 0

  constructor(path: string, options: ConnectionOptions) {
    this.#path = path
    this.#options = options
  }

  /** How often the thread has replied. Operations that shared a transaction are replied to together. */
  get heard(): number {
    return this.#heard
  }

  /** Resolves when the operation's transaction is on disk. */
  run<N extends OperationName>(
    name: N,
    values: OperationArguments<N>,
    { actor = SOMEBODY }: { actor?: Actor } = {},
  ): Promise<OperationResult<N>> {
    if (this.#closed) return Promise.reject(new UsageError('unavailable', 'the store is closed'))
    const worker = this.#startedWorker()
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      worker.ref()
      const acting = actingOf(actor)
      worker.postMessage({ id, name, values, acting } satisfies WriterRequest)
    })
  }

  /** Lets pending operations finish, then releases the file and the thread. */
  async close(): Promise<void> {
    this.#closed = true
    const worker = this.#worker
    if (worker === null) return
    this.#worker = null
    worker.ref()
    const { promise: closed, resolve } = Promise.withResolvers<void>()
    this.#onClosed = resolve
    worker.postMessage('close' satisfies WriterOrder)
    await closed
    if (!this.#lost) await leave(worker)
  }

  #startedWorker(): Worker {
    if (this.#worker !== null) return this.#worker
    const worker = takeThread()
    const order: WriterOrder = { path: this.#path, options: this.#options }
    worker.postMessage(order)
    worker.on('message', (message: readonly WriterReply[] | 'closed' | object) => {
      this.#heard++
      if (message === 'closed') this.#onClosed()
      // Node itself sends messages of its own if it watches the files that the thread has loaded.
      else if (Array.isArray(message)) for (const reply of message) this.#settle(worker, reply)
    })
    worker.on('error', (error) => this.#fail(error))
    worker.on('exit', () => this.#fail(new UsageError('unavailable', 'the writer thread ended')))
    this.#worker = worker
    this.#lost = false
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
    this.#lost = true
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
    this.#worker = null
    this.#onClosed()
  }
}

/**
 * Threads of closed stores. A thread takes longer to start than most operations take, so a program that
 * opens one store after another starts hardly any.
 */
const idleThreads: Worker[] = []
const IDLE_THREADS_MAX = 2

/** A thread's objects live for as long as a record is stored. Room for more of them gains nothing. */
const THREAD_OPTIONS = { resourceLimits: { maxYoungGenerationSizeMb: 16 } }

function takeThread(): Worker {
  const idle = idleThreads.pop()
  if (idle === undefined)
    return new Worker(new URL('./writer-thread.ts', import.meta.url), THREAD_OPTIONS)
  stopListening(idle)
  return idle
}

function stopListening(worker: Worker): void {
  for (const event of ['message', 'error', 'exit']) worker.removeAllListeners(event)
}

/** Keeps a thread without a database for this process's next store, or ends it. */
async function leave(worker: Worker): Promise<void> {
  stopListening(worker)
  if (worker.threadId === -1) return
  if (idleThreads.length >= IDLE_THREADS_MAX) {
    await worker.terminate()
    return
  }
  // An error that nobody listens for would end the process.
  worker.once('error', () => drop(worker)).once('exit', () => drop(worker))
  worker.unref()
  idleThreads.push(worker)
}

function drop(worker: Worker): void {
  const at = idleThreads.indexOf(worker)
  if (at >= 0) idleThreads.splice(at, 1)
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
