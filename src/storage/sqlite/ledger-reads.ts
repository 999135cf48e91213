/** The ledger's rows of a SIM, page by page, with what each has replaced. */
import type { LedgerEntry, LedgerFilter, LedgerPage } from '../../domain/ledger-entry.ts'
import { bucketsOf } from '../day-ranges.ts'
import { listFeeds } from '../directory-reads.ts'
import {
  ENTRY_COLUMNS,
  type EntryImport,
  type EntryRows,
  entriesFromRows,
  filterConditions,
  filterValues,
  firstIdentities,
  goneValues,
  importIdsOf,
  positionBefore,
  READING_COLUMN,
  spanOf,
} from '../ledger-entries.ts'
import type { Row } from '../rows.ts'
import { SELECT_UNDONE, selectGoneEvents } from '../undone-versions.ts'
import type { Connection } from './connection.ts'
import { withinLedger } from './usage-reads.ts'

/**
 * One bucket of a SIM, in the order of the key, so that nothing is sorted. Parameters: bucket, SIM,
 * from, end; the position before; those of the conditions; limit.
 */
export function selectEntries(filter: LedgerFilter): string {
  return `
    SELECT ${ENTRY_COLUMNS}, ${READING_COLUMN}
    FROM ledger
    WHERE bucket = ? AND sim_id = ? AND occurred_at >= ? AND occurred_at < ?
      AND (occurred_at, feed_id, record_id) > (?, ?, ?) ${filterConditions(filter)}
    ORDER BY occurred_at, feed_id, record_id
    LIMIT ?`
}

/** Parameters: bucket, SIM, first and last instant. */
const SELECT_VERSIONS = `
  SELECT ${ENTRY_COLUMNS}, replaced_at, replaced_by_import
  FROM ledger_history
  WHERE bucket = ? AND sim_id = ? AND occurred_at >= ? AND occurred_at <= ?
  ORDER BY occurred_at, feed_id, record_id, version`

const SELECT_SOURCE = 'SELECT source, undone_at AS "undoneAt" FROM import WHERE id = ?'

/** Reads bucket after bucket until the page is full: what it costs is its own rows. */
export function listUsageEvents(
  connection: Connection,
  filter: LedgerFilter,
  page: LedgerPage,
): LedgerEntry[] {
  return connection.read(() => {
    const gone = goneRows(connection, filter, page)
    const first = firstIdentities(entryRows(connection, filter, page), gone, page)
    const rows: EntryRows = {
      ...first,
      replaced: versionRows(connection, filter.simId, first.counted),
      undone: undoneRows(connection, filter.simId, [...first.counted, ...first.gone]),
    }
    const found = (id: number) =>
      connection.prepare(SELECT_SOURCE).get(id) as unknown as EntryImport
    const importIds = importIdsOf(rows.counted, rows.replaced, rows.undone)
    return entriesFromRows(rows, {
      feeds: new Map(connection.take(listFeeds()).map(({ id, name }) => [id, name])),
      imports: new Map(importIds.map((id) => [id, found(id)])),
    })
  })
}

function entryRows(connection: Connection, filter: LedgerFilter, page: LedgerPage): Row[] {
  const { occurredAt, feedId, recordId } = positionBefore(filter, page)
  const [from, end] = withinLedger(connection, occurredAt, filter.end)
  const statement = connection.prepare(selectEntries(filter))
  const position = [occurredAt, feedId, recordId] as const
  const rows: Row[] = []
  for (const bucket of bucketsOf(from, end)) {
    const room = page.limit - rows.length
    if (room <= 0) break
    const values = [bucket, filter.simId, from, end, ...position, ...filterValues(filter), room]
    rows.push(...statement.all(...values))
  }
  return rows
}

function goneRows(connection: Connection, filter: LedgerFilter, page: LedgerPage): Row[] {
  return connection
    .prepare(selectGoneEvents(filterConditions(filter)))
    .all(...goneValues(filter, page))
}

function undoneRows(connection: Connection, simId: number, rows: readonly Row[]): Row[] {
  const span = spanOf(rows)
  return span === null ? [] : connection.prepare(SELECT_UNDONE).all(simId, ...span)
}

function versionRows(connection: Connection, simId: number, rows: readonly Row[]): Row[] {
  const statement = connection.prepare(SELECT_VERSIONS)
  return [...Map.groupBy(rows, ({ bucket }) => bucket as number)].flatMap(([bucket, ofBucket]) => {
    const first = ofBucket[0]!.occurred_at as number
    const last = ofBucket.at(-1)!.occurred_at as number
    return statement.all(bucket, simId, first, last)
  })
}
