/** Keeps the write-ahead log of a SQLite database short, however many processes read and write it. */
import { DatabaseSync } from 'node:sqlite'
import type { Connection } from './connection.ts'
import { pauseThread } from './pause-thread.ts'

/** SQLite's default, in bytes. */
const PAGE_BYTES = 4_096

/**
 * How many pages the log has before a writer folds it into the database. It is more than SQLite's 1000,
 * so that a batch of 20,000 rows is folded in only once.
 */
const FOLD_PAGES = 8_000

/** How many more pages before it tries again, if it could not fold all of them. */
const FOLD_AGAIN_PAGES = 4_000

/** The size above which a writer waits longer for others, so that it can fold the log. */
export const LOG_BYTES_MAX = 128 * 1_048_576

/** How long all writers wait for readers to move on, below that size and above it, in milliseconds. */
const WAIT_MS = 100
const WAIT_LONG_MS = 1_000

/** Pause between two checks whether they have, in milliseconds. */
const LOOK_AGAIN_MS = 2

/** How long the first try waits for readers; the reads of requests take a fraction of it. In milliseconds. */
const READ_SHORT_MS = 2

/**
 * How long readers that began before the log was folded get to finish, in milliseconds, if the first try
 * was too early. Most reads take no longer, except on a busy machine. A log that somebody reads cannot
 * restart.
 */
const READ_MS = 10
const READ_MS_MAX = 320

/**
 * A log restarts only when all of it is folded and nobody reads it. If readers and writers of several
 * processes overlap, that never happens by itself: after a commit, SQLite folds what it can and waits for
 * nobody, so the log grows and every read gets slower. A writer therefore folds it here, between two
 * transactions, while nobody writes. That slows all writers down to what the disk can keep up with.
 */
export class WriteAheadLog {
  readonly #connection: Connection
  /**
   * Keeps others from writing while the connection folds, which it cannot do inside its own transaction.
   */
  #guard: DatabaseSync | null = null
  readonly #pagesMax: number
  /** The log's length from which it is folded at all. */
  readonly #foldPages: number
  /** The same, or more after a failed try. */
  #nextFoldPages: number
  /** True if readers did not move on during the last fold. Waiting for them again would help nobody. */
  #isHeld = false
  /** The log's length at the last check by `letOthersFold`. */
  #pagesSeen = 0
  /** Doubled after each try that reads outlasted, and halved after every other. */
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

  /** Folds the log and restarts it if it has grown. May block this thread. */
  keepShort(): void {
    const { log } = this.#checkpoint('NOOP')
    if (log < this.#foldPages) this.#nextFoldPages = this.#foldPages
    if (log < this.#nextFoldPages || this.#guard === null) return
    const isLong = log >= this.#pagesMax
    const waitMs = this.#isHeld ? 0 : isLong ? WAIT_LONG_MS : WAIT_MS
    const isFolded = this.#fold(this.#guard, { waitMs, pauseMs: 0 })
    const hasRestarted =
      isFolded && (this.#restart(READ_SHORT_MS) || this.#restartAfterReads(this.#guard, waitMs))
    // A log that did not restart is not folded after each transaction, because that would cost more than
    // it saves.
    this.#nextFoldPages = hasRestarted ? this.#foldPages : log + FOLD_AGAIN_PAGES
    this.#isHeld = !isFolded && isLong
  }

  /**
   * For a caller that reads one state after the other. Without a pause, there would always be a reader in
   * the way. There is no pause if the log is short, or if nobody has written since the last call.
   */
  letOthersFold(): void {
    const { log } = this.#checkpoint('NOOP')
    if (log >= this.#foldPages && log !== this.#pagesSeen) pauseThread(READ_MS_MAX)
    this.#pagesSeen = log
  }

  /** Gives readers time to move on while nobody writes. False if somebody still reads the log. */
  #restartAfterReads(guard: DatabaseSync, waitMs: number): boolean {
    const isFolded = this.#fold(guard, { waitMs, pauseMs: this.#readMs })
    const hasRestarted = isFolded && this.#restart(READ_MS)
    this.#readMs = hasRestarted
      ? Math.max(READ_MS, this.#readMs / 2)
      : Math.min(READ_MS_MAX, this.#readMs * 2)
    return hasRestarted
  }

  /**
   * False if readers stayed in the way for `waitMs`. Once all is folded, others may not write for `pauseMs`
   * more, so that those who begin to read do not need the log.
   */
  #fold(
    guard: DatabaseSync,
    { waitMs, pauseMs }: { readonly waitMs: number; readonly pauseMs: number },
  ): boolean {
    this.#connection.withLock(() => guard.exec('BEGIN IMMEDIATE'))
    try {
      // Another writer may have folded it while this one waited for its turn.
      if (this.#checkpoint('NOOP').log < this.#foldPages) return true
      if (!this.#isAllFolded(performance.now() + waitMs)) return false
      if (pauseMs > 0) pauseThread(pauseMs)
    } finally {
      guard.exec('ROLLBACK')
    }
    return true
  }

  #isAllFolded(giveUpAt: number): boolean {
    for (;;) {
      // What one call has written to disk, the next need not write again.
      const { busy, log, checkpointed } = this.#checkpoint('PASSIVE')
      if (busy === 0 && log === checkpointed) return true
      if (performance.now() >= giveUpAt) return false
      pauseThread(LOOK_AGAIN_MS)
    }
  }

  /**
   * False if somebody still reads it. If another writer comes first, its transaction restarts the log by
   * itself, unless somebody reads.
   */
  #restart(waitMs: number): boolean {
    if (this.#checkpoint('NOOP').log < this.#foldPages) return true
    const { db } = this.#connection
    db.exec(`PRAGMA busy_timeout = ${waitMs}`)
    try {
      return (
        this.#checkpoint('RESTART').busy === 0 || this.#checkpoint('NOOP').log < this.#foldPages
      )
    } finally {
      db.exec('PRAGMA busy_timeout = 0')
    }
  }

  /**
   * How many pages the log has, and how many of them are folded; both are -1, with `busy` set, while
   * another process folds.
   */
  #checkpoint(mode: 'NOOP' | 'PASSIVE' | 'RESTART') {
    const row = this.#connection.prepare(`PRAGMA wal_checkpoint(${mode})`).get()!
    return row as { readonly busy: number; readonly log: number; readonly checkpointed: number }
  }
}
