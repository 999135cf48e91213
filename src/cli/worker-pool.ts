/**
 * The processes that answer requests beside each other on one port, so that all cores work. The
 * system deals connections out among them; this process answers none itself.
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
 * Before a worker is started anew, doubled each time it fails again: one that cannot start, or dies
 * of what it is asked, shall not keep the machine busy.
 */
const RESTART_DELAY_MS = 500
const RESTART_DELAY_MAX_MS = 30_000

/** A worker that has answered for so long does not go on failing. */
const RELIABLE_AFTER_MS = 60_000

/** Ended from outside while they start, workers are tried so often before serving is given up. */
const START_TRIES_MAX = 5

/** After the deadline for requests under way, a worker that still runs is killed. */
const KILL_AFTER_DEADLINE_MS = 10_000

export interface WorkerPoolOptions {
  readonly workers: number
  readonly databaseUrl: string
  /** With the number of the port: all workers have to listen on the same one. */
  readonly http: HttpServiceOptions
  readonly logFile?: string
}

type PoolDependencies = Pick<HttpDependencies, 'log' | 'onDelivery'>

/**
 * Resolves when every worker answers, or cannot start while another one does. Fails where none can,
 * as the first of them did. A worker that ends is replaced, whenever it does, and the log says so.
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

/** It ended before it answered, for no reason of its own that it could tell. */
class EndedEarly extends Error {}

class WorkerPool {
  readonly #options: WorkerOptions
  readonly #dependencies: PoolDependencies
  /** Each worker with the promise of its end. */
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

  /** Answers how many requests were cut off. */
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

  /** What workers say while they answer requests. */
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
   * Until the pool is closed, there is another worker after the one that ends. Resolves with null
   * once the first answers; with its failure when it cannot start, and then goes on trying.
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
  // One that is gone by now misses nothing; its end is told by its own event.
  if (worker.isConnected()) worker.send(message, () => {})
}

/** Compiled once, the program starts in a third of the time: workers use what this process does. */
function compileCacheEnvironment(): Record<string, string> {
  const directory = getCompileCacheDir()
  // Node answers with the folder of its own version below the one that was given.
  return directory === undefined ? {} : { NODE_COMPILE_CACHE: dirname(directory) }
}
