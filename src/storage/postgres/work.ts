/** The transactions that work on the store takes, by what it may meet, and who is said to have done it. */
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

  /** Changes of the directory follow one another, so that a look and a change see the same. */
  readonly change = <T>(work: InSession<T>): Promise<T> =>
    this.#database.write(async (session) => {
      await session.lock('directory')
      return work(session)
    })

  /** Work for which no batch may be under way. */
  readonly alone = <T>(work: InSession<T>): Promise<T> =>
    this.#database.write(
      async (session) => {
        await session.lock('limits')
        return work(session)
      },
      { unlimited: true },
    )

  /** Reads one state of the store; where many servers have none together, nothing else goes on. */
  readonly look = <T>(work: InSession<T>): Promise<T> =>
    this.#database.topology.hasOneSnapshot
      ? this.#database.readOneState(work, { unlimited: true })
      : this.alone(work)

  taking<T>(begin: () => Steps<T>): InSession<T> {
    return this.#byActor((session) => session.take(begin()))
  }

  /** Logs what the work comes to in its own transaction. */
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
