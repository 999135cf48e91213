/**
 * Up to when usage can be taken as complete. A delivery completes its feed up to the cut-off that it
 * states, else up to a settle time before it came; what is missing before it holds that back.
 */
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

/** A feed that is longer without news is late, then overdue. */
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
}

export const NO_DELIVERIES: FeedDeliveries = {
  newestAt: null,
  unnumbered: { cutOff: null, lastAt: null },
  streams: [],
}

export interface FeedProgress {
  readonly feedId: number
  readonly deliveries: FeedDeliveries
  /** In the order in which they were given. */
  readonly acceptances: readonly GapAcceptance[]
  /** A whole hour; null while nothing can be said. */
  readonly completeThrough: number | null
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
  known: FeedDeliveries,
  feed: Pick<Feed, 'sequencePattern'>,
  delivery: FinishedDelivery,
): FeedDeliveries {
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

/** All that is missing, accepted or not, stream by stream. */
export function feedGaps({ deliveries, acceptances }: FeedProgress): SequenceGap[] {
  return deliveries.streams.flatMap((stream) => gapsOf(stream, acceptances))
}

export function openGapCount(progress: FeedProgress): number {
  return feedGaps(progress).filter(({ acceptance }) => acceptance === null).length
}

export const NEWS_STATES = ['current', 'late', 'overdue'] as const
export type NewsState = (typeof NEWS_STATES)[number]

/** Since when the feed has been silent: since its newest delivery, or since it was made. */
export function silentSince(
  { createdAt }: Pick<Feed, 'createdAt'>,
  progress: FeedProgress,
): number {
  return progress.deliveries.newestAt ?? createdAt
}

export function newsState(silentSinceSeconds: number, nowSeconds: number): NewsState {
  const age = nowSeconds - silentSinceSeconds
  if (age < LATE_SECONDS) return 'current'
  return age < OVERDUE_SECONDS ? 'late' : 'overdue'
}

/**
 * The instant up to which every one of an account's feeds is complete. Null when there is no feed,
 * or nothing can be said of one of them.
 */
export function completeThrough(feeds: readonly (number | null)[]): number | null {
  let earliest: number | null = null
  for (const through of feeds) {
    if (through === null) return null
    if (earliest === null || through < earliest) earliest = through
  }
  return earliest
}

/** True while late records may still change what was used before `end`. */
export function isOpen(end: number, complete: number | null): boolean {
  return complete === null || end > complete
}

function latest(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b)
}
