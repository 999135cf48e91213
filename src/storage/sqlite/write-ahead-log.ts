/** Keeps the write-ahead log of a SQLite database short, however many processes read and write it. */
import type { Connection } from './connection.ts'

/** As SQLite makes them, in bytes. */
const PAGE_BYTES = 4_096

/**
 * Pages in the log before a writer folds it into the database. More than SQLite's 1000, so that a
 * batch of 20,000 rows is not folded in more than once.
 */
const FOLD_PAGES = 8_000

/** How many more there are before it tries again, where it could not fold all of them. */
const FOLD_AGAIN_PAGES = 4_000

/** From which size on a writer waits longer for others to let it fold the log. */
export const LOG_BYTES_MAX = 128 * 1_048_576

/** How long a writer lets readers move on, below that size and above it, in milliseconds. */
const WAIT_MS = 100
const WAIT_LONG_MS = 1_000

/**
 * A log begins anew only when all of it is folded and nobody reads it. Where readers and writers of
 * several processes overlap, that never happens by itself: SQLite folds after a commit what it can
 * and waits for nobody, the log grows, and each read is slower. So a writer folds it here, between
 * two transactions, and waits for the others for a while.
 */
export class WriteAheadLog {
  readonly #connection: Connection
  readonly #pagesMax: number
  /** The log's length from which on it is folded at all. */
  readonly #foldPages: number
  /** The same, or more where a try has been in vain. */
  #nextFoldPages: number

  constructor(connection: Connection, bytesMax: number) {
    this.#connection = connection
    this.#pagesMax = Math.floor(bytesMax / PAGE_BYTES)
    this.#foldPages = Math.min(FOLD_PAGES, this.#pagesMax)
    this.#nextFoldPages = this.#foldPages
  }

  /** Folds the log and begins it anew where it has grown. May block this thread. */
  keepShort(): void {
    const { log } = this.#checkpoint('NOOP')
    if (log < this.#foldPages) this.#nextFoldPages = this.#foldPages
    if (log < this.#nextFoldPages) return
    const isFolded = this.#fold(log < this.#pagesMax ? WAIT_MS : WAIT_LONG_MS)
    this.#nextFoldPages = isFolded ? this.#foldPages : log + FOLD_AGAIN_PAGES
  }

  /**
   * False where readers stayed in the way for so long. SQLite folds all of the log only under the
   * lock for writing, for which it asks seldom: beside writers in a hurry it would never get it. So
   * the lock is taken as each writer takes it, and asked for again before any other can have it.
   */
  #fold(waitMs: number): boolean {
    const { db } = this.#connection
    this.#connection.withLock(() => db.exec('BEGIN IMMEDIATE'))
    try {
      db.exec(`PRAGMA busy_timeout = ${waitMs}; ROLLBACK`)
      return this.#checkpoint('RESTART').busy === 0
    } finally {
      db.exec('PRAGMA busy_timeout = 0')
    }
  }

  /** How many pages the log has, and how many of them are folded; -1 where another process folds. */
  #checkpoint(mode: 'NOOP' | 'RESTART') {
    const row = this.#connection.prepare(`PRAGMA wal_checkpoint(${mode})`).get()!
    return row as { readonly busy: number; readonly log: number; readonly checkpointed: number }
  }
}
