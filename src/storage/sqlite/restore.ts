/** Puts a backup in the place of a database that nobody uses. */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { UsageError } from '../../domain/usage-error.ts'
import { CONSOLE_TABLES } from '../directory/console-sessions.ts'
import type { CopyOptions, CopyOutcome } from './backup.ts'
import { Connection } from './connection.ts'
import { FILE_MODE, makeFolderOf, requireStoreFile } from './database-file.ts'
import { translated } from './failures.ts'
import {
  isThere,
  makeDraft,
  nameDraft,
  type Proof,
  readProof,
  setMode,
  syncFile,
  syncFolderOf,
} from './file-copy.ts'

export interface RestoreOptions extends CopyOptions {
  /** UTC seconds; becomes part of a replaced database's new name. */
  readonly now: number
}

export interface RestoreOutcome extends CopyOutcome {
  /** Where the replaced database is now; null if there was none. */
  readonly replaced: string | null
}

/**
 * Proves a copy of `file`, then gives it the name `path` in one step. An existing database is kept beside
 * it. It is replaced only with `force`, and only while no process uses it; otherwise this fails with
 * `conflict` or `unavailable`. If stopped at any moment, either the old or the new one is in place.
 */
export function restore(
  file: string,
  path: string,
  { force, now, onProgress, isStopped }: RestoreOptions,
): RestoreOutcome {
  requireBackup(file)
  if (existsSync(path) && !force) throw isThere(path)
  translated(path, () => makeFolderOf(path))
  const draft = makeDraft(path)
  try {
    onProgress({ step: 'copy', share: null })
    translated(draft, () => {
      copyFileSync(file, draft)
      // By now it has the mode of the copied file.
      chmodSync(draft, FILE_MODE)
    })
    onProgress({ step: 'check', share: null })
    const { bytes, storeId, rows: counts } = proofOf(draft, file)
    translated(draft, () => syncFile(draft))
    if (isStopped()) {
      throw new UsageError(
        'unavailable',
        'stopped before the backup was in place; nothing was changed',
      )
    }
    const replaced = translated(path, () => takePlace(draft, path, now))
    const rows = Object.values(counts).reduce((sum, count) => sum + count, 0)
    return { storeId, bytes, rows, replaced }
  } finally {
    for (const left of [draft, `${draft}-wal`, `${draft}-shm`]) rmSync(left, { force: true })
  }
}

function requireBackup(file: string): void {
  if (!existsSync(file)) throw new UsageError('missing', `there is no backup at ${file}`)
  ofBackup(file, () => requireStoreFile(file, { mayBeEmpty: false }))
  if (!existsSync(`${file}-wal`)) return
  throw new UsageError(
    'conflict',
    `${file} is in use, or was copied without simtally backup: ${file}-wal belongs to it`,
  )
}

function proofOf(draft: string, file: string): Proof {
  return ofBackup(file, () => {
    setMode(draft, 'DELETE', file)
    const proof = readProof(draft, file)
    forgetSessions(draft)
    setMode(draft, 'WAL', file)
    return proof
  })
}

/** Sessions in the backup would sign people in again who have signed out since. */
function forgetSessions(draft: string): void {
  const db = new DatabaseSync(draft)
  try {
    const isThere = db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?")
    for (const table of CONSOLE_TABLES) {
      // A backup may be older than the console.
      if (isThere.get(table) !== undefined) db.exec(`DELETE FROM ${table}`)
    }
  } finally {
    db.close()
  }
}

/** Errors about a backup must not mention `--database`. */
function ofBackup<T>(file: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    const [what] = error.message.split('; ')
    throw new UsageError(error.code, `${what}; nothing was restored from ${file}`, { cause: error })
  }
}

function takePlace(draft: string, path: string, now: number): string | null {
  if (!existsSync(path)) {
    // A log without its database would be taken for the new file's.
    setAsideLog(path, `${path}.replaced-${now}`)
    nameDraft(draft, path, { force: false })
    return null
  }
  requireStoreFile(path, { mayBeEmpty: true })
  const release = lockAlone(path)
  try {
    const aside = freeName(`${path}.replaced-${now}`)
    keepAs(path, aside)
    setAsideLog(path, aside)
    syncFolderOf(path)
    renameSync(draft, path)
    syncFolderOf(path)
    return aside
  } finally {
    release()
  }
}

/**
 * By a second name (a link), so that there is always a database in place; without links, by renaming it.
 */
function keepAs(path: string, aside: string): void {
  try {
    linkSync(path, aside)
  } catch {
    renameSync(path, aside)
  }
}

function freeName(wanted: string): string {
  for (let n = 1; ; n++) {
    const name = n === 1 ? wanted : `${wanted}-${n}`
    if (!existsSync(name)) return name
  }
}

/** Sets aside what an unusable database has left beside it. */
function setAsideLog(path: string, aside: string): void {
  if (existsSync(`${path}-wal`)) renameSync(`${path}-wal`, `${aside}-wal`)
  rmSync(`${path}-shm`, { force: true })
}

/**
 * Folds the log into the database and keeps everybody out of it until released. Throws `unavailable` if
 * another process has it open.
 */
function lockAlone(path: string): () => void {
  let connection: Connection | null = null
  try {
    connection = new Connection(path, { role: 'writer' })
    connection.db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE')
    connection.db.exec('BEGIN EXCLUSIVE')
    const held = connection
    return () => held.close()
  } catch (error) {
    connection?.close()
    const found = error as { errcode?: number }
    if (isDamage(found.errcode)) {
      // SQLite cannot tell who has it open, but the system may.
      if (isLockedBySystem(path)) throw inUse(path)
      return () => {}
    }
    if (isBusy(found.errcode)) throw inUse(path)
    throw error
  }
}

const BUSY = 5
const DAMAGE = new Set([11, 26])

const isBusy = (code?: number) => code !== undefined && (code & 0xff) === BUSY
const isDamage = (code?: number) => code !== undefined && DAMAGE.has(code & 0xff)

function inUse(path: string): UsageError {
  return new UsageError(
    'unavailable',
    `${path} is in use by another process; stop serve and imports on it, then repeat`,
  )
}

/** Linux lists the locked files by inode; elsewhere nothing is known. */
function isLockedBySystem(path: string): boolean {
  try {
    const { ino } = statSync(path, { bigint: true })
    return readFileSync('/proc/locks', 'utf8')
      .split('\n')
      .some((line) => line.split(/\s+/)[5]?.endsWith(`:${ino}`))
  } catch {
    return false
  }
}
