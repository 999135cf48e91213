/** Which whole days and months a period contains, for engines to divide a question by. */
import { ceilTo, DAY_SECONDS, floorTo, monthNumber } from '../../domain/time.ts'

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
export function sealedDays(start: number, end: number, sealedThrough: number): DayRange {
  const whole = wholeDays(start, end)
  const endDay = Math.min(whole.endDay, sealedThrough)
  return whole.firstDay < endDay ? { ...whole, endDay } : { firstDay: start, endDay: start }
}

/** The months that [start, end) touches, as counted by `monthNumber`. */
export function monthsOf(start: number, end: number): number[] {
  if (start >= end) return []
  const first = monthNumber(start)
  return Array.from({ length: monthNumber(end - 1) - first + 1 }, (_, i) => first + i)
}
