/**
 * A question about an account's usage, from whichever interface. `UsageQuery` is the question of the
 * compatible API; sums over any grouping of this one equal its sums.
 */
import type { CountryCode } from './country.ts'
import type { Sid } from './identifiers.ts'
import type { Plmn } from './plmn.ts'
import type { SimPlace } from './sim-group.ts'
import { DAY_SECONDS } from './time.ts'
import type { Zone } from './usage-event.ts'
import type { UsageSums } from './usage-query.ts'

/** What usage can be grouped by. A label is given by its key. */
export const USAGE_DIMENSIONS = [
  'sim',
  'group',
  'label',
  'zone',
  'country',
  'network',
  'feed',
] as const
export type UsageDimension = (typeof USAGE_DIMENSIONS)[number]

export const QUESTION_GRANULARITIES = ['hourly', 'daily', 'monthly', 'all'] as const
export type QuestionGranularity = (typeof QUESTION_GRANULARITIES)[number]

/** All given conditions must match. */
export interface UsageFilter {
  readonly simId?: number
  readonly groupId?: number
  readonly label?: { readonly key: string; readonly value: string }
  readonly zone?: Zone
  /** Null for usage whose country is not known. */
  readonly country?: CountryCode | null
  /** Null for usage whose network is not known. */
  readonly plmn?: Plmn | null
  readonly feedId?: number
}

export const QUESTION_ORDERS = [
  'start',
  '-start',
  'data',
  '-data',
  'commands',
  '-commands',
] as const
export type QuestionOrder = (typeof QUESTION_ORDERS)[number]

export interface UsageQuestion {
  readonly accountId: number
  /** UTC seconds, a whole hour, inclusive. */
  readonly start: number
  /** UTC seconds, a whole hour, exclusive. */
  readonly end: number
  readonly granularity: QuestionGranularity
  readonly filter: UsageFilter
  /** Each dimension at most once. */
  readonly groupBy: readonly UsageDimension[]
  /** For the dimension `label`. */
  readonly labelKey?: string
  /**
   * `start` sorts by the start of the bucket, then by the member; `data` and `commands` sort by the
   * total, then as `start`. A minus reverses the first key.
   */
  readonly order: QuestionOrder
}

/** The usage of one member in one bucket. Dimensions that were not asked for are undefined. */
export interface UsageMember extends UsageSums {
  /**
   * Start of the bucket; the question's start if it asks for `all`. It may lie before the question's
   * start.
   */
  readonly bucketStart: number
  readonly simId?: number
  readonly simSid?: Sid
  /** Null for SIMs that were in no group at the time. */
  readonly group?: SimPlace['group']
  /** The value; null for SIMs that had no such label at the time. */
  readonly label?: string | null
  readonly zone?: Zone
  readonly country?: CountryCode | null
  readonly plmn?: Plmn | null
  readonly feedId?: number
  readonly feedName?: string
}

export interface MemberPage {
  readonly limit: number
  /** The last member of the previous page. */
  readonly after?: UsageMember
}

/**
 * The longest question, in seconds, for which an account's whole ledger is read. Only its rows have the
 * network, the feed and the hours of a SIM's usage.
 */
export const LEDGER_QUESTION_MAX_SECONDS = 31 * DAY_SECONDS

/** Where the answer to a question is read from, cheapest first. */
export type QuestionSource = 'account totals' | 'SIM days' | 'ledger'

export function sourceOf({ filter, groupBy, granularity }: UsageQuestion): QuestionSource {
  const has = (dimension: UsageDimension) => groupBy.includes(dimension)
  const { simId, groupId, label, plmn, feedId } = filter
  const ofSims =
    has('sim') ||
    has('group') ||
    has('label') ||
    simId !== undefined ||
    groupId !== undefined ||
    label !== undefined
  if (has('feed') || feedId !== undefined) return 'ledger'
  if (!ofSims) return 'account totals'
  const needsNetwork = has('network') || plmn !== undefined
  return needsNetwork || granularity === 'hourly' ? 'ledger' : 'SIM days'
}

/** True if the ledger of more than one SIM would have to be read for longer than allowed. */
export function readsTooMuch(question: UsageQuestion): boolean {
  return (
    sourceOf(question) === 'ledger' &&
    question.filter.simId === undefined &&
    question.end - question.start > LEDGER_QUESTION_MAX_SECONDS
  )
}
