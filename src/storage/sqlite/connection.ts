/** Opens a SQLite database as ours, brings its schema up to date, and translates its failures. */
import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { SOMEBODY } from '../../domain/act.ts'
import { UsageError } from '../../domain/usage-error.ts'
import { Checksums } from './checksums.ts'
import { MIGRATIONS } from './migrations/migrations.ts'
import type { Acting } from './writer.ts'

/** Stands in the database header: "SmTl" as a 32-bit number. */
const APPLICATION_ID = 0x536d546c

/** How long a write waits for another process that holds the lock, in milliseconds. */
export const LOCK_WAIT_MS = 30_000

/** Between two tries for the lock, in milliseconds; shorter than the pause that leaves it free. */
const LOCK_RETRY_MS = 1

/**
 * Transactions in quick succession leave the lock free for hardly a moment. When they have held it
 * for `HELD_MAX_MS`, it stays free for `PAUSE_MS`, so that another process that waits gets its turn.
 * A pause after each of them would take several times as long as a small one itself.
 */
const HELD_MAX_MS = 20
const PAUSE_MS = 3

/**
 * How long SQLite itself waits in a statement that finds the database locked, in milliseconds. A
 * reader meets that only while another process repairs the log after a crash.
 */
const READER_WAIT_MS = 5_000

/** Page cache of the writing connection, in KiB: it keeps the days that are being written. */
const WRITER_CACHE_KIB = 65_536

/**
 * Pages in the write-ahead log before a commit folds it into the database. Larger than SQLite's
 * 1000, so that a batch of 20 000 rows is not folded in more than once.
 */
const CHECKPOINT_PAGES = 8_000

export interface ConnectionOptions {
  /** A writer waits for the lock by its own rule, see `Connection.write`. */
  readonly role: 'reader' | 'writer'
  readonly lockWaitMs?: number
}

export interface WriteOptions {
  readonly watchesLedger?: boolean
}

/** A connection with its prepared statements, each prepared once. */
export class Connection {
  readonly db: DatabaseSync
  readonly checksums: Checksums
  /** Whose changes the next ones are. */
  acting: Acting = { actor: SOMEBODY.name, at: null }
  readonly #statements = new Map<string, StatementSync>()
  readonly #bigintStatements = new Map<string, StatementSync>()
  readonly #bigintArrayStatements = new Map<string, StatementSync>()
  readonly #lockWaitMs: number
  /** How long the lock was held since it was last free for a pause; until when. */
  #heldMs = 0
  #heldUntil = 0

  constructor(path: string, { role, lockWaitMs = LOCK_WAIT_MS }: ConnectionOptions) {
    this.#lockWaitMs = lockWaitMs
    const timeout = role === 'writer' ? 0 : READER_WAIT_MS
    this.db = translated(path, () => new DatabaseSync(path, { timeout }))
    this.checksums = new Checksums(this)
  }

  prepare(text: string): StatementSync {
    let statement = this.#statements.get(text)
    if (statement === undefined) {
      statement = this.db.prepare(text)
      this.#statements.set(text, statement)
    }
    return statement
  }

  /** For sums, which may pass 2^53: every integer comes back as a bigint. */
  prepareBigints(text: string): StatementSync {
    let statement = this.#bigintStatements.get(text)
    if (statement === undefined) {
      statement = this.db.prepare(text)
      statement.setReadBigInts(true)
      this.#bigintStatements.set(text, statement)
    }
    return statement
  }

  /** As `prepareBigints`, with rows that are arrays of their values: quicker to make. */
  prepareBigintArrays(text: string): StatementSync {
    let statement = this.#bigintArrayStatements.get(text)
    if (statement === undefined) {
      statement = this.db.prepare(text)
      statement.setReadBigInts(true)
      statement.setReturnArrays(true)
      this.#bigintArrayStatements.set(text, statement)
    }
    return statement
  }

