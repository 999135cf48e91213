/** Questions to the directory, answered on the caller's thread. */
import { effectiveHomeSet } from '../../domain/classification.ts'
import type { Account, ApiKey, Feed, Sim } from '../../domain/directory.ts'
import type { DropFolderState } from '../../domain/drop-folder.ts'
import { simIdentities } from '../../domain/identifiers.ts'
import type { Import, QuarantineEntry } from '../../domain/import.ts'
import type { NotedRestart, SeriesPlace } from '../../domain/restart.ts'
import type { NameScope } from '../../domain/sim-names.ts'
import * as sql from '../directory-sql.ts'
import { feedFromRow } from '../feed-rows.ts'
import {
  restartsFromRow,
  SELECT_RESTARTS,
  SELECT_SERIES_PLACES,
  type SeriesFilter,
  type SeriesPage,
  seriesPlaceFromRow,
  seriesPlacesAsked,
} from '../restarts.ts'
import {
  accountFromRow,
  apiKeyFromRow,
  dropFolderFromRow,
  homeSetFromRow,
  importFromRow,
  quarantineEntryFromRow,
  type Row,
  simFromRow,
} from '../rows.ts'
import type { PageRequest, SimMatch, UsageStore } from '../usage-store.ts'
import type { Connection } from './connection.ts'

export function findOne<T>(
  connection: Connection,
  text: string,
  values: (string | number)[],
  fromRow: (row: Row) => T,
): T | null {
  const row = connection.prepare(text).get(...values)
  return row === undefined ? null : fromRow(row)
}

export function findAccount(connection: Connection, sid: string): Account | null {
  return findOne(connection, sql.SELECT_ACCOUNT_BY_SID, [sid], accountFromRow)
}

export function findAccountById(connection: Connection, id: number): Account | null {
  return findOne(connection, sql.SELECT_ACCOUNT_BY_ID, [id], accountFromRow)
}

export function listAccounts(connection: Connection): Account[] {
  return connection.prepare(sql.SELECT_ACCOUNTS).all().map(accountFromRow)
}

export function findApiKey(connection: Connection, sid: string): ApiKey | null {
  return findOne(connection, sql.SELECT_API_KEY, [sid], apiKeyFromRow)
}

export function listApiKeys(connection: Connection): ApiKey[] {
  return connection.prepare(sql.SELECT_API_KEYS).all().map(apiKeyFromRow)
}

export function listDropFolders(connection: Connection): DropFolderState[] {
  return connection.prepare(sql.SELECT_DROP_FOLDERS).all().map(dropFolderFromRow)
}

export function listRestarts(connection: Connection, feedId: number): NotedRestart[] {
  return connection.prepare(SELECT_RESTARTS).all(feedId).flatMap(restartsFromRow)
}

export function listSeries(
  connection: Connection,
  filter: SeriesFilter,
  page: SeriesPage,
): SeriesPlace[] {
  const asked = seriesPlacesAsked(filter, page)
  return connection
    .prepare(SELECT_SERIES_PLACES)
    .all(...asked)
    .map(seriesPlaceFromRow)
}

export function findSimById(connection: Connection, id: number): Sim | null {
  return findOne(connection, sql.SELECT_SIM_BY_ID, [id], simFromRow)
}

export function findSim(
  connection: Connection,
  accountId: number | null,
  sidOrUniqueName: string,
): Sim | null {
  const bySid = findOne(connection, sql.SELECT_SIM_BY_SID, [sidOrUniqueName], simFromRow)
  if (bySid !== null) return accountId === null || bySid.accountId === accountId ? bySid : null
  if (accountId === null) return null
  const values = [sidOrUniqueName, accountId]
  return findOne(connection, sql.SELECT_SIM_BY_UNIQUE_NAME, values, simFromRow)
}

