/** What can be asked of the ledger, and the sums it answers with. */
import { type EachCounter, mapCounters } from './counters.ts'
import type { CountryCode } from './country.ts'
import type { Sum } from './sums.ts'
import type { Zone } from './usage-event.ts'

export const GRANULARITIES = ['hourly', 'daily', 'all'] as const
export type Granularity = (typeof GRANULARITIES)[number]

/** A SIM's usage; if an account is given, only while it had the SIM. */
export interface SimScope {
  readonly simId: number
  readonly accountId?: number
}

export interface UsageQuery {
  readonly scope: SimScope | { readonly accountId: number }
  /** UTC seconds, inclusive; a whole hour for an account. It may cut the first bucket short. */
  readonly start: number
  /** UTC seconds, exclusive; a whole hour for an account. */
  readonly end: number
  readonly granularity: Granularity
}

export type UsageSums = EachCounter<Sum>

/** The usage of one bucket in one zone and country. */
export interface UsageGroup extends UsageSums {
  /** Start of the bucket; the query's start if it asks for `all`. */
  readonly bucketStart: number
  readonly zone: Zone
  readonly country: CountryCode | null
}

export const NO_USAGE: UsageSums = mapCounters(() => 0)
