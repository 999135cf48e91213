/** The reference model's periods: which records an answer lists, and which seconds each counts. */

const HOUR = 3_600
const DAY = 24 * HOUR

export interface Asked {
  /** UTC seconds; null if the parameter is left out. */
  readonly start: number | null
  readonly end: number | null
  readonly granularity: 'hourly' | 'daily' | 'all'
}

export interface ModelPeriod {
  readonly stated: { readonly start: string; readonly end: string }
  /** The first second that counts, and the first that no longer does. */
  readonly from: number
  readonly to: number
}

/** Newest first, like the lists; null if the start lies after the end. */
export function periodsOf(
  asked: Asked,
  level: 'sim' | 'account',
  now: number,
): readonly ModelPeriod[] | null {
  const end = asked.end ?? now
  const start = asked.start ?? monthsEarlier(end, 1)
  if (start > end) return null
  // An end on an exact minute is a bound; any other end includes its own second.
  const to = end % 60 === 0 ? end : end + 1

  if (asked.granularity === 'all') {
    if (level === 'sim') return [{ stated: { start: iso(start), end: iso(end) }, from: start, to }]
    return [period(start - (start % HOUR), to % HOUR === 0 ? to : to - (to % HOUR) + HOUR)]
  }

  const size = asked.granularity === 'hourly' ? HOUR : DAY
  const periods: ModelPeriod[] = []
  for (let from = start - (start % size); from < to; from += size) {
    const hasBegun = from <= now
    const isKept = from + size > retentionLimit(now)
    if (hasBegun && isKept) periods.unshift(period(from, from + size))
  }
  return periods
}

function period(from: number, to: number): ModelPeriod {
  return { stated: { start: iso(from), end: iso(to) }, from, to }
}

/** Usage before this instant is gone: 18 calendar months before the current hour. */
export function retentionLimit(now: number): number {
  return monthsEarlier(now - (now % HOUR), 18)
}

function monthsEarlier(at: number, months: number): number {
  const date = new Date(at * 1000)
  const day = date.getUTCDate()
  date.setUTCDate(1)
  date.setUTCMonth(date.getUTCMonth() - months)
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()
  date.setUTCDate(Math.min(day, lastDay))
  return date.getTime() / 1000
}

function iso(at: number): string {
  return new Date(at * 1000).toISOString().replace('.000Z', 'Z')
}
