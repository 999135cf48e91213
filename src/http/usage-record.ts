/** From the store's sums to usage records, with their `commands` and `data` trees. */
import { countryCodeAlpha3 } from '../domain/country.ts'
import type { Bucket, UsageWindow } from '../domain/period.ts'
import { formatInstant } from '../domain/time.ts'
import type { UsageGroup, UsageSums } from '../domain/usage-query.ts'
import { buildUsageTree, type UsageTree } from '../domain/usage-tree.ts'
import type { UsageStore } from '../storage/usage-store.ts'
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
  const scope = simId === null ? { accountId } : { simId, accountId }
  for (const group of await store.queryUsage({ scope, start, end, granularity })) {
    // The record of `all` states the period as asked, which retention may have cut short.
    const key = whole ? oldest.start : group.bucketStart
    const groups = found.get(key)
    if (groups === undefined) found.set(key, [group])
    else groups.push(group)
  }
  return found
}

/** What stands for a branch in which nothing was used. */
export const EMPTY_BRANCHES = ['null', 'zero'] as const
export type EmptyBranches = (typeof EMPTY_BRANCHES)[number]

export function isEmptyBranches(text: string): text is EmptyBranches {
  return (EMPTY_BRANCHES as readonly string[]).includes(text)
}

const NO_GROUPS: readonly UsageGroup[] = []

/** The fields of a record that say whose usage it is, to be handed to `usageRecordJson`. */
export function ownerJson(owner: { account_sid: string; sim_sid?: string }): string {
  return JSON.stringify(owner).slice(1, -1)
}

/**
 * A usage record as JSON text, with exact numbers; `groups` are those of the bucket. What a
 * serializer makes of objects, this writes at once: records are most of what is ever answered, and
 * making the objects took a fifth of an answer's time.
 */
export function usageRecordJson(
  owner: string,
  bucket: Bucket,
  groups: readonly UsageGroup[] = NO_GROUPS,
  empty: EmptyBranches = 'null',
): string {
  const tree = buildUsageTree(groups)
  const abroad = tree.internationalRoaming
    .map(({ country, sums }) => ({ code: countryCodeAlpha3(country), sums }))
    .sort((a, b) => (a.code < b.code ? -1 : 1))
  const branches = { tree, abroad, empty }
  const start = formatInstant(bucket.start)
  const end = formatInstant(bucket.end)
  return (
    `{${owner},"period":{"start":"${start}","end":"${end}"},` +
    `"commands":${branchesJson(branches, commandTotal, commandFields)},` +
    `"data":${branchesJson(branches, dataTotal, dataFields)}}`
  )
}

interface Branches {
  readonly tree: UsageTree
  readonly abroad: readonly { readonly code: string; readonly sums: UsageSums }[]
  readonly empty: EmptyBranches
}

const commandTotal = ({ toSim, fromSim }: UsageSums) => toSim + fromSim
const dataTotal = ({ download, upload }: UsageSums) => download + upload

function commandFields({ toSim, fromSim }: UsageSums, total: bigint): string {
  return `"total":${total},"to_sim":${toSim},"from_sim":${fromSim}`
}

function dataFields({ download, upload }: UsageSums, total: bigint): string {
  return `"total":${total},"download":${download},"upload":${upload},"units":"bytes"`
}

/**
 * Commands and data are trees of their own: a branch in which nothing of the one was used is empty
 * or absent there, whatever was used of the other.
 */
function branchesJson(
  { tree: { total, home, nationalRoaming }, abroad, empty }: Branches,
  totalOf: (sums: UsageSums) => bigint,
  fieldsOf: (sums: UsageSums, total: bigint) => string,
): string {
  const branch = (sums: UsageSums): string => {
    const used = totalOf(sums)
    return used === 0n && empty === 'null' ? 'null' : `{${fieldsOf(sums, used)}}`
  }
  let countries = ''
  for (const { code, sums } of abroad) {
    const used = totalOf(sums)
    if (used === 0n) continue
    countries += `${countries === '' ? '' : ','}{"country_code":"${code}",${fieldsOf(sums, used)}}`
  }
  return (
    `{${fieldsOf(total, totalOf(total))},"home":${branch(home)},` +
    `"national_roaming":${branch(nationalRoaming)},"international_roaming":[${countries}]}`
  )
}
