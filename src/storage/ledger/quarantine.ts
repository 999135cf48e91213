/** The end of a batch: what goes to quarantine, and how its import is counted. */
import type { SeriesCounts } from '../../domain/counter-series.ts'
import type { QuarantinedRecord, VerdictCounts } from '../../domain/import.ts'
import { findImport } from '../directory/reads.ts'
import { ADD_IMPORT_COUNTS, SELECT_SIM_SIDS } from '../directory/sql.ts'
import { delivererId, keptRecordToRow } from '../rows.ts'
import { all, insert, run, type Steps } from '../session.ts'
import type { AppendBatch, AppendOutcome } from '../usage-store.ts'
import { type Conflict, namedConflict } from './conflict-record.ts'
import { undoneWhileRunning } from './undo-refusals.ts'

/** Parameters: import, seen at, feed, deliverer. */
const INSERT_DELIVERIES = `
  INSERT INTO quarantine_delivery (quarantine_id, import_id, line, seen_at, record)
  SELECT quarantine.id, ?1::bigint, named.line, ?2::bigint, named.record
  FROM :named
  JOIN quarantine ON quarantine.feed_id = ?3
                 AND quarantine.raw_hash = named.raw_hash
                 AND quarantine.reason = named.reason
                 AND quarantine.deliverer_id = ?4
  ORDER BY named.position`

/** What a batch has besides its events. */
export type BatchRest = Omit<AppendBatch, 'events'>

/**
 * Keeps what could not be counted, and counts everything. Throws `conflict` when the import was undone.
 */
export function* endBatch(batch: BatchRest, applied: AppendOutcome): Steps<AppendOutcome> {
  const { importId, rereading } = batch
  const { series, conflicts } = applied
  const quarantined = [...batch.quarantined, ...conflicts]
  yield* quarantine(batch, quarantined)
  const counts = countsOf(batch, applied)
  yield* countInImport(importId, counts, { series, rereading })
  return { counts, series, conflicts }
}

/** One verdict for each event, quarantined record and expired record of the batch. */
export function countsOf(
  { quarantined, expired }: Pick<BatchRest, 'quarantined' | 'expired'>,
  { counts, conflicts }: AppendOutcome,
): VerdictCounts {
  return {
    ...counts,
    quarantined: quarantined.length + conflicts.length,
    expired: counts.expired + expired,
  }
}

/** A record that its deliverer already has in quarantine is kept once. */
function* quarantine(
  { feed, importId, accountId, knownAt }: BatchRest,
  records: readonly QuarantinedRecord[],
): Steps<void> {
  const deliverer = delivererId(accountId)
  yield* insert({
    table: 'quarantine',
    columns: ['feed_id', 'deliverer_id', 'reason', 'raw_hash', 'detail', 'field', 'raw'],
    rows: records.map(({ reason, rawHash, detail, field, raw }) => [
      ...[feed.id, deliverer, reason, rawHash, detail, field, raw],
    ]),
    suffix: 'ON CONFLICT DO NOTHING',
  })
  yield* run(INSERT_DELIVERIES, [importId, knownAt, feed.id, deliverer], {
    columns: { reason: 'text', raw_hash: 'text', line: 'bigint', record: 'text' },
    rows: records.map((record) => {
      const { reason, rawHash, line } = record
      return [reason, rawHash, line, keptRecordToRow(record)]
    }),
  })
}

/** Conflicts ordered by line, each with its SIM's SID. */
export function* namedConflicts(conflicts: readonly Conflict[]): Steps<QuarantinedRecord[]> {
  const sids = yield* sidsOf(SELECT_SIM_SIDS, new Set(conflicts.map(({ simId }) => simId)))
  return conflicts
    .toSorted((a, b) => a.line - b.line)
    .map((conflict) => namedConflict(conflict, (simId) => sids.get(simId)!))
}

/** How many ids one question asks for. */
const IDS_ASKED_MAX = 10_000

/** By id; the text takes a list of ids. */
export function* sidsOf(text: string, ids: Iterable<number>): Steps<ReadonlyMap<number, string>> {
  const asked = [...ids]
  const found = new Map<number, string>()
  for (let from = 0; from < asked.length; from += IDS_ASKED_MAX) {
    const rows = yield* all(text, [asked.slice(from, from + IDS_ASKED_MAX)])
    for (const row of rows) found.set(row.id as number, row.sid as string)
  }
  return found
}

/** Throws `conflict` when the import was undone. */
export function* countInImport(
  importId: number,
  { accepted, duplicate, replaced, quarantined, expired }: VerdictCounts,
  { series, rereading }: { readonly series: SeriesCounts; readonly rereading?: string | undefined },
): Steps<void> {
  const { resets, falls, wraps } = series
  const verdicts = [accepted, duplicate, replaced, quarantined, expired]
  const values = [...verdicts, resets, falls, wraps, rereading ?? null, importId]
  const changed = yield* run(ADD_IMPORT_COUNTS, values)
  if (changed === 0) throw undoneWhileRunning(yield* findImport(importId), importId)
}
