/** Inserts the events of a batch into the ledger: one by one, or several at a time while all are new. */
import type { SQLInputValue, StatementSync } from 'node:sqlite'
import type { Connection } from './connection.ts'
import { isTaken } from './failures.ts'
import * as sql from './ledger-sql.ts'

/** How many rows one statement inserts. A row takes a third less time that way; more gain nothing. */
const ROWS_MAX = 16

/** After so many new events in a row, the next ones are probably new as well. */
const NEW_IN_A_ROW_MIN = 16

const INSERT_ONE = sql.insertEvents(1)
const INSERT_MANY = sql.insertEvents(ROWS_MAX)

export class NewRows {
  readonly #connection: Connection
  readonly #insert: StatementSync
  /** Of the rows that wait, and of the one that is put together. */
  readonly #values: SQLInputValue[] = []
  #length = 0
  /** Indexes of the events whose rows wait. */
  #waiting: number[] = []
  #newInARow = 0

  constructor(connection: Connection) {
    this.#connection = connection
    this.#insert = connection.prepare(INSERT_ONE)
  }

  /** Whether the next event should wait for others, because all of them are probably new. */
  get areExpected(): boolean {
    return this.#newInARow >= NEW_IN_A_ROW_MIN
  }

  /** The next value of a row, in the order of `EVENT_COLUMNS`. */
  put(value: SQLInputValue): void {
    this.#values[this.#length++] = value
  }

  /** Inserts the row, while none waits. False if the identity is already stored. */
  insert(): boolean {
    this.#length = 0
    this.#values.length = sql.EVENT_COLUMNS.length
    const isNew = this.#insert.run(...this.#values).changes === 1
    this.#newInARow = isNew ? this.#newInARow + 1 : 0
    return isNew
  }

  /** Lets the row wait. True if no more can. */
  wait(index: number): boolean {
    return this.#waiting.push(index) === ROWS_MAX
  }

  /**
   * Inserts what waits, as far as nothing of it is stored. Returns the events that were inserted, and
   * those that come after them, the first of which is already stored.
   */
  insertWaiting(): { readonly inserted: readonly number[]; readonly left: readonly number[] } {
    const waiting = this.#waiting
    const count = waiting.length < ROWS_MAX ? 0 : this.#insertMany()
    this.#waiting = []
    this.#length = 0
    if (count < ROWS_MAX) this.#newInARow = 0
    return { inserted: waiting.slice(0, count), left: waiting.slice(count) }
  }

  #insertMany(): number {
    try {
      this.#connection.prepare(INSERT_MANY).run(...this.#values)
      return ROWS_MAX
    } catch (error) {
      if (!isTaken(error)) throw error
      return this.#connection.prepare('SELECT changes() AS inserted').get()!.inserted as number
    }
  }
}