  /**
   * Runs `work` in one write transaction, which is kept whole or not at all. `watchesLedger` is
   * false where it changes no row of the ledger, or has them watched by itself.
   */
  write<T>(work: () => T, { watchesLedger = true }: WriteOptions = {}): T {
    this.withLock(() => this.prepare('BEGIN IMMEDIATE').run())
    const heldFrom = performance.now()
    if (heldFrom - this.#heldUntil >= PAUSE_MS) this.#heldMs = 0
    try {
      return this.#finish(() => {
        this.checksums.begin({ watchesLedger })
        const result = work()
        this.checksums.end()
        return result
      })
    } finally {
      this.#heldUntil = performance.now()
      this.#heldMs += this.#heldUntil - heldFrom
    }
  }

  /** Lets another process write, where this one has been at it for long. May block this thread. */
  giveWay(): void {
    if (this.#heldMs >= HELD_MAX_MS) pauseThread(PAUSE_MS)
  }

  /** Runs `work` on one consistent state of the database. */
  read<T>(work: () => T): T {
    this.prepare('BEGIN').run()
    return this.#finish(work)
  }

  close(): void {
    if (this.db.isOpen) this.db.close()
  }

  #finish<T>(work: () => T): T {
    try {
      const result = work()
      this.prepare('COMMIT').run()
      return result
    } catch (error) {
      // A full disk ends the transaction by itself.
      if (this.db.isTransaction) this.db.exec('ROLLBACK')
      this.checksums.abandon()
      throw error
    }
  }

  /**
   * SQLite's own waiting backs off to 100 ms between tries, so that beside another process that
   * writes batch after batch it would hardly ever meet the short time between two of them.
   */
  withLock(begin: () => void): void {
    const giveUpAt = performance.now() + this.#lockWaitMs
    for (;;) {
      try {
        begin()
        return
      } catch (error) {
        if (!isLocked(error) || performance.now() >= giveUpAt) throw error
        pauseThread(LOCK_RETRY_MS)
      }
    }
  }
}

/** Blocks this thread; only for threads that serve nobody else meanwhile. */
function pauseThread(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}

/** Opens for reading and writing, creating folder and database where they are missing. */
export function openConnection(path: string, options: ConnectionOptions): Connection {
  translated(path, () => mkdirSync(dirname(path), { recursive: true }))
  const connection = new Connection(path, options)
  try {
    translated(path, () => {
      migrate(connection, path)
      connection.db.exec(`
        PRAGMA synchronous = FULL;
        PRAGMA foreign_keys = ON;
        PRAGMA cache_size = -${WRITER_CACHE_KIB};
        PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
      `)
      if (options.role === 'writer') connection.checksums.listen()
    })
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}

/** Makes or upgrades the file's schema, as opening it does; tells the versions. */
export function upgradeDatabase(path: string): { readonly from: number; readonly to: number } {
  let from = 0
  if (existsSync(path)) {
    const before = new Connection(path, { role: 'reader' })
    try {
      from = translated(path, () => schemaVersion(before, path))
    } finally {
      before.close()
    }
  }
  openConnection(path, { role: 'writer' }).close()
  return { from, to: MIGRATIONS.length }
}

function migrate(connection: Connection, path: string): void {
  if (schemaVersion(connection, path) === MIGRATIONS.length) return
  connection.withLock(() => connection.db.exec('PRAGMA journal_mode = WAL'))
  connection.write(() => {
    // Another process may have done it while this one waited for the lock.
    const version = schemaVersion(connection, path)
    if (version === MIGRATIONS.length) return
    for (const step of MIGRATIONS.slice(version)) connection.db.exec(step)
    connection.checksums.takeAnew()
    connection.db.exec(`PRAGMA application_id = ${APPLICATION_ID}`)
    connection.db.exec(`PRAGMA user_version = ${MIGRATIONS.length}`)
  })
}

/** 0 for a new database. Throws `incompatible` for one that is not ours or newer than we are. */
function schemaVersion({ db }: Connection, path: string): number {
  const version = numberOf(db, 'PRAGMA user_version')
  const isEmpty = numberOf(db, 'SELECT COUNT(*) FROM sqlite_schema') === 0
  if (!isEmpty && numberOf(db, 'PRAGMA application_id') !== APPLICATION_ID) {
    throw new UsageError('incompatible', `${path} is a database of another program`, {
      hint: 'name another file with --database; nothing was changed in this one',
    })
  }
  if (version > MIGRATIONS.length) {
    throw new UsageError(
      'incompatible',
      `${path} has schema ${version}, this program knows schemas up to ${MIGRATIONS.length}`,
      { hint: 'use the version of Simtally that wrote it, or a newer one' },
    )
  }
  return isEmpty ? 0 : version
}

function numberOf(db: DatabaseSync, text: string): number {
  return Number(Object.values(db.prepare(text).get() ?? {})[0] ?? 0)
}

/** Primary result codes of SQLite; extended codes carry them in their lowest byte. */
const BUSY = 5
const LOCKED = 6
const READONLY = 8
const IOERR = 10
const CORRUPT = 11
const FULL = 13
const CANTOPEN = 14
const NOTADB = 26

function resultCode(error: unknown): number | null {
  const code = (error as { errcode?: unknown } | null)?.errcode
  return typeof code === 'number' ? code & 0xff : null
}

function isLocked(error: unknown): boolean {
  const code = resultCode(error)
  return code === BUSY || code === LOCKED
}

/** Runs `work` on the database at `path`; failures somebody can act on become `UsageError`s. */
export function translated<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw translate(path, error)
  }
}

