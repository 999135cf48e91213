/**
 * Converts between rows of readings and the domain's values: how to read a reading, and what it proves.
 */
import {
  type Highs,
  type Reading,
  SERIES_VERDICTS,
  type SeriesVerdict,
} from '../../domain/counter-series.ts'
import {
  COUNTER_NAMES,
  type Counters,
  countersOf,
  counterValues,
  mapCounters,
} from '../../domain/counters.ts'
import type { ReadingTraits } from '../../domain/usage-event.ts'
import { COUNTER_COLUMNS, countersFromRow } from '../counter-columns.ts'
import type { Row } from '../rows.ts'
import { columnsNamed } from '../tables.ts'

const OF_A_READING = 4
const OF_32_BITS = 8
export const OF_A_START = 16
const RESETS_AT_START = 32
const RESETS_AT_FALL = 64
const LACKS_GIGAWORDS = 128
/** The bit of the first counter; those of the others follow. */
const UNKNOWN = 256
/** The lower bits hold the row's serving. */
const OF_READINGS = ~(OF_A_READING - 1)

/** There are at most 512. */
const KNOWN_TRAITS = new Map<number, ReadingTraits>()

export function isOfReading(stated: number): boolean {
  return (stated & OF_A_READING) !== 0
}

/** What a row says about a reading, as `reading.traits` and part of `stated`; never 0. */
export function traitsToBits(traits: ReadingTraits): number {
  const { is32Bit, mayLackGigawords, resets, isStart, unknown = [] } = traits
  return (
    OF_A_READING |
    (is32Bit ? OF_32_BITS : 0) |
    (isStart === true ? OF_A_START : 0) |
    (resets === 'start' ? RESETS_AT_START : resets === 'fall' ? RESETS_AT_FALL : 0) |
    (mayLackGigawords === true ? LACKS_GIGAWORDS : 0) |
    unknown.reduce((bits, name) => bits | (UNKNOWN << COUNTER_NAMES.indexOf(name)), 0)
  )
}

/** Equal bits give the same object. */
export function traitsFromBits(bits: number): ReadingTraits {
  const ofReading = bits & OF_READINGS
  let traits = KNOWN_TRAITS.get(ofReading)
  if (traits === undefined) {
    const has = (bit: number) => (bits & bit) !== 0
    const unknown = COUNTER_NAMES.filter((_, i) => has(UNKNOWN << i))
    traits = {
      is32Bit: has(OF_32_BITS),
      ...(has(LACKS_GIGAWORDS) && { mayLackGigawords: true }),
      ...(has(RESETS_AT_START) && { resets: 'start' as const }),
      ...(has(RESETS_AT_FALL) && { resets: 'fall' as const }),
      ...(has(OF_A_START) && { isStart: true }),
      ...(unknown.length > 0 && { unknown }),
    }
    KNOWN_TRAITS.set(ofReading, traits)
  }
  return traits
}

/** From counters as delivered and kept, in which unknown ones are 0. */
export function readingOf(counters: Counters, traits: ReadingTraits): Reading {
  const { unknown } = traits
  const reading = { ...countersOf(counters), traits }
  if (unknown === undefined) return reading
  return { ...reading, ...Object.fromEntries(unknown.map((name) => [name, null])) }
}

/** A stored reading, with what it was found to prove. */
export interface KeptReading {
  readonly reading: Reading
  readonly highs: Highs
  readonly verdict: SeriesVerdict
}

export const READING_KEY = ['sim_id', 'feed_id', 'record_id', 'occurred_at'] as const
export const READ_COLUMNS = columnsNamed('reading').slice(READING_KEY.length)

/** Values of `READ_COLUMNS`. */
export function keptReadingToRow({ reading, highs, verdict }: KeptReading) {
  return [
    ...counterValues<number | null>(reading),
    ...counterValues(highs),
    traitsToBits(reading.traits),
    SERIES_VERDICTS.indexOf(verdict),
  ] as const
}

/** From a row of `reading`, whose integers may be bigints. */
export function keptReadingFromRow(row: Row): KeptReading {
  const known = (value: unknown) => (value === null ? null : Number(value))
  return {
    reading: {
      ...mapCounters((place) => known(row[COUNTER_COLUMNS[place]!])),
      traits: traitsFromBits(Number(row.traits)),
    },
    highs: countersFromRow(row, 'high_'),
    verdict: SERIES_VERDICTS[Number(row.verdict)]!,
  }
}

/** The counters as read, with 0 for unknown ones, as a version has them. */
export function countersRead(reading: Reading): Counters {
  const values = counterValues<number | null>(reading)
  return mapCounters((place) => values[place] ?? 0)
}
