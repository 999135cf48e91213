/** SQLite's errors, and what they mean to a person. */
import { UsageError } from '../../domain/usage-error.ts'

/** SQLite's primary result codes; extended codes carry them in their lowest byte. */
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

/** Of a row whose key another row has. */
const CONSTRAINT_PRIMARYKEY = 1_555

/** Whether another row has the key of a new one. */
export function isTaken(error: unknown): boolean {
  return (error as { errcode?: unknown } | null)?.errcode === CONSTRAINT_PRIMARYKEY
}

export function isLocked(error: unknown): boolean {
  const code = resultCode(error)
  return code === BUSY || code === LOCKED
}

/**
 * Runs `work` on the database at `path`, turning failures that somebody can act on into `UsageError`s.
 */
export function translated<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw translate(path, error)
  }
}

/** What `error` means for the database at `path`. */
export function translate(path: string, error: unknown): unknown {
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
      return new UsageError(
        'incompatible',
        `${path} is not a SQLite database, or is damaged; name another with --database, or restore a backup`,
        { cause: error },
      )
    default:
      return isOverflow(error) ? overflow(error) : translateSystemError(path, error)
  }
}

/** SQLite keeps integers in 64 bits, and reports a sum that does not fit in one of two ways. */
export function isOverflow(error: unknown): boolean {
  return /integer overflow|cannot store REAL value in INTEGER/.test(messageOf(error))
}

function overflow(cause: unknown): UsageError {
  return new UsageError('overflow', 'a sum of usage passes 9223372036854775807, the largest kept', {
    hint: 'look for records with absurd counters; nothing of this call was stored',
    cause,
  })
}

/** The file system's errors for a path that cannot lead to a file. */
const UNUSABLE_PATH = new Set(['ENOTDIR', 'EEXIST', 'ENOENT', 'ELOOP', 'ENAMETOOLONG', 'EINVAL'])

function translateSystemError(path: string, error: unknown): unknown {
  const code = (error as { code?: unknown } | null)?.code
  if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') {
    return new UsageError('read_only', `the folder of ${path} cannot be written`, {
      hint: 'give this user write permission on it, or name another file with --database',
      cause: error,
    })
  }
  if (typeof code === 'string' && UNUSABLE_PATH.has(code)) {
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
