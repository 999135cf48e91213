/**
 * The connections of one process to one database, and the two ways to use them: a read, and a write,
 * which is one transaction. What fails only for a moment is tried again. That is safe even if a
 * connection ends at COMMIT, because the database then tells whether the transaction left its mark.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type pg from 'pg'
import { UsageError } from '../../domain/usage-error.ts'
import { ANSWER_GRACE_MS, limitAnswers, UNLIMITED_ANSWER_MS } from './answer-limit.ts'
import { SAY_KEY } from './checksums.ts'
import { type Begun, begin, endTransaction, wasCommitted } from './commit-marks.ts'
import type { PostgresTarget } from './database-url.ts'
import {
  ConnectionLost,
  isContention,
  isLost,
  isOfHost,
  isPassing,
  isReadOnly,
  isUnplannable,
  sqlState,
  translate,
  translateConnecting,
} from './failures.ts'
import type { Place } from './place.ts'
import { isGone, newPool } from './pool.ts'
import { PostgresSession } from './session.ts'
import { isPooled, requireSamePid, requireSameSession } from './sessions.ts'
import { TOPOLOGIES, type Topology } from './topology.ts'

/** The wait between tries doubles from the first to the second, in milliseconds. */
const RETRY_FIRST_MS = 20
const RETRY_LONGEST_MS = 2_000

export interface ConnectionOptions {
  /** How much later than the server's own limit an answer may come, in milliseconds. */
  readonly answerGraceMs?: number
  /** Checks that a new connection leads to the store that was opened. */
  readonly place?: Place
}

/** What a transaction may need besides its statements. */
export interface WriteOptions {
  /** Set if it may take longer than a batch: lifts the limit on a statement's time. */
  readonly unlimited?: boolean
}

export interface ReadOptions {
  /** How long the database may leave it without an answer; by default, as long as any read. */
  readonly answerMs?: number
}

const FIND_CITUS = "SELECT 1 FROM pg_extension WHERE extname = 'citus'"

/** How the tables lie, as known to all connections of one store. */
interface KnownTopology {
  topology: Topology
}

export class Database {
  readonly target: PostgresTarget
  #known: KnownTopology
  readonly #options: ConnectionOptions
  readonly #answerGraceMs: number
  #pool: pg.Pool
  /** The topology that the pool's connections were made for. */
  #poolTopology: Topology
  /** A pool that was replaced; what is under way in it continues. */
  #replacedPool: pg.Pool | null = null

  constructor(target: PostgresTarget, topology: Topology, options: ConnectionOptions) {
    this.target = target
    this.#known = { topology }
    this.#options = options
    this.#answerGraceMs = options.answerGraceMs ?? ANSWER_GRACE_MS
    this.#poolTopology = topology
    this.#pool = newPool(target, topology, options.place)
  }

  /** May change once, when tables on one server are distributed over several. */
  get topology(): Topology {
    return this.#known.topology
  }

