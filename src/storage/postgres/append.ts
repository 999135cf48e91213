/** Applies one batch of an import: ledger, derived tables, quarantine and counts in one transaction. */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { from as copyFrom } from 'pg-copy-streams'
import { NO_SERIES_COUNTS, type SeriesCounts } from '../../domain/counter-series.ts'
import type { QuarantinedRecord, VerdictCounts } from '../../domain/import.ts'
import { floorTo } from '../../domain/time.ts'
import type { UsageEvent } from '../../domain/usage-event.ts'
import { type Conflict, namedConflict } from '../conflict-record.ts'
import * as directorySql from '../directory-sql.ts'
import { type Limits, readLimits } from '../limits.ts'
import { countInImport } from '../recycle.ts'
import { delivererId, keptRecordToRow, type ServingColumns, servingToRow } from '../rows.ts'
import type { UsageChanges } from '../usage-changes.ts'
import type { AppendBatch, AppendOutcome } from '../usage-store.ts'
import type { Coming } from '../version-chain.ts'
import { appendReadings } from './batch-readings.ts'
import { CellChanges } from './cell-changes.ts'
import { incomingLines, ledgerLines } from './copy-text.ts'
import * as sql from './ledger-sql.ts'
import { MetEvents } from './met-events.ts'
import type { PostgresSession } from './session.ts'
import { INSERT_IMPORT_BUCKETS } from './undo-sql.ts'

const SELECT_SIM_SIDS = 'SELECT id, sid FROM sim WHERE id = ANY (?::bigint[])'

/** An event with what the ledger keeps of it. */
export interface IncomingEvent {
  readonly event: UsageEvent
  readonly bucket: number
  readonly serving: ServingColumns
}

