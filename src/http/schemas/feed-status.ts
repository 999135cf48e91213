/** The state of a feed and what it lacks, as Simtally's own surface shows it. */
import { type Static, Type } from 'typebox'
import {
  type FeedProgress,
  newsState,
  openGapCount,
  silentSince,
} from '../../domain/completeness.ts'
import type { Feed } from '../../domain/directory.ts'
import type { GapAcceptance, NamedGap, SequenceGap } from '../../domain/sequence.ts'
import { formatInstant, instantOrNull } from '../../domain/time.ts'
import { listSchema, nullable, nullableText } from './shapes.ts'

export const readingCounts = Type.Object({
  resets: Type.Integer(),
  falls: Type.Integer(),
  wraps: Type.Integer(),
})

export const feedStatusFields = {
  settle_seconds: Type.Integer(),
  sequence_pattern: nullableText,
  late_seconds: Type.Integer(),
  overdue_seconds: Type.Integer(),
  covers_from: nullableText,
  retired: nullable(Type.Object({ date: Type.String(), reason: Type.String() })),
  state: Type.String(),
  silent_seconds: Type.Integer(),
  date_last_delivery: nullableText,
  complete_from: nullableText,
  complete_through: nullableText,
  open_gaps: Type.Integer(),
  readings: readingCounts,
}

const feedStatus = Type.Object(feedStatusFields)

export function feedStatusToApi(
  feed: Feed,
  progress: FeedProgress,
  nowSeconds: number,
): Static<typeof feedStatus> {
  const since = silentSince(feed, progress)
  return {
    settle_seconds: feed.settleSeconds,
    sequence_pattern: feed.sequencePattern,
    late_seconds: feed.lateSeconds,
    overdue_seconds: feed.overdueSeconds,
    covers_from: instantOrNull(feed.coversFrom),
    retired:
      feed.retirement === null
        ? null
        : { date: formatInstant(feed.retirement.at), reason: feed.retirement.reason },
    state: newsState(feed, progress, nowSeconds),
    silent_seconds: Math.max(0, nowSeconds - since),
    date_last_delivery: instantOrNull(progress.deliveries.newestAt),
    complete_from: instantOrNull(progress.completeFrom),
    complete_through: instantOrNull(progress.completeThrough),
    open_gaps: openGapCount(progress),
    readings: progress.series,
  }
}

const gapSchema = Type.Object({
  feed: Type.String(),
  stream: Type.String(),
  from: Type.Integer(),
  to: Type.Integer(),
  count: Type.Integer(),
  status: Type.String(),
  date_opened: Type.String(),
  age_seconds: Type.Integer(),
  accepted: nullable(
    Type.Object({ by: Type.String(), reason: Type.String(), date: Type.String() }),
  ),
})

export const gapsSchema = listSchema('gaps', gapSchema)

export function gapToApi(
  feed: Feed,
  gap: SequenceGap,
  nowSeconds: number,
): Static<typeof gapSchema> {
  const { stream, from, to, first, last, openedAt, acceptance } = gap
  return {
    feed: feed.name,
    stream,
    from,
    to,
    count: last - first + 1,
    status: acceptance === null ? 'open' : 'accepted',
    date_opened: formatInstant(openedAt),
    age_seconds: Math.max(0, nowSeconds - openedAt),
    accepted:
      acceptance === null
        ? null
        : { by: acceptance.by, reason: acceptance.reason, date: formatInstant(acceptance.at) },
  }
}

/** What was accepted, and the state of the feed afterwards. `to` is null for the end of the stream. */
export const acceptedGapSchema = Type.Object({
  feed: Type.String(),
  stream: Type.String(),
  from: Type.Integer(),
  to: nullable(Type.Integer()),
  by: Type.String(),
  reason: Type.String(),
  date_accepted: Type.String(),
  complete_through: nullableText,
  open_gaps: Type.Integer(),
})

export function acceptedGapToApi(
  feed: Feed,
  accepted: NamedGap & Pick<GapAcceptance, 'by' | 'reason' | 'at'>,
  progress: FeedProgress,
): Static<typeof acceptedGapSchema> {
  const { stream, from, to, by, reason, at } = accepted
  return {
    feed: feed.name,
    ...{ stream, from, to, by, reason },
    date_accepted: formatInstant(at),
    complete_through: instantOrNull(progress.completeThrough),
    open_gaps: openGapCount(progress),
  }
}
