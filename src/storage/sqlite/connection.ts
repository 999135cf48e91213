/** A connection to a SQLite database: its prepared statements, transactions and locks. */
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

/** How long a write waits while another process holds the lock, in milliseconds. */
export const LOCK_WAIT_MS = 30_000

/**
 * Pause between two tries for the lock, in milliseconds; shorter than the time for which others leave it
 * free.
 */
const LOCK_RETRY_MS = 1

/**
 * Transactions in quick succession may hardly ever leave the lock free. If they have held it for
 * `HELD_MAX_MS`, and left it free for less than `PAUSE_MS` in all meanwhile, they leave it free for that
 * long at once, so that another waiting process gets its turn. A pause after each of them would take several
 * times as long as a small transaction.
 */
const HELD_MAX_MS = 20
const PAUSE_MS = 3

/**
 * How long SQLite itself waits when a statement finds the database locked, in milliseconds. For a reader,
 * that happens only while another process recovers the log after a crash.
 */
const READER_WAIT_MS = 5_000

/** Page cache of the writing connection, in KiB. It holds the days that are being written. */
const WRITER_CACHE_KIB = 65_536

export interface ConnectionOptions {
  /** A writer waits for the lock by its own rule; see `Connection.write`. */
  readonly role: 'reader' | 'writer'
  readonly lockWaitMs?: number
  /** The log size above which a writer waits longer to fold it; `LOG_BYTES_MAX` by default. */
  readonly logBytesMax?: number
  /** Creates the database if it is missing or empty, along with the folders above it. */
  readonly create?: boolean
  /** The files that the store was opened on. Others in their place are refused. */
  readonly files?: FileIdentity
  /** Told what an operator should attend to. */
  readonly onWarning?: (warning: string) => void
}

export interface WriteOptions {
  /** False if the work changes no ledger row, or watches its changes itself. */
  readonly watchesLedger?: boolean
  /**
   * Whether its failure leaves the rest of a shared transaction as it was. That takes a savepoint, for which
   * SQLite writes a temporary file once some pages have changed. Work that hardly ever fails does without,
   * and ends the transaction if it does.
   */
  readonly sparesOthers?: boolean
}

/** The form in which a statement returns rows. */
type RowsAs = 'objects' | 'arrays' | 'bigints' | 'bigint arrays'

/** A connection with its prepared statements, each prepared once. */
export class Connection {
  readonly db: DatabaseSync
  readonly checksums: Checksums
  /** Who makes the next changes. */
  acting: Acting = { actor: SOMEBODY.name, at: null }
  readonly #session = new SqliteSession(this)
  readonly #statements: Readonly<Record<RowsAs, Map<string, StatementSync>>> = {
    objects: new Map(),
    arrays: new Map(),
    bigints: new Map(),
    'bigint arrays': new Map(),
  }
  readonly #lockWaitMs: number
  /** How long the lock was held, and left free, since others last had a chance to get it. */
  #heldMs = 0
  #freeMs = 0
  /** When the lock was last released. */
  #heldUntil = 0
  /** Whether another process held the lock when it was last requested. */
  hadToWait = false
  /** Whether writes are pieces of an open transaction. */
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

  /** Runs shared steps to their end. */
  take<T>(steps: Steps<T>): T {
    return this.#session.take(steps)
  }

  prepare(text: string): StatementSync {
    return this.#prepared('objects', text, () => {})
  }

  /** Rows are arrays of values, which are quicker to create. */
  prepareArrays(text: string): StatementSync {
    return this.#prepared('arrays', text, (statement) => statement.setReturnArrays(true))
  }

  /** For sums, which may pass 2^53: every integer is returned as a bigint. */
  prepareBigints(text: string): StatementSync {
    return this.#prepared('bigints', text, (statement) => statement.setReadBigInts(true))
  }

  /** As `prepareBigints`, with the rows of `prepareArrays`. */
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

  /** Runs `work` in one write transaction, which is kept whole or not at all. */
  write<T>(work: () => T, { watchesLedger = true, sparesOthers = true }: WriteOptions = {}): T {
    const watched = () => {
      this.checksums.begin({ watchesLedger })
      const result = work()
      this.checksums.end()
      return result
    }
    if (!this.#isSharing) return this.#locked(watched)
    return sparesOthers ? this.#piece(watched) : watched()
  }

  /**
   * Runs `work` in one write transaction, in which each `write` is kept whole or not at all. A failed one
   * does not affect the others if it spares them; see `WriteOptions`. If `work` itself throws, none is kept.
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
    this.#freeMs += heldFrom - this.#heldUntil
    if (this.#freeMs >= PAUSE_MS) {
      this.#heldMs = 0
      this.#freeMs = 0
    }
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
      // A full disk ends the whole transaction, along with the work of other pieces.
      if (this.db.isTransaction) this.db.exec('ROLLBACK TO piece; RELEASE piece')
      this.checksums.abandon()
      throw error
    }
  }

  /** Runs `work` in one write transaction, and rolls back everything it has done. */
  takenBack<T>(work: () => T): T {
    this.withLock(() => this.prepare('BEGIN IMMEDIATE').run())
    try {
      return work()
    } finally {
      // SQLite itself ends the transaction when the disk is full.
      if (this.db.isTransaction) this.db.exec('ROLLBACK')
      this.checksums.abandon()
    }
  }

  /** Lets another process write if this one has held the lock for long. May block this thread. */
  giveWay(): void {
    if (this.#heldMs >= HELD_MAX_MS) pauseThread(PAUSE_MS)
  }

  /** Runs `work` on one consistent state of the database. */
  read<T>(work: () => T): T {
    this.prepare('BEGIN').run()
    return this.#finish(work)
  }

  /**
   * Rewrites the file without what was deleted, and ends the log. False if other connections prevent
   * that; the deleted content is then still there.
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

  /** How large the database is by its own account. Fails if its file is smaller. */
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
      // SQLite itself ends the transaction when the disk is full.
      if (this.db.isTransaction) this.db.exec('ROLLBACK')
      this.checksums.abandon()
      throw error
    }
  }

  /**
   * SQLite's own waiting backs off to 100 ms between tries. Beside another process that writes batch
   * after batch, it would hardly ever hit the short time between two of them.
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

/** A name by which SQLite opens an existing file and never creates one. */
function existingOnly(path: string): URL {
  const url = pathToFileURL(path)
  url.searchParams.set('mode', 'rw')
  return url
}

/** Opens for reading and writing. Fails with `missing` if there is no store, unless `create` is set. */
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
      // Checked before switching to a mode that writes files beside it, because another file may have
      // taken its place while it was opened.
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

/** Creates or upgrades the file's schema, as opening it does, and returns the versions. */
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
