/** A SIM's ledger rows, page by page, with what each has replaced. */
import type { LedgerEntry, LedgerFilter, LedgerPage } from '../../domain/ledger-entry.ts'
import { bucketsAsked } from '../ledger/bounds.ts'
import { WHOLE_DAYS } from '../ledger/buckets.ts'
import * as shared from '../ledger/entries.ts'
import type { Row } from '../rows.ts'
import { all, type Steps, type Value } from '../session.ts'
import type { Database } from './connection.ts'

/** How many buckets the first question of a page covers; each further one covers twice as many. */
const BUCKETS_FIRST = 8

/** The list is an index condition; its bounds say the same in a form that selects partitions. */
const IN_BUCKETS = 'bucket = ANY (?::bigint[]) AND bucket >= ? AND bucket <= ?'

export function selectEntries(filter: LedgerFilter): string {
  return shared.selectEntries(filter, IN_BUCKETS)
}

const SELECT_VERSIONS = shared.selectVersions(IN_BUCKETS)

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
  const { occurredAt } = shared.positionBefore(filter, page)
  const buckets = yield* bucketsAsked({ start: occurredAt, end: filter.end }, WHOLE_DAYS)
  const text = selectEntries(filter)
  const rows: Row[] = []
  let count = BUCKETS_FIRST
  for (let at = 0; at < buckets.length && rows.length < page.limit; at += count, count *= 2) {
    const part = bucketValues(buckets.slice(at, at + count))
    const room = page.limit - rows.length
    rows.push(...(yield* all(text, [...part, ...shared.entryValues(filter, page, room)])))
  }
  return rows
}

function* versionRows(simId: number, rows: readonly Row[]): Steps<Row[]> {
  const buckets = [...new Set(rows.map(({ bucket }) => bucket as number))]
  if (buckets.length === 0) return []
  const first = rows[0]!.occurred_at as number
  const last = rows.at(-1)!.occurred_at as number
  return yield* all(SELECT_VERSIONS, [...bucketValues(buckets), simId, first, last])
}

/** Parameters of `IN_BUCKETS`. */
function bucketValues(buckets: readonly number[]): Value[] {
  return [buckets, buckets[0]!, buckets.at(-1)!]
}
