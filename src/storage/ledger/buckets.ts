/**
 * The rule of the ledger's buckets: which one a row lies in, and which ones a period touches. A bucket is
 * a UTC day. If an engine keeps the rows of fresh days together in time, their buckets are shorter until
 * the day is gathered, SIM by SIM. `docs/decisions/fresh-days.md` gives the reasons.
 */
import { DAY_SECONDS, floorTo } from '../../domain/time.ts'

/**
 * Which days are fresh. A row's bucket follows from this rule, its instant and its SIM, and from nothing
 * else.
 */
export interface BucketRule {
  /** How long the buckets of fresh days are, in seconds; a day if the engine has no others. */
  readonly freshSeconds: number
  /** The start of a day. Earlier days are gathered, later ones are fresh. */
  readonly freshFrom: number
  /** The rows of that day are gathered for SIMs up to this one; 0 for none. */
  readonly gatheredSims: number
}

/** For engines that have no other buckets. */
export const WHOLE_DAYS: BucketRule = {
  freshSeconds: DAY_SECONDS,
  freshFrom: Number.MIN_SAFE_INTEGER,
  gatheredSims: 0,
}

/** Names of the settings that hold the rule. Both change in the transaction that moves the rows. */
export const FRESH_FROM = 'fresh_from'
export const GATHERED_SIMS = 'gathered_sims'

/** The day of an instant, or of a bucket. */
export function dayOf(instant: number): number {
  return floorTo(instant, DAY_SECONDS)
}

/** The one bucket that holds a row of the ledger or its history. */
export function bucketOf(
  { occurredAt, simId }: { readonly occurredAt: number; readonly simId: number },
  { freshSeconds, freshFrom, gatheredSims }: BucketRule,
): number {
  const day = dayOf(occurredAt)
  const isGathered = day < freshFrom || (day === freshFrom && simId <= gatheredSims)
  return isGathered ? day : floorTo(occurredAt, freshSeconds)
}

/** The buckets that may hold rows of the day that begins at the instant. */
export function bucketsOfDay(day: number, rule: BucketRule): number[] {
  return bucketsOf(day, day + DAY_SECONDS, rule)
}

/**
 * All buckets that may hold rows of [start, end), each once and in ascending order. Read in this order, a
 * SIM's rows come in order of time. A fresh day's own bucket is included for the SIMs already gathered,
 * so an outdated rule also finds every row, in more buckets than necessary.
 */
export function bucketsOf(
  start: number,
  end: number,
  { freshSeconds, freshFrom }: BucketRule,
): number[] {
  const buckets: number[] = []
  if (start >= end) return buckets
  for (let day = dayOf(start); day < end; day += DAY_SECONDS) {
    buckets.push(day)
    if (day < freshFrom) continue
    const last = Math.min(end, day + DAY_SECONDS)
    const first = Math.max(floorTo(start, freshSeconds), day + freshSeconds)
    for (let bucket = first; bucket < last; bucket += freshSeconds) buckets.push(bucket)
  }
  return buckets
}

/**
 * As SQL, rows of several buckets in one order. `ofOne` selects those of the bucket at one place of the
 * values, the first of which is `place`. Each part is read in the order of the ledger's key, as far as
 * needed, so a day's rows come as if they lay in one bucket.
 */
export function mergedText(
  buckets: readonly number[],
  place: number,
  ofOne: (bucket: string) => string,
): string {
  return buckets.map((_, i) => ofOne(`?${place + i}::bigint`)).join(' UNION ALL ')
}

/** `floorTo` as SQL, also before 1970, where the result of `%` is negative. */
export function floorText(instant: string, seconds: string | number): string {
  return `${instant} - (${instant} % ${seconds} + ${seconds}) % ${seconds}`
}

/** As SQL, what a bucket must be so that a row at the instant may lie in it. */
export function atText(instant: string, freshSeconds: number): string {
  const day = dayText(instant)
  if (freshSeconds === DAY_SECONDS) return `= ${day}`
  return `IN (${day}, ${floorText(instant, freshSeconds)})`
}

/** As SQL, the start of an instant's or a bucket's day. */
export function dayText(instant: string): string {
  return floorText(instant, DAY_SECONDS)
}

/** Parameter `freshSeconds`, which an engine may pass as another numeric type. */
export const FRESH_SECONDS_GIVEN = 'CAST(:freshSeconds AS BIGINT)'

/** `bucketOf` as SQL for a row; parameters `freshSeconds`, `freshFrom` and `gatheredSims`. */
export const BUCKET_OF_ROW = `
  CASE WHEN ${dayText('occurred_at')} < :freshFrom
         OR (${dayText('occurred_at')} = :freshFrom AND sim_id <= :gatheredSims)
       THEN ${dayText('occurred_at')}
       ELSE ${floorText('occurred_at', FRESH_SECONDS_GIVEN)} END`
