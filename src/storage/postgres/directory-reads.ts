/** Questions to the directory. */
import { effectiveHomeSet } from '../../domain/classification.ts'
import type { Account, ApiKey, Feed, Sim } from '../../domain/directory.ts'
import type { DropFolderState } from '../../domain/drop-folder.ts'
import { type SimNameKind, simIdentities } from '../../domain/identifiers.ts'
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
import type { Session, Value } from './connection.ts'

export async function findOne<T>(
  session: Session,
  text: string,
  values: readonly Value[],
  fromRow: (row: Row) => T,
): Promise<T | null> {
  const row = await session.get(text, values)
  return row === undefined ? null : fromRow(row)
}

export function findAccount(session: Session, sid: string): Promise<Account | null> {
  return findOne(session, sql.SELECT_ACCOUNT_BY_SID, [sid], accountFromRow)
}

export function findAccountById(session: Session, id: number): Promise<Account | null> {
  return findOne(session, sql.SELECT_ACCOUNT_BY_ID, [id], accountFromRow)
}

export async function listAccounts(session: Session): Promise<Account[]> {
  return (await session.all(sql.SELECT_ACCOUNTS)).map(accountFromRow)
}

export function findApiKey(session: Session, sid: string): Promise<ApiKey | null> {
  return findOne(session, sql.SELECT_API_KEY, [sid], apiKeyFromRow)
}

export async function listApiKeys(session: Session): Promise<ApiKey[]> {
  return (await session.all(sql.SELECT_API_KEYS)).map(apiKeyFromRow)
}

export async function listDropFolders(session: Session): Promise<DropFolderState[]> {
  return (await session.all(sql.SELECT_DROP_FOLDERS)).map(dropFolderFromRow)
}

export async function listRestarts(session: Session, feedId: number): Promise<NotedRestart[]> {
  return (await session.all(SELECT_RESTARTS, [feedId])).flatMap(restartsFromRow)
}

export async function listSeries(
  session: Session,
  filter: SeriesFilter,
  page: SeriesPage,
): Promise<SeriesPlace[]> {
  const rows = await session.all(SELECT_SERIES_PLACES, [...seriesPlacesAsked(filter, page)])
  return rows.map(seriesPlaceFromRow)
}

export function findSimById(session: Session, id: number): Promise<Sim | null> {
  return findOne(session, sql.SELECT_SIM_BY_ID, [id], simFromRow)
}

export async function findSim(
  session: Session,
  accountId: number | null,
  sidOrUniqueName: string,
): Promise<Sim | null> {
  const bySid = await findOne(session, sql.SELECT_SIM_BY_SID, [sidOrUniqueName], simFromRow)
  if (bySid !== null) return accountId === null || bySid.accountId === accountId ? bySid : null
  if (accountId === null) return null
  const values = [sidOrUniqueName, accountId]
  return findOne(session, sql.SELECT_SIM_BY_UNIQUE_NAME, values, simFromRow)
}

export async function listSims(
  session: Session,
  { accountId, iccid, status }: Parameters<UsageStore['listSims']>[0],
  { limit, afterId, beforeId }: PageRequest,
): Promise<Sim[]> {
  const direction = beforeId === undefined ? 'after' : 'before'
  const text = sql.selectSims(
    { account: accountId !== undefined, iccid: iccid !== undefined, status: status !== undefined },
    direction,
  )
  const conditions = [accountId, iccid, status].filter((value) => value !== undefined)
  const rows = await session.all(text, [beforeId ?? afterId ?? 0, ...conditions, limit])
  const sims = rows.map(simFromRow)
  return direction === 'after' ? sims : sims.reverse()
}

const MATCH_COLUMNS = `
  sim.id, sim.account_id, sim.home_plmns, sim.home_countries,
  account.home_plmns AS account_home_plmns, account.home_countries AS account_home_countries`

/** As `SELECT_SIM_MATCHES` for many names at once: which names of a kind fit which SIMs. */
const SELECT_MATCHES_OF_KIND: Readonly<Record<SimNameKind, string>> = {
  sid: matchesBy('sim.sid'),
  iccid: matchesBy('sim.iccid'),
  imsi: matchesBy('sim_imsi.imsi', 'JOIN sim_imsi ON sim_imsi.sim_id = sim.id'),
  msisdn: matchesBy('sim.msisdn'),
  unique_name: matchesBy('sim.unique_name'),
}

