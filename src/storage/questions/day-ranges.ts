/** Which whole days and months a period contains, for engines to divide a question by. */

import { ceilTo, DAY_SECONDS, floorTo, monthNumber } from '../../domain/time.ts'
import type { QuestionGranularity } from '../../domain/usage-question.ts'
import { bucketsOf } from '../ledger/buckets.ts'
import type { Limits } from '../limits.ts'

export interface DayRange {
  readonly firstDay: number
  /** Equal to `firstDay` if there is none. */
  readonly endDay: number
}

/** The whole UTC days inside [start, end). */
export function wholeDays(start: number, end: number): DayRange {
  const firstDay = ceilTo(start, DAY_SECONDS)
  const endDay = floorTo(end, DAY_SECONDS)
  // Within one day, everything is an edge: the hours up to `firstDay`, which lies beyond `end`.
  return firstDay < endDay ? { firstDay, endDay } : { firstDay: end, endDay: end }
}

/** The whole sealed days inside [start, end). If there are none, both ends are its start. */
function sealedDays(start: number, end: number, sealedThrough: number): DayRange {
  const whole = wholeDays(start, end)
  const endDay = Math.min(whole.endDay, sealedThrough)
  return whole.firstDay < endDay ? { ...whole, endDay } : { firstDay: start, endDay: start }
}

/**
 * Where the usage of [start, end) is read from: sealed days from their totals, and the rest from these
 * buckets of the ledger. Hours have no totals.
 */
export function readFrom(
  { start, end, granularity }: { start: number; end: number; granularity: QuestionGranularity },
  { sealedThrough, buckets: rule }: Pick<Limits, 'sealedThrough' | 'buckets'>,
): DayRange & { readonly buckets: number[] } {
  const days =
    granularity === 'hourly'
      ? { firstDay: start, endDay: start }
      : sealedDays(start, end, sealedThrough)
  const before = bucketsOf(start, days.firstDay, rule)
  return { ...days, buckets: [...new Set([...before, ...bucketsOf(days.endDay, end, rule)])] }
}

/** The months that [start, end) touches, as counted by `monthNumber`. */
export function monthsOf(start: number, end: number): number[] {
  if (start >= end) return []
  const first = monthNumber(start)
  return Array.from({ length: monthNumber(end - 1) - first + 1 }, (_, i) => first + i)
}
