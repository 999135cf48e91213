/**
 * Gathers the measurements of all workers for the one that is asked for them. A sum must never fall, or it
 * would look like a restart of the server. So a worker's last report continues to count when the worker ends
 * or does not answer in time.
 */
import { type RequestSnapshot, sumOfEnded } from '../http/metrics.ts'

/** How long to wait for a worker. If it is busy with something long, its last report counts. */
export const ANSWER_WAIT_MS = 1_000

/** Asks a worker for its measurements. The answer goes to `take`. */
type Ask<Worker> = (worker: Worker, question: number) => void

export class PoolMetrics<Worker> {
  readonly #ask: Ask<Worker>
  readonly #answerWaitMs: number
  readonly #workers = new Set<Worker>()
  /** Each worker's last report. */
  readonly #last = new Map<Worker, RequestSnapshot>()
  /** The sum over the workers that have ended: no entry or one. */
  #ofEnded: Promise<readonly RequestSnapshot[]> = Promise.resolve([])
  readonly #open = new Map<number, OpenQuestion<Worker>>()
  #questions = 0

  constructor(ask: Ask<Worker>, answerWaitMs = ANSWER_WAIT_MS) {
    this.#ask = ask
    this.#answerWaitMs = answerWaitMs
  }

  /** The worker answers requests from now on. */
  add(worker: Worker): void {
    this.#workers.add(worker)
  }

  /** The worker has ended. */
  remove(worker: Worker): void {
    this.#workers.delete(worker)
    const last = this.#last.get(worker)
    if (last !== undefined) {
      this.#last.delete(worker)
      this.#ofEnded = this.#ofEnded.then(async (before) => [await sumOfEnded([...before, last])])
    }
    for (const question of this.#open.values()) question.settle(worker)
  }

  take(worker: Worker, question: number, snapshot: RequestSnapshot): void {
    // If the worker has ended meanwhile, its report is already in the sum.
    if (!this.#workers.has(worker)) return
    this.#last.set(worker, snapshot)
    this.#open.get(question)?.settle(worker)
  }

  /** The measurements of all workers but `asker`, including those that have ended. */
  async othersOf(asker: Worker, own: RequestSnapshot): Promise<readonly RequestSnapshot[]> {
    this.#last.set(asker, own)
    const others = [...this.#workers].filter((worker) => worker !== asker)
    const question = ++this.#questions
    const open = new OpenQuestion(others)
    this.#open.set(question, open)
    for (const worker of others) this.#ask(worker, question)
    const giveUp = setTimeout(() => open.giveUp(), this.#answerWaitMs)
    await open.settled
    clearTimeout(giveUp)
    this.#open.delete(question)
    // Taken at one moment, so that a worker that ends is in exactly one of the two.
    const ofRunning = [...this.#last].filter(([worker]) => worker !== asker)
    const ofEnded = this.#ofEnded
    return [...ofRunning.map(([, snapshot]) => snapshot), ...(await ofEnded)]
  }
}

class OpenQuestion<Worker> {
  readonly settled: Promise<void>
  readonly #missing: Set<Worker>
  readonly #resolve: () => void

  constructor(workers: readonly Worker[]) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.settled = promise
    this.#resolve = resolve
    this.#missing = new Set(workers)
    if (workers.length === 0) resolve()
  }

  settle(worker: Worker): void {
    this.#missing.delete(worker)
    if (this.#missing.size === 0) this.#resolve()
  }

  giveUp(): void {
    this.#resolve()
  }
}
