/** Checks whether a database is still the store that was opened, by the key that each store has. */
import type pg from 'pg'
import { UsageError } from '../../domain/usage-error.ts'
import { storeIdOf } from '../store-id.ts'
import type { PostgresTarget } from './database-url.ts'
import { sqlState } from './failures.ts'

/** Time between two checks through connections that are already open, in milliseconds. */
const LOOK_AGAIN_MS = 1_000

const NO_TABLE = '42P01'

export class Place {
  readonly #target: PostgresTarget
  readonly #storeId: string
  #failure: UsageError | null = null
  #lookedAt = Number.NEGATIVE_INFINITY
  #isLooking = false

  constructor(target: PostgresTarget, signingKey: string) {
    this.#target = target
    this.#storeId = storeIdOf(Buffer.from(signingKey, 'hex'))
  }

  /**
   * Fails with `missing` or `replaced` unless the connection leads to the store. Every new one is
   * checked.
   */
  async verify(client: pg.ClientBase): Promise<void> {
    this.#failure = this.#failureOf(await readKey(client))
    if (this.#failure !== null) throw this.#failure
  }

  /**
   * Throws what was found last. If that was more than a second ago, starts `look`, which verifies a
   * connection, because a database may be replaced while connections to it stay open.
   */
  require(look: () => Promise<unknown>): void {
    if (!this.#isLooking && performance.now() - this.#lookedAt >= LOOK_AGAIN_MS) {
      this.#isLooking = true
      const done = () => {
        this.#isLooking = false
        this.#lookedAt = performance.now()
      }
      // Its findings stay here. A database that cannot be reached is noticed by the request itself.
      look().then(done, done)
    }
    if (this.#failure !== null) throw this.#failure
  }

  #failureOf(key: string | null): UsageError | null {
    const { shown } = this.#target
    if (key === null) {
      const message = `${shown} holds no store any more; nothing is answered until it is back`
      return new UsageError('missing', message)
    }
    if (storeIdOf(Buffer.from(key, 'hex')) === this.#storeId) return null
    return new UsageError('replaced', `${shown} holds another store than before; restart to use it`)
  }
}

async function readKey(client: pg.ClientBase): Promise<string | null> {
  try {
    const { rows } = await client.query<{ value: string }>(
      "SELECT value FROM setting WHERE name = 'signing_key'",
    )
    return rows[0]?.value ?? null
  } catch (error) {
    if (sqlState(error) === NO_TABLE) return null
    throw error
  }
}
