/** From a database URL to its engine. Only the command line imports this file. */
import { fileURLToPath } from 'node:url'
import { shown, UsageError } from '../domain/usage-error.ts'
import { isPostgresUrl } from './postgres/database-url.ts'
import type { PostgresOptions } from './postgres/postgres-store.ts'
import { openSqliteStore, type SqliteOptions } from './sqlite/sqlite-store.ts'
import type { UsageStore } from './usage-store.ts'

export const DATABASE_FORMS =
  'sqlite:PATH, for example sqlite:./data/simtally.db, or postgres://USER:PASSWORD@HOST/DATABASE'

/** True where the URL names a server, which may refuse it for many reasons, not a file. */
export function namesServer(url: string): boolean {
  return isPostgresUrl(url)
}

/**
 * Opens the store a URL names, creating it on first use. Throws `invalid` for a URL of no known
 * form; fails as the engine does otherwise.
 */
export async function openStore(
  url: string,
  options: SqliteOptions & PostgresOptions = {},
): Promise<UsageStore> {
  if (isPostgresUrl(url)) {
    // Loaded here, because a command on a file has no use for it.
    const { openPostgresStore } = await import('./postgres/postgres-store.ts')
    return openPostgresStore(url, options)
  }
  return openSqliteStore(sqlitePath(url), options)
}

export function sqlitePath(url: string): string {
  const rest = /^sqlite:(.+)$/.exec(url)?.[1]
  if (rest === undefined) {
    throw new UsageError('invalid', `--database ${shown(url)}: expected ${DATABASE_FORMS}`, {
      field: '--database',
      value: url,
    })
  }
  if (rest === ':memory:') {
    throw new UsageError('invalid', '--database "sqlite::memory:": usage is kept in a file', {
      hint: `use ${DATABASE_FORMS}`,
      field: '--database',
      value: url,
    })
  }
  return rest.startsWith('///') ? fileURLToPath(`file:${rest}`) : rest
}
