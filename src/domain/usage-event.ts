/**
 * A usage event: a carrier's record once its SIM is known and its network classified. The rule for a
 * second record with the same identity is here too.
 */

import {
  COUNTER_NAMES,
  type CounterName,
  type Counters,
  countersIn,
  QUANTITIES,
} from './counters.ts'
import type { CountryCode } from './country.ts'
import type { Plmn } from './plmn.ts'

/** When a source's counters may begin again: never, only at a start, or whenever they fall. */
export const RESETS = ['never', 'start', 'fall'] as const
export type Resets = (typeof RESETS)[number]

/** How to read a reading. Omitted traits are false, and counters begin again `never` by default. */
export interface ReadingTraits {
  /** True if the source counts in 32 bits, so that a full counter continues from 0. */
  readonly is32Bit: boolean
  /** True if a counter below 2^32 may be the lower half of one whose upper half was left out. */
  readonly mayLackGigawords?: boolean
  readonly resets?: Resets
  /** True of the record that begins a session. */
  readonly isStart?: boolean
  /** Counters that the record does not state. */
  readonly unknown?: readonly CounterName[]
}

export const ZONES = ['home', 'national_roaming', 'international_roaming'] as const
export type Zone = (typeof ZONES)[number]

/** Where usage happened, and which parts of that the carrier stated. */
export interface Serving {
  /** As stated by the record; null when it states none. */
  readonly plmn: Plmn | null
  /** ISO 3166-1 alpha-2; null only when the feed's default zone stands in for an unknown network. */
  readonly country: CountryCode | null
  readonly zone: Zone
  /** True when the record states its country; false when it follows from the PLMN. */
  readonly countryStated: boolean
  /** True when the record states its zone; false when the account's home set or the feed decides it. */
  readonly zoneStated: boolean
}

/**
 * One row of the ledger. Its identity is SIM, `occurredAt`, feed and `recordId`. Partial records of one
 * session share an id but not a time, so they stay apart.
 */
export interface UsageEvent extends Counters {
  readonly simId: number
  readonly accountId: number
  /** Set for a SIM that has moved: since when the account of the time had it. */
  readonly heldSince?: number
  readonly recordId: string
  /** UTC seconds. */
  readonly occurredAt: number
  readonly serving: Serving
  /**
   * Null if the counters are usage. Otherwise they are what the counters of the series `recordId` stood
   * at, and `counter-series.ts` derives the usage. An unknown counter is 0 here.
   */
  readonly reading: ReadingTraits | null
  /** Line or position in the delivery, from 1; unique within the delivery. */
  readonly line: number
  /** The record as delivered, kept if the event is quarantined as a conflict. */
  readonly raw: string
}

/** A feed's answer to a record whose identity is stored with other content. */
export const CONFLICT_POLICIES = ['reject', 'replace', 'max'] as const
export type ConflictPolicy = (typeof CONFLICT_POLICIES)[number]

/** One version of an event: everything that can differ under the same identity. */
export interface EventVersion extends Counters {
  readonly serving: Serving
  /** Set for a reading. */
  readonly traits?: ReadingTraits
}

/**
 * True when two versions state the same. Derived values do not count: a repeated record stays a repeat
 * although the account's home networks, and with them its zone, have changed. What the feed says about
 * its source's counters does not count either.
 */
export function sameContent(a: EventVersion, b: EventVersion): boolean {
  return (
    COUNTER_NAMES.every((name) => a[name] === b[name]) &&
    traitsRank(a) === traitsRank(b) &&
    a.serving.plmn === b.serving.plmn &&
    a.serving.countryStated === b.serving.countryStated &&
    a.serving.zoneStated === b.serving.zoneStated &&
    (!a.serving.countryStated || a.serving.country === b.serving.country) &&
    (!a.serving.zoneStated || a.serving.zone === b.serving.zone)
  )
}

/**
 * What happens to a version that differs from the stored one. Under `replace`, a version that was stored
 * before and has been replaced is a repeat, so that delivering an old file again reverts nothing.
 */
export function resolveConflict(
  policy: ConflictPolicy,
  stored: EventVersion,
  incoming: EventVersion,
  wasReplacedBefore: () => boolean,
): 'duplicate' | 'replaced' | 'conflict' {
  if (sameContent(stored, incoming)) return 'duplicate'
  if (policy === 'reject') return 'conflict'
  if (policy === 'max') return compareVersions(incoming, stored) > 0 ? 'replaced' : 'duplicate'
  return wasReplacedBefore() ? 'duplicate' : 'replaced'
}

/**
 * The order of the `max` policy: the larger reading of a cumulative counter is the later one. It is a
 * total order over whole versions, ties included, so the order of arrival never matters.
 */
export function compareVersions(a: EventVersion, b: EventVersion): number {
  return (
    compareCounters(a, b) ||
    traitsRank(a) - traitsRank(b) ||
    compareText(servingKey(a.serving), servingKey(b.serving))
  )
}

/** What a record states besides its counters. Of two records, the one that states more is larger. */
function traitsRank({ traits }: EventVersion): number {
  if (traits === undefined) return 0
  const { isStart = false, unknown = [] } = traits
  const known = COUNTER_NAMES.filter((name) => !unknown.includes(name))
  const ofStart = 2 ** COUNTER_NAMES.length
  return known.reduce(
    (rank, name) => rank + 2 ** COUNTER_NAMES.indexOf(name),
    isStart ? ofStart : 0,
  )
}

const SUMMED = QUANTITIES.map((quantity) => countersIn(quantity).map(({ name }) => name))

/** By their total, then one by one. */
function compareCounters(a: Counters, b: Counters): number {
  for (const names of SUMMED) {
    const difference = sumOf(a, names) - sumOf(b, names)
    if (difference !== 0n) return difference > 0n ? 1 : -1
  }
  const differing = COUNTER_NAMES.find((name) => a[name] !== b[name])
  return differing === undefined ? 0 : a[differing] - b[differing]
}

/** Each number is a safe integer, but their sum need not be. */
function sumOf(counters: Counters, names: readonly CounterName[]): bigint {
  return names.reduce((sum, name) => sum + BigInt(counters[name]), 0n)
}

function servingKey(serving: Serving): string {
  const country = serving.countryStated ? serving.country : ''
  const zone = serving.zoneStated ? serving.zone : ''
  return `${serving.plmn ?? ''}|${country}|${zone}`
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
