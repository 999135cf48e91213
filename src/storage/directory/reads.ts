/** Reads of the directory. */
import type { Account, ApiKey, Feed, Sim } from '../../domain/directory.ts'
import type { DropFolderState } from '../../domain/drop-folder.ts'
import type { Import, QuarantineEntry } from '../../domain/import.ts'
import { UsageError } from '../../domain/usage-error.ts'
import {
  accountFromRow,
  apiKeyFromRow,
  dropFolderFromRow,
  importFromRow,
  quarantineEntryFromRow,
  simFromRow,
} from '../rows.ts'
import { all, findOne, get, list, type Steps } from '../session.ts'
import type { UsageStore } from '../usage-store.ts'
import { feedFromRow } from './feed-rows.ts'
import * as sql from './sql.ts'

export function findAccount(sid: string): Steps<Account | null> {
  return findOne(sql.SELECT_ACCOUNT_BY_SID, [sid], accountFromRow)
}

export function findAccountById(id: number): Steps<Account | null> {
  return findOne(sql.SELECT_ACCOUNT_BY_ID, [id], accountFromRow)
}

/** Fails with `not_found`. */
export function* accountById(id: number): Steps<Account> {
  const account = yield* findAccountById(id)
  if (account === null) throw new UsageError('not_found', `there is no account ${id}`)
  return account
}

export function listAccounts(): Steps<Account[]> {
  return list(sql.SELECT_ACCOUNTS, accountFromRow)
}

export function findApiKey(sid: string): Steps<ApiKey | null> {
  return findOne(sql.SELECT_API_KEY, [sid], apiKeyFromRow)
}

export function listApiKeys(): Steps<ApiKey[]> {
  return list(sql.SELECT_API_KEYS, apiKeyFromRow)
}

export function listDropFolders(): Steps<DropFolderState[]> {
  return list(sql.SELECT_DROP_FOLDERS, dropFolderFromRow)
}

export function findSimById(id: number): Steps<Sim | null> {
  return findOne(sql.SELECT_SIM_BY_ID, [id], simFromRow)
}

export function* findSim(accountId: number | null, sidOrUniqueName: string): Steps<Sim | null> {
  const bySid = yield* findOne(sql.SELECT_SIM_BY_SID, [sidOrUniqueName], simFromRow)
  if (bySid !== null) return accountId === null || bySid.accountId === accountId ? bySid : null
  if (accountId === null) return null
  const values = [sidOrUniqueName, accountId]
  return yield* findOne(sql.SELECT_SIM_BY_UNIQUE_NAME, values, simFromRow)
}

export function findFeed(name: string): Steps<Feed | null> {
  return findOne(sql.SELECT_FEED_BY_NAME, [name], feedFromRow)
}

/** Fails with `not_found`. */
export function* feedById(id: number): Steps<Feed> {
  const feed = yield* findOne(sql.SELECT_FEED_BY_ID, [id], feedFromRow)
  if (feed === null) throw new UsageError('not_found', `there is no feed ${id}`)
  return feed
}

export function listFeeds(): Steps<Feed[]> {
  return list(sql.SELECT_FEEDS, feedFromRow)
}

export function findImport(id: number): Steps<Import | null> {
  return findOne(sql.SELECT_IMPORT, [id], importFromRow)
}

export function findCountedImport(feedId: number, checksum: string): Steps<Import | null> {
  return findOne(sql.SELECT_COUNTED_IMPORT, [feedId, checksum], importFromRow)
}

export function* listImports(
  { accountId, feedId, status }: Parameters<UsageStore['listImports']>[0],
  { limit, beforeId }: { limit: number; beforeId?: number },
): Steps<Import[]> {
  const text = sql.selectImports({
    account: accountId !== undefined,
    feed: feedId !== undefined,
    status: status !== undefined,
  })
  const conditions = [accountId, feedId, status].filter((value) => value !== undefined)
  const values = [beforeId ?? Number.MAX_SAFE_INTEGER, ...conditions, limit]
  return (yield* all(text, values)).map(importFromRow)
}

export function* listQuarantine(
  { importId, feedId, reason }: Parameters<UsageStore['listQuarantine']>[0],
  { limit, afterId }: { limit: number; afterId?: number },
): Steps<QuarantineEntry[]> {
  const text = sql.selectQuarantine({
    import: importId !== undefined,
    feed: feedId !== undefined,
    reason: reason !== undefined,
  })
  const conditions = [importId, feedId, reason].filter((value) => value !== undefined)
  const rows = yield* all(text, [afterId ?? 0, ...conditions, limit])
  return rows.map(quarantineEntryFromRow)
}

export function findQuarantineEntry(id: number): Steps<QuarantineEntry | null> {
  return findOne(sql.SELECT_QUARANTINE_ENTRY, [id], quarantineEntryFromRow)
}

/** SQLite keeps a setting in its own type, PostgreSQL as text. */
export function* readSetting(name: string): Steps<unknown> {
  return (yield* get(sql.SELECT_SETTING, [name]))?.value ?? null
}

export function* readNumber(name: string): Steps<number | null> {
  const value = yield* readSetting(name)
  return value === null ? null : Number(value)
}

export function* signingKey(): Steps<Uint8Array> {
  const key = yield* readSetting('signing_key')
  return typeof key === 'string' ? Buffer.from(key, 'hex') : (key as Uint8Array)
}
