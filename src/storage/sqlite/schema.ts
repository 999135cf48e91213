/** Whose database a file is, which version its schema has, and how to upgrade it to the newest. */
import type { DatabaseSync } from 'node:sqlite'
import { UsageError } from '../../domain/usage-error.ts'
import type { Connection } from './connection.ts'
import { emptyStore } from './database-file.ts'
import { MIGRATIONS } from './migrations/migrations.ts'

/** Stored in the database header: "SmTl" as a 32-bit number. */
export const APPLICATION_ID = 0x536d546c

/**
 * Upgrades the schema to the newest version. Throws `missing` for a database without one, unless `create`
 * is set.
 */
export function migrate(
  connection: Connection,
  path: string,
  { create }: { readonly create: boolean },
): void {
  const found = schemaVersion(connection, path)
  if (found === 0 && !create) throw emptyStore(path)
  if (found === MIGRATIONS.length) return
  keepInWal(connection, path)
  connection.write(() => {
    // Another process may have upgraded it while this one waited for the lock.
    const version = schemaVersion(connection, path)
    if (version === MIGRATIONS.length) return
    for (const step of MIGRATIONS.slice(version)) connection.db.exec(step)
    connection.checksums.recomputeAll()
    connection.db.exec(`PRAGMA application_id = ${APPLICATION_ID}`)
    connection.db.exec(`PRAGMA user_version = ${MIGRATIONS.length}`)
  })
}

/**
 * A copy may be in another mode, in which readers and writers lock each other out. If several processes
 * find it so at once, one of them changes the mode while the others wait.
 */
export function keepInWal(connection: Connection, path: string): void {
  if (journalMode(connection) === 'wal') return
  let mode = ''
  connection.withLock(() => {
    mode = String(Object.values(connection.db.prepare('PRAGMA journal_mode = WAL').get() ?? {})[0])
  })
  if (mode === 'wal') return
  throw new UsageError(
    'unavailable',
    `${path} stays in journal mode ${mode}, and needs WAL; keep it on a disk of this machine`,
  )
}

function journalMode({ db }: Connection): string {
  return String(Object.values(db.prepare('PRAGMA journal_mode').get() ?? {})[0])
}

/** 0 for a new database. Throws `incompatible` if it is not ours, or newer than this program. */
export function schemaVersion({ db }: Pick<Connection, 'db'>, path: string): number {
  const version = numberOf(db, 'PRAGMA user_version')
  const isEmpty = numberOf(db, 'SELECT COUNT(*) FROM sqlite_schema') === 0
  const application = numberOf(db, 'PRAGMA application_id')
  if (application !== APPLICATION_ID && !(isEmpty && application === 0)) {
    throw new UsageError(
      'incompatible',
      `${path} is a database of another program; name another file with --database`,
    )
  }
  if (version > MIGRATIONS.length) {
    throw new UsageError(
      'incompatible',
      `${path} has schema ${version}, and this program knows schemas up to ${MIGRATIONS.length}; ` +
        'use the Simtally that wrote it, or a newer one',
    )
  }
  return isEmpty ? 0 : version
}

function numberOf(db: DatabaseSync, text: string): number {
  return Number(Object.values(db.prepare(text).get() ?? {})[0] ?? 0)
}
