/** Turns the store's sums into usage records, with their `commands` and `data` trees. */
import { countryCodeAlpha3 } from '../domain/country.ts'
import type { Bucket, UsageWindow } from '../domain/period.ts'
import { plus, type Sum } from '../domain/sums.ts'
import { formatInstant } from '../domain/time.ts'
import type { UsageGroup, UsageSums } from '../domain/usage-query.ts'
import { buildUsageTree, type UsageTree } from '../domain/usage-tree.ts'
import type { UsageStore } from '../storage/usage-store.ts'
import type { UsageSubject } from './usage-page.ts'

/** Asks the store one question for all buckets of the page. Empty buckets are absent. */
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
    // The record of `all` states the requested period, which retention may have cut short.
    const key = whole ? oldest.start : group.bucketStart
    const groups = found.get(key)
    if (groups === undefined) found.set(key, [group])
    else groups.push(group)
  }
  return found
}

/** What takes the place of a branch without usage. */
export const EMPTY_BRANCHES = ['null', 'zero'] as const
export type EmptyBranches = (typeof EMPTY_BRANCHES)[number]

export function isEmptyBranches(text: string): text is EmptyBranches {
  return (EMPTY_BRANCHES as readonly string[]).includes(text)
}

const NO_GROUPS: readonly UsageGroup[] = []

/** The fields of a record that say whose usage it is, as `usageRecordJson` takes them. */
export function ownerJson(owner: { account_sid: string; sim_sid?: string }): string {
  return JSON.stringify(owner).slice(1, -1)
}

/**
 * A usage record as JSON text, with exact numbers; `groups` are those of the bucket. Writes the text directly
 * instead of objects for a serializer: most answers consist of records, and making the objects took a fifth
 * of an answer's time.
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
    `"commands":${branchesJson(branches, COMMANDS)},"data":${branchesJson(branches, DATA)}}`
  )
}

interface Branches {
  readonly tree: UsageTree
  readonly abroad: readonly { readonly code: string; readonly sums: UsageSums }[]
  readonly empty: EmptyBranches
}

/** One of the two trees. */
interface Kind {
  readonly totalOf: (sums: UsageSums) => Sum
  readonly fieldsOf: (sums: UsageSums, total: Sum) => string
  /** The tree without any usage. Many SIMs send no Commands, and many hours have nothing at all. */
  readonly nothing: Readonly<Record<EmptyBranches, string>>
}

function kindOf({ totalOf, fieldsOf }: Omit<Kind, 'nothing'>): Kind {
  const nothing = (empty: EmptyBranches) =>
    branchesText({ tree: buildUsageTree([]), abroad: [], empty }, { totalOf, fieldsOf })
  return { totalOf, fieldsOf, nothing: { null: nothing('null'), zero: nothing('zero') } }
}

const COMMANDS = kindOf({
  totalOf: ({ toSim, fromSim }) => plus(toSim, fromSim),
  fieldsOf: ({ toSim, fromSim }, total) =>
    `"total":${total},"to_sim":${toSim},"from_sim":${fromSim}`,
})
const DATA = kindOf({
  totalOf: ({ download, upload }) => plus(download, upload),
  fieldsOf: ({ download, upload }, total) =>
    `"total":${total},"download":${download},"upload":${upload},"units":"bytes"`,
})

/**
 * Commands and data are separate trees: a branch without usage of one is empty or absent in its tree,
 * whatever the other used there.
 */
function branchesJson(branches: Branches, kind: Kind): string {
  const isNothing = kind.totalOf(branches.tree.total) === 0
  return isNothing ? kind.nothing[branches.empty] : branchesText(branches, kind)
}

function branchesText(
  { tree: { total, home, nationalRoaming }, abroad, empty }: Branches,
  { totalOf, fieldsOf }: Omit<Kind, 'nothing'>,
): string {
  const branch = (sums: UsageSums): string => {
    const used = totalOf(sums)
    return used === 0 && empty === 'null' ? 'null' : `{${fieldsOf(sums, used)}}`
  }
  let countries = ''
  for (const { code, sums } of abroad) {
    const used = totalOf(sums)
    if (used === 0) continue
    countries += `${countries === '' ? '' : ','}{"country_code":"${code}",${fieldsOf(sums, used)}}`
  }
  return (
    `{${fieldsOf(total, totalOf(total))},"home":${branch(home)},` +
    `"national_roaming":${branch(nationalRoaming)},"international_roaming":[${countries}]}`
  )
}
