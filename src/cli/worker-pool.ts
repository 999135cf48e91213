/**
 * The processes that answer requests beside each other on one port, so that all cores work. This
 * process takes the connections and deals them out in turn; it answers none itself.
 */
import cluster, { type Worker } from 'node:cluster'
import { getCompileCacheDir } from 'node:module'
import { dirname } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { HttpDependencies, HttpServiceOptions, Service } from './http-service.ts'
import { PoolMetrics } from './pool-metrics.ts'
import { errorOf, type FromWorker, type ToWorker, type WorkerOptions } from './worker-messages.ts'

/** Each worker takes about 100 MB of memory. */
export const WORKERS_DEFAULT_MAX = 8
export const WORKERS_MAX = 64

/** Before a worker is started anew: one that cannot start shall not keep the machine busy. */
const RESTART_DELAY_MS = 500

export interface WorkerPoolOptions {
  readonly workers: number
  readonly databaseUrl: string
  /** With the number of the port: all workers have to listen on the same one. */
  readonly http: HttpServiceOptions
}

type PoolDependencies = Pick<HttpDependencies, 'log' | 'onDelivery'>

/**
 * Resolves when every worker answers. Fails as the first of them that cannot start, with none left
 * running. Later on a worker that ends is replaced, and the log says so.
 */
export async function startWorkerPool(
  { workers, databaseUrl, http }: WorkerPoolOptions,
  dependencies: PoolDependencies,
): Promise<Service> {
  cluster.setupPrimary({
    exec: fileURLToPath(new URL('./worker-main.ts', import.meta.url)),
    args: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const options = { databaseUrl, http, logLevel: dependencies.log.level }
  const pool = new WorkerPool(options, dependencies)
  try {
    await pool.start(workers)
  } catch (error) {
    await pool.close()
    throw error
  }
  return { port: http.port, close: () => pool.close() }
}

type WorkingMessage = Exclude<FromWorker, { readonly kind: 'listening' | 'failed' }>

class WorkerPool {
  readonly #options: WorkerOptions
  readonly #dependencies: PoolDependencies
  /** Each worker with the promise of its end. */
  readonly #running = new Map<Worker, Promise<string>>()
  readonly #closing = new AbortController()
  readonly #metrics = new PoolMetrics<Worker>((worker, question) =>
    send(worker, { kind: 'measure', question }),
  )

  constructor(options: WorkerOptions, dependencies: PoolDependencies) {
    this.#options = options
    this.#dependencies = dependencies
  }

  async start(count: number): Promise<void> {
    const workers = await Promise.all(Array.from({ length: count }, () => this.#startOne()))
    for (const worker of workers) void this.#keepOne(worker)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    for (const worker of this.#running.keys()) send(worker, { kind: 'stop' })
    await Promise.all(this.#running.values())
  }

  /** Resolves when the worker answers. */
  #startOne(): Promise<Worker> {
    const worker = cluster.fork(compileCacheEnvironment())
    const answers = Promise.withResolvers<Worker>()
    const ended = Promise.withResolvers<string>()
    this.#running.set(worker, ended.promise)
    const end = (how: string) => {
      this.#running.delete(worker)
      this.#metrics.remove(worker)
      ended.resolve(how)
      answers.reject(new Error(`a worker ended before it answered (${how})`))
    }
    worker.on('error', (error) => end(error.message))
    worker.on('exit', (code, signal) => end(signal ?? `exit code ${code}`))
    worker.on('message', (message: FromWorker) => {
      if (message.kind === 'listening') {
        this.#dependencies.log.info({ pid: worker.process.pid }, 'a worker answers')
        this.#metrics.add(worker)
        answers.resolve(worker)
      } else if (message.kind === 'failed') {
        answers.reject(errorOf(message.failure))
        send(worker, { kind: 'stop' })
      } else this.#hear(worker, message)
    })
    send(worker, { kind: 'serve', options: this.#options })
    return answers.promise
  }

  /** What workers say while they answer requests. */
  #hear(worker: Worker, message: WorkingMessage): void {
    if (message.kind === 'delivery') this.#dependencies.onDelivery()
    else if (message.kind === 'measured') {
      this.#metrics.take(worker, message.question, message.snapshot)
    } else {
      const { question, own } = message
      void this.#metrics
        .othersOf(worker, own)
        .then((snapshots) => send(worker, { kind: 'others', question, snapshots }))
    }
  }

  /** Until the pool is closed, there is another worker after the one that ends. */
  async #keepOne(worker: Worker): Promise<void> {
    const { log } = this.#dependencies
    for (let running: Worker | null = worker; !this.#closing.signal.aborted; ) {
      if (running !== null) {
        const how = await this.#running.get(running)
        if (this.#closing.signal.aborted) return
        log.error({ pid: running.process.pid }, `a worker ended (${how}) and is replaced`)
      }
      await setTimeout(RESTART_DELAY_MS, null, { signal: this.#closing.signal }).catch(() => {})
      if (this.#closing.signal.aborted) return
      running = await this.#startOne().catch((error: unknown) => {
        log.error(error, 'a worker could not start and is tried again')
        return null
      })
    }
  }
}

function send(worker: Worker, message: ToWorker): void {
  // One that is gone by now misses nothing; its end is told by its own event.
  if (worker.isConnected()) worker.send(message, () => {})
}

/** Compiled once, the program starts in a third of the time: workers use what this process does. */
function compileCacheEnvironment(): Record<string, string> {
  const directory = getCompileCacheDir()
  // Node answers with the folder of its own version below the one that was given.
  return directory === undefined ? {} : { NODE_COMPILE_CACHE: dirname(directory) }
}
