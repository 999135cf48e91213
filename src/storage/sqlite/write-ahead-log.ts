/** Keeps the write-ahead log of a SQLite database short, however many processes read and write it. */
import { DatabaseSync } from 'node:sqlite'
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

/** How long all writers wait for readers to move on, below that size and above it, in milliseconds. */
const WAIT_MS = 100
const WAIT_LONG_MS = 1_000

/** Between two looks whether they have, in milliseconds. */
const LOOK_AGAIN_MS = 2

/**
 * How long those who began to read before the log was folded get to end it, in milliseconds: what most
 * reads take, and on a busy machine more. A log that somebody reads cannot begin anew.
 */
const READ_MS = 10
const READ_MS_MAX = 320

/**
 * A log begins anew only when all of it is folded and nobody reads it. Where readers and writers of
 * several processes overlap, that never happens by itself: SQLite folds after a commit what it can
 * and waits for nobody, the log grows, and each read is slower. So a writer folds it here, between
 * two transactions, while nobody writes. That slows all who write to what the disk can keep up with.
 */
export class WriteAheadLog {
  readonly #connection: Connection
  /** Keeps others from writing while the connection folds, which it cannot do in its own transaction. */
  #guard: DatabaseSync | null = null
  readonly #pagesMax: number
  /** The log's length from which on it is folded at all. */
  readonly #foldPages: number
  /** The same, or more where a try has been in vain. */
  #nextFoldPages: number
  /** True where readers did not move on for the last fold. Waiting for them again would help nobody. */
  #isHeld = false
  /** When `letOthersFold` looked last. */
  #pagesSeen = 0
  /** Twice as long after each try in which reads took longer, and half as long after each other one. */
  #readMs = READ_MS

  constructor(connection: Connection, bytesMax: number) {
    this.#connection = connection
    this.#pagesMax = Math.floor(bytesMax / PAGE_BYTES)
    this.#foldPages = Math.min(FOLD_PAGES, this.#pagesMax)
    this.#nextFoldPages = this.#foldPages
  }

  /** Makes it possible to fold the log. `location` is the database that the connection has open. */
  open(location: URL): void {
    this.#guard = new DatabaseSync(location, { timeout: 0 })
  }

  close(): void {
    this.#guard?.close()
    this.#guard = null
  }

  /** Folds the log and lets it begin anew where it has grown. May block this thread. */
  keepShort(): void {
    const { log } = this.#checkpoint('NOOP')
    if (log < this.#foldPages) this.#nextFoldPages = this.#foldPages
    if (log < this.#nextFoldPages || this.#guard === null) return
    const isLong = log >= this.#pagesMax
    const isFolded = this.#fold(this.#guard, this.#isHeld ? 0 : isLong ? WAIT_LONG_MS : WAIT_MS)
    const isAnew = isFolded && this.#beginAnew()
    // A log that goes on is not folded after each transaction: that would cost more than it saves.
    this.#nextFoldPages = isAnew ? this.#foldPages : log + FOLD_AGAIN_PAGES
    this.#isHeld = !isFolded && isLong
  }

  /**
   * For somebody who reads one state after the other. Without a pause between them there would always be
   * a reader in the way; there is none where the log is short, or nobody has written since the last call.
   */
  letOthersFold(): void {
    const { log } = this.#checkpoint('NOOP')
    if (log >= this.#foldPages && log !== this.#pagesSeen) pauseThread(READ_MS_MAX)
    this.#pagesSeen = log
  }

  /** False where readers stayed in the way for so long. */
  #fold(guard: DatabaseSync, waitMs: number): boolean {
    this.#connection.withLock(() => guard.exec('BEGIN IMMEDIATE'))
    try {
      // Another writer may have done it while this one waited for its turn.
      if (this.#checkpoint('NOOP').log < this.#foldPages) return true
      if (!this.#isAllFolded(performance.now() + waitMs)) return false
      pauseThread(this.#readMs)
    } finally {
      guard.exec('ROLLBACK')
    }
    return true
  }

  #isAllFolded(giveUpAt: number): boolean {
    for (;;) {
      // What it takes to the disk need not go there once more when it is asked again.
      const { busy, log, checkpointed } = this.#checkpoint('PASSIVE')
      if (busy === 0 && log === checkpointed) return true
      if (performance.now() >= giveUpAt) return false
      pauseThread(LOOK_AGAIN_MS)
    }
  }

  /**
   * False where somebody still reads it. Where another writer is quicker, its transaction does that by
   * itself, unless somebody reads.
   */
  #beginAnew(): boolean {
    if (this.#checkpoint('NOOP').log < this.#foldPages) return true
    const { db } = this.#connection
    db.exec(`PRAGMA busy_timeout = ${READ_MS}`)
    try {
      const isAnew =
        this.#checkpoint('RESTART').busy === 0 || this.#checkpoint('NOOP').log < this.#foldPages
      this.#readMs = isAnew
        ? Math.max(READ_MS, this.#readMs / 2)
        : Math.min(READ_MS_MAX, this.#readMs * 2)
      return isAnew
    } finally {
      db.exec('PRAGMA busy_timeout = 0')
    }
  }

  /**
   * How many pages the log has, and how many of them are folded; both -1 and `busy` where another
   * process folds.
   */
  #checkpoint(mode: 'NOOP' | 'PASSIVE' | 'RESTART') {
    const row = this.#connection.prepare(`PRAGMA wal_checkpoint(${mode})`).get()!
    return row as { readonly busy: number; readonly log: number; readonly checkpointed: number }
  }
}
