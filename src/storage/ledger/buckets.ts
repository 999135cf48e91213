/**
 * The rule of the ledger's buckets: in which one a row lies, and which ones a period touches. A bucket is
 * a UTC day. Where an engine keeps the rows of fresh days together in time, theirs are shorter until the
 * day is gathered, SIM by SIM. `docs/decisions/fresh-days.md` says why so.
 */
import { DAY_SECONDS, floorTo } from '../../domain/time.ts'

/** Which days are fresh. A row's bucket follows from it, its instant and its SIM, and from nothing else. */
export interface BucketRule {
  /** How long the buckets of fresh days are, in seconds; a day where an engine knows no others. */
  readonly freshSeconds: number
  /** The start of a day: those before it are gathered, the later ones are fresh. */
  readonly freshFrom: number
  /** The rows of that day are gathered of the SIMs up to this one; 0 where of none. */
  readonly gatheredSims: number
}

/** Of engines that know no other buckets. */
export const WHOLE_DAYS: BucketRule = {
  freshSeconds: DAY_SECONDS,
  freshFrom: Number.MIN_SAFE_INTEGER,
  gatheredSims: 0,
}

/** Names of the settings that keep the rule; both change in the transaction that moves the rows. */
export const FRESH_FROM = 'fresh_from'
export const GATHERED_SIMS = 'gathered_sims'

/** The day of an instant, or of a bucket. */
export function dayOf(instant: number): number {
  return floorTo(instant, DAY_SECONDS)
}

/** The one bucket that a row of the ledger or of its history lies in. */
export function bucketOf(
  { occurredAt, simId }: { readonly occurredAt: number; readonly simId: number },
  { freshSeconds, freshFrom, gatheredSims }: BucketRule,
): number {
  const day = dayOf(occurredAt)
  const isGathered = day < freshFrom || (day === freshFrom && simId <= gatheredSims)
  return isGathered ? day : floorTo(occurredAt, freshSeconds)
}

/** The buckets that may have rows of the day that begins with the instant. */
export function bucketsOfDay(day: number, rule: BucketRule): number[] {
  return bucketsOf(day, day + DAY_SECONDS, rule)
}

/**
 * All buckets that may have rows of [start, end), each once and in ascending order; of a SIM, their rows
 * come in the order of time. A fresh day has its own bucket among them, for the SIMs that are gathered,
 * so that a rule that is out of date finds every row as well, in more buckets than are needed.
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
 * As SQL, rows of several buckets in one order: `ofOne` asks for those of the bucket at a place of the
 * values, the first of which is `place`. Each part is read in the order of the ledger's key, as far as
 * needed, so that the rows of a day come as if they lay in one bucket.
 */
export function mergedText(
  buckets: readonly number[],
  place: number,
  ofOne: (bucket: string) => string,
): string {
  return buckets.map((_, i) => ofOne(`?${place + i}::bigint`)).join(' UNION ALL ')
}

/** `floorTo` as SQL, also before 1970, where `%` gives what is left from the other side. */
export function floorText(instant: string, seconds: string | number): string {
  return `${instant} - (${instant} % ${seconds} + ${seconds}) % ${seconds}`
}

/** As SQL, what a bucket has to be where a row at the instant may lie in it. */
export function atText(instant: string, freshSeconds: number): string {
  const day = dayText(instant)
  if (freshSeconds === DAY_SECONDS) return `= ${day}`
  return `IN (${day}, ${floorText(instant, freshSeconds)})`
}

/** As SQL, the start of the day of an instant or a bucket. */
export function dayText(instant: string): string {
  return floorText(instant, DAY_SECONDS)
}

/** Parameter `freshSeconds`, which an engine may give as another kind of number. */
export const FRESH_SECONDS_GIVEN = 'CAST(:freshSeconds AS BIGINT)'

/** `bucketOf` as SQL over a row; parameters `freshSeconds`, `freshFrom` and `gatheredSims`. */
export const BUCKET_OF_ROW = `
  CASE WHEN ${dayText('occurred_at')} < :freshFrom
         OR (${dayText('occurred_at')} = :freshFrom AND sim_id <= :gatheredSims)
       THEN ${dayText('occurred_at')}
       ELSE ${floorText('occurred_at', FRESH_SECONDS_GIVEN)} END`