function translate(path: string, error: unknown): unknown {
  switch (resultCode(error)) {
    case BUSY:
    case LOCKED:
      return new UsageError('unavailable', `${path} is locked by another process`, {
        hint: 'try again when the other process has finished; nothing of this call was stored',
        cause: error,
      })
    case FULL:
      return new UsageError('storage_full', `no space left to write to ${path}`, {
        hint: 'free some disk space and repeat; nothing of the last batch was stored',
        cause: error,
      })
    case IOERR:
      return new UsageError('storage_full', `${path} cannot be written: ${messageOf(error)}`, {
        hint: 'check disk space, quota and the disk itself, then repeat',
        cause: error,
      })
    case READONLY:
      return new UsageError('read_only', `${path} is read-only`, {
        hint: 'give this user write permission on the file and its folder',
        cause: error,
      })
    case CANTOPEN:
      return new UsageError('unavailable', `${path} cannot be opened: ${messageOf(error)}`, {
        hint: 'check that the path is a file in a folder this user may write to',
        cause: error,
      })
    case CORRUPT:
    case NOTADB:
      return new UsageError('incompatible', `${path} is not a SQLite database, or is damaged`, {
        hint: 'name another file with --database, or restore this one from a backup',
        cause: error,
      })
    default:
      return isOverflow(error) ? overflow(error) : translateSystemError(path, error)
  }
}

/** Sums are kept in 64 bits, as SQLite keeps all integers; it says so in one of two ways. */
function isOverflow(error: unknown): boolean {
  return /integer overflow|cannot store REAL value in INTEGER/.test(messageOf(error))
}

function overflow(cause: unknown): UsageError {
  return new UsageError('invalid', 'a sum of usage passes 9223372036854775807, the largest kept', {
    hint: 'look for records with absurd counters; nothing of this call was stored',
    cause,
  })
}

function translateSystemError(path: string, error: unknown): unknown {
  const code = (error as { code?: unknown } | null)?.code
  if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') {
    return new UsageError('read_only', `the folder of ${path} cannot be written`, {
      hint: 'give this user write permission on it, or name another file with --database',
      cause: error,
    })
  }
  if (code === 'ENOTDIR' || code === 'EEXIST') {
    return new UsageError('unavailable', `${path} cannot be opened: ${messageOf(error)}`, {
      hint: 'check that the path is a file in a folder',
      cause: error,
    })
  }
  return error
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
