/** The ledger's rows of a SIM, page by page, with what each has replaced. */
import type { LedgerEntry, LedgerFilter, LedgerPage } from '../../domain/ledger-entry.ts'
import { bucketsOf } from '../day-ranges.ts'
import { listFeeds } from '../directory-reads.ts'
import {
  ENTRY_COLUMNS,
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
import type { Value } from '../session.ts'
import { SELECT_UNDONE, selectGoneEvents } from '../undone-versions.ts'
import type { Database } from './connection.ts'
import { LEDGER_BUCKET_SECONDS, SELECT_LEDGER_BOUNDS } from './ledger-sql.ts'
import type { PostgresSession } from './session.ts'

/** How many buckets the first question of a page takes in; each further one takes twice as many. */
const BUCKETS_FIRST = 8

/** More buckets than this are asked for only where the ledger may have them. */
const BUCKETS_USUALLY = 1_000

/**
 * Parameters: buckets, first and last bucket, SIM, from, end; the position before; those of the
 * conditions; limit.
 */
export function selectEntries(filter: LedgerFilter): string {
  return `
    SELECT ${ENTRY_COLUMNS}, ${READING_COLUMN}
    FROM ledger
    WHERE bucket = ANY (?::bigint[]) AND bucket >= ? AND bucket <= ? AND sim_id = ?
      AND occurred_at >= ? AND occurred_at < ?
      AND (occurred_at, feed_id, record_id) > (?, ?, ?) ${filterConditions(filter)}
    ORDER BY occurred_at, feed_id, record_id
    LIMIT ?`
}

/** Parameters: buckets, first and last bucket, SIM, first and last instant. */
const SELECT_VERSIONS = `
  SELECT ${ENTRY_COLUMNS}, replaced_at, replaced_by_import
  FROM ledger_history
  WHERE bucket = ANY (?::bigint[]) AND bucket >= ? AND bucket <= ? AND sim_id = ?
    AND occurred_at >= ? AND occurred_at <= ?
  ORDER BY occurred_at, feed_id, record_id, version`

const SELECT_SOURCES = 'SELECT id, source, undone_at FROM import WHERE id = ANY (?::bigint[])'

/** A row and what it has replaced have to be of one state. */
export function listUsageEvents(
  database: Database,
  filter: LedgerFilter,
  page: LedgerPage,
): Promise<LedgerEntry[]> {
  return database.readOneState(async (session) => {
    const gone = await goneRows(session, filter, page)
    const first = firstIdentities(await entryRows(session, filter, page), gone, page)
    const rows: EntryRows = {
      ...first,
      replaced: await versionRows(session, filter.simId, first.counted),
      undone: await undoneRows(session, filter.simId, [...first.counted, ...first.gone]),
    }
    const importIds = importIdsOf(rows.counted, rows.replaced, rows.undone)
    const sources = await session.all(SELECT_SOURCES, [importIds])
    const feeds = await session.take(listFeeds())
    return entriesFromRows(rows, {
      feeds: new Map(feeds.map(({ id, name }) => [id, name])),
      imports: new Map(
        sources.map(({ id, source, undone_at }) => [
          id as number,
          { source: source as string, undoneAt: undone_at as number | null },
        ]),
      ),
    })
  })
}

/** Few buckets at first: they are sorted as a whole, and most pages are full soon. */
async function entryRows(
  session: PostgresSession,
  filter: LedgerFilter,
  page: LedgerPage,
): Promise<Row[]> {
  const { occurredAt, feedId, recordId } = positionBefore(filter, page)
  const buckets = await bucketsAsked(session, occurredAt, filter.end)
  const rows: Row[] = []
  let count = BUCKETS_FIRST
  for (let at = 0; at < buckets.length && rows.length < page.limit; at += count, count *= 2) {
    const part = buckets.slice(at, at + count)
    rows.push(
      ...(await session.all(selectEntries(filter), [
        ...bucketValues(part),
        filter.simId,
        occurredAt,
        filter.end,
        occurredAt,
        feedId,
        recordId,
        ...filterValues(filter),
        page.limit - rows.length,
      ])),
    )
  }
  return rows
}

/** A question about all of time would list the days of ten thousand years. */
async function bucketsAsked(
  session: PostgresSession,
  start: number,
  end: number,
): Promise<number[]> {
  if (start >= end) return []
  if (end - start <= BUCKETS_USUALLY * LEDGER_BUCKET_SECONDS) return bucketsOf(start, end)
  const bounds = (await session.get(SELECT_LEDGER_BOUNDS))!
  if (bounds.first === null) return []
  const last = (bounds.last as number) + LEDGER_BUCKET_SECONDS
  return bucketsOf(Math.max(start, bounds.first as number), Math.min(end, last))
}

function goneRows(
  session: PostgresSession,
  filter: LedgerFilter,
  page: LedgerPage,
): Promise<Row[]> {
  return session.all(selectGoneEvents(filterConditions(filter)), goneValues(filter, page))
}

async function undoneRows(
  session: PostgresSession,
  simId: number,
  rows: readonly Row[],
): Promise<readonly Row[]> {
  const span = spanOf(rows)
  return span === null ? [] : session.all(SELECT_UNDONE, [simId, ...span])
}

async function versionRows(
  session: PostgresSession,
  simId: number,
  rows: readonly Row[],
): Promise<readonly Row[]> {
  const buckets = [...new Set(rows.map(({ bucket }) => bucket as number))]
  if (buckets.length === 0) return []
  const first = rows[0]!.occurred_at as number
  const last = rows.at(-1)!.occurred_at as number
  return session.all(SELECT_VERSIONS, [...bucketValues(buckets), simId, first, last])
}

/** The list is an index condition; its bounds say the same in a form that picks partitions. */
function bucketValues(buckets: readonly number[]): Value[] {
  return [buckets, buckets[0]!, buckets.at(-1)!]
}
