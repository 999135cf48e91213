/**
 * Cumulative counters: derives the usage at each reading of counters that only grow. A series proves only
 * what its counters prove. Its readings are processed in order of time, and what a reading proves depends
 * on itself and on what earlier readings have proved. The usage of a series is therefore a function of
 * the set of its readings, which may come late, twice and in any order.
 */

import {
  COUNTER_NAMES,
  type Counters,
  counterValues,
  type EachCounter,
  mapCounters,
  NO_COUNTERS,
} from './counters.ts'
import { DAY_SECONDS } from './time.ts'
import type { ReadingTraits } from './usage-event.ts'

/**
 * What the counters of a series stood at; null if the record does not say. Its instant, which orders it,
 * is kept beside it.
 */
export interface Reading extends EachCounter<number | null> {
  readonly traits: ReadingTraits
}

/**
 * The highest value that each counter has proved since it last began; 0 if it has proved none. A counter
 * that has wrapped continues above its range.
 */
export type Highs = Counters

/** What a series has proved before its first reading. */
export const NOTHING_PROVED: Highs = NO_COUNTERS

/** Every reading has one verdict: the first in this list that is true of one of its counters. */
export const SERIES_VERDICTS = ['reset', 'fall', 'wrap', 'growth', 'unknown'] as const
/**
 * `reset`: its counters began again. `fall`: a counter is below what was proved, and nothing says that it
 * began again. `wrap`: a full counter continued from 0. `unknown`: no counter is stated.
 */
export type SeriesVerdict = (typeof SERIES_VERDICTS)[number]

/** Counts readings whose verdict is not plain growth. */
export interface SeriesCounts {
  readonly resets: number
  readonly falls: number
  readonly wraps: number
}

export const NO_SERIES_COUNTS: SeriesCounts = { resets: 0, falls: 0, wraps: 0 }

export function seriesCounts(verdicts: readonly SeriesVerdict[]): SeriesCounts {
  const count = (verdict: SeriesVerdict) => verdicts.filter((one) => one === verdict).length
  return { resets: count('reset'), falls: count('fall'), wraps: count('wrap') }
}

export function addSeriesCounts(a: SeriesCounts, b: SeriesCounts): SeriesCounts {
  return { resets: a.resets + b.resets, falls: a.falls + b.falls, wraps: a.wraps + b.wraps }
}

/** What a reading proves. */
export interface Proved {
  readonly usage: Counters
  /** What the series has proved from this reading on. */
  readonly highs: Highs
  readonly verdict: SeriesVerdict
}

/** A 32-bit counter stays below this. */
export const COUNTER_RANGE_32_BIT = 2 ** 32

/**
 * Serial numbers (RFC 1982): up to half the range ahead is growth, and anything else is a fall. It is
 * also the most that can be used between two readings before a wrap goes unnoticed.
 */
export const WRAP_GROWTH_MAX = COUNTER_RANGE_32_BIT / 2

/** What a reading proves on top of what earlier ones have proved. */
export function prove(before: Highs, reading: Reading): Proved {
  if (isBeginning(reading)) return beginAgain(before, reading)
  const usage = { ...NOTHING_PROVED }
  const highs = { ...before }
  const verdicts = new Set<SeriesVerdict>()
  for (const name of COUNTER_NAMES) {
    const value = reading[name]
    if (value === null) continue
    const growth = growthOf(before[name], value, reading.traits)
    if (growth === null && reading.traits.resets === 'fall') return beginAgain(before, reading)
    if (growth === null) {
      verdicts.add('fall')
      continue
    }
    usage[name] = growth
    highs[name] += growth
    verdicts.add(value < before[name] && hasWrapped(before[name], highs[name]) ? 'wrap' : 'growth')
  }
  return { usage, highs, verdict: SERIES_VERDICTS.find((one) => verdicts.has(one)) ?? 'unknown' }
}

/** What each reading proves; given and returned in order of time. */
export function proveAll(before: Highs, readings: readonly Reading[]): Proved[] {
  let highs = before
  return readings.map((reading) => {
    const proved = prove(highs, reading)
    highs = proved.highs
    return proved
  })
}

export function sameCounters(a: Counters, b: Counters): boolean {
  return COUNTER_NAMES.every((name) => a[name] === b[name])
}

/**
 * When old readings are deleted, each series keeps its newest deleted one for this long, because late
 * readings are measured from it. No billing cycle is longer than a quarter.
 */
export const BASE_KEPT_SECONDS = 93 * DAY_SECONDS

/** The start of a session matters only if its source's counters can begin again. */
function isBeginning({ traits: { isStart = false, resets = 'never' } }: Reading): boolean {
  return isStart && resets !== 'never'
}

/**
 * One session holds all counters, so they begin together, including those that the record does not state.
 */
function beginAgain(before: Highs, reading: Reading): Proved {
  const values = counterValues<number | null>(reading)
  const usage: Counters = mapCounters((place) => values[place] ?? 0)
  return { usage, highs: usage, verdict: sameCounters(before, NOTHING_PROVED) ? 'growth' : 'reset' }
}

/** Null when the value is below what was proved. */
function growthOf(high: number, value: number, traits: ReadingTraits): number | null {
  if (!isPartOfRange(high, value, traits)) return value >= high ? value - high : null
  const low = high % COUNTER_RANGE_32_BIT
  const growth = (value - low + COUNTER_RANGE_32_BIT) % COUNTER_RANGE_32_BIT
  if (high + growth > Number.MAX_SAFE_INTEGER) return null
  // A counter hardly ever stands at exactly 0 after a wrap. One that its source has lost does.
  if (value === 0 && growth > 0 && traits.resets !== 'fall') return null
  if (growth <= WRAP_GROWTH_MAX) return growth
  // Before its first wrap, no counter stood higher than this.
  return value > low && (high < COUNTER_RANGE_32_BIT || traits.resets === 'fall') ? growth : null
}

function hasWrapped(before: number, after: number): boolean {
  return Math.floor(after / COUNTER_RANGE_32_BIT) > Math.floor(before / COUNTER_RANGE_32_BIT)
}

/** True if the value is the remainder of a larger counter divided by the range. */
function isPartOfRange(high: number, value: number, traits: ReadingTraits): boolean {
  if (value >= COUNTER_RANGE_32_BIT) return false
  return traits.is32Bit || (traits.mayLackGigawords === true && high >= COUNTER_RANGE_32_BIT)
}
