/**
 * A copy of a database in use: one state of it, copied page by page while others write, and proved before
 * it takes its name.
 */
import { existsSync, realpathSync, rmSync } from 'node:fs'
import { backup, type DatabaseSync } from 'node:sqlite'
import { UsageError } from '../../domain/usage-error.ts'
import { Connection } from './connection.ts'
import { requireStoreFile } from './database-file.ts'
import { translate, translated } from './failures.ts'
import {
  contentOf,
  isThere,
  makeDraft,
  nameDraft,
  readProof,
  setMode,
  syncFile,
} from './file-copy.ts'
import { schemaVersion } from './schema.ts'

/** Pages between two reports; some 10 ms of copying. */
const PAGES_A_STEP = 1_000

export interface CopyProgress {
  /** `check` reads the copy from end to end. */
  readonly step: 'copy' | 'check'
  /** From 0 to 1; null if unknown. */
  readonly share: number | null
}

export interface CopyOptions {
  /** Whether to replace an existing file. */
  readonly force: boolean
  readonly onProgress: (progress: CopyProgress) => void
  /** Asked between two steps. If stopped, nothing is left behind. */
  readonly isStopped: () => boolean
}

export interface CopyOutcome {
  readonly storeId: string
  readonly bytes: number
  /** Rows of all tables. */
  readonly rows: number
}

/**
 * Copies the database at `path` to `file`. Fails with `conflict` if `file` exists, unless it may be
 * replaced; with `missing` and `incompatible` as opening does, and with `unavailable` if it was stopped.
 * The copy needs no other files beside it.
 */
export async function backUp(
  path: string,
  file: string,
  { force, onProgress, isStopped }: CopyOptions,
): Promise<CopyOutcome> {
  requireStoreFile(path, { mayBeEmpty: false })
  if (existsSync(file)) {
    if (!force) throw isThere(file)
    requireOther(path, file)
  }
  const source = new Connection(path, { role: 'reader' })
  const draft = makeDraft(file)
  try {
    // Selects the state to copy. What is written from now on is not in the copy, and does not make it
    // start over.
    translated(path, () => {
      if (schemaVersion(source, path) === 0) {
        throw new UsageError(
          'missing',
          `${path} is empty, and no store yet; there is nothing to copy`,
        )
      }
      source.db.exec('BEGIN')
      source.db.prepare('SELECT COUNT(*) FROM setting').get()
    })
    await copyPages(source.db, draft, { onProgress, isStopped }).catch((error: unknown) => {
      throw translate(draft, error)
    })
    const original = translated(path, () => contentOf(source.db, path))
    onProgress({ step: 'check', share: null })
    // In WAL mode, a copy could not be read from a read-only folder.
    setMode(draft, 'DELETE', file)
    const { bytes, ...copy } = readProof(draft, file)
    if (JSON.stringify(copy) !== JSON.stringify(original)) {
      throw new UsageError('incompatible', `the copy of ${path} is not what was copied`)
    }
    if (isStopped()) throw stopped()
    translated(file, () => {
      syncFile(draft)
      nameDraft(draft, file, { force })
    })
    const rows = Object.values(copy.rows).reduce((sum, count) => sum + count, 0)
    return { storeId: copy.storeId, bytes, rows }
  } finally {
    source.close()
    for (const left of [draft, `${draft}-journal`]) rmSync(left, { force: true })
  }
}

async function copyPages(
  db: DatabaseSync,
  draft: string,
  { onProgress, isStopped }: Pick<CopyOptions, 'onProgress' | 'isStopped'>,
): Promise<void> {
  await backup(db, draft, {
    rate: PAGES_A_STEP,
    progress: ({ totalPages, remainingPages }) => {
      if (isStopped()) throw stopped()
      onProgress({ step: 'copy', share: 1 - remainingPages / totalPages })
    },
  })
}

function requireOther(path: string, file: string): void {
  if (realpathSync(path) !== realpathSync(file)) return
  throw new UsageError('conflict', `${file} is the database itself; name another file`)
}

function stopped(): UsageError {
  return new UsageError('unavailable', 'stopped before the copy was whole; nothing of it is left')
}
