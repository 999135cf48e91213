/**
 * Brings together what workers measure, for the one that is asked for it. Sums never fall, or they
 * would be taken for those of a server that has started anew: what a worker told last goes on to count
 * when it ends, and when it does not answer in time.
 */
import { type RequestSnapshot, sumOfEnded } from '../http/metrics.ts'

/** How long a worker is waited for. One that is at work on something long has its last word. */
export const ANSWER_WAIT_MS = 1_000

/** Asks a worker for what it has measured; the answer is brought to `take`. */
type Ask<Worker> = (worker: Worker, question: number) => void

export class PoolMetrics<Worker> {
  readonly #ask: Ask<Worker>
  readonly #answerWaitMs: number
  readonly #workers = new Set<Worker>()
  /** What each of them told last. */
  readonly #last = new Map<Worker, RequestSnapshot>()
  /** The sum over those that have ended, none or one. */
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
    // One that ended meanwhile has been added to the others.
    if (!this.#workers.has(worker)) return
    this.#last.set(worker, snapshot)
    this.#open.get(question)?.settle(worker)
  }

  /** What all but `asker` have measured up to now, and those before them. */
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
    // At one moment: a worker that ends is in one of the two.
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