/** The events of a batch in the order of the ledger's key; equal identities in order of delivery. */
export function orderByKey(events: readonly UsageEvent[]): IncomingEvent[] {
  const servings = new Map<UsageEvent['serving'], ServingColumns>()
  const incoming = events.map((event): IncomingEvent => {
    let serving = servings.get(event.serving)
    if (serving === undefined) {
      serving = servingToRow(event.serving)
      servings.set(event.serving, serving)
    }
    return { event, bucket: floorTo(event.occurredAt, sql.LEDGER_BUCKET_SECONDS), serving }
  })
  return incoming.sort(
    (a, b) =>
      a.bucket - b.bucket ||
      a.event.simId - b.event.simId ||
      a.event.occurredAt - b.event.occurredAt ||
      compareText(a.event.recordId, b.event.recordId),
  )
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function sameIdentity(a: UsageEvent, b: UsageEvent): boolean {
  return a.simId === b.simId && a.occurredAt === b.occurredAt && a.recordId === b.recordId
}

interface Moved {
  readonly added: number
  /** Positions of the events whose identity was there already. */
  readonly met: ReadonlySet<number>
}

/** For events of which some may be there: what was really added decides. */
export async function moveToLedger(
  session: PostgresSession,
  { feed, importId, knownAt, changes }: EventBatch,
  events: readonly IncomingEvent[],
  { sealedThrough }: Limits,
): Promise<Moved> {
  if (events.length === 0) return { added: 0, met: new Set() }
  await session.client.query(`${sql.ROOM_FOR_A_BATCH}; ${sql.MAKE_INCOMING}`)
  await copy(session, sql.COPY_INCOMING, incomingLines(events))
  const values = [feed.id, importId, knownAt, sealedThrough, events.length]
  const moved = (await session.get(sql.MOVE_INCOMING, values))!
  const added = moved.added as number
  if (added > 0) {
    await session.run(sql.INSERT_ACCOUNT_FEEDS, [moved.account_ids as number[], feed.id])
  }
  const met = new Set(moved.met as number[] | null)
  tell(
    changes,
    events.filter((_, position) => !met.has(position)),
  )
  return { added, met }
}

/**
 * For events that are all new. They are then all there is to derive from, which is added up here;
 * the server copies rows in less than half the time that it takes to move them.
 */
async function copyToLedger(
  session: PostgresSession,
  { feed, importId, knownAt, changes }: EventBatch,
  events: readonly IncomingEvent[],
  { sealedThrough }: Limits,
): Promise<Moved> {
  if (events.length === 0) return { added: 0, met: new Set() }
  const lines = ledgerLines(events, { feedId: feed.id, importId, knownAt })
  await copy(session, sql.COPY_LEDGER, lines)
  const cells = new CellChanges(sealedThrough)
  const accountIds = new Set<number>()
  for (const { event, serving } of events) {
    cells.add(event, serving, 1)
    accountIds.add(event.accountId)
  }
  await cells.write(session)
  await session.run(sql.INSERT_ACCOUNT_FEEDS, [[...accountIds], feed.id])
  tell(changes, events)
  return { added: events.length, met: new Set() }
}

function tell(changes: UsageChanges | undefined, added: readonly IncomingEvent[]): void {
  if (changes === undefined) return
  for (const { event, serving } of added) changes.add({ ...event, columns: serving }, event, 1)
}

async function copy(
  session: PostgresSession,
  text: string,
  lines: Iterable<Buffer>,
): Promise<void> {
  await pipeline(Readable.from(lines), session.client.query(copyFrom(text)))
}

export interface AppendOptions {
  /**
   * Takes the ledger to have none of the events. Where it does have one, the append fails with a
   * unique violation, and is to be repeated without the assumption in a new transaction.
   */
  readonly assumeNew: boolean
  /** Keeps other batches out: two that replace each other's rows may be in each other's way again. */
  readonly alone: boolean
}

/** What an event needs to be counted, and nothing of what could not be. */
export interface EventBatch
  extends Pick<AppendBatch, 'importId' | 'accountId' | 'feed' | 'knownAt'> {
  readonly coming: Coming
  /** Histories may be written anew: no other batch is under way, or nothing of this one stays. */
  readonly mayRewrite: boolean
  /** Is told what changes. */
  readonly changes?: UsageChanges
}

/** Runs inside a write transaction; `ordered` is what `orderByKey` made of the batch's events. */
export async function append(
  session: PostgresSession,
  batch: AppendBatch,
  ordered: readonly IncomingEvent[],
  options: AppendOptions,
): Promise<AppendOutcome> {
  const { importId, rereading } = batch
  const events = { ...batch, coming: 'delivered' as const, mayRewrite: options.alone }
  const applied = await applyEvents(session, events, ordered, options)
  const { counts: counted, series, conflicts } = applied
  const quarantined = [...batch.quarantined, ...conflicts]
  const counts: VerdictCounts = {
    ...counted,
    quarantined: quarantined.length,
    expired: batch.expired + counted.expired,
  }
  await quarantine(session, batch, quarantined)
  await session.take(countInImport(importId, counts, series))
  if (rereading !== undefined) {
    await session.run(directorySql.KEEP_REREADING, [rereading, importId])
  }
  return { counts, series, conflicts }
}

/**
 * Brings events into the ledger and what is derived from it; conflicts are returned in the order of
 * their lines, and kept nowhere yet.
 */
export async function applyEvents(
  session: PostgresSession,
  batch: EventBatch,
  ordered: readonly IncomingEvent[],
  { assumeNew, alone }: AppendOptions,
): Promise<AppendOutcome> {
  await (alone ? session.lock('limits') : session.lockShared('limits'))
  const limits = await session.take(readLimits())
  const kept = ordered.filter(({ event }) => event.occurredAt >= limits.purgedThrough)
  const ofUsage = kept.filter(({ event }) => event.reading === null)
  const ofReadings = kept.filter(({ event }) => event.reading !== null)
  const usage = await appendUsage(session, batch, ofUsage, { limits, assumeNew })
  const readings = await appendReadings(session, batch, ofReadings, limits)
  const buckets = [...new Set(kept.map(({ bucket }) => bucket))]
  if (buckets.length > 0) await session.run(INSERT_IMPORT_BUCKETS, [buckets, batch.importId])
  const conflicts = [...usage.conflicts, ...readings.conflicts].sort((a, b) => a.line - b.line)
  const counts: VerdictCounts = {
    accepted: usage.accepted + readings.accepted,
    duplicate: usage.duplicate + readings.duplicate,
    replaced: usage.replaced + readings.replaced,
    quarantined: 0,
    expired: ordered.length - kept.length,
  }
  const { series = NO_SERIES_COUNTS } = readings
  return { counts, series, conflicts: await named(session, conflicts) }
}

async function named(
  session: PostgresSession,
  conflicts: readonly Conflict[],
): Promise<QuarantinedRecord[]> {
  if (conflicts.length === 0) return []
  const ids = [...new Set(conflicts.map(({ simId }) => simId))]
  const rows = await session.all(SELECT_SIM_SIDS, [ids])
  const sids = new Map(rows.map((row) => [row.id as number, row.sid as string]))
  return conflicts.map((conflict) => namedConflict(conflict, (simId) => sids.get(simId)!))
}

/** What became of the events of one kind. */
export interface EventVerdicts extends Pick<VerdictCounts, 'accepted' | 'duplicate' | 'replaced'> {
  readonly conflicts: readonly Conflict[]
  /** Of readings. */
  readonly series?: SeriesCounts
}

async function appendUsage(
  session: PostgresSession,
  batch: EventBatch,
  events: readonly IncomingEvent[],
  { limits, assumeNew }: { limits: Limits; assumeNew: boolean },
): Promise<EventVerdicts> {
  // Each identity comes into the ledger once; what else the batch says of it is resolved after.
  const firsts: IncomingEvent[] = []
  const repeats: IncomingEvent[] = []
  for (const incoming of events) {
    const last = firsts.at(-1)
    const isRepeat = last !== undefined && sameIdentity(last.event, incoming.event)
    if (isRepeat) repeats.push(incoming)
    else firsts.push(incoming)
  }
  const addToLedger = assumeNew && repeats.length === 0 ? copyToLedger : moveToLedger
  const { added, met: metPositions } = await addToLedger(session, batch, firsts, limits)
  if (metPositions.size === 0 && repeats.length === 0) {
    return { accepted: added, duplicate: 0, replaced: 0, conflicts: [] }
  }
  const met = new MetEvents(session, batch, { firsts, repeats, metPositions, limits })
  const { duplicate, replaced, conflicts } = await met.resolve()
  return { accepted: added, duplicate, replaced, conflicts }
}

async function quarantine(
  session: PostgresSession,
  { feed, importId, accountId, knownAt }: AppendBatch,
  records: readonly QuarantinedRecord[],
): Promise<void> {
  if (records.length === 0) return
  const reasons = records.map(({ reason }) => reason)
  const hashes = records.map(({ rawHash }) => rawHash)
  await session.run(sql.INSERT_QUARANTINE_ROWS, [
    reasons,
    hashes,
    records.map(({ detail }) => detail),
    records.map(({ field }) => field),
    records.map(({ raw }) => Buffer.from(raw)),
    feed.id,
    delivererId(accountId),
  ])
  const kept = records.map(keptRecordToRow)
  const lines = records.map(({ line }) => line)
  await session.run(sql.INSERT_QUARANTINE_DELIVERIES, [
    reasons,
    hashes,
    lines,
    importId,
    knownAt,
    feed.id,
    kept,
    delivererId(accountId),
  ])
}
