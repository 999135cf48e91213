/** A connection to a SQLite database: its prepared statements, its transactions and its locks. */
import { existsSync } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { SOMEBODY } from '../../domain/act.ts'
import type { Acting, Steps } from '../session.ts'
import { Checksums } from './checksums.ts'
import {
  createDatabase,
  type FileIdentity,
  identifyFile,
  requireSameFiles,
  requireStoreFile,
  warningOfMode,
} from './database-file.ts'
import { isLocked, translated } from './failures.ts'
import { MIGRATIONS } from './migrations/migrations.ts'
import { pauseThread } from './pause-thread.ts'
import { keepInWal, migrate, schemaVersion } from './schema.ts'
import { asSqlite, SqliteSession } from './session.ts'
import { LOG_BYTES_MAX, WriteAheadLog } from './write-ahead-log.ts'

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

export interface ConnectionOptions {
  /** A writer waits for the lock by its own rule, see `Connection.write`. */
  readonly role: 'reader' | 'writer'
  readonly lockWaitMs?: number
  /** From which size of the log on a writer waits longer to fold it; `LOG_BYTES_MAX` unless given. */
  readonly logBytesMax?: number
  /** Makes the database where it is missing or empty, with the folders above it. */
  readonly create?: boolean
  /** The files that the store was opened on; others in their place are refused. */
  readonly files?: FileIdentity
  /** Told what an operator should see to. */
  readonly onWarning?: (warning: string) => void
}

export interface WriteOptions {
  readonly watchesLedger?: boolean
}

/** How a statement gives its rows. */
type RowsAs = 'objects' | 'arrays' | 'bigints' | 'bigint arrays'

