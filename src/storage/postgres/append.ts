/** Applies one batch of an import: ledger, derived tables, quarantine and counts in one transaction. */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { from as copyFrom } from 'pg-copy-streams'
import type { QuarantinedRecord, VerdictCounts } from '../../domain/import.ts'
import { floorTo } from '../../domain/time.ts'
import type { UsageEvent } from '../../domain/usage-event.ts'
import * as directorySql from '../directory-sql.ts'
import { type ServingColumns, servingToRow } from '../rows.ts'
import type { AppendBatch, AppendOutcome } from '../usage-store.ts'
import { appendReadings } from './batch-readings.ts'
import type { Session } from './connection.ts'
import { copyLines } from './copy-text.ts'
import * as sql from './ledger-sql.ts'
import { lock, lockShared } from './locks.ts'
import { MetEvents } from './met-events.ts'

/** An event with what the ledger keeps of it. */
export interface IncomingEvent {
  readonly event: UsageEvent
  readonly bucket: number
  readonly serving: ServingColumns
}

/** The instants by which a batch goes; the lock that sealing and purging wait for keeps them. */
export interface Limits {
  /** What was deleted as too old is never counted again. */
  readonly purgedThrough: number
  /** Days before this one have per-SIM totals. */
  readonly sealedThrough: number
}

export async function readLimits(session: Session): Promise<Limits> {
  const rows = await session.all(
    "SELECT name, value FROM setting WHERE name IN ('purged_through', 'sealed_through')",
  )
  const limit = (name: string) => {
    const row = rows.find((candidate) => candidate.name === name)
    return row === undefined ? Number.MIN_SAFE_INTEGER : Number(row.value)
  }
  return { purgedThrough: limit('purged_through'), sealedThrough: limit('sealed_through') }
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

/** Copies events to be moved by `MOVE_INCOMING`, whose answer says how many were new. */
export async function moveToLedger(
  session: Session,
  { feed, importId, knownAt }: AppendBatch,
  events: readonly IncomingEvent[],
  { sealedThrough }: Limits,
): Promise<Moved> {
  if (events.length === 0) return { added: 0, met: new Set() }
  await session.client.query(sql.MAKE_INCOMING)
  const copy = session.client.query(copyFrom(sql.COPY_INCOMING))
  await pipeline(Readable.from(copyLines(events)), copy)
  const values = [feed.id, importId, knownAt, sealedThrough, events.length]
  const moved = (await session.get(sql.MOVE_INCOMING, values))!
  const added = moved.added as number
  if (added > 0) {
    await session.run(sql.INSERT_ACCOUNT_FEEDS, [moved.account_ids as number[], feed.id])
  }
  return { added, met: new Set(moved.met as number[] | null) }
}

interface Moved {
  readonly added: number
  /** Positions of the events whose identity was there already. */
  readonly met: ReadonlySet<number>
}

/**
 * Runs inside a write transaction; `ordered` is what `orderByKey` made of the batch's events. `alone`
 * keeps other batches out: two that replace each other's rows may be in each other's way again and
 * again.
 */
export async function append(
  session: Session,
  batch: AppendBatch,
  ordered: readonly IncomingEvent[],
  { schema, alone }: { schema: string; alone: boolean },
): Promise<AppendOutcome> {
  await (alone ? lock : lockShared)(session, 'limits', schema)
  const limits = await readLimits(session)
  const kept = ordered.filter(({ event }) => event.occurredAt >= limits.purgedThrough)
  const usage = await appendUsage(
    session,
    batch,
    kept.filter(({ event }) => event.reading === null),
    limits,
  )
  const readings = await appendReadings(
    session,
    batch,
    kept.filter(({ event }) => event.reading !== null),
    { limits, schema },
  )
  const conflicts = [...usage.conflicts, ...readings.conflicts].sort((a, b) => a.line - b.line)
  const quarantined = [...batch.quarantined, ...conflicts]
  const counts: VerdictCounts = {
    accepted: usage.accepted + readings.accepted,
    duplicate: usage.duplicate + readings.duplicate,
    replaced: usage.replaced + readings.replaced,
    quarantined: quarantined.length,
    expired: batch.expired + ordered.length - kept.length,
  }
  await quarantine(session, batch, quarantined)
  const { accepted, duplicate, replaced, expired } = counts
  await session.run(directorySql.ADD_IMPORT_COUNTS, [
    accepted,
    duplicate,
    replaced,
    counts.quarantined,
    expired,
    batch.importId,
  ])
  return { counts, conflicts }
}

/** What became of the events of one kind. */
export interface EventVerdicts extends Pick<VerdictCounts, 'accepted' | 'duplicate' | 'replaced'> {
  readonly conflicts: readonly QuarantinedRecord[]
}

async function appendUsage(
  session: Session,
  batch: AppendBatch,
  events: readonly IncomingEvent[],
  limits: Limits,
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
  const { added, met: metPositions } = await moveToLedger(session, batch, firsts, limits)
  if (metPositions.size === 0 && repeats.length === 0) {
    return { accepted: added, duplicate: 0, replaced: 0, conflicts: [] }
  }
  const met = new MetEvents(session, batch, { firsts, repeats, metPositions, limits })
  const { duplicate, replaced, conflicts } = await met.resolve()
  return { accepted: added, duplicate, replaced, conflicts }
}

async function quarantine(
  session: Session,
  { feed, importId, knownAt }: AppendBatch,
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
  ])
  const lines = records.map(({ line }) => line)
  await session.run(sql.INSERT_QUARANTINE_DELIVERIES, [
    reasons,
    hashes,
    lines,
    importId,
    knownAt,
    feed.id,
  ])
}
