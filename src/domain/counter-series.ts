/**
 * Cumulative counters: what was used at each reading of counters that only grow. A reading's usage
 * depends on the reading before it in time and on nothing else, so what a series has used is a
 * function of the set of its readings: they may come late, twice and in any order.
 */
import { DAY_SECONDS } from './time.ts'
import { COUNTER_NAMES, type Counters } from './usage-event.ts'

/** What the counters of a series stood at. Its instant orders it, and is kept beside it. */
export interface Reading extends Counters {
  /** True where the source counts in 32 bits: its counters go on from 0 when they are full. */
  readonly is32Bit: boolean
}

/** What a 32-bit counter can hold is less than this. */
export const COUNTER_RANGE_32_BIT = 2 ** 32

/**
 * A fall of a 32-bit counter is a wrap when it then has grown by at most this much: a quarter of
 * its range, 1 GiB between two readings. A fall that needs more growth than that is a reset.
 */
export const WRAP_GROWTH_MAX = COUNTER_RANGE_32_BIT / 4

/**
 * What was used between the reading before and this one. The first reading of a series counts
 * whole, because the counters began at 0. When a counter has fallen, and not by a wrap, all of
 * them began again, and the reading counts whole as well.
 */
export function usageOfReading(previous: Reading | null, reading: Reading): Counters {
  const { upload, download, toSim, fromSim } = reading
  const whole = { upload, download, toSim, fromSim }
  if (previous === null) return whole
  const growths: Record<keyof Counters, number> = { ...whole }
  for (const name of COUNTER_NAMES) {
    const growth = growthOf(previous[name], reading[name], reading.is32Bit)
    if (growth === null) return whole
    growths[name] = growth
  }
  return growths
}

/**
 * When old readings are deleted, the newest deleted one of a series stays for so long, because a
 * late reading is measured from it. No billing cycle is longer than a quarter.
 */
export const BASE_KEPT_SECONDS = 93 * DAY_SECONDS

/** Null when the counter was reset. */
function growthOf(previous: number, value: number, is32Bit: boolean): number | null {
  if (value >= previous) return value - previous
  if (!is32Bit || previous >= COUNTER_RANGE_32_BIT) return null
  const growth = value + COUNTER_RANGE_32_BIT - previous
  return growth <= WRAP_GROWTH_MAX ? growth : null
}

/** A reading between its neighbours in time, as far as they are known. */
export interface ReadingPlace {
  /** The last reading of the series before the incoming one; null when there is none. */
  readonly previous: Reading | null
  readonly incoming: Reading
  /** The first reading of the series after the incoming one; null when there is none. */
  readonly next: Reading | null
}

export interface PlacedUsage {
  readonly usage: Counters
  /** What the next reading's usage is from now on; null when there is no next reading. */
  readonly nextUsage: Counters | null
}

/**
 * What a reading that arrives changes, wherever it belongs: a late one takes its share from its
 * successor. No other reading's usage changes. A reading that replaces one of the same instant is
 * placed in the same way.
 */
export function placeReading({ previous, incoming, next }: ReadingPlace): PlacedUsage {
  return {
    usage: usageOfReading(previous, incoming),
    nextUsage: next === null ? null : usageOfReading(incoming, next),
  }
}

/** The usage of each reading of a whole series, given and returned in order of time. */
export function usageOfSeries(readings: readonly Reading[]): Counters[] {
  return readings.map((reading, i) => usageOfReading(readings[i - 1] ?? null, reading))
}
