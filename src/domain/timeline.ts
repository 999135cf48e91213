/**
 * The history of something that has one value at a time. Changes may come in any order and be backdated;
 * each holds until the next one.
 */
import { INSTANT_MAX, INSTANT_MIN } from './time.ts'

/** The start of a value that has always held, and the end of one that still holds. */
export const ALWAYS_HELD = INSTANT_MIN
export const HOLDS_STILL = INSTANT_MAX + 1

export interface Period<T> {
  /** UTC seconds, inclusive. */
  readonly startedAt: number
  /** UTC seconds, exclusive; the start of the next period, or `HOLDS_STILL`. */
  readonly endedAt: number
  readonly value: T
}

/**
 * The periods after a change, in order. A second change at the same instant replaces the first. Before
 * the first period nothing holds.
 */
export function withChange<T>(
  periods: readonly Period<T>[],
  { at, value }: { readonly at: number; readonly value: T },
): Period<T>[] {
  const before = periods.filter(({ startedAt }) => startedAt < at)
  const after = periods.filter(({ startedAt }) => startedAt > at)
  const last = before.pop()
  return [
    ...before,
    ...(last === undefined ? [] : [{ ...last, endedAt: at }]),
    { startedAt: at, endedAt: after[0]?.startedAt ?? HOLDS_STILL, value },
    ...after,
  ]
}

/** What holds at the instant; undefined if nothing does. */
export function valueAt<T>(periods: readonly Period<T>[], at: number): T | undefined {
  return periods.find(({ startedAt, endedAt }) => startedAt <= at && at < endedAt)?.value
}

/** The periods of something that ends at the instant, whatever was to hold later. */
export function endedAt<T>(periods: readonly Period<T>[], at: number): Period<T | null>[] {
  const before = periods.filter(({ startedAt }) => startedAt < at)
  return before.length === 0 ? [] : withChange<T | null>(before, { at, value: null })
}
