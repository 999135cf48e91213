/**
 * From a database URL to its engine. Only the command line and the package's entry point import this
 * file.
 */
import { fileURLToPath } from 'node:url'
import { shown, UsageError } from '../domain/usage-error.ts'
import { isPostgresUrl, parsePostgresUrl } from './postgres/database-url.ts'
import type { PostgresOptions } from './postgres/postgres-store.ts'
import type { CopyOptions, CopyOutcome } from './sqlite/backup.ts'
import { upgradeDatabase } from './sqlite/connection.ts'
import type { RestoreOptions, RestoreOutcome } from './sqlite/restore.ts'
import { openSqliteStore, type SqliteOptions } from './sqlite/sqlite-store.ts'
import { openTransferSource } from './sqlite/transfer-source.ts'
import { type ProofProgress, proveTransfer, type TransferProof } from './transfer/proof.ts'
import { moveRows, type TransferOptions, type TransferSource } from './transfer/transfer.ts'
import type { UsageStore } from './usage-store.ts'

export type { CopyProgress } from './sqlite/backup.ts'
export type { ProofProgress, TransferProof } from './transfer/proof.ts'
export type { TransferProgress } from './transfer/transfer.ts'

export const DATABASE_FORMS =
  'sqlite:PATH, for example sqlite:./data/simtally.db, or postgres://USER:PASSWORD@HOST/DATABASE'

/** True if the URL names a server, which may refuse it for many reasons, rather than a file. */
export function namesServer(url: string): boolean {
  return isPostgresUrl(url)
}

/** A server's URL with parameters added; those it already has take precedence. */
export function withServerParameters(
  url: string,
  parameters: Readonly<Record<string, string>>,
): string {
  const added = new URLSearchParams(parameters).toString()
  if (added === '' || !isPostgresUrl(url)) return url
  return `${url}${url.includes('?') ? '&' : '?'}${added}`
}

/**
 * Opens the store that a URL names. Creates it only if the options say so, and otherwise fails with
 * `missing` if there is none. Throws `invalid` for an unknown form of URL, and fails as the engine does.
 */
export async function openStore(
  url: string,
  options: SqliteOptions & PostgresOptions = {},
): Promise<UsageStore> {
  if (isPostgresUrl(url)) {
    // Loaded only here, because a command on a file has no use for it.
    const { openPostgresStore } = await import('./postgres/postgres-store.ts')
    return openPostgresStore(url, options)
  }
  return openSqliteStore(sqlitePath(url), options)
}

export interface StoreCreation {
  /** The database, without user and password. */
  readonly shown: string
  readonly engine: 'sqlite' | 'postgres'
  /** False if a store was already there, which stays as it is. */
  readonly made: boolean
}

/** Creates a store if there is none. Fails as `openStore` does. */
export async function createStore(url: string): Promise<StoreCreation> {
  if (!isPostgresUrl(url)) {
    const path = sqlitePath(url)
    return { shown: path, engine: 'sqlite', made: upgradeDatabase(path).from === 0 }
  }
  const { inspectSchema, openSchema } = await import('./postgres/schema.ts')
  const target = parsePostgresUrl(url)
  const { version } = await inspectSchema(target)
  await openSchema(target, { create: true })
  return { shown: target.shown, engine: 'postgres', made: version === 0 }
}

/** Copies a store in a file while it is in use. Throws `invalid` for one on a server. */
export async function backUpStore(
  url: string,
  file: string,
  options: CopyOptions,
): Promise<CopyOutcome & { readonly database: string }> {
  const path = pathForCopies(url, 'pg_dump')
  const { backUp } = await import('./sqlite/backup.ts')
  return { database: path, ...(await backUp(path, file, options)) }
}

/** Restores a backup to the place of a store in a file. Throws `invalid` for one on a server. */
export async function restoreStore(
  url: string,
  file: string,
  options: RestoreOptions,
): Promise<RestoreOutcome & { readonly database: string }> {
  const path = pathForCopies(url, 'pg_restore')
  const { restore } = await import('./sqlite/restore.ts')
  return { database: path, ...restore(file, path, options) }
}

function pathForCopies(url: string, tool: string): string {
  if (!isPostgresUrl(url)) return sqlitePath(url)
  throw new UsageError(
    'invalid',
    `${parsePostgresUrl(url).shown} is on a server: its copies are made by PostgreSQL's own tools, ${tool} as docs/storage.md says`,
  )
}

