/** What happens to quarantined records that are counted after all, or discarded. */
import type { QuarantinedRecord, VerdictCounts } from '../../domain/import.ts'
import { SELECT_IMPORT_ACCOUNT } from '../directory/sql.ts'
import { keptRecordToRow, type Row } from '../rows.ts'
import { all, get, run, type Steps } from '../session.ts'
import type { AppendOutcome, RecycleBatch } from '../usage-store.ts'
import { countInImport } from './quarantine.ts'
import type { Coming } from './version-chain.ts'

/** The batch's entries that are still there. */
type EntriesThere = Pick<RecycleBatch, 'events' | 'expired' | 'faults'>

function entriesThere(
  { events, expired, faults }: RecycleBatch,
  isThere: (entryId: number) => boolean,
): EntriesThere {
  return {
    events: events.filter(({ entryId }) => isThere(entryId)),
    expired: expired.filter(isThere),
    faults: faults.filter(({ entryId }) => isThere(entryId)),
  }
}

export function comingOf({ acceptance }: RecycleBatch): Coming {
  return acceptance === undefined ? 'recycled' : 'accepted'
}

interface RecycledEntries {
  /** Entries that cannot be counted yet, each with its present reason. */
  readonly stays: RecycleBatch['faults']
  readonly leaves: readonly number[]
  readonly counts: VerdictCounts
}

/** `counted` and `conflicts` are what became of the events. */
function recycledEntries(
  { events, expired, faults }: EntriesThere,
  counted: VerdictCounts,
  conflicts: readonly QuarantinedRecord[],
): RecycledEntries {
  const entryOfLine = new Map(events.map(({ entryId, event }) => [event.line, entryId]))
  const stays = [
    ...faults,
    ...conflicts.map((fault) => ({ entryId: entryOfLine.get(fault.line)!, fault })),
  ]
  const staying = new Set(stays.map(({ entryId }) => entryId))
  const leaves = [...events.map(({ entryId }) => entryId), ...expired].filter(
    (entryId) => !staying.has(entryId),
  )
  const counts: VerdictCounts = {
    ...counted,
    quarantined: stays.length,
    expired: counted.expired + expired.length,
  }
  return { stays, leaves, counts }
}

const SELECT_ENTRIES = `
  SELECT id, import_id, quarantine_id FROM quarantine_delivery WHERE id = ANY (?::bigint[])`

const DELETE_ENTRIES = 'DELETE FROM quarantine_delivery WHERE id = ANY (?::bigint[])'

const DELETE_UNDELIVERED_OF = `
  DELETE FROM quarantine
  WHERE id = ANY (?::bigint[])
    AND NOT EXISTS (SELECT 1 FROM quarantine_delivery
                    WHERE quarantine_delivery.quarantine_id = quarantine.id)`

/** The records of entries that wait for another reason now. */
const INSERT_UNDER_REASONS = `
  INSERT INTO quarantine (feed_id, deliverer_id, reason, raw_hash, detail, field, raw)
  SELECT own.feed_id, own.deliverer_id, named.reason, own.raw_hash, named.detail, named.field, own.raw
  FROM :named
  JOIN quarantine_delivery AS delivery ON delivery.id = named.entry_id
  JOIN quarantine AS own ON own.id = delivery.quarantine_id
  WHERE true
  ON CONFLICT DO NOTHING`

const MOVE_TO_REASONS = `
  UPDATE quarantine_delivery
  SET quarantine_id = other.id, record = named.record
  FROM :named, quarantine AS own, quarantine AS other
  WHERE quarantine_delivery.id = named.entry_id
    AND own.id = quarantine_delivery.quarantine_id
    AND other.feed_id = own.feed_id
    AND other.deliverer_id = own.deliverer_id
    AND other.raw_hash = own.raw_hash
    AND other.reason = named.reason`

/** An entry that is still there, and the quarantined record of which it is a delivery. */
interface Waiting {
  readonly entryId: number
  readonly recordId: number
}

/** The batch's entries that still wait as records of its import, and that import's account. */
export function* findWaiting(batch: RecycleBatch) {
  const { importId, events, expired, faults } = batch
  const named = [
    ...events.map(({ entryId }) => entryId),
    ...expired,
    ...faults.map(({ entryId }) => entryId),
  ]
  const rows = (yield* all(SELECT_ENTRIES, [named])).filter((row) => row.import_id === importId)
  const waiting = rows.map(waitingFromRow)
  const ids = new Set(waiting.map(({ entryId }) => entryId))
  const row = yield* get(SELECT_IMPORT_ACCOUNT, [importId])
  return {
    waiting,
    there: entriesThere(batch, (entryId) => ids.has(entryId)),
    accountId: (row?.account_id ?? null) as number | null,
  }
}

/** Moves entries on once their events are counted. Runs in the same transaction. */
export function* endRecycling(
  { importId }: Pick<RecycleBatch, 'importId'>,
  { waiting, there }: { readonly waiting: readonly Waiting[]; readonly there: EntriesThere },
  { counts: counted, series, conflicts }: AppendOutcome,
): Steps<AppendOutcome> {
  const { stays, leaves, counts } = recycledEntries(there, counted, conflicts)
  yield* run(INSERT_UNDER_REASONS, [], {
    columns: { entry_id: 'bigint', reason: 'text', detail: 'text', field: 'text' },
    rows: stays.map(({ entryId, fault: { reason, detail, field } }) => [
      ...[entryId, reason, detail, field],
    ]),
  })
  yield* run(MOVE_TO_REASONS, [], {
    columns: { entry_id: 'bigint', reason: 'text', record: 'text' },
    rows: stays.map(({ entryId, fault }) => [entryId, fault.reason, keptRecordToRow(fault)]),
  })
  if (leaves.length > 0) yield* run(DELETE_ENTRIES, [leaves])
  yield* dropUndelivered(waiting)
  if (leaves.length > 0) {
    yield* countInImport(importId, { ...counts, quarantined: -leaves.length }, { series })
  }
  return { counts, series, conflicts }
}

/**
 * Runs inside a write transaction that excludes batches, as recycling does. The log keeps the decision.
 */
export function* discardQuarantine(
  entryIds: readonly number[],
  _decision: { by: string; reason: string },
): Steps<number> {
  const rows = yield* all(SELECT_ENTRIES, [entryIds])
  const deleted = yield* run(DELETE_ENTRIES, [entryIds])
  yield* dropUndelivered(rows.map(waitingFromRow))
  return deleted
}

function waitingFromRow({ id, quarantine_id }: Row): Waiting {
  return { entryId: id as number, recordId: quarantine_id as number }
}

function* dropUndelivered(waiting: readonly Waiting[]): Steps<void> {
  if (waiting.length === 0) return
  yield* run(DELETE_UNDELIVERED_OF, [[...new Set(waiting.map(({ recordId }) => recordId))]])
}
