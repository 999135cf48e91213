/**
 * Asks random questions about the usage of fleets and compares every answer with others that must agree: sums
 * over any grouping with the ungrouped number, in total and bucket by bucket; one member of a grouping with
 * the question that filters by it; and questions without groups, labels, networks or feeds with `queryUsage`.
 *
 *     node scripts/random-questions.ts                  1,000 questions, of a random store
 *     node scripts/random-questions.ts --seed 7 --questions 100
 *     node scripts/random-questions.ts --database sqlite:./data/simtally.db
 *
 * The last one asks an existing store and writes nothing. `--fill` first fills an empty one.
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Dice, diceOf } from '../src/cli/demo/dice.ts'
import { addCounters, counterValues } from '../src/domain/counters.ts'
import type { Account } from '../src/domain/directory.ts'
import { plus } from '../src/domain/sums.ts'
import { DAY_SECONDS, floorTo, HOUR_SECONDS } from '../src/domain/time.ts'
import { ZONES } from '../src/domain/usage-event.ts'
import { NO_USAGE, type UsageSums } from '../src/domain/usage-query.ts'
import {
  QUESTION_GRANULARITIES,
  QUESTION_ORDERS,
  readsTooMuch,
  sourceOf,
  USAGE_DIMENSIONS,
  type UsageFilter,
  type UsageMember,
  type UsageQuestion,
} from '../src/domain/usage-question.ts'
import { openStore } from '../src/storage/open-store.ts'
import type { UsageStore } from '../src/storage/usage-store.ts'
import { anyInstant, fillStore, RANDOM_NOW } from './random-fleet.ts'

export interface Outcome {
  /** How many were answered from which tables. */
  readonly answered: Record<string, number>
  readonly members: number
  /** How many were refused because they read too much. Each was asked again for fewer days. */
  readonly refused: number
}

export interface RandomAsking {
  readonly questions: number
  readonly seed: number
  /** UTC seconds: roughly the time at which the store is asked. */
  readonly now: number
}

/** Rejects with the question whose two answers disagree. */
export async function askRandomly(
  store: UsageStore,
  { questions, seed, now }: RandomAsking,
): Promise<Outcome> {
  const dice = diceOf(seed, 1)
  const fleets = await fleetsOf(store)
  const answered: Record<string, number> = {}
  let members = 0
  let refused = 0
  for (let i = 0; i < questions; i++) {
    let question = anyQuestion(dice, fleets[dice.below(fleets.length)]!, now)
    if (readsTooMuch(question)) {
      await assert.rejects(store.answerUsage(question, { limit: 1 }), { code: 'invalid' })
      refused++
      question = { ...question, start: Math.max(question.start, question.end - 31 * DAY_SECONDS) }
    }
    try {
      members += await compare(store, question, dice)
    } catch (error) {
      throw new Error(`question ${i} of seed ${seed}: ${JSON.stringify(question)}`, {
        cause: error,
      })
    }
    const source = sourceOf(question)
    answered[source] = (answered[source] ?? 0) + 1
  }
  return { answered, members, refused }
}

/** What questions can name of an account. */
interface Fleet {
  readonly account: Account
  readonly filters: readonly UsageFilter[]
  readonly labelKeys: readonly string[]
}

/** Questions name at most this many of each kind. */
const NAMED_MAX = 1_000

async function fleetsOf(store: UsageStore): Promise<Fleet[]> {
  const feeds = await store.listFeeds()
  const fleets: Fleet[] = []
  const everySim = await store.listSims({}, { limit: NAMED_MAX })
  for (const account of await store.listAccounts()) {
    const accountId = account.id
    const sims = await store.listSims({ accountId }, { limit: NAMED_MAX })
    const groups = await store.listGroups({ accountId }, { limit: NAMED_MAX })
    const networks = await store.listUsedNetworks(accountId)
    if (networks.length === 0) continue
    const places = await store.simPlaces(sims.map(({ id }) => id))
    const labels = [...places.values()].flatMap(({ labels }) =>
      Object.entries(labels).map(([key, value]) => ({ key, value })),
    )
    const held = []
    for (const { sid } of everySim) held.push(await store.findHeldSim(accountId, sid))
    const filters: UsageFilter[] = [
      ...held.flatMap((sim) => (sim === null ? [] : [{ simId: sim.id }])),
      ...groups.map(({ id }) => ({ groupId: id })),
      ...labels.map((label) => ({ label })),
      ...ZONES.map((zone) => ({ zone })),
      ...networks.flatMap(({ plmn, country }) => [{ plmn }, { country }]),
      ...feeds.map(({ id }) => ({ feedId: id })),
    ]
    const labelKeys = [...new Set([...labels.map(({ key }) => key), 'nothing'])]
    fleets.push({ account, filters, labelKeys })
  }
  assert.ok(
    fleets.length > 0,
    'there is no usage in the store; --fill puts random usage into an empty one',
  )
  return fleets
}

