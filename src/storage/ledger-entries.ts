/** From rows of the ledger and of its history to entries, and what the engines' reads of them share. */
import type {
  LedgerEntry,
  LedgerFilter,
  LedgerPage,
  LedgerPosition,
  ReplacedVersion,
} from '../domain/ledger-entry.ts'
import { ZONES } from '../domain/usage-event.ts'
import { type Row, storedEventFromRow } from './rows.ts'

/** Columns of an entry, without those that say which SIM's it is. */
export const ENTRY_COLUMNS = `
  bucket, occurred_at, feed_id, record_id, account_id, zone, country, plmn, stated,
  upload, download, to_sim, from_sim, import_id, line, known_at`

/** Conditions beside the period, each with one parameter, in the order of `filterValues`. */
export function filterConditions({ zone, country, feedId }: LedgerFilter): string {
  return [
    ...(zone === undefined ? [] : ['AND zone = ?']),
    ...(country === undefined ? [] : ['AND country = ?']),
    ...(feedId === undefined ? [] : ['AND feed_id = ?']),
  ].join(' ')
}

export function filterValues({ zone, country, feedId }: LedgerFilter): (number | string)[] {
  return [
    ...(zone === undefined ? [] : [ZONES.indexOf(zone)]),
    ...(country === undefined ? [] : [country]),
    ...(feedId === undefined ? [] : [feedId]),
  ]
}

/** The position that a page begins after; no feed has the number 0. */
export function positionBefore({ start }: LedgerFilter, { after }: LedgerPage): LedgerPosition {
  if (after === undefined || after.occurredAt < start) {
    return { occurredAt: start, feedId: 0, recordId: '' }
  }
  return after
}

/** What entries name besides their rows. */
export interface EntryNames {
  readonly feeds: ReadonlyMap<number, string>
  readonly sources: ReadonlyMap<number, string>
}

/** `history` holds the versions that the rows have replaced, in the order of their replacement. */
export function entriesFromRows(
  rows: readonly Row[],
  history: readonly Row[],
  names: EntryNames,
): LedgerEntry[] {
  const replaced = new Map<string, ReplacedVersion[]>()
  for (const row of history) {
    const identity = identityOf(row)
    const version = {
      ...versionFromRow(row, names),
      replacedAt: row.replaced_at as number,
      replacedByImport: row.replaced_by_import as number,
    }
    const versions = replaced.get(identity)
    if (versions === undefined) replaced.set(identity, [version])
    else versions.push(version)
  }
  return rows.map((row) => ({
    occurredAt: row.occurred_at as number,
    feedId: row.feed_id as number,
    feedName: names.feeds.get(row.feed_id as number) ?? '',
    recordId: row.record_id as string,
    ...versionFromRow(row, names),
    replaced: replaced.get(identityOf(row)) ?? [],
  }))
}

/** The imports that rows name, each once. */
export function importIdsOf(...lists: readonly (readonly Row[])[]): number[] {
  return [...new Set(lists.flat().map((row) => row.import_id as number))]
}

function identityOf({ occurred_at, feed_id, record_id }: Row): string {
  return `${occurred_at} ${feed_id} ${record_id}`
}

function versionFromRow(row: Row, { sources }: EntryNames) {
  const { version, importId, line } = storedEventFromRow(row)
  return {
    ...version,
    importId,
    source: sources.get(importId) ?? '',
    line,
    knownAt: row.known_at as number,
  }
}
