/** From the store's sums to the `commands` and `data` trees of usage records. */
import { countryCodeAlpha3 } from '../domain/country.ts'
import type { Bucket, UsageWindow } from '../domain/period.ts'
import { formatInstant } from '../domain/time.ts'
import type { UsageGroup, UsageSums } from '../domain/usage-query.ts'
import { buildUsageTree, type UsageTree } from '../domain/usage-tree.ts'
import type { UsageStore } from '../storage/usage-store.ts'
import type { CommandUsageOnWire, DataUsageOnWire } from './schemas/usage-record.ts'
import type { UsageSubject } from './usage-page.ts'

/** One question to the store for all buckets of the page. Empty buckets are absent. */
export async function groupsByBucket(
  store: Pick<UsageStore, 'queryUsage'>,
  window: UsageWindow,
  buckets: readonly Bucket[],
  { accountId, simId }: UsageSubject,
): Promise<ReadonlyMap<number, readonly UsageGroup[]>> {
  const found = new Map<number, UsageGroup[]>()
  const newest = buckets[0]
  const oldest = buckets.at(-1)
  if (newest === undefined || oldest === undefined) return found
  const { granularity } = window
  const whole = granularity === 'all'
  const start = Math.max(whole ? window.start : oldest.start, window.keptFrom)
  const end = whole ? window.end : newest.end
  if (start >= end) return found
  const scope = simId === null ? { accountId } : { simId }
  for (const group of await store.queryUsage({ scope, start, end, granularity })) {
    // The record of `all` states the period as asked, which retention may have cut short.
    const key = whole ? oldest.start : group.bucketStart
    const groups = found.get(key)
    if (groups === undefined) found.set(key, [group])
    else groups.push(group)
  }
  return found
}

const NO_GROUPS: readonly UsageGroup[] = []

/** What account and SIM records have in common; `groups` are those of the bucket. */
export function usageToApi(bucket: Bucket, groups: readonly UsageGroup[] = NO_GROUPS) {
  const tree = buildUsageTree(groups)
  return {
    period: { start: formatInstant(bucket.start), end: formatInstant(bucket.end) },
    commands: branches(tree, commandCounts) satisfies CommandUsageOnWire,
    data: branches(tree, dataCounts) satisfies DataUsageOnWire,
  }
}

function commandCounts({ toSim, fromSim }: UsageSums) {
  return { total: toSim + fromSim, to_sim: toSim, from_sim: fromSim }
}

function dataCounts({ download, upload }: UsageSums) {
  return { total: download + upload, download, upload, units: 'bytes' }
}

/**
 * Commands and data are trees of their own: a branch in which nothing of the one was used is null
 * or absent there, whatever was used of the other.
 */
function branches<Counts extends { readonly total: bigint }>(
  tree: UsageTree,
  countsOf: (sums: UsageSums) => Counts,
) {
  const branch = (sums: UsageSums): Counts | null => {
    const counts = countsOf(sums)
    return counts.total === 0n ? null : counts
  }
  const abroad: ({ country_code: string } & Counts)[] = []
  for (const { country, sums } of tree.internationalRoaming) {
    const counts = countsOf(sums)
    if (counts.total > 0n) abroad.push({ country_code: countryCodeAlpha3(country), ...counts })
  }
  return {
    ...countsOf(tree.total),
    home: branch(tree.home),
    national_roaming: branch(tree.nationalRoaming),
    international_roaming: abroad.sort(byCountryCode),
  }
}

function byCountryCode(a: { country_code: string }, b: { country_code: string }): number {
  return a.country_code < b.country_code ? -1 : 1
}
