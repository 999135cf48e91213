/**
 * How far usage can be taken as complete. A delivery completes its feed up to the cut-off that it states,
 * or else up to a settle time before it arrived. A missing delivery holds that back.
 */
import type { SeriesCounts } from './counter-series.ts'
import type { Feed } from './directory.ts'
import type { DeliveryFacts, Import } from './import.ts'
import { retentionStart } from './period.ts'
import {
  addToStream,
  type GapAcceptance,
  gapsOf,
  hasEnded,
  lastBeforeGap,
  type SequenceGap,
  type SequenceStream,
} from './sequence.ts'
import { sequenceOfName } from './sequence-pattern.ts'
import { DAY_SECONDS, floorTo, HOUR_SECONDS } from './time.ts'

/** The specification says that all usage is typically processed within 48 hours of when it occurred. */
export const SETTLE_SECONDS = 48 * HOUR_SECONDS
export const SETTLE_SECONDS_MAX = 90 * DAY_SECONDS

/** A feed that is silent for longer is late, then overdue, unless it has its own limits. */
export const LATE_SECONDS = 24 * HOUR_SECONDS
export const OVERDUE_SECONDS = 48 * HOUR_SECONDS

/**
 * What is known of the finished deliveries that speak for a feed. It depends on nothing but those
 * deliveries and their order.
 */
export interface FeedDeliveries {
  /** The start of the newest delivery; null if there is none. */
  readonly newestAt: number | null
  /** Of deliveries without a number: the latest stated cut-off, and when the last one came. */
  readonly unnumbered: { readonly cutOff: number | null; readonly lastAt: number | null }
  readonly streams: readonly SequenceStream[]
  /** The earliest usage in the first delivery that brought any; null if none did. */
  readonly usageFrom: number | null
}

export const NO_DELIVERIES: FeedDeliveries = {
  newestAt: null,
  unnumbered: { cutOff: null, lastAt: null },
  streams: [],
  usageFrom: null,
}

export interface FeedProgress {
  readonly feedId: number
  readonly deliveries: FeedDeliveries
  /** In the order in which they were made. */
  readonly acceptances: readonly GapAcceptance[]
  /** A whole hour; null if it cannot be told. */
  readonly completeThrough: number | null
  /** The whole hour since when it has brought everything; null if it cannot be told. */
  readonly completeFrom: number | null
  /** Of its readings as they stand. */
  readonly series: SeriesCounts
}

/** What an account's answers need to know of a feed. */
export interface FeedCoverage {
  readonly completeFrom: number | null
  readonly completeThrough: number | null
  readonly retiredAt: number | null
  readonly settleSeconds: number
}

/** An answer is complete if its period lies between the two. Null if it cannot be told. */
export interface Completeness {
  readonly from: number | null
  readonly through: number | null
}

export type FinishedDelivery = Pick<Import, 'source' | 'startedAt' | 'facts'>

/**
 * Whether a delivery tells how far its feed has come. An account's own delivery does so only on a feed
 * that is bound to it. On any other feed, it would change what other accounts are told about their usage.
 */
export function speaksForFeed(
  { accountSid }: Pick<Feed, 'accountSid'>,
  delivery: Pick<Import, 'accountSid'>,
): boolean {
  return delivery.accountSid === null || delivery.accountSid === accountSid
}

/** A number in the file name, if the feed's pattern matches, takes precedence over the format's. */
export function sequenceOf(
  { sequencePattern }: Pick<Feed, 'sequencePattern'>,
  { source, facts }: Pick<Import, 'source' | 'facts'>,
): DeliveryFacts['sequence'] {
  const ofName = sequencePattern === null ? null : sequenceOfName(sequencePattern, source)
  return ofName ?? facts.sequence
}

export function addDelivery(
  before: FeedDeliveries,
  feed: Pick<Feed, 'sequencePattern'>,
  delivery: FinishedDelivery,
): FeedDeliveries {
  const known = { ...before, usageFrom: before.usageFrom ?? delivery.facts.usageFrom }
  const { startedAt, facts } = delivery
  const newestAt = latest(known.newestAt, startedAt)
  const sequence = sequenceOf(feed, delivery)
  // Nothing is delivered before it happens, whatever some clock says.
  const stated = facts.completeThrough
  const cutOff = stated === null ? null : Math.min(stated, startedAt)
  if (sequence === null) {
    const { unnumbered } = known
    const next =
      cutOff === null
        ? { ...unnumbered, lastAt: latest(unnumbered.lastAt, startedAt) }
        : { ...unnumbered, cutOff: latest(unnumbered.cutOff, cutOff) }
    return { ...known, newestAt, unnumbered: next }
  }
  const index = known.streams.findIndex(({ stream }) => stream === sequence.stream)
  const grown = addToStream(known.streams[index], { ...sequence, arrivedAt: startedAt, cutOff })
  const kept = withoutExpired(grown, startedAt)
  const streams = index === -1 ? [...known.streams, kept] : known.streams.with(index, kept)
  return { ...known, newestAt, streams }
}

