/** Which buckets of the ledger a batch's events lie in, and in which order they are added. */
import { SETTLE_SECONDS } from '../../domain/completeness.ts'
import { DAY_SECONDS, HOUR_SECONDS } from '../../domain/time.ts'
import * as packed from '../event-columns.ts'
import { type BucketRule, bucketOf, dayOf } from '../ledger/buckets.ts'
import { GATHER_ROWS_MAX, gatherBefore } from '../ledger/gathering.ts'
import type { Connection } from './connection.ts'

/**
 * The events in the order of the ledger's key, so that SQLite fills page after page instead of
 * jumping. Events with the same SIM and time keep their order of delivery.
 */
export function orderByKey(events: packed.PackedEvents, buckets: Float64Array): Uint32Array {
  const { count, numbers } = events
  const compare = (a: number, b: number) => {
    const left = a * packed.COLUMNS
    const right = b * packed.COLUMNS
    return (
      buckets[a]! - buckets[b]! ||
      numbers[left + packed.SIM_ID]! - numbers[right + packed.SIM_ID]! ||
      numbers[left + packed.OCCURRED_AT]! - numbers[right + packed.OCCURRED_AT]! ||
      a - b
    )
  }
  const order = new Uint32Array(count)
  const keys = keysOf(events, buckets)
  if (keys === null) {
    for (let i = 0; i < count; i++) order[i] = i
    return order.sort(compare)
  }
  // Numbers sort several times as fast as with a function. Only time is left to compare.
  keys.sort()
  let start = 0
  let last = Number.NaN
  let isInOrder = true
  for (let i = 0; i <= count; i++) {
    const place = i < count ? Math.floor(keys[i]! / count) : Number.NaN
    if (place !== last) {
      if (!isInOrder) order.subarray(start, i).sort(compare)
      start = i
      last = place
      isInOrder = true
    }
    if (i === count) break
    order[i] = keys[i]! - place * count
    if (i > start && compare(order[i - 1]!, order[i]!) > 0) isInOrder = false
  }
  return order
}

/** One number per event, by its bucket, then its SIM, then its position; null if they get too large. */
function keysOf(
  { count, numbers }: packed.PackedEvents,
  buckets: Float64Array,
): Float64Array | null {
  let first = Number.POSITIVE_INFINITY
  let last = Number.NEGATIVE_INFINITY
  const distinct = new Set<number>()
  for (let i = 0; i < count; i++) {
    const simId = numbers[i * packed.COLUMNS + packed.SIM_ID]!
    if (simId < first) first = simId
    if (simId > last) last = simId
    if (i === 0 || buckets[i] !== buckets[i - 1]) distinct.add(buckets[i]!)
  }
  const sims = last - first + 1
  if (!Number.isSafeInteger(distinct.size * sims * count)) return null
  const ranks = new Map([...distinct].sort((a, b) => a - b).map((bucket, rank) => [bucket, rank]))
  const keys = new Float64Array(count)
  let bucket = Number.NaN
  let rank = 0
  for (let i = 0; i < count; i++) {
    if (buckets[i] !== bucket) {
      bucket = buckets[i]!
      rank = ranks.get(bucket)!
    }
    const simId = numbers[i * packed.COLUMNS + packed.SIM_ID]!
    keys[i] = (rank * sims + (simId - first)) * count + i
  }
  return keys
}

/** For a smaller batch, it does not matter that its records are gathered later. */
const LARGE_BATCH_RECORDS = 5_000

/**
 * A file ordered by time, with many SIMs, brings a day in many batches, each with a little of every SIM.
 * Put into the day's bucket, each batch would rewrite all its pages. The span is measured between the
 * first and the last tenth of a batch, because it may contain late records.
 */
const LARGE_BATCH_SECONDS_MIN = 2 * HOUR_SECONDS

/** Of how many records of a batch the span is measured. */
const SAMPLE_RECORDS = 1_000

/**
 * Usage of settled days is gathered soon. A large batch of it is therefore better put into the buckets of
 * days at once, where it adds much to each SIM's day. What is still fresh there is gathered first, which
 * is mostly nothing at all.
 */
export function gatherBeforeLarge(
  connection: Connection,
  { events: { count, numbers }, knownAt }: { events: packed.PackedEvents; knownAt: number },
): void {
  if (count < LARGE_BATCH_RECORDS) return
  const timeAt = (index: number) => numbers[index * packed.COLUMNS + packed.OCCURRED_AT]!
  const step = Math.floor(count / SAMPLE_RECORDS)
  const times = Float64Array.from({ length: SAMPLE_RECORDS }, (_, i) => timeAt(i * step)).sort()
  const tenth = SAMPLE_RECORDS / 10
  if (times.at(-1 - tenth)! - times[tenth]! < LARGE_BATCH_SECONDS_MIN) return
  let last = times.at(-1)!
  for (let index = 0; index < count; index++) last = Math.max(last, timeAt(index))
  const end = Math.min(dayOf(last) + DAY_SECONDS, dayOf(knownAt - SETTLE_SECONDS))
  connection.take(gatherBefore(end, Math.max(GATHER_ROWS_MAX, count)))
}

/** The bucket of each event, by its index. */
export function bucketsOfEvents(
  { count, numbers }: packed.PackedEvents,
  rule: BucketRule,
): Float64Array {
  const buckets = new Float64Array(count)
  for (let i = 0; i < count; i++) {
    const at = i * packed.COLUMNS
    const place = {
      occurredAt: numbers[at + packed.OCCURRED_AT]!,
      simId: numbers[at + packed.SIM_ID]!,
    }
    buckets[i] = bucketOf(place, rule)
  }
  return buckets
}
