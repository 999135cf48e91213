/** Applies one batch of an import: ledger, derived tables, quarantine and counts in one transaction. */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { from as copyFrom } from 'pg-copy-streams'
import type { VerdictCounts } from '../../domain/import.ts'
import type { UsageEvent } from '../../domain/usage-event.ts'
import { addAccountFeeds } from '../directory/feed-access.ts'
import { movedMeanwhile } from '../directory/tenures.ts'
import { bucketOf, WHOLE_DAYS } from '../ledger/buckets.ts'
import {
  addImportDays,
  type EventBatch,
  type EventVerdicts,
  type IncomingEvent,
} from '../ledger/incoming-events.ts'
import { endBatch, namedConflicts } from '../ledger/quarantine.ts'
import { UsageDeltas } from '../ledger/usage-deltas.ts'
import { type Limits, readLimits } from '../limits.ts'
import { type ServingColumns, servingToRow } from '../rows.ts'
import { appendReadings } from '../series/batch-readings.ts'
import type { AppendBatch, AppendOutcome } from '../usage-store.ts'
import { incomingLines, ledgerLines } from './copy-text.ts'
import * as sql from './ledger-sql.ts'
import { MetEvents } from './met-events.ts'
import type { PostgresSession } from './session.ts'

/** The events of a batch in the order of the ledger's key; equal identities in order of delivery. */
export function orderByKey(events: readonly UsageEvent[]): IncomingEvent[] {
  const servings = new Map<UsageEvent['serving'], ServingColumns>()
  const incoming = events.map((event): IncomingEvent => {
    let serving = servings.get(event.serving)
    if (serving === undefined) {
      serving = servingToRow(event.serving)
      servings.set(event.serving, serving)
    }
    return { event, bucket: bucketOf(event, WHOLE_DAYS), serving }
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

/** True if events of usage come more than once in what `orderByKey` has ordered. */
export function hasRepeats(ordered: readonly IncomingEvent[]): boolean {
  return ordered.some(({ event }, i) => {
    const last = ordered[i - 1]
    return last !== undefined && event.reading === null && sameIdentity(last.event, event)
  })
}

interface Moved {
  readonly added: number
  /** Positions of the events whose identity already existed. */
  readonly met: ReadonlySet<number>
}

/** For events of which some may be added by others meanwhile; what was really added decides. */
async function moveToLedger(
  session: PostgresSession,
  { feed, importId, knownAt, changes }: EventBatch,
  events: readonly IncomingEvent[],
  { sealedThrough }: Limits,
): Promise<Moved> {
  if (events.length === 0) return { added: 0, met: new Set() }
  await fillIncoming(session, events)
  const values = [feed.id, importId, knownAt, sealedThrough, events.length]
  const moved = (await session.get(sql.MOVE_INCOMING, values))!
  const added = moved.added as number
  await session.take(addAccountFeeds(new Set(moved.account_ids as number[] | null), feed.id))
  const met = new Set(moved.met as number[] | null)
  for (const [position, { event, serving }] of events.entries()) {
    if (!met.has(position)) changes?.add(event, serving, event, 1)
  }
  return { added, met }
}

/**
 * For events of which some may already exist: copies those that do not. The server looks up all and copies
 * most in two thirds of the time that moving them takes.
 */
async function copyNewToLedger(
  session: PostgresSession,
  batch: EventBatch,
  events: readonly IncomingEvent[],
  limits: Limits,
): Promise<Moved> {
  if (events.length === 0) return { added: 0, met: new Set() }
  await fillIncoming(session, events)
  await session.client.query(sql.USE_KEYS)
  const { positions } = (await session.get(sql.SELECT_THERE, [batch.feed.id]))!
  await session.client.query(sql.SCAN_AGAIN)
  const met = new Set(positions as number[] | null)
  const others = events.filter((_, position) => !met.has(position))
  const { added } = await copyToLedger(session, batch, others, limits)
  return { added, met }
}

async function fillIncoming(
  session: PostgresSession,
  events: readonly IncomingEvent[],
): Promise<void> {
  await session.client.query(`${sql.ROOM_FOR_A_BATCH}; ${sql.MAKE_INCOMING}`)
  await copy(session, sql.COPY_INCOMING, incomingLines(events))
}

/**
 * For events that are all new, so that totals can be derived from them here. The server copies rows in
 * less than half the time that moving them takes.
 */
async function copyToLedger(
  session: PostgresSession,
  { feed, importId, knownAt, changes }: EventBatch,
  events: readonly IncomingEvent[],
  limits: Limits,
): Promise<Moved> {
  if (events.length === 0) return { added: 0, met: new Set() }
  const lines = ledgerLines(events, { feedId: feed.id, importId, knownAt })
  await copy(session, sql.COPY_LEDGER, lines)
  const deltas = new UsageDeltas(limits, changes)
  const accountIds = new Set<number>()
  for (const { event, serving } of events) {
    deltas.add(event, serving, event, 1)
    accountIds.add(event.accountId)
  }
  await session.take(deltas.write())
  await session.take(addAccountFeeds(accountIds, feed.id))
  return { added: events.length, met: new Set() }
}

async function copy(
  session: PostgresSession,
  text: string,
  lines: Iterable<Buffer>,
): Promise<void> {
  await pipeline(Readable.from(lines), session.client.query(copyFrom(text)))
}

/**
 * How events get into the ledger, quickest first: `copied` if it has none of them and none comes twice,
 * `sifted` if nobody adds any of them meanwhile, `moved` in any case. If that is not so, the append fails with a unique violation
 * and must be repeated in another way in a new transaction.
 */
export type Way = 'copied' | 'sifted' | 'moved'

const ADD_TO_LEDGER = { copied: copyToLedger, sifted: copyNewToLedger, moved: moveToLedger }

interface AppendOptions {
  readonly way: Way
  /** Excludes other batches. Two that replace each other's rows may be in each other's way again. */
  readonly alone: boolean
}

/** Runs inside a write transaction; `ordered` is the result of `orderByKey` for the batch's events. */
export async function append(
  session: PostgresSession,
  batch: AppendBatch,
  ordered: readonly IncomingEvent[],
  options: AppendOptions,
): Promise<AppendOutcome> {
  const given = { coming: 'delivered', mayRewrite: options.alone, changes: null } as const
  const applied = await applyEvents(session, { ...batch, ...given }, ordered, options)
  return session.take(endBatch(batch, applied))
}

/**
 * Adds events to the ledger and to what is derived from it. Conflicts are returned in the order of their
 * lines and not kept yet.
 */
export async function applyEvents(
  session: PostgresSession,
  batch: EventBatch,
  ordered: readonly IncomingEvent[],
  { way, alone }: AppendOptions,
): Promise<AppendOutcome> {
  await (alone ? session.lock('limits') : session.lockShared('limits'))
  const limits = await session.take(readLimits())
  const moved = await session.take(
    movedMeanwhile(
      batch,
      ordered.map(({ event }) => event),
    ),
  )
  const owned =
    moved.size === 0
      ? ordered
      : ordered.map((incoming, i) => {
          const accountId = moved.get(i) ?? incoming.event.accountId
          return { ...incoming, event: { ...incoming.event, accountId } }
        })
  const kept = owned.filter(({ event }) => event.occurredAt >= limits.purgedThrough)
  const ofUsage = kept.filter(({ event }) => event.reading === null)
  const ofReadings = kept.filter(({ event }) => event.reading !== null)
  const usage = await appendUsage(session, batch, ofUsage, { limits, way })
  if (ofReadings.length > 0) await session.lockReadings(batch.feed.id)
  const readings = await session.take(appendReadings(batch, ofReadings, limits))
  const days = new Set(kept.map(({ bucket }) => bucket))
  await session.take(addImportDays(days, batch.importId))
  const counts: VerdictCounts = {
    accepted: usage.accepted + readings.accepted,
    duplicate: usage.duplicate + readings.duplicate,
    replaced: usage.replaced + readings.replaced,
    quarantined: 0,
    expired: ordered.length - kept.length,
  }
  const conflicts = namedConflicts([...usage.conflicts, ...readings.conflicts])
  return { counts, series: readings.series, conflicts: await session.take(conflicts) }
}

async function appendUsage(
  session: PostgresSession,
  batch: EventBatch,
  events: readonly IncomingEvent[],
  { limits, way }: { limits: Limits; way: Way },
): Promise<EventVerdicts> {
  // Each identity is added to the ledger once; the batch's other versions of it are resolved afterwards.
  const firsts: IncomingEvent[] = []
  const repeatsAt = new Map<number, IncomingEvent[]>()
  for (const incoming of events) {
    const position = firsts.length - 1
    const last = firsts[position]
    if (last === undefined || !sameIdentity(last.event, incoming.event)) {
      firsts.push(incoming)
      continue
    }
    const repeats = repeatsAt.get(position)
    if (repeats === undefined) repeatsAt.set(position, [incoming])
    else repeats.push(incoming)
  }
  const addToLedger = ADD_TO_LEDGER[way]
  const { added, met: metPositions } = await addToLedger(session, batch, firsts, limits)
  if (metPositions.size === 0 && repeatsAt.size === 0) {
    return { accepted: added, duplicate: 0, replaced: 0, conflicts: [] }
  }
  const met = new MetEvents(session, batch, { firsts, repeatsAt, metPositions, limits })
  const { duplicate, replaced, conflicts } = await met.resolve()
  return { accepted: added, duplicate, replaced, conflicts }
}
