/** A SIM's ledger rows, page by page, with what each has replaced. */
import type { LedgerEntry, LedgerFilter, LedgerPage } from '../../domain/ledger-entry.ts'
import { bucketsOf } from '../ledger/buckets.ts'
import * as shared from '../ledger/entries.ts'
import { readLimits } from '../limits.ts'
import type { Row } from '../rows.ts'
import { all, type Steps } from '../session.ts'
import type { Connection } from './connection.ts'
import { withinLedger } from './usage-reads.ts'

/**
 * One bucket of a SIM in key order, so that nothing has to be sorted. Parameters: bucket, SIM, from, end;
 * the position before; those of the conditions; limit.
 */
export function selectEntries(filter: LedgerFilter): string {
  return `
    SELECT ${shared.ENTRY_COLUMNS}, ${shared.READING_COLUMN}
    FROM ledger
    WHERE bucket = ? AND sim_id = ? AND occurred_at >= ? AND occurred_at < ?
      AND (occurred_at, feed_id, record_id) > (?, ?, ?) ${shared.filterConditions(filter)}
    ORDER BY occurred_at, feed_id, record_id
    LIMIT ?`
}

/** Parameters: bucket, SIM, first and last instant. */
const SELECT_VERSIONS = `
  SELECT ${shared.ENTRY_COLUMNS}, replaced_at, replaced_by_import
  FROM ledger_history
  WHERE bucket = ? AND sim_id = ? AND occurred_at >= ? AND occurred_at <= ?
  ORDER BY occurred_at, feed_id, record_id, version`

/** Reads bucket after bucket until the page is full, so a page costs no more than its own rows. */
export function listUsageEvents(
  connection: Connection,
  filter: LedgerFilter,
  page: LedgerPage,
): LedgerEntry[] {
  return connection.read(() => connection.take(shared.listUsageEvents(ROWS, filter, page)))
}

const ROWS: shared.LedgerRows = { entries: entryRows, versions: versionRows }

function* entryRows(filter: LedgerFilter, page: LedgerPage): Steps<Row[]> {
  const { occurredAt, feedId, recordId } = shared.positionBefore(filter, page)
  const [from, end] = yield* withinLedger(occurredAt, filter.end)
  const text = selectEntries(filter)
  const position = [occurredAt, feedId, recordId] as const
  const rows: Row[] = []
  const { buckets } = yield* readLimits()
  for (const bucket of bucketsOf(from, end, buckets)) {
    const room = page.limit - rows.length
    if (room <= 0) break
    const conditions = shared.filterValues(filter)
    const values = [bucket, filter.simId, from, end, ...position, ...conditions, room]
    rows.push(...(yield* all(text, values)))
  }
  return rows
}

function* versionRows(simId: number, rows: readonly Row[]): Steps<Row[]> {
  const versions: Row[] = []
  for (const [bucket, ofBucket] of Map.groupBy(rows, (row) => row.bucket as number)) {
    const first = ofBucket[0]!.occurred_at as number
    const last = ofBucket.at(-1)!.occurred_at as number
    versions.push(...(yield* all(SELECT_VERSIONS, [bucket, simId, first, last])))
  }
  return versions
}
