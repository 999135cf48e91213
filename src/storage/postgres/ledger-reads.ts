/** A SIM's ledger rows, page by page, with what each has replaced. */
import type { LedgerEntry, LedgerFilter, LedgerPage } from '../../domain/ledger-entry.ts'
import { DAY_SECONDS } from '../../domain/time.ts'
import { bucketsOf, WHOLE_DAYS } from '../ledger/buckets.ts'
import * as shared from '../ledger/entries.ts'
import type { Row } from '../rows.ts'
import { all, get, type Steps, type Value } from '../session.ts'
import type { Database } from './connection.ts'
import { SELECT_LEDGER_BOUNDS } from './ledger-sql.ts'

/** How many buckets the first question of a page covers; each further one covers twice as many. */
const BUCKETS_FIRST = 8

/** More buckets than this are asked for only if the ledger may have them. */
const BUCKETS_USUALLY = 1_000

/**
 * Parameters: buckets, first and last bucket, SIM, from, end; the position before; those of the
 * conditions; limit.
 */
export function selectEntries(filter: LedgerFilter): string {
  return `
    SELECT ${shared.ENTRY_COLUMNS}, ${shared.READING_COLUMN}
    FROM ledger
    WHERE bucket = ANY (?::bigint[]) AND bucket >= ? AND bucket <= ? AND sim_id = ?
      AND occurred_at >= ? AND occurred_at < ?
      AND (occurred_at, feed_id, record_id) > (?, ?, ?) ${shared.filterConditions(filter)}
    ORDER BY occurred_at, feed_id, record_id
    LIMIT ?`
}

/** Parameters: buckets, first and last bucket, SIM, first and last instant. */
const SELECT_VERSIONS = `
  SELECT ${shared.ENTRY_COLUMNS}, replaced_at, replaced_by_import
  FROM ledger_history
  WHERE bucket = ANY (?::bigint[]) AND bucket >= ? AND bucket <= ? AND sim_id = ?
    AND occurred_at >= ? AND occurred_at <= ?
  ORDER BY occurred_at, feed_id, record_id, version`

/** A row and what it has replaced have to come from one state. */
export function listUsageEvents(
  database: Database,
  filter: LedgerFilter,
  page: LedgerPage,
): Promise<LedgerEntry[]> {
  return database.readOneState((session) =>
    session.take(shared.listUsageEvents(ROWS, filter, page)),
  )
}

const ROWS: shared.LedgerRows = { entries: entryRows, versions: versionRows }

/** Begins with few buckets, because they are sorted as a whole and most pages fill up soon. */
function* entryRows(filter: LedgerFilter, page: LedgerPage): Steps<Row[]> {
  const { occurredAt, feedId, recordId } = shared.positionBefore(filter, page)
  const buckets = yield* bucketsAsked(occurredAt, filter.end)
  const rows: Row[] = []
  let count = BUCKETS_FIRST
  for (let at = 0; at < buckets.length && rows.length < page.limit; at += count, count *= 2) {
    const part = buckets.slice(at, at + count)
    rows.push(
      ...(yield* all(selectEntries(filter), [
        ...bucketValues(part),
        filter.simId,
        occurredAt,
        filter.end,
        occurredAt,
        feedId,
        recordId,
        ...shared.filterValues(filter),
        page.limit - rows.length,
      ])),
    )
  }
  return rows
}

/** A question about all time would list the days of ten thousand years. */
function* bucketsAsked(start: number, end: number): Steps<number[]> {
  if (start >= end) return []
  if (end - start <= BUCKETS_USUALLY * DAY_SECONDS) return bucketsOf(start, end, WHOLE_DAYS)
  const bounds = (yield* get(SELECT_LEDGER_BOUNDS))!
  if (bounds.first === null) return []
  const last = (bounds.last as number) + DAY_SECONDS
  return bucketsOf(Math.max(start, bounds.first as number), Math.min(end, last), WHOLE_DAYS)
}

function* versionRows(simId: number, rows: readonly Row[]): Steps<Row[]> {
  const buckets = [...new Set(rows.map(({ bucket }) => bucket as number))]
  if (buckets.length === 0) return []
  const first = rows[0]!.occurred_at as number
  const last = rows.at(-1)!.occurred_at as number
  return yield* all(SELECT_VERSIONS, [...bucketValues(buckets), simId, first, last])
}

/** The list is an index condition; its bounds say the same in a form that selects partitions. */
function bucketValues(buckets: readonly number[]): Value[] {
  return [buckets, buckets[0]!, buckets.at(-1)!]
}
