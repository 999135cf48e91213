/**
 * The transactions in which work on the store runs, by what they may run beside, and under whose name.
 */
import type { Actor } from '../../domain/act.ts'
import { type LoggedAct, logAct } from '../acts.ts'
import { actingOf, type Steps } from '../session.ts'
import type { Database } from './connection.ts'
import type { PostgresSession } from './session.ts'

type InSession<T> = (session: PostgresSession) => Promise<T>

export class Work {
  readonly actor: Actor
  readonly #database: Database

  constructor(database: Database, actor: Actor) {
    this.#database = database
    this.actor = actor
  }

  /**
   * Changes of the directory run one after another, so that a check and its change see the same state.
   */
  readonly change = <T>(work: InSession<T>): Promise<T> =>
    this.#database.write(async (session) => {
      await session.lock('directory')
      return work(session)
    })

  /** Work that excludes batches. */
  readonly alone = <T>(work: InSession<T>): Promise<T> =>
    this.#database.write(
      async (session) => {
        await session.lock('limits')
        return work(session)
      },
      { unlimited: true },
    )

  /**
   * Reads one state of the store. If several servers have no common state, everything else is kept out.
   */
  readonly look = <T>(work: InSession<T>): Promise<T> =>
    this.#database.topology.hasOneSnapshot
      ? this.#database.readOneState(work, { unlimited: true })
      : this.alone(work)

  taking<T>(begin: () => Steps<T>): InSession<T> {
    return this.#byActor((session) => session.take(begin()))
  }

  /** Logs the work's outcome in its own transaction. */
  logged<T>(work: InSession<T>, actOf: (result: T) => LoggedAct | null): InSession<T> {
    return this.#byActor(async (session) => {
      const result = await work(session)
      await session.take(logAct(actOf(result)))
      return result
    })
  }

  #byActor<T>(work: InSession<T>): InSession<T> {
    return (session) => {
      session.acting = actingOf(this.actor)
      return work(session)
    }
  }
}
