/**
 * The processes that answer requests side by side on one port, so that all cores work. The system distributes
 * connections among them; this process itself answers none.
 */
import cluster, { type Worker } from 'node:cluster'
import { getCompileCacheDir } from 'node:module'
import { dirname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { HttpDependencies, HttpServiceOptions, Service } from './http-service.ts'
import { PoolMetrics } from './pool-metrics.ts'
import { errorOf, type FromWorker, type ToWorker, type WorkerOptions } from './worker-messages.ts'

/**
 * The delay before a worker is restarted, doubled with each further failure, so that a worker that cannot
 * start or that some request kills does not keep the machine busy.
 */
const RESTART_DELAY_MS = 500
const RESTART_DELAY_MAX_MS = 30_000

/** A worker that has answered for this long no longer counts as failing. */
const RELIABLE_AFTER_MS = 60_000

/** If workers are killed from outside while they start, serving is given up after this many tries. */
const START_TRIES_MAX = 5

/** A worker that still runs this long after the deadline for its requests is killed. */
const KILL_AFTER_DEADLINE_MS = 10_000

export interface WorkerPoolOptions {
  readonly workers: number
  readonly databaseUrl: string
  /** Includes the port number, because all workers must listen on the same one. */
  readonly http: HttpServiceOptions
  readonly logFile?: string
}

type PoolDependencies = Pick<HttpDependencies, 'log' | 'onDelivery'>

/**
 * Resolves when every worker answers, or some cannot start while another answers. Fails if none can start,
 * with the first one's failure. Workers that end are always replaced, and the log says so.
 */
export async function startWorkerPool(
  { workers, ...shared }: WorkerPoolOptions,
  dependencies: PoolDependencies,
): Promise<Service> {
  cluster.setupPrimary({
    exec: fileURLToPath(new URL('./worker-main.ts', import.meta.url)),
    args: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const options = { ...shared, logLevel: dependencies.log.level }
  const pool = new WorkerPool(options, dependencies)
  try {
    await pool.start(workers)
  } catch (error) {
    await pool.close()
    throw error
  }
  return {
    port: shared.http.port,
    hangUp: () => pool.hangUp(),
    close: () => pool.close(),
  }
}

type WorkingMessage = Exclude<FromWorker, { readonly kind: 'listening' | 'failed' }>

/** The worker ended before it answered, without a reason that it could report. */
class EndedEarly extends Error {}

class WorkerPool {
  readonly #options: WorkerOptions
  readonly #dependencies: PoolDependencies
  /** Each worker, with the promise of its end. */
  readonly #running = new Map<Worker, Promise<string>>()
  readonly #closing = new AbortController()
  #cutOff = 0
  readonly #metrics = new PoolMetrics<Worker>((worker, question) =>
    send(worker, { kind: 'measure', question }),
  )

  constructor(options: WorkerOptions, dependencies: PoolDependencies) {
    this.#options = options
    this.#dependencies = dependencies
  }

  async start(count: number): Promise<void> {
    const failures = await Promise.all(Array.from({ length: count }, () => this.#keepOne()))
    const [first] = failures
    if (first !== undefined && !failures.includes(null)) throw first
  }

  hangUp(): void {
    for (const worker of this.#running.keys()) send(worker, { kind: 'hang up' })
  }

  /** Returns how many requests were cut off. */
  async close(): Promise<number> {
    this.#closing.abort()
    for (const worker of this.#running.keys()) send(worker, { kind: 'stop' })
    const { shutdownSeconds } = this.#options.http.limits
    const kill = setTimeout(
      () => {
        for (const worker of this.#running.keys()) worker.process.kill('SIGKILL')
      },
      shutdownSeconds * 1_000 + KILL_AFTER_DEADLINE_MS,
    )
    await Promise.all(this.#running.values())
    clearTimeout(kill)
    return this.#cutOff
  }

  /** Resolves once the worker answers. */
  #startOne(): Promise<Worker> {
    const worker = cluster.fork(compileCacheEnvironment())
    const answers = Promise.withResolvers<Worker>()
    const ended = Promise.withResolvers<string>()
    this.#running.set(worker, ended.promise)
    const end = (how: string) => {
      this.#running.delete(worker)
      this.#metrics.remove(worker)
      ended.resolve(how)
      answers.reject(new EndedEarly(`a worker ended before it answered (${how})`))
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

  /** Handles what workers say while they answer requests. */
  #hear(worker: Worker, message: WorkingMessage): void {
    if (message.kind === 'delivery') this.#dependencies.onDelivery()
    else if (message.kind === 'failed log-in') {
      for (const other of this.#running.keys()) if (other !== worker) send(other, message)
    } else if (message.kind === 'stopped') this.#cutOff += message.cutOff
    else if (message.kind === 'measured') {
      this.#metrics.take(worker, message.question, message.snapshot)
    } else {
      const { question, own } = message
      void this.#metrics
        .othersOf(worker, own)
        .then((snapshots) => send(worker, { kind: 'others', question, snapshots }))
    }
  }

  /**
   * Replaces the worker whenever it ends, until the pool is closed. Resolves with null once the first one
   * answers. If that one cannot start, resolves with its failure and keeps trying.
   */
  #keepOne(): Promise<Error | null> {
    const outcome = Promise.withResolvers<Error | null>()
    void this.#keep(outcome.resolve).then(() => outcome.resolve(null))
    return outcome.promise
  }

  async #keep(tell: (outcome: Error | null) => void): Promise<void> {
    const { log } = this.#dependencies
    const { signal } = this.#closing
    for (let failures = 0; !signal.aborted; ) {
      try {
        const worker = await this.#startOne()
        tell(null)
        const answeredAt = performance.now()
        const how = await this.#running.get(worker)
        if (signal.aborted) return
        failures = performance.now() - answeredAt > RELIABLE_AFTER_MS ? 1 : failures + 1
        const facts = { pid: worker.process.pid, failures }
        log.error(facts, `a worker ended (${how}) and is replaced`)
      } catch (error) {
        if (signal.aborted) return
        failures++
        if (!(error instanceof EndedEarly) || failures >= START_TRIES_MAX) tell(error as Error)
        log.error({ err: error, failures }, 'a worker could not start and is tried again')
      }
      const delayMs = Math.min(RESTART_DELAY_MS * 2 ** (failures - 1), RESTART_DELAY_MAX_MS)
      await wait(delayMs, null, { signal }).catch(() => {})
    }
  }
}

function send(worker: Worker, message: ToWorker): void {
  // A worker that has ended needs no message; an event of its own reports its end.
  if (worker.isConnected()) worker.send(message, () => {})
}

/** Compiled code starts in a third of the time, so workers reuse this process's compile cache. */
function compileCacheEnvironment(): Record<string, string> {
  const directory = getCompileCacheDir()
  // Node returns the folder for its own version, one below the given folder.
  return directory === undefined ? {} : { NODE_COMPILE_CACHE: dirname(directory) }
}
