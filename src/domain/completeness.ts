/**
 * Up to when usage can be taken as complete. A delivery completes its feed up to the cut-off that it
 * states, else up to a settle time before it came; what is missing before it holds that back.
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

/** The specification: all usage is typically processed within 48 hours from when it occurred. */
export const SETTLE_SECONDS = 48 * HOUR_SECONDS
export const SETTLE_SECONDS_MAX = 90 * DAY_SECONDS

/** A feed that is longer without news is late, then overdue, unless it says otherwise. */
export const LATE_SECONDS = 24 * HOUR_SECONDS
export const OVERDUE_SECONDS = 48 * HOUR_SECONDS

/**
 * What is known of a feed's finished deliveries that speak for it. A function of them, in the order
 * they came.
 */
export interface FeedDeliveries {
  /** The start of the newest; null while there is none. */
  readonly newestAt: number | null
  /** Of those without a number: the latest cut-off that one stated, and when others last came. */
  readonly unnumbered: { readonly cutOff: number | null; readonly lastAt: number | null }
  readonly streams: readonly SequenceStream[]
  /** The earliest usage of the first delivery that brought any; null while none did. */
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
  /** In the order in which they were given. */
  readonly acceptances: readonly GapAcceptance[]
  /** A whole hour; null while nothing can be said. */
  readonly completeThrough: number | null
  /** The whole hour from which on it brought everything; null while nothing can be said. */
  readonly completeFrom: number | null
  /** Of its readings, as they are now. */
  readonly series: SeriesCounts
}

/** What is known of a feed, as far as an account's answers are concerned. */
export interface FeedCoverage {
  readonly completeFrom: number | null
  readonly completeThrough: number | null
  readonly retiredAt: number | null
  readonly settleSeconds: number
}

/** An answer is complete where its period lies within. Null where nothing can be said. */
export interface Completeness {
  readonly from: number | null
  readonly through: number | null
}

export type FinishedDelivery = Pick<Import, 'source' | 'startedAt' | 'facts'>

/**
 * Whether a delivery says how far its feed has come. An account's own does only on a feed that is
 * bound to it: elsewhere its word would change what others are told of their usage.
 */
export function speaksForFeed(
  { accountSid }: Pick<Feed, 'accountSid'>,
  delivery: Pick<Import, 'accountSid'>,
): boolean {
  return delivery.accountSid === null || delivery.accountSid === accountSid
}

/** A number in the file's name, where the feed has a pattern that fits, goes before the format's. */
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
  // Nothing is delivered before it happens, whatever a clock somewhere says.
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

/** What a file that is missing for so long would bring is expired. */
function withoutExpired(stream: SequenceStream, nowSeconds: number): SequenceStream {
  const before = retentionStart(nowSeconds)
  const from = stream.runs.findIndex(({ lastAt }) => lastAt >= before)
  return from <= 0 ? stream : { ...stream, runs: stream.runs.slice(from) }
}

/**
 * The whole hour up to which the feed has delivered everything; null while nothing can be said. The
 * earliest over the feed's streams that have not ended. Where deliveries are numbered, those
 * without a number have no say.
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
 * The whole hour from which on the feed has delivered everything: what its operator says, else where
 * the first delivery began. What an old record of a later delivery reaches back to is no beginning.
 */
export function feedCompleteFrom(
  { usageFrom }: FeedDeliveries,
  { coversFrom }: Pick<Feed, 'coversFrom'>,
): number | null {
  const from = coversFrom ?? usageFrom
  return from === null ? null : floorTo(from, HOUR_SECONDS)
}

/** All that is missing, accepted or not, stream by stream. */
export function feedGaps({ deliveries, acceptances }: FeedProgress): SequenceGap[] {
  return deliveries.streams.flatMap((stream) => gapsOf(stream, acceptances))
}

export function openGapCount(progress: FeedProgress): number {
  return feedGaps(progress).filter(({ acceptance }) => acceptance === null).length
}

export const NEWS_STATES = ['current', 'late', 'overdue', 'retired'] as const
export type NewsState = (typeof NEWS_STATES)[number]

/** Since when the feed has been silent: since its newest delivery, or since it was made. */
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
 * Where every one of an account's feeds is complete: from the latest beginning to the earliest end. A
 * feed that was retired holds back nothing after that, once what may come late has had its time.
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

/** Up to when a feed is complete; `over` where it is retired and nothing of it may come any more. */
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

/** True while what was used in the period may still change, or was never delivered whole. */
export function isOpen(
  { start, end }: { readonly start: number; readonly end: number },
  { from, through }: Completeness,
): boolean {
  return from === null || through === null || start < from || end > through
}

function latest(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b)
}