/** Where files that belong to a database lie: beside it, or in `data` if it is on a server. */
export function localPath(url: string): string {
  if (!isPostgresUrl(url)) return sqlitePath(url)
  const { shown: place, schema } = parsePostgresUrl(url)
  return `data/${`${place}-${schema}`.replace(/[^\w.-]/g, '_')}`
}

function sqlitePath(url: string): string {
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

export interface MigrationOutcome {
  /** The database, without user and password. */
  readonly shown: string
  readonly engine: 'sqlite' | 'postgres' | 'citus'
  /** The versions of its schema; `from` is 0 for a new one. */
  readonly from: number
  readonly to: number
}

/**
 * Creates or upgrades the schema of the database that a URL names and, if Citus is installed, distributes
 * its tables. Many processes may do so at once. Calls back as each step begins. Fails as `openStore`
 * does.
 */
export async function migrateStore(
  url: string,
  onStep: (step: string) => void = () => {},
): Promise<MigrationOutcome> {
  if (!isPostgresUrl(url)) {
    const path = sqlitePath(url)
    const { from, to } = upgradeDatabase(path)
    for (let version = from + 1; version <= to; version++) onStep(`schema version ${version}`)
    return { shown: path, engine: 'sqlite', from, to }
  }
  const { parsePostgresUrl } = await import('./postgres/database-url.ts')
  const { inspectSchema, migrateSchema, requireCurrentSchema } = await import(
    './postgres/schema.ts'
  )
  const target = parsePostgresUrl(url)
  const { topology, from, to } = await migrateSchema(target, onStep)
  requireCurrentSchema(target, await inspectSchema(target))
  const engine = topology.name === 'citus' ? 'citus' : 'postgres'
  return { shown: target.shown, engine, from, to }
}

export interface MoveOptions extends TransferOptions {
  readonly onStep: (step: string) => void
  readonly onProof: (progress: ProofProgress) => void
}

export interface MoveOutcome {
  /** The databases, without user and password. */
  readonly from: string
  readonly to: string
  /** Null if it was stopped before the end. */
  readonly proof: TransferProof | null
}

/**
 * Moves a whole store into an empty database and compares the two. The target can be used only if nothing
 * differs. A move that was stopped at any moment continues when it is called again. Fails with `missing`
 * if there is no store to move, with `incompatible` if the target is not empty, with `conflict` if the
 * source has changed, and as `openStore` does.
 */
export async function moveStore(
  { from, to }: { readonly from: string; readonly to: string },
  options: MoveOptions,
): Promise<MoveOutcome> {
  if (!isPostgresUrl(to)) {
    throw new UsageError('invalid', '--to: expected postgres://USER:PASSWORD@HOST/DATABASE', {
      hint: 'stores move to PostgreSQL and Citus only',
      field: '--to',
    })
  }
  const source = await naming('--from', () => openSource(from))
  try {
    const { openTransferTarget } = await import('./postgres/transfer-target.ts')
    const target = await naming('--to', () => openTransferTarget(to, options.onStep))
    try {
      const ends = { from: source.shown, to: target.shown }
      const counts = await moveRows(source, target, options)
      if (counts === null) return { ...ends, proof: null }
      const stores = await Promise.all([openStore(from), openStore(to, { unfinished: true })])
      const [sourceStore, targetStore] = stores
      const proof = await proveTransfer(
        { source, target },
        { sourceStore, targetStore },
        counts,
        options.onProof,
      ).finally(() => Promise.all(stores.map((store) => store.close())))
      if (proof.differenceCount === 0) await target.finish()
      return { ...ends, proof }
    } finally {
      await target.close()
    }
  } finally {
    await source.close()
  }
}

async function openSource(url: string): Promise<TransferSource> {
  if (!isPostgresUrl(url)) return openTransferSource(sqlitePath(url))
  const postgres = await import('./postgres/transfer-source.ts')
  return postgres.openTransferSource(url)
}

/** Failures to open a database name the flag that its URL came from. */
async function naming<T>(flag: string, open: () => Promise<T>): Promise<T> {
  try {
    return await open()
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    const { code, message, hint, cause } = error
    const named = (text: string) => text.replaceAll('--database', flag)
    throw new UsageError(code, named(message), {
      ...(hint === undefined ? {} : { hint: named(hint) }),
      cause: cause ?? error,
    })
  }
}
