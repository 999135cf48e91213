/** Keeps the write-ahead log of a SQLite database short, however many processes read and write it. */
import type { Connection } from './connection.ts'
import { pauseThread } from './pause-thread.ts'

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

/** How long a writer waits for others, below that size and above it, in milliseconds. */
const WAIT_MS = 100
const WAIT_LONG_MS = 2_000

/** How long SQLite itself waits for a writer and for readers in one try, in milliseconds. */
const TRY_MS = 20

/** Between two tries, in milliseconds. */
const PAUSE_MS = 1

/** A reader that has not moved on after so many tries stays for long, as a backup does. */
const TRIES_BESIDE_READER = 10

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
    const { db } = this.#connection
    db.exec(`PRAGMA busy_timeout = ${TRY_MS}`)
    try {
      const isFolded = this.#fold(log < this.#pagesMax ? WAIT_MS : WAIT_LONG_MS)
      const more = isFolded ? 0 : log + FOLD_AGAIN_PAGES
      this.#nextFoldPages = Math.max(this.#foldPages, more)
    } finally {
      db.exec('PRAGMA busy_timeout = 0')
    }
  }

  /** False where readers or writers stayed in the way for so long. */
  #fold(waitMs: number): boolean {
    const giveUpAt = performance.now() + waitMs
    let foldedPages = -1
    let triesBesideReader = 0
    while (triesBesideReader < TRIES_BESIDE_READER) {
      const { busy, log, checkpointed } = this.#checkpoint('RESTART')
      if (busy === 0) return true
      // Without a reader in the way, each try folds what was written since the last one.
      const isBesideReader = checkpointed < log && checkpointed === foldedPages
      triesBesideReader = isBesideReader ? triesBesideReader + 1 : 0
      foldedPages = checkpointed
      if (performance.now() >= giveUpAt) return false
      pauseThread(PAUSE_MS)
      // Another process that was at it may have done it all.
      if (log === -1 && this.#checkpoint('NOOP').log < this.#foldPages) return true
    }
    return false
  }

  /** How many pages the log has, and how many of them are folded; -1 where another process folds. */
  #checkpoint(mode: 'NOOP' | 'RESTART') {
    const row = this.#connection.prepare(`PRAGMA wal_checkpoint(${mode})`).get()!
    return row as { readonly busy: number; readonly log: number; readonly checkpointed: number }
  }
}