function matchesBy(column: string, join = ''): string {
  return `
    SELECT ${column} AS name, ${MATCH_COLUMNS}
    FROM sim ${join} JOIN account ON account.id = sim.account_id
    WHERE ${column} = ANY (?1) AND (?2::bigint IS NULL OR sim.account_id = ?2)`
}

/** Two SIMs fit a name, so it stands for neither. */
const AMBIGUOUS = Symbol('ambiguous')

/** Five questions for any number of names, one a kind. */
export async function resolveSims(
  session: Session,
  names: readonly string[],
  { accountId, kinds }: NameScope,
): Promise<Map<string, SimMatch>> {
  const identities = new Map(names.map((name) => [name, simIdentities(name, kinds)]))
  const matches = new Map<string, SimMatch | typeof AMBIGUOUS>()
  for (const [kind, text] of Object.entries(SELECT_MATCHES_OF_KIND)) {
    const values = new Set<string>()
    for (const list of identities.values()) {
      for (const identity of list) if (identity.kind === kind) values.add(identity.value)
    }
    if (values.size === 0) continue
    for (const row of await session.all(text, [[...values], accountId])) {
      const key = `${kind} ${row.name}`
      matches.set(key, matches.has(key) ? AMBIGUOUS : simMatchFromRow(row))
    }
  }
  const found = new Map<string, SimMatch>()
  for (const [name, list] of identities) {
    const first = list.map(({ kind, value }) => matches.get(`${kind} ${value}`)).find(isKnown)
    if (first !== undefined && first !== AMBIGUOUS) found.set(name, first)
  }
  return found
}

function isKnown<T>(match: T | undefined): match is T {
  return match !== undefined
}

function simMatchFromRow(row: Row): SimMatch {
  return {
    simId: row.id as number,
    accountId: row.account_id as number,
    home: effectiveHomeSet(
      homeSetFromRow(row.home_plmns, row.home_countries),
      homeSetFromRow(row.account_home_plmns, row.account_home_countries),
    ),
  }
}

export function findFeed(session: Session, name: string): Promise<Feed | null> {
  return findOne(session, sql.SELECT_FEED_BY_NAME, [name], feedFromRow)
}

export async function listFeeds(session: Session): Promise<Feed[]> {
  return (await session.all(sql.SELECT_FEEDS)).map(feedFromRow)
}

export function findImport(session: Session, id: number): Promise<Import | null> {
  return findOne(session, sql.SELECT_IMPORT, [id], importFromRow)
}

export function findCountedImport(
  session: Session,
  feedId: number,
  checksum: string,
): Promise<Import | null> {
  return findOne(session, sql.SELECT_COUNTED_IMPORT, [feedId, checksum], importFromRow)
}

export async function listImports(
  session: Session,
  { accountId, feedId, status }: Parameters<UsageStore['listImports']>[0],
  { limit, beforeId }: { limit: number; beforeId?: number },
): Promise<Import[]> {
  const text = sql.selectImports({
    account: accountId !== undefined,
    feed: feedId !== undefined,
    status: status !== undefined,
  })
  const conditions = [accountId, feedId, status].filter((value) => value !== undefined)
  const values = [beforeId ?? Number.MAX_SAFE_INTEGER, ...conditions, limit]
  return (await session.all(text, values)).map(importFromRow)
}

export async function listQuarantine(
  session: Session,
  { importId, feedId, reason }: Parameters<UsageStore['listQuarantine']>[0],
  { limit, afterId }: { limit: number; afterId?: number },
): Promise<QuarantineEntry[]> {
  const text = sql.selectQuarantine({
    import: importId !== undefined,
    feed: feedId !== undefined,
    reason: reason !== undefined,
  })
  const conditions = [importId, feedId, reason].filter((value) => value !== undefined)
  const rows = await session.all(text, [afterId ?? 0, ...conditions, limit])
  return rows.map(quarantineEntryFromRow)
}

export function findQuarantineEntry(session: Session, id: number): Promise<QuarantineEntry | null> {
  return findOne(session, sql.SELECT_QUARANTINE_ENTRY, [id], quarantineEntryFromRow)
}

export async function readSetting(session: Session, name: string): Promise<string | null> {
  return ((await session.get(sql.SELECT_SETTING, [name]))?.value as string | undefined) ?? null
}