function anyQuestion(
  dice: Dice,
  { account, filters, labelKeys }: Fleet,
  now: number,
): UsageQuestion {
  const groupBy = USAGE_DIMENSIONS.filter(() => dice.chance(300))
  const kinds = dice.chance(400) ? [] : Array.from({ length: 1 + dice.below(2) })
  const filter: UsageFilter = Object.assign(
    {},
    ...kinds.map(() => filters[dice.below(filters.length)]!),
  )
  const granularity = QUESTION_GRANULARITIES[dice.below(QUESTION_GRANULARITIES.length)]!
  const [a, b] = [anyInstant(dice, now), anyInstant(dice, now)].sort((a, b) => a - b) as [
    number,
    number,
  ]
  const unit = dice.chance(500) ? HOUR_SECONDS : DAY_SECONDS
  const start = floorTo(a, unit)
  return {
    accountId: account.id,
    start,
    end: Math.max(start + HOUR_SECONDS, floorTo(b, unit)),
    granularity,
    filter,
    groupBy,
    ...(groupBy.includes('label') && { labelKey: labelKeys[dice.below(labelKeys.length)]! }),
    order: QUESTION_ORDERS[dice.below(QUESTION_ORDERS.length)]!,
  }
}

/** Returns the number of compared members. */
async function compare(store: UsageStore, question: UsageQuestion, dice: Dice): Promise<number> {
  const pageSize = [1, 7, 100, LARGE_PAGE][dice.below(4)]!
  const members = await allMembers(store, question, pageSize)
  const keys = members.map((member) => keyOf(question, member))
  assert.equal(new Set(keys).size, keys.length, 'a member comes twice')
  assertOrder(question, members)

  const { labelKey: _, ...ungrouped } = { ...question, groupBy: [], order: 'start' as const }
  const buckets = await allMembers(store, ungrouped, LARGE_PAGE)
  assertSame(byBucket(members), byBucket(buckets), 'grouped and ungrouped, bucket by bucket')
  const whole = await allMembers(store, { ...ungrouped, granularity: 'all' }, LARGE_PAGE)
  assertSame([['', sumOf(members)]], [['', sumOf(whole)]], 'buckets and the whole')
  await compareWithUsageRecords(store, ungrouped, buckets)
  const picked = members[dice.below(Math.max(1, members.length))]
  if (picked !== undefined) await compareMember(store, question, members, picked)
  return members.length
}

/** Small pages can show rows lost or repeated between pages. A large store is read in large pages. */
const SMALL_PAGES_MAX = 20
const LARGE_PAGE = 5_000

async function allMembers(
  store: UsageStore,
  question: UsageQuestion,
  pageSize: number,
): Promise<UsageMember[]> {
  const members: UsageMember[] = []
  let after: UsageMember | undefined
  for (let count = 0; ; count++) {
    const limit = count < SMALL_PAGES_MAX ? pageSize : LARGE_PAGE
    const page = await store.answerUsage(question, { limit, ...(after !== undefined && { after }) })
    for (const member of page) members.push(member)
    if (page.length < limit) return members
    after = page.at(-1)
  }
}

function keyOf({ groupBy }: UsageQuestion, member: UsageMember): string {
  const { bucketStart, simSid, group, label, zone, country, plmn, feedName } = member
  const names = {
    ...{ sim: simSid, group: group === null ? null : group?.sid, label, zone, country },
    ...{ network: plmn, feed: feedName },
  }
  return JSON.stringify([bucketStart, ...groupBy.map((dimension) => names[dimension] ?? null)])
}

function assertOrder({ order }: UsageQuestion, members: readonly UsageMember[]): void {
  const by = order.replace('-', '')
  const sortedBy = ({ bucketStart, upload, download, toSim, fromSim }: UsageMember) => {
    if (by === 'start') return BigInt(bucketStart)
    return by === 'data' ? plus(upload, download) : plus(toSim, fromSim)
  }
  const values = members.map(sortedBy)
  const isSorted = values.every(
    (value, i) =>
      i === 0 || (order.startsWith('-') ? value <= values[i - 1]! : value >= values[i - 1]!),
  )
  assert.ok(isSorted, `not in the order ${order}`)
}

type Sums = readonly (readonly [bucket: string, sums: UsageSums])[]

