/** Pages of a question's buckets, which sum no more buckets than they show. */
import {
  ceilTo,
  DAY_SECONDS,
  floorTo,
  HOUR_SECONDS,
  monthNumber,
  monthStart,
} from '../domain/time.ts'
import type {
  MemberPage,
  QuestionGranularity,
  UsageMember,
  UsageQuestion,
} from '../domain/usage-question.ts'
import type { UsageStore } from '../storage/usage-store.ts'

type BucketGranularity = Exclude<QuestionGranularity, 'all'>

/** The end of this many buckets, of which the first contains the instant. */
export function bucketsAfter(granularity: BucketGranularity, at: number, count = 1): number {
  if (granularity === 'monthly') return monthStart(monthNumber(at) + count)
  const seconds = granularity === 'daily' ? DAY_SECONDS : HOUR_SECONDS
  return floorTo(at, seconds) + count * seconds
}

/**
 * The start of this many buckets, of which the last one ends at the instant or contains the second before it.
 */
function bucketsBefore(granularity: BucketGranularity, at: number, count: number): number {
  if (granularity === 'monthly') return monthStart(monthNumber(at - 1) + 1 - count)
  const seconds = granularity === 'daily' ? DAY_SECONDS : HOUR_SECONDS
  return ceilTo(at, seconds) - count * seconds
}

/**
 * As `answerUsage`. Buckets that come in order are asked for in spans that double until the page is full.
 * Otherwise, a page of a fleet's hours would sum all hours of the question.
 */
export async function answerInSpans(
  store: Pick<UsageStore, 'answerUsage'>,
  question: UsageQuestion,
  page: MemberPage,
): Promise<UsageMember[]> {
  const { granularity, order, start, end } = question
  const isForward = order === 'start'
  if (granularity === 'all' || !(isForward || order === '-start')) {
    return store.answerUsage(question, page)
  }
  const { limit, after } = page
  const found: UsageMember[] = []
  let at = isForward ? start : end
  if (after !== undefined) {
    const { bucketStart } = after
    at = isForward
      ? Math.max(start, bucketStart)
      : Math.min(end, bucketsAfter(granularity, bucketStart))
  }
  for (let count = 1; found.length < limit && start <= at && at <= end; count *= 2) {
    const to = isForward
      ? Math.min(end, bucketsAfter(granularity, at, count))
      : Math.max(start, bucketsBefore(granularity, at, count))
    if (to === at) break
    const span = isForward ? { start: at, end: to } : { start: to, end: at }
    const left = { limit: limit - found.length, ...(after !== undefined && { after }) }
    found.push(...(await store.answerUsage({ ...question, ...span }, left)))
    at = to
  }
  return found
}
