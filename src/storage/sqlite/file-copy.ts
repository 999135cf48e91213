/** What backing up and restoring have in common: files that become whole in one step, and their proof. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { UsageError } from '../../domain/usage-error.ts'
import { storeIdOf } from '../store-id.ts'
import { FILE_MODE } from './database-file.ts'
import { translated } from './failures.ts'
import { schemaVersion } from './schema.ts'

/** A database's content, as far as two of them are compared. */
export interface Content {
  readonly storeId: string
  readonly schema: number
  /** By table. */
  readonly rows: Readonly<Record<string, number>>
}

/** Where a copy is made before it takes its name. */
export function draftOf(path: string): string {
  return `${path}.partial`
}

/** Deletes what an earlier try has left, and creates the file for its owner alone. */
export function makeDraft(path: string): string {
  const draft = draftOf(path)
  translated(draft, () => {
    for (const file of [draft, `${draft}-journal`, `${draft}-wal`, `${draft}-shm`]) {
      rmSync(file, { force: true })
    }
    closeSync(openSync(draft, 'wx', FILE_MODE))
  })
  return draft
}

/** Switches a draft to a journal mode; nothing is left beside it then. */
export function setMode(draft: string, mode: 'WAL' | 'DELETE', path: string): void {
  const db = translated(path, () => new DatabaseSync(draft))
  try {
    translated(path, () => db.exec(`PRAGMA journal_mode = ${mode}`))
  } finally {
    db.close()
  }
}

/** Flushes a file that nobody has open to disk. */
export function syncFile(path: string): void {
  const descriptor = openSync(path, 'r+')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** After this, what was renamed in the folder keeps its new name through a power loss. */
export function syncFolderOf(path: string): void {
  const descriptor = openSync(dirname(path), 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Gives a draft its name, in one step. Throws `conflict` if the name is taken, unless `force`. */
export function nameDraft(
  draft: string,
  path: string,
  { force }: { readonly force: boolean },
): void {
  if (force) renameSync(draft, path)
  else {
    try {
      linkSync(draft, path)
      rmSync(draft)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      // Some file systems have no links. There, a file created by somebody else meanwhile is overwritten.
      if (code !== 'EEXIST' && !existsSync(path)) renameSync(draft, path)
      else throw isThere(path)
    }
  }
  syncFolderOf(path)
}

export function isThere(path: string): UsageError {
  return new UsageError('conflict', `${path} exists already; name another file, or add --force`)
}

export interface Proof extends Content {
  readonly bytes: number
}

/**
 * Lets SQLite check a draft from end to end, and counts its rows. Throws `incompatible`, naming `path`,
 * if it is damaged or not a store.
 */
export function readProof(draft: string, path: string): Proof {
  const db = translated(path, () => new DatabaseSync(draft, { readOnly: true }))
  try {
    return translated(path, () => {
      const [fault] = db
        .prepare('PRAGMA integrity_check(1)')
        .all()
        .map((row) => String(Object.values(row)[0]))
      if (fault !== 'ok') throw damaged(path, fault)
      return { ...contentOf(db, path), bytes: statSync(draft).size }
    })
  } finally {
    db.close()
  }
}

function damaged(path: string, fault: string | undefined): UsageError {
  return new UsageError('incompatible', `${path} is damaged (${fault}); it was not used`)
}

export function contentOf(db: DatabaseSync, path: string): Content {
  const schema = schemaVersion({ db }, path)
  if (schema === 0) throw new UsageError('incompatible', `${path} is empty, and no store`)
  const key = db.prepare("SELECT value FROM setting WHERE name = 'signing_key'").get()?.value
  if (!(key instanceof Uint8Array)) throw damaged(path, 'its signing key is lost')
  const names = db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    .all()
    .map(({ name }) => String(name))
  const rows = Object.fromEntries(
    names.map((name) => {
      const { rows } = db.prepare(`SELECT COUNT(*) AS rows FROM "${name}"`).get()!
      return [name, Number(rows)]
    }),
  )
  return { storeId: storeIdOf(key), schema, rows }
}