/** A connection with its prepared statements, each prepared once. */
export class Connection {
  readonly db: DatabaseSync
  readonly checksums: Checksums
  /** Whose changes the next ones are. */
  acting: Acting = { actor: SOMEBODY.name, at: null }
  readonly #session = new SqliteSession(this)
  readonly #statements: Readonly<Record<RowsAs, Map<string, StatementSync>>> = {
    objects: new Map(),
    arrays: new Map(),
    bigints: new Map(),
    'bigint arrays': new Map(),
  }
  readonly #lockWaitMs: number
  /** How long the lock was held since it was last free for a pause; until when. */
  #heldMs = 0
  #heldUntil = 0
  /** Whether the lock was somebody else's when it was last wanted. */
  hadToWait = false
  /** Whether writes are pieces of a transaction that is open. */
  #isSharing = false
  readonly log: WriteAheadLog

  constructor(
    path: string,
    { role, lockWaitMs = LOCK_WAIT_MS, logBytesMax = LOG_BYTES_MAX }: ConnectionOptions,
  ) {
    this.#lockWaitMs = lockWaitMs
    const timeout = role === 'writer' ? 0 : READER_WAIT_MS
    this.db = translated(path, () => new DatabaseSync(existingOnly(path), { timeout }))
    this.checksums = new Checksums(this)
    this.log = new WriteAheadLog(this, logBytesMax)
  }

  /** Takes shared steps to their end. */
  take<T>(steps: Steps<T>): T {
    return this.#session.take(steps)
  }

  prepare(text: string): StatementSync {
    return this.#prepared('objects', text, () => {})
  }

  /** Rows are arrays of their values: quicker to make. */
  prepareArrays(text: string): StatementSync {
    return this.#prepared('arrays', text, (statement) => statement.setReturnArrays(true))
  }

  /** For sums, which may pass 2^53: every integer comes back as a bigint. */
  prepareBigints(text: string): StatementSync {
    return this.#prepared('bigints', text, (statement) => statement.setReadBigInts(true))
  }

  /** As `prepareBigints`, with rows as `prepareArrays` gives them. */
  prepareBigintArrays(text: string): StatementSync {
    return this.#prepared('bigint arrays', text, (statement) => {
      statement.setReadBigInts(true)
      statement.setReturnArrays(true)
    })
  }

  #prepared(rows: RowsAs, text: string, setUp: (statement: StatementSync) => void): StatementSync {
    const statements = this.#statements[rows]
    let statement = statements.get(text)
    if (statement === undefined) {
      statement = this.db.prepare(asSqlite(text))
      setUp(statement)
      statements.set(text, statement)
    }
    return statement
  }

  /**
   * Runs `work` in one write transaction, which is kept whole or not at all. `watchesLedger` is
   * false where it changes no row of the ledger, or has them watched by itself.
   */
  write<T>(work: () => T, { watchesLedger = true }: WriteOptions = {}): T {
    const watched = () => {
      this.checksums.begin({ watchesLedger })
      const result = work()
      this.checksums.end()
      return result
    }
    return this.#isSharing ? this.#piece(watched) : this.#locked(watched)
  }

  /**
   * Runs `work` in one write transaction, in which each `write` is kept whole or not at all: one that
   * fails takes nothing of the others with it. Where it throws, none is kept.
   */
  share<T>(work: () => T): T {
    return this.#locked(() => {
      this.#isSharing = true
      try {
        return work()
      } finally {
        this.#isSharing = false
      }
    })
  }

  #locked<T>(work: () => T): T {
    this.withLock(() => this.prepare('BEGIN IMMEDIATE').run())
    const heldFrom = performance.now()
    if (heldFrom - this.#heldUntil >= PAUSE_MS) this.#heldMs = 0
    try {
      return this.#finish(work)
    } finally {
      this.#heldUntil = performance.now()
      this.#heldMs += this.#heldUntil - heldFrom
    }
  }

  #piece<T>(work: () => T): T {
    this.prepare('SAVEPOINT piece').run()
    try {
      const result = work()
      this.prepare('RELEASE piece').run()
      return result
    } catch (error) {
      // A full disk ends the whole transaction by itself, and with it what other pieces have done.
      if (this.db.isTransaction) this.db.exec('ROLLBACK TO piece; RELEASE piece')
      this.checksums.abandon()
      throw error
    }
  }

  /** Runs `work` in one write transaction, and takes back all that it has done. */
  takenBack<T>(work: () => T): T {
    this.withLock(() => this.prepare('BEGIN IMMEDIATE').run())
    try {
      return work()
    } finally {
      // A full disk ends the transaction by itself.
      if (this.db.isTransaction) this.db.exec('ROLLBACK')
      this.checksums.abandon()
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

  /**
   * Writes the file anew without what was deleted, and ends the log. False where other connections are in
   * the way; what was deleted is then still there.
   */
  overwriteDeleted(): boolean {
    try {
      this.withLock(() => this.db.exec('VACUUM'))
      const row = this.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()!
      return row.busy === 0
    } catch (error) {
      if (isLocked(error)) return false
      throw error
    }
  }

  /** How large the database is by its own account. Fails where its file is too small for that. */
  bytesInUse(): number {
    const [pages, size] = ['page_count', 'page_size'].map((name) =>
      Number(this.prepare(`PRAGMA ${name}`).get()?.[name]),
    )
    return pages! * size!
  }

  close(): void {
    this.log.close()
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
    this.hadToWait = false
    for (;;) {
      try {
        begin()
        return
      } catch (error) {
        if (!isLocked(error) || performance.now() >= giveUpAt) throw error
        this.hadToWait = true
        pauseThread(LOCK_RETRY_MS)
      }
    }
  }
}

/** A name by which SQLite opens a file that is there, and never makes one. */
function existingOnly(path: string): URL {
  const url = pathToFileURL(path)
  url.searchParams.set('mode', 'rw')
  return url
}

/**
 * Opens for reading and writing. Fails with `missing` where there is no store, unless `create` says
 * to make one.
 */
export function openConnection(path: string, options: ConnectionOptions): Connection {
  const { create = false } = options
  return translated(path, () => {
    if (create) createDatabase(path)
    requireStoreFile(path, { mayBeEmpty: create })
    const files = options.files ?? identifyFile(path)
    requireSameFiles(path, files)
    const connection = new Connection(path, options)
    try {
      migrate(connection, path, { create })
      if (options.role === 'writer') connection.log.open(existingOnly(path))
      // Before it is brought into a mode in which files beside it are written: another one may have
      // come into its place while it was opened.
      requireSameFiles(path, files)
      keepInWal(connection, path)
      connection.db.exec(`
        PRAGMA synchronous = FULL;
        PRAGMA foreign_keys = ON;
        PRAGMA cache_size = -${WRITER_CACHE_KIB};
        PRAGMA wal_autocheckpoint = 0;
        PRAGMA journal_size_limit = ${options.logBytesMax ?? LOG_BYTES_MAX};
      `)
      const warning = warningOfMode(path)
      if (warning !== null) options.onWarning?.(warning)
      if (options.role === 'writer') connection.checksums.listen()
      return connection
    } catch (error) {
      connection.close()
      throw error
    }
  })
}

/** Makes or upgrades the file's schema, as opening it does; tells the versions. */
export function upgradeDatabase(path: string): { readonly from: number; readonly to: number } {
  const from = translated(path, () => (existsSync(path) ? versionOf(path) : 0))
  openConnection(path, { role: 'writer', create: true }).close()
  return { from, to: MIGRATIONS.length }
}

function versionOf(path: string): number {
  requireStoreFile(path, { mayBeEmpty: true })
  const connection = new Connection(path, { role: 'reader' })
  try {
    return schemaVersion(connection, path)
  } finally {
    connection.close()
  }
}
