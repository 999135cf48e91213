/**
 * Questions about a fleet, answered by going through every event, as a reference for the store's answers.
 * Written from the documented rules, on plain lists.
 */
import type { UsageMember, UsageQuestion } from '../../src/domain/usage-question.ts'

export interface ModelEvent {
  readonly simId: number
  readonly at: number
  readonly feedId: number
  readonly zone: 'home' | 'national_roaming' | 'international_roaming'
  readonly country: string | null
  readonly plmn: string | null
  /** True if the record itself states its zone. */
  readonly zoneStated: boolean
  readonly upload: number
  readonly download: number
  readonly toSim: number
  readonly fromSim: number
}

/** A change of a SIM's group (`key` null, `value` its id) or of a label. */
export interface ModelChange {
  readonly simId: number
  readonly key: string | null
  readonly value: number | string | null
  readonly at: number
}

/** From an instant on, the SIM belongs to the account. */
export interface ModelMove {
  readonly simId: number
  readonly accountId: number
  readonly at: number
}

/** The account that has a SIM at an instant: by its last move before that, or else its first one. */
export function ownerAt(
  moves: readonly ModelMove[],
  { simId, at, first }: { simId: number; at: number; first: number },
): number {
  const before = moves.filter((move) => move.simId === simId && move.at <= at)
  return before.reduce((last, move) => (move.at >= last.at ? move : last), {
    ...{ simId, accountId: first, at: Number.NEGATIVE_INFINITY },
  }).accountId
}

/** What holds for a SIM's group and labels once it has moved: nothing from then on. */
export function changesAfterMove(
  changes: readonly ModelChange[],
  { simId, at }: ModelMove,
): ModelChange[] {
  const kept = changes.filter((change) => change.simId !== simId || change.at < at)
  const keys = new Set(changes.map(({ key }) => key))
  return [...kept, ...[...keys].map((key) => ({ simId, key, at, value: null }))]
}

/**
 * The value that holds at an instant: of the last change before it, and among simultaneous ones, the one
 * made later.
 */
function heldAt(changes: readonly ModelChange[], simId: number, key: string | null, at: number) {
  let held: ModelChange | null = null
  for (const change of changes) {
    if (change.simId !== simId || change.key !== key || change.at > at) continue
    if (held === null || change.at >= held.at) held = change
  }
  return held?.value ?? null
}

/** Networks and countries, of an account or of a SIM. */
export interface ModelHome {
  readonly plmns: readonly string[]
  readonly countries: readonly string[]
}

/** In the zone by the home sets: the SIM's own if it has one, part by part. */
export function reclassified(
  event: ModelEvent,
  homes: readonly (ModelHome | undefined)[],
): ModelEvent {
  const plmns = homes.find((home) => home?.plmns.length)?.plmns ?? []
  const countries = homes.find((home) => home?.countries.length)?.countries ?? []
  if (event.zoneStated) return event
  if (plmns.includes(event.plmn!)) return { ...event, zone: 'home' }
  const isNational = countries.includes(event.country!)
  return { ...event, zone: isNational ? 'national_roaming' : 'international_roaming' }
}

function bucketOf(at: number, { granularity, start }: UsageQuestion): number {
  const date = new Date(at * 1_000)
  if (granularity === 'all') return start
  if (granularity === 'hourly') date.setUTCMinutes(0, 0, 0)
  else date.setUTCHours(0, 0, 0, 0)
  if (granularity === 'monthly') date.setUTCDate(1)
  return date.getTime() / 1_000
}

/** One line per member, in any order: bucket, the values of the dimensions, and the sums. */
export function expectedMembers(
  question: UsageQuestion,
  events: readonly ModelEvent[],
  changes: readonly ModelChange[],
): string[] {
  const { filter, groupBy, labelKey, start, end } = question
  const sums = new Map<string, [bigint, bigint, bigint, bigint]>()
  for (const event of events) {
    const { simId, at, feedId, zone, country, plmn } = event
    if (at < start || at >= end) continue
    const group = heldAt(changes, simId, null, at)
    const fits =
      (filter.simId === undefined || filter.simId === simId) &&
      (filter.groupId === undefined || filter.groupId === group) &&
      (filter.label === undefined ||
        filter.label.value === heldAt(changes, simId, filter.label.key, at)) &&
      (filter.zone === undefined || filter.zone === zone) &&
      (filter.country === undefined || filter.country === country) &&
      (filter.plmn === undefined || filter.plmn === plmn) &&
      (filter.feedId === undefined || filter.feedId === feedId)
    if (!fits) continue
    const member = groupBy.map((dimension) => {
      if (dimension === 'sim') return simId
      if (dimension === 'group') return group
      if (dimension === 'label') return heldAt(changes, simId, labelKey!, at)
      if (dimension === 'zone') return zone
      if (dimension === 'country') return country
      return dimension === 'network' ? plmn : feedId
    })
    const key = JSON.stringify([bucketOf(at, question), ...member])
    const sum = sums.get(key) ?? [0n, 0n, 0n, 0n]
    const counters = [event.upload, event.download, event.toSim, event.fromSim]
    sums.set(key, sum.map((value, i) => value + BigInt(counters[i]!)) as typeof sum)
  }
  return [...sums]
    .filter(([, sum]) => sum.some((value) => value > 0n))
    .map(([key, sum]) => `${key} ${sum.join('/')}`)
}

/** A member of an answer as such a line. */
export function memberLine(question: UsageQuestion, member: UsageMember): string {
  const told = question.groupBy.map((dimension) => {
    if (dimension === 'sim') return member.simId
    if (dimension === 'group') return member.group?.id ?? null
    if (dimension === 'label') return member.label
    if (dimension === 'zone') return member.zone
    if (dimension === 'country') return member.country
    return dimension === 'network' ? member.plmn : member.feedId
  })
  const { bucketStart, upload, download, toSim, fromSim } = member
  return `${JSON.stringify([bucketStart, ...told])} ${upload}/${download}/${toSim}/${fromSim}`
}
