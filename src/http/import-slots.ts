/**
 * Limits how many deliveries a worker takes in at once. Any more wait their turn with their body left unread,
 * so that a worker's memory does not grow with what is sent to it.
 */
import type { LimitName, Limits } from '../domain/limits.ts'
import { HttpError } from './error-reply.ts'

export type SlotLimits = Pick<
  Limits,
  'importsPerKey' | 'importsAtOnce' | 'importsWaiting' | 'importWaitSeconds'
>

interface Waiting {
  readonly key: string
  readonly admit: () => void
}

export class ImportSlots {
  readonly #limits: SlotLimits
  readonly #underWay = new Map<string, number>()
  /** First come, first served, except for those whose key already has enough under way. */
  #waiting: Waiting[] = []
  #total = 0
  #idle = Promise.withResolvers<void>()

  constructor(limits: SlotLimits) {
    this.#limits = limits
    this.#idle.resolve()
  }

  get underWay(): number {
    return this.#total
  }

  get waiting(): number {
    return this.#waiting.length
  }

  /** Resolves when no import is under way. */
  idle(): Promise<void> {
    return this.#idle.promise
  }

  /**
   * Does the work in its turn. Throws `too_many_requests` if too many are waiting or the turn does not come
   * in time. Does nothing if the caller has hung up by then.
   */
  async run<T>(key: string, gone: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (!this.#hasRoom(key)) await this.#turn(key, gone)
    else this.#enter(key)
    try {
      return await work()
    } finally {
      this.#leave(key)
    }
  }

  #hasRoom(key: string): boolean {
    const { importsPerKey, importsAtOnce } = this.#limits
    return this.#total < importsAtOnce && (this.#underWay.get(key) ?? 0) < importsPerKey
  }

  #enter(key: string): void {
    if (this.#total++ === 0) this.#idle = Promise.withResolvers()
    this.#underWay.set(key, (this.#underWay.get(key) ?? 0) + 1)
  }

  #leave(key: string): void {
    const count = this.#underWay.get(key)! - 1
    if (count > 0) this.#underWay.set(key, count)
    else this.#underWay.delete(key)
    if (--this.#total === 0) this.#idle.resolve()
    const next = this.#waiting.findIndex((waiting) => this.#hasRoom(waiting.key))
    if (next !== -1) this.#waiting.splice(next, 1)[0]!.admit()
  }

  /** Resolves once the place is taken. */
  #turn(key: string, gone: AbortSignal): Promise<void> {
    const { importsWaiting, importWaitSeconds, importsPerKey, importsAtOnce } = this.#limits
    if (this.#waiting.length >= importsWaiting) {
      throw this.#refusal('importsWaiting', `${importsWaiting} deliveries wait already`)
    }
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer)
        gone.removeEventListener('abort', leave)
      }
      const waiting: Waiting = {
        key,
        admit: () => {
          end()
          this.#enter(key)
          resolve()
        },
      }
      const giveUp = (error: Error) => {
        end()
        this.#waiting = this.#waiting.filter((other) => other !== waiting)
        reject(error)
      }
      const leave = () => giveUp(new HttpError('bad_request', 'The caller has hung up'))
      const timer = setTimeout(() => {
        const isKeys = this.#total < importsAtOnce
        const [limit, max] = isKeys
          ? (['importsPerKey', `${importsPerKey} of this credential`] as const)
          : (['importsAtOnce', String(importsAtOnce)] as const)
        giveUp(this.#refusal(limit, `at most ${max} are taken in at once`))
      }, importWaitSeconds * 1_000)
      if (gone.aborted) return leave()
      gone.addEventListener('abort', leave)
      this.#waiting.push(waiting)
    })
  }

  #refusal(limit: LimitName, why: string): HttpError {
    const message = `Too many deliveries: ${why}; nothing of this one was counted, sending it again is safe`
    const retryAfter = String(Math.max(1, this.#limits.importWaitSeconds))
    return new HttpError('too_many_requests', message, {
      limit,
      headers: { 'Retry-After': retryAfter },
    })
  }
}
