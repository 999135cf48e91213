/** Puts an answer that was read in parts together again. */

import { addCounters } from '../../domain/counters.ts'
import type { CountryCode } from '../../domain/country.ts'
import { ZONES } from '../../domain/usage-event.ts'
import type { UsageGroup, UsageQuery } from '../../domain/usage-query.ts'

/** Parts of the query's period, each of which may begin in the middle of a bucket. */
export function ofParts(
  { granularity, start }: Pick<UsageQuery, 'granularity' | 'start'>,
  parts: readonly (readonly UsageGroup[])[],
): UsageGroup[] {
  const groups = parts.flat()
  const asAsked =
    granularity === 'all' ? groups.map((group) => ({ ...group, bucketStart: start })) : groups
  return inOrder(addedUp(asAsked))
}

/** One group per bucket, zone and country. */
export function addedUp(groups: readonly UsageGroup[]): UsageGroup[] {
  const byKey = new Map<string, UsageGroup>()
  for (const group of groups) {
    const key = `${group.bucketStart} ${group.zone} ${group.country}`
    const sums = byKey.get(key)
    byKey.set(key, sums === undefined ? group : { ...group, ...addCounters(sums, group) })
  }
  return [...byKey.values()]
}

export function inOrder(groups: UsageGroup[]): UsageGroup[] {
  return groups.sort(
    (a, b) =>
      a.bucketStart - b.bucketStart ||
      ZONES.indexOf(a.zone) - ZONES.indexOf(b.zone) ||
      compareCountries(a.country, b.country),
  )
}

function compareCountries(a: CountryCode | null, b: CountryCode | null): number {
  return (a ?? '') < (b ?? '') ? -1 : (a ?? '') > (b ?? '') ? 1 : 0
}