export function listSims(
  connection: Connection,
  { accountId, iccid, status }: Parameters<UsageStore['listSims']>[0],
  { limit, afterId, beforeId }: PageRequest,
): Sim[] {
  const direction = beforeId === undefined ? 'after' : 'before'
  const text = sql.selectSims(
    { account: accountId !== undefined, iccid: iccid !== undefined, status: status !== undefined },
    direction,
  )
  const conditions = [accountId, iccid, status].filter((value) => value !== undefined)
  const bound = beforeId ?? afterId ?? 0
  const sims = connection
    .prepare(text)
    .all(bound, ...conditions, limit)
    .map(simFromRow)
  return direction === 'after' ? sims : sims.reverse()
}

export function resolveSims(
  connection: Connection,
  names: readonly string[],
  scope: NameScope,
): Map<string, SimMatch> {
  const found = new Map<string, SimMatch>()
  for (const name of names) {
    const match = resolveSim(connection, name, scope)
    if (match !== null) found.set(name, match)
  }
  return found
}

function resolveSim(
  connection: Connection,
  name: string,
  { accountId, kinds }: NameScope,
): SimMatch | null {
  for (const { kind, value } of simIdentities(name, kinds)) {
    const rows = connection.prepare(sql.SELECT_SIM_MATCHES[kind]).all(value, accountId)
    // A unique name is unique within an account only; where SIMs of two accounts have it, it stands for neither.
    if (rows.length > 1) return null
    const row = rows[0]
    if (row !== undefined) {
      return {
        simId: row.id as number,
        accountId: row.account_id as number,
        home: effectiveHomeSet(
          homeSetFromRow(row.home_plmns, row.home_countries),
          homeSetFromRow(row.account_home_plmns, row.account_home_countries),
        ),
      }
    }
  }
  return null
}

export function findFeed(connection: Connection, name: string): Feed | null {
  return findOne(connection, sql.SELECT_FEED_BY_NAME, [name], feedFromRow)
}

export function listFeeds(connection: Connection): Feed[] {
  return connection.prepare(sql.SELECT_FEEDS).all().map(feedFromRow)
}

export function findImport(connection: Connection, id: number): Import | null {
  return findOne(connection, sql.SELECT_IMPORT, [id], importFromRow)
}

export function findCountedImport(
  connection: Connection,
  feedId: number,
  checksum: string,
): Import | null {
  return findOne(connection, sql.SELECT_COUNTED_IMPORT, [feedId, checksum], importFromRow)
}

export function listImports(
  connection: Connection,
  { accountId, feedId, status }: Parameters<UsageStore['listImports']>[0],
  { limit, beforeId }: { limit: number; beforeId?: number },
): Import[] {
  const text = sql.selectImports({
    account: accountId !== undefined,
    feed: feedId !== undefined,
    status: status !== undefined,
  })
  const conditions = [accountId, feedId, status].filter((value) => value !== undefined)
  const bound = beforeId ?? Number.MAX_SAFE_INTEGER
  return connection
    .prepare(text)
    .all(bound, ...conditions, limit)
    .map(importFromRow)
}

export function listQuarantine(
  connection: Connection,
  { importId, feedId, reason }: Parameters<UsageStore['listQuarantine']>[0],
  { limit, afterId }: { limit: number; afterId?: number },
): QuarantineEntry[] {
  const text = sql.selectQuarantine({
    import: importId !== undefined,
    feed: feedId !== undefined,
    reason: reason !== undefined,
  })
  const conditions = [importId, feedId, reason].filter((value) => value !== undefined)
  return connection
    .prepare(text)
    .all(afterId ?? 0, ...conditions, limit)
    .map(quarantineEntryFromRow)
}

export function findQuarantineEntry(connection: Connection, id: number): QuarantineEntry | null {
  return findOne(connection, sql.SELECT_QUARANTINE_ENTRY, [id], quarantineEntryFromRow)
}

export function readSetting(connection: Connection, name: string): unknown {
  return connection.prepare(sql.SELECT_SETTING).get(name)?.value ?? null
}
