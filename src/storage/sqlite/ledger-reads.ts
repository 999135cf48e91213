/** A SIM's ledger rows, page by page, with what each has replaced. */
import type { LedgerEntry, LedgerFilter, LedgerPage } from '../../domain/ledger-entry.ts'
import { bucketsAsked } from '../ledger/bounds.ts'
import * as shared from '../ledger/entries.ts'
import { readLimits } from '../limits.ts'
import type { Row } from '../rows.ts'
import { all, type Steps } from '../session.ts'
import type { Connection } from './connection.ts'

const IN_BUCKET = 'bucket = ?'

/** One bucket of a SIM in key order, so that nothing has to be sorted. */
export function selectEntries(filter: LedgerFilter): string {
  return shared.selectEntries(filter, IN_BUCKET)
}

const SELECT_VERSIONS = shared.selectVersions(IN_BUCKET)

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
  const { occurredAt } = shared.positionBefore(filter, page)
  const { buckets: rule } = yield* readLimits()
  const text = selectEntries(filter)
  const rows: Row[] = []
  for (const bucket of yield* bucketsAsked({ start: occurredAt, end: filter.end }, rule)) {
    const room = page.limit - rows.length
    if (room <= 0) break
    rows.push(...(yield* all(text, [bucket, ...shared.entryValues(filter, page, room)])))
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