  /** The same database through separate connections, which are closed separately. */
  another(): Database {
    const other = new Database(this.target, this.topology, this.#options)
    other.#known = this.#known
    return other
  }

  /** Runs `work` on one connection. It may run again from the start. */
  read<T>(
    work: (session: PostgresSession) => Promise<T>,
    { answerMs }: ReadOptions = {},
  ): Promise<T> {
    const limitMs = answerMs ?? this.#answerMs(this.target.readTimeoutMs)
    return this.#retrying(this.target.readRetryMs, () => this.#withClient(limitMs, work))
  }

  /** Runs `work` on one unchanging state of the database. It may run again from the start. */
  readOneState<T>(
    work: (session: PostgresSession) => Promise<T>,
    { unlimited = false }: WriteOptions = {},
  ): Promise<T> {
    const begin = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY${unlimited ? '; SET LOCAL statement_timeout = 0' : ''}`
    const limitMs = unlimited ? UNLIMITED_ANSWER_MS : this.#answerMs(this.target.readTimeoutMs)
    return this.#retrying(this.target.readRetryMs, () =>
      this.#withClient(limitMs, async (session) => {
        await session.client.query(begin)
        const result = await work(session)
        await session.client.query('COMMIT')
        return result
      }),
    )
  }

  /**
   * Runs `work` in one transaction, which is on disk when the promise resolves. `work` may run again from
   * the start, each time in a new transaction, of which at most one is kept. It is told if it runs again
   * because of a conflict with another transaction.
   */
  write<T>(
    work: (session: PostgresSession, wasInTheWay: boolean) => Promise<T>,
    { unlimited = false }: WriteOptions = {},
  ): Promise<T> {
    const timeoutMs = unlimited ? 0 : this.target.writeTimeoutMs
    const limitMs = unlimited ? UNLIMITED_ANSWER_MS : this.#answerMs(timeoutMs)
    // Acknowledged means on disk, even if the server's own setting is laxer.
    const settings = `
      SET LOCAL statement_timeout = ${timeoutMs};
      SELECT CASE current_setting('synchronous_commit')
             WHEN 'off' THEN set_config('synchronous_commit', 'on', true) END;
      ${this.topology.name === 'plain' ? SAY_KEY : ''}`
    let lost: Begun | null = null
    let wasInTheWay = false
    return this.#retrying(this.#writeRetryMs, async () => {
      const client = await this.#connect(limitMs)
      let begun: Begun | null = null
      let result: T
      try {
        const session = new PostgresSession(client, this.target.schema)
        // What the server still does for the last try would be in the way of this one.
        if (lost !== null) await endTransaction(session, lost)
        lost = null
        begun = await begin(client, settings)
        requireSamePid(client, begun.pid, this.target)
        result = await work(session, wasInTheWay)
      } catch (error) {
        wasInTheWay ||= isContention(error)
        const failure = await this.#abandon(client, error)
        if (failure instanceof ConnectionLost) lost = begun ?? lost
        throw failure
      }
      return (await this.#commit(client, begun)) ? result : Promise.reject(undone())
    })
  }

  /** Runs `work` once in one transaction, and rolls back everything it has done. */
  async rolledBack<T>(
    work: (session: PostgresSession) => Promise<T>,
    { unlimited = false }: WriteOptions = {},
  ): Promise<T> {
    const timeoutMs = unlimited ? 0 : this.target.writeTimeoutMs
    const limitMs = unlimited ? UNLIMITED_ANSWER_MS : this.#answerMs(timeoutMs)
    const planned = this.topology
    try {
      return await this.#withClient(limitMs, async (session) => {
        await session.client.query(`BEGIN; SET LOCAL statement_timeout = ${timeoutMs}`)
        const result = await work(session)
        await session.client.query('ROLLBACK')
        return result
      })
    } catch (error) {
      if (await this.#wasSpread(error, planned)) throw spreadMeanwhile(this.target, error)
      throw translate(this.target.shown, error)
    }
  }

  /** True if calls wait for a free connection. */
  get isBusy(): boolean {
    return this.#pool.waitingCount > 0
  }

  async close(): Promise<void> {
    await Promise.all([this.#replacedPool?.end(), this.#pool.end()])
  }

  /**
   * True if the failure comes from tables having been distributed since the statement's connection was
   * made. From then on, plans are made as Citus needs them.
   */
  async #wasSpread(error: unknown, planned: Topology): Promise<boolean> {
    if (planned.name !== 'plain' || !isUnplannable(error)) return false
    const limitMs = this.#answerMs(this.target.readTimeoutMs)
    const isCitus = await this.#withClient(limitMs, (session) => session.get(FIND_CITUS)).then(
      (row) => row !== undefined,
      () => false,
    )
    if (!isCitus) return false
    this.#known.topology = TOPOLOGIES.citus
    return true
  }

  get #writeRetryMs(): number {
    return this.target.writeRetryMs ?? this.topology.writeRetryMs
  }

  #answerMs(serverLimitMs: number): number {
    return serverLimitMs + this.#answerGraceMs
  }

  async #withClient<T>(
    limitMs: number,
    work: (session: PostgresSession) => Promise<T>,
  ): Promise<T> {
    const client = await this.#connect(limitMs)
    let result: T
    try {
      if (isPooled(client)) await requireSameSession(client, this.target)
      result = await work(new PostgresSession(client, this.target.schema))
    } catch (error) {
      throw await this.#abandon(client, error)
    }
    this.#release(client)
    return result
  }

  async #connect(limitMs: number): Promise<pg.PoolClient> {
    if (this.#poolTopology !== this.topology) {
      this.#replacedPool = this.#pool
      this.#poolTopology = this.topology
      this.#pool = newPool(this.target, this.topology, this.#options.place)
    }
    const client = await this.#pooled()
    limitAnswers(client, limitMs)
    return client
  }

  /** Tries each host once; the call's later tries come back to all of them. */
  async #pooled(tried = 1): Promise<pg.PoolClient> {
    const { hosts, shown } = this.target
    const host = hosts.current
    try {
      return await this.#pool.connect()
    } catch (error) {
      if (hosts.count > 1 && isOfHost(error)) {
        hosts.leave(host)
        if (tried < hosts.count) return this.#pooled(tried + 1)
      }
      // Failures that `pg` itself reports, such as a time-out, have no code.
      throw isOfHost(error) ? new ConnectionLost(error) : translateConnecting(shown, error)
    }
  }

  #release(client: pg.PoolClient, error?: unknown): void {
    client.release(error !== undefined)
  }

  /** Returns a connection after a failure, and gives the failure to throw. */
  async #abandon(client: pg.PoolClient, error: unknown): Promise<unknown> {
    if (isGone(client) || isLost(error) || this.#isDemoted(error)) {
      this.#release(client, error)
      return new ConnectionLost(error)
    }
    try {
      await client.query('ROLLBACK')
      this.#release(client)
    } catch (rollbackError) {
      this.#release(client, rollbackError)
      if (isOfClient(error)) return new ConnectionLost(error)
    }
    return error
  }

  /** True if a primary has become a standby, so that another host may have taken its place. */
  #isDemoted(error: unknown): boolean {
    return this.target.hosts.count > 1 && isReadOnly(error)
  }

  /** True if the transaction was committed; false if it was not and may be repeated. */
  async #commit(client: pg.PoolClient, begun: Begun): Promise<boolean> {
    try {
      const { command } = await client.query('COMMIT')
      this.#release(client)
      return command === 'COMMIT'
    } catch (error) {
      if (!isGone(client) && !isLost(error) && !isOfClient(error)) {
        throw await this.#abandon(client, error)
      }
      this.#release(client, error)
      const limitMs = this.#answerMs(this.target.readTimeoutMs)
      return await this.#retrying(this.#writeRetryMs, () =>
        this.#withClient(limitMs, (session) => wasCommitted(session, begun)),
      )
    }
  }

  async #retrying<T>(budgetMs: number, attempt: () => Promise<T>): Promise<T> {
    const giveUpAt = performance.now() + budgetMs
    for (let waitMs = RETRY_FIRST_MS; ; waitMs = Math.min(waitMs * 2, RETRY_LONGEST_MS)) {
      const planned = this.topology
      try {
        return await attempt()
      } catch (error) {
        if (await this.#wasSpread(error, planned)) continue
        if (!isPassing(error) || performance.now() + waitMs > giveUpAt) {
          throw translate(this.target.shown, error)
        }
        // Transactions that met once should not come back at the same moment.
        await pause(waitMs * (0.5 + Math.random()))
      }
    }
  }
}

/** Failures that `pg` itself reports have no code, such as an end that came before anybody listened. */
function isOfClient(error: unknown): boolean {
  return !(error instanceof UsageError) && sqlState(error) === ''
}

function spreadMeanwhile({ shown }: PostgresTarget, cause: unknown): UsageError {
  const message = `the tables of ${shown} have been spread over several servers meanwhile`
  return new UsageError('unavailable', message, { hint: 'trying again is safe', cause })
}

function undone(): Error {
  return new ConnectionLost(new Error('the transaction was rolled back'))
}

/** The error of every call once the store is closed. */
export function closedStore(): UsageError {
  return new UsageError('unavailable', 'the store is closed')
}
