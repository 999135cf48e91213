/** Counts quarantined records that can be counted now, and discards those that never shall be. */
import { SELECT_IMPORT_ACCOUNT } from '../directory-sql.ts'
import { comingOf, entriesThere, recycledEntries } from '../recycle.ts'
import { keptRecordToRow } from '../rows.ts'
import type { AppendOutcome, RecycleBatch } from '../usage-store.ts'
import { applyEvents, countInImport, orderByKey } from './append.ts'
import type { Session } from './connection.ts'

const SELECT_ENTRIES = `
  SELECT id, import_id, quarantine_id FROM quarantine_delivery
  WHERE id = ANY (?::bigint[])`

const DELETE_ENTRIES = 'DELETE FROM quarantine_delivery WHERE id = ANY (?::bigint[])'

/** The records of entries under other reasons. Arrays of entry, reason, detail and field. */
const INSERT_UNDER_REASONS = `
  INSERT INTO quarantine (feed_id, deliverer_id, reason, raw_hash, detail, field, raw)
  SELECT own.feed_id, own.deliverer_id, moved.reason, own.raw_hash, moved.detail, moved.field, own.raw
  FROM unnest(?1::bigint[], ?2::text[], ?3::text[], ?4::text[])
    AS moved (entry_id, reason, detail, field)
  JOIN quarantine_delivery AS delivery ON delivery.id = moved.entry_id
  JOIN quarantine AS own ON own.id = delivery.quarantine_id
  ON CONFLICT DO NOTHING`

/** Arrays of entry, reason, and what the record says. */
const MOVE_TO_REASONS = `
  UPDATE quarantine_delivery AS delivery
  SET quarantine_id = other.id, record = moved.record
  FROM unnest(?1::bigint[], ?2::text[], ?3::text[]) AS moved (entry_id, reason, record),
       quarantine AS own, quarantine AS other
  WHERE delivery.id = moved.entry_id
    AND own.id = delivery.quarantine_id
    AND other.feed_id = own.feed_id
    AND other.deliverer_id = own.deliverer_id
    AND other.raw_hash = own.raw_hash
    AND other.reason = moved.reason`

const DELETE_UNDELIVERED_OF = `
  DELETE FROM quarantine
  WHERE id = ANY (?::bigint[])
    AND NOT EXISTS (SELECT 1 FROM quarantine_delivery
                    WHERE quarantine_delivery.quarantine_id = quarantine.id)`

/**
 * Runs inside a write transaction that keeps batches out: one could just be bringing another delivery
 * of a record whose last one leaves here.
 */
export async function recycle(
  session: Session,
  batch: RecycleBatch,
  schema: string,
): Promise<AppendOutcome> {
  const { importId, feed, knownAt } = batch
  const named = [
    ...batch.events.map(({ entryId }) => entryId),
    ...batch.expired,
    ...batch.faults.map(({ entryId }) => entryId),
  ]
  const rows = (await session.all(SELECT_ENTRIES, [named])).filter(
    (row) => row.import_id === importId,
  )
  const ids = new Set(rows.map((row) => row.id as number))
  const there = entriesThere(batch, (entryId) => ids.has(entryId))
  const row = await session.get(SELECT_IMPORT_ACCOUNT, [importId])
  const accountId = (row?.account_id ?? null) as number | null
  const {
    counts: counted,
    series,
    conflicts,
  } = await applyEvents(
    session,
    { importId, accountId, feed, knownAt, coming: comingOf(batch), mayRewrite: true },
    orderByKey(there.events.map(({ event }) => event)),
    { schema, assumeNew: false, alone: true },
  )
  const { stays, leaves, counts } = recycledEntries(there, counted, conflicts)
  await moveEntries(session, stays)
  if (leaves.length > 0) await session.run(DELETE_ENTRIES, [leaves])
  await dropUndelivered(session, rows)

  if (leaves.length > 0) {
    await countInImport(session, importId, { ...counts, quarantined: -leaves.length }, series)
  }
  return { counts, series, conflicts }
}

async function moveEntries(session: Session, stays: RecycleBatch['faults']): Promise<void> {
  if (stays.length === 0) return
  const entries = stays.map(({ entryId }) => entryId)
  const reasons = stays.map(({ fault }) => fault.reason)
  const details = stays.map(({ fault }) => fault.detail)
  const fields = stays.map(({ fault }) => fault.field)
  await session.run(INSERT_UNDER_REASONS, [entries, reasons, details, fields])
  const kept = stays.map(({ fault }) => keptRecordToRow(fault))
  await session.run(MOVE_TO_REASONS, [entries, reasons, kept])
}

async function dropUndelivered(
  session: Session,
  rows: readonly { quarantine_id?: unknown }[],
): Promise<void> {
  if (rows.length === 0) return
  const ids = [...new Set(rows.map((row) => row.quarantine_id as number))]
  await session.run(DELETE_UNDELIVERED_OF, [ids])
}

/** Runs inside a write transaction that keeps batches out, as `recycle`. */
export async function discardQuarantine(
  session: Session,
  entryIds: readonly number[],
): Promise<number> {
  const rows = await session.all(SELECT_ENTRIES, [entryIds])
  const deleted = await session.run(DELETE_ENTRIES, [entryIds])
  await dropUndelivered(session, rows)
  return deleted
}
