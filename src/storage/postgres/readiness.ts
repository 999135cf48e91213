/** Whether the database answers, for a monitor that asks often and does not wait long. */
import { setTimeout as pause } from 'node:timers/promises'
import { UsageError } from '../../domain/usage-error.ts'
import type { Database } from './connection.ts'
import type { PostgresSession } from './session.ts'

/** Longer than any answer of a healthy database, shorter than a monitor waits. */
const ANSWER_MS = 1_000

export class Readiness {
  readonly #database: Database
  readonly #read: (session: PostgresSession) => Promise<unknown>
  /** A check under way, shared by everybody who asks; resolves to null or to its failure. */
  #look: Promise<unknown> | null = null

  constructor(database: Database, read: (session: PostgresSession) => Promise<unknown>) {
    this.#database = database
    this.#read = read
  }

  /** Fails with `unavailable` if there is no answer in time, or no connection free to ask on. */
  async require(): Promise<void> {
    this.#look ??= this.#database
      .read(this.#read, { answerMs: ANSWER_MS })
      .then(
        () => null,
        (error: unknown) => error,
      )
      .finally(() => {
        this.#look = null
      })
    const over = new AbortController()
    const late = pause(ANSWER_MS, null, { signal: over.signal, ref: false })
    const failure = await Promise.race([this.#look, late.then(() => this.#noAnswer())])
    over.abort()
    if (failure !== null) throw failure
  }

  #noAnswer(): UsageError {
    const { shown, connectionsMax } = this.#database.target
    if (!this.#database.isBusy) {
      return new UsageError('unavailable', `${shown} did not answer in ${ANSWER_MS} ms`)
    }
    const message = `all ${connectionsMax} connections of this process to ${shown} are busy, and none became free in ${ANSWER_MS} ms`
    const hint = 'more are allowed by connections in the URL of the database'
    return new UsageError('unavailable', message, { hint })
  }
}