function assertSame(actual: Sums, expected: Sums, what: string): void {
  assert.deepEqual(actual.map(withoutNothing), expected.map(withoutNothing), what)
}

/** Only the sums, as text, without the rest of a member. */
function withoutNothing([bucket, sums]: Sums[number]): string {
  return [bucket, ...counterValues(sums)].join(' ')
}

function sumOf(members: readonly UsageSums[]): UsageSums {
  return members.reduce(addCounters, NO_USAGE)
}

function byBucket(members: readonly (UsageSums & { readonly bucketStart: number })[]): Sums {
  const sums = new Map<number, UsageSums>()
  for (const member of members) {
    const { bucketStart } = member
    sums.set(bucketStart, addCounters(sums.get(bucketStart) ?? NO_USAGE, member))
  }
  return [...sums]
    .filter(([, sums]) => counterValues(sums).some((sum) => sum > 0n))
    .sort(([a], [b]) => a - b)
    .map(([bucket, sum]) => [String(bucket), sum])
}

/** As far as usage records can answer the same: an account or a SIM, by zone and country. */
async function compareWithUsageRecords(
  store: UsageStore,
  { accountId, start, end, granularity, filter }: UsageQuestion,
  buckets: readonly UsageMember[],
): Promise<void> {
  const { simId, zone, country, ...others } = filter
  if (Object.keys(others).length > 0 || granularity === 'monthly') return
  const scope = simId === undefined ? { accountId } : { simId, accountId }
  const groups = await store.queryUsage({ scope, start, end, granularity })
  const wanted = groups.filter(
    (group) =>
      (zone === undefined || group.zone === zone) &&
      (country === undefined || group.country === country),
  )
  assertSame(byBucket(buckets), byBucket(wanted), 'members and usage records')
}

/** The members of one SIM, group and so on must be the answer to the question for these alone. */
async function compareMember(
  store: UsageStore,
  question: UsageQuestion,
  members: readonly UsageMember[],
  picked: UsageMember,
): Promise<void> {
  const { groupBy, labelKey, filter } = question
  const { simId, group, label, zone, country, plmn, feedId } = picked
  // No question can ask for SIMs without a group or a label.
  if (groupBy.includes('group') && group === null) return
  if (groupBy.includes('label') && label === null) return
  if (labelKey !== undefined && filter.label !== undefined && filter.label.key !== labelKey) return
  const own: UsageFilter = {
    ...(groupBy.includes('sim') && { simId: simId! }),
    ...(groupBy.includes('group') && { groupId: group!.id }),
    ...(groupBy.includes('label') && { label: { key: labelKey!, value: label! } }),
    ...(groupBy.includes('zone') && { zone: zone! }),
    ...(groupBy.includes('country') && { country: country ?? null }),
    ...(groupBy.includes('network') && { plmn: plmn ?? null }),
    ...(groupBy.includes('feed') && { feedId: feedId! }),
  }
  const { labelKey: _, ...rest } = question
  const alone: UsageQuestion = {
    ...rest,
    ...{ filter: { ...filter, ...own }, groupBy: [], order: 'start' },
  }
  if (readsTooMuch(alone)) return
  const key = keyOf(question, { ...picked, bucketStart: 0 })
  const same = members.filter((member) => keyOf(question, { ...member, bucketStart: 0 }) === key)
  const answered = await allMembers(store, alone, LARGE_PAGE)
  assertSame(byBucket(same), byBucket(answered), `a member and ${JSON.stringify(own)} alone`)
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      database: { type: 'string' },
      fill: { type: 'boolean', default: false },
      questions: { type: 'string', default: '1000' },
      seed: { type: 'string', default: '20261128' },
    },
  })
  const [questions, seed] = [Number(values.questions), Number(values.seed)]
  const dir = values.database === undefined ? await mkdtemp(join(tmpdir(), 'simtally-')) : null
  const url = values.database ?? `sqlite:${join(dir!, 'simtally.db')}`
  const isFilled = dir !== null || values.fill
  const store = await openStore(url, { create: isFilled })
  try {
    if (isFilled) await fillStore(store, seed)
    const startedAt = performance.now()
    const now = isFilled ? RANDOM_NOW : Math.floor(Date.now() / 1_000)
    const { answered, members, refused } = await askRandomly(store, { questions, seed, now })
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
    process.stdout.write(
      `${questions} questions of seed ${seed}, ${members} members, all sums agree, in ${seconds} s\n` +
        `answered from ${JSON.stringify(answered)}; ${refused} refused first, as too long\n`,
    )
  } finally {
    await store.close()
    if (dir !== null) await rm(dir, { recursive: true, force: true })
  }
}

// Tests load this file without asking anything.
if (import.meta.main) main()