/** What a file missing for that long would bring is expired. */
function withoutExpired(stream: SequenceStream, nowSeconds: number): SequenceStream {
  const before = retentionStart(nowSeconds)
  const from = stream.runs.findIndex(({ lastAt }) => lastAt >= before)
  return from <= 0 ? stream : { ...stream, runs: stream.runs.slice(from) }
}

/**
 * The whole hour up to which the feed has delivered everything; null if it cannot be told. It is the
 * earliest over all streams that have not ended. If deliveries are numbered, those without a number do
 * not count.
 */
export function feedCompleteThrough(
  { unnumbered, streams }: FeedDeliveries,
  acceptances: readonly GapAcceptance[],
  { settleSeconds }: Pick<Feed, 'settleSeconds'>,
): number | null {
  const settled = (at: number | null) => (at === null ? null : at - settleSeconds)
  const wholeHour = (at: number | null) => (at === null ? null : floorTo(at, HOUR_SECONDS))
  if (streams.length === 0) {
    return wholeHour(latest(unnumbered.cutOff, settled(unnumbered.lastAt)))
  }
  const throughOf = (stream: SequenceStream) => {
    const { cutOff, lastAt } = lastBeforeGap(stream, acceptances)
    return cutOff ?? lastAt - settleSeconds
  }
  const going = streams.filter((stream) => !hasEnded(stream, acceptances))
  return wholeHour(
    going.length === 0 ? Math.max(...streams.map(throughOf)) : Math.min(...going.map(throughOf)),
  )
}

/**
 * The whole hour since when the feed has delivered everything: what its operator says, or else where the
 * first delivery began. An old record in a later delivery does not move the beginning back.
 */
export function feedCompleteFrom(
  { usageFrom }: FeedDeliveries,
  { coversFrom }: Pick<Feed, 'coversFrom'>,
): number | null {
  const from = coversFrom ?? usageFrom
  return from === null ? null : floorTo(from, HOUR_SECONDS)
}

/** Everything missing, accepted or not, stream by stream. */
export function feedGaps({ deliveries, acceptances }: FeedProgress): SequenceGap[] {
  return deliveries.streams.flatMap((stream) => gapsOf(stream, acceptances))
}

export function openGapCount(progress: FeedProgress): number {
  return feedGaps(progress).filter(({ acceptance }) => acceptance === null).length
}

export const NEWS_STATES = ['current', 'late', 'overdue', 'retired'] as const
export type NewsState = (typeof NEWS_STATES)[number]

/** When the feed's silence began: at its newest delivery, or when the feed was created. */
export function silentSince(
  { createdAt }: Pick<Feed, 'createdAt'>,
  progress: FeedProgress,
): number {
  return progress.deliveries.newestAt ?? createdAt
}

export function newsState(
  feed: Pick<Feed, 'createdAt' | 'lateSeconds' | 'overdueSeconds' | 'retirement'>,
  progress: FeedProgress,
  nowSeconds: number,
): NewsState {
  if (feed.retirement !== null) return 'retired'
  const age = nowSeconds - silentSince(feed, progress)
  if (age < feed.lateSeconds) return 'current'
  return age < feed.overdueSeconds ? 'late' : 'overdue'
}

/**
 * The period in which every feed of an account is complete: from the latest beginning to the earliest
 * end. A retired feed holds nothing back once its late records have had their time.
 */
export function completeness(feeds: readonly FeedCoverage[], nowSeconds: number): Completeness {
  if (feeds.length === 0) return { from: null, through: null }
  const froms = feeds.map(({ completeFrom, retiredAt }) => completeFrom ?? retiredAt)
  const ends = feeds.flatMap((feed) => {
    const end = endOf(feed, nowSeconds)
    return end === 'over' ? [] : [end]
  })
  const retirements = feeds.map(({ retiredAt }) => floorTo(retiredAt ?? 0, HOUR_SECONDS))
  return {
    from: allKnown(froms, Math.max),
    through: ends.length === 0 ? Math.max(...retirements) : allKnown(ends, Math.min),
  }
}

/** Up to when a feed is complete; `over` if it is retired and nothing more of it may come. */
function endOf(
  { completeThrough, retiredAt, settleSeconds }: FeedCoverage,
  nowSeconds: number,
): number | null | 'over' {
  if (retiredAt === null) return completeThrough
  const settled = floorTo(nowSeconds - settleSeconds, HOUR_SECONDS)
  const through = Math.max(completeThrough ?? settled, settled)
  return through >= floorTo(retiredAt, HOUR_SECONDS) ? 'over' : through
}

function allKnown(
  instants: readonly (number | null)[],
  choose: (...known: number[]) => number,
): number | null {
  const known = instants.filter((at) => at !== null)
  return known.length < instants.length ? null : choose(...known)
}

/** True if usage in the period may still change, or was never delivered in full. */
export function isOpen(
  { start, end }: { readonly start: number; readonly end: number },
  { from, through }: Completeness,
): boolean {
  return from === null || through === null || start < from || end > through
}

function latest(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b)
}
