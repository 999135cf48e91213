/** Page tokens of questions about a fleet: the question, its window, and where the next page begins. */
import { COUNTERS, type CounterValues, counterValues, mapCounters } from '../domain/counters.ts'
import type { CountryCode } from '../domain/country.ts'
import type { Sid } from '../domain/identifiers.ts'
import type { Plmn } from '../domain/plmn.ts'
import { groupByText, parseGroupBy } from '../domain/question-text.ts'
import { parseLabel } from '../domain/sim-group.ts'
import type { Zone } from '../domain/usage-event.ts'
import {
  QUESTION_GRANULARITIES,
  QUESTION_ORDERS,
  type UsageDimension,
  type UsageFilter,
  type UsageMember,
  type UsageQuestion,
} from '../domain/usage-question.ts'
import { fingerprint, invalidPageToken, type TokenPayload } from './page-token.ts'
import type { QuestionPage, QuestionQuery } from './question-page.ts'

/** Names the layout of the payload. Another layout needs another name. */
export const QUESTION_TOKEN_KIND = 'question1'

const FILTERS = [
  ...['Start', 'End', 'Granularity', 'GroupBy', 'Sim', 'Group', 'Label', 'Zone', 'Country'],
  ...['Network', 'Feed', 'Order'],
] as const

/** One fingerprint per parameter, empty for a parameter that was not given. */
export function printsOf(query: QuestionQuery): string {
  const given = query as Readonly<Record<string, string | undefined>>
  return FILTERS.map((name) => fingerprint(given[name]) ?? '').join(' ')
}

type WindowValues = readonly [
  statedStart: number,
  statedEnd: number,
  start: number,
  end: number,
  keptFrom: number,
  beyondRetention: number,
]

type QuestionValues = readonly [
  granularity: number,
  order: number,
  groupBy: string,
  simId: number | null,
  groupId: number | null,
  label: string | null,
  zone: string | null,
  country: string | null,
  plmn: string | null,
  feedId: number | null,
]

type MemberNames = readonly [
  simId: number | null,
  simSid: string | null,
  groupId: number | null,
  groupSid: string | null,
  groupName: string | null,
  label: string | null,
  zone: string | null,
  country: string | null,
  plmn: string | null,
  feedId: number | null,
  feedName: string | null,
]

type MemberValues = readonly [bucketStart: number, ...sums: CounterValues<string>, ...MemberNames]

type QuestionToken = readonly [
  kind: typeof QUESTION_TOKEN_KIND,
  accountId: number,
  page: number,
  pageSize: number,
  prints: string,
  ...WindowValues,
  ...QuestionValues,
  ...MemberValues,
]

/** A token for the page after the one that ends with `last`. */
export function toToken(at: QuestionPage, last: UsageMember): QuestionToken {
  const { window, question, page, pageSize, prints } = at
  return [
    QUESTION_TOKEN_KIND,
    question.accountId,
    page + 1,
    pageSize,
    prints,
    window.statedStart,
    window.statedEnd,
    window.start,
    window.end,
    window.keptFrom,
    window.beyondRetention ? 1 : 0,
    ...questionValues(question),
    ...memberValues(last),
  ]
}

/** Throws the error of an invalid page token if the token is another account's or a parameter differs. */
export function fromToken(
  payload: TokenPayload,
  accountId: number,
  givenPrints: string,
): QuestionPage {
  const [, owner, page, pageSize, prints, ...rest] = payload as QuestionToken
  const [statedStart, statedEnd, start, end, keptFrom, beyond, ...values] = rest
  // The caller may omit parameters, because the token has the question, but may not change them.
  const issued = prints.split(' ')
  const changed = givenPrints.split(' ').some((print, i) => print !== '' && print !== issued[i])
  if (owner !== accountId || changed) throw invalidPageToken()
  const bounds = { start: Math.max(start, keptFrom), end }
  const questionPart = values.slice(0, QUESTION_VALUES) as unknown as QuestionValues
  const question = { accountId, ...bounds, ...questionOf(questionPart) }
  const memberPart = values.slice(QUESTION_VALUES) as unknown as MemberValues
  return {
    window: {
      ...{ granularity: 'all', statedStart, statedEnd, start, end, keptFrom },
      beyondRetention: beyond === 1,
    },
    question,
    page,
    pageSize,
    after: memberOf(memberPart, question.groupBy),
    prints,
  }
}

const QUESTION_VALUES = 10

function questionValues(question: UsageQuestion): QuestionValues {
  const { granularity, order, filter } = question
  const { simId, groupId, label, zone, country, plmn, feedId } = filter
  return [
    QUESTION_GRANULARITIES.indexOf(granularity),
    QUESTION_ORDERS.indexOf(order),
    groupByText(question),
    simId ?? null,
    groupId ?? null,
    label === undefined ? null : `${label.key}=${label.value}`,
    zone ?? null,
    country ?? null,
    plmn ?? null,
    feedId ?? null,
  ]
}

function questionOf(values: QuestionValues): Omit<UsageQuestion, 'accountId' | 'start' | 'end'> {
  const [granularity, order, groupBy, simId, groupId, label, zone, country, plmn, feedId] = values
  const filter: UsageFilter = {
    ...(simId !== null && { simId }),
    ...(groupId !== null && { groupId }),
    ...(label !== null && { label: parseLabel(label) }),
    ...(zone !== null && { zone: zone as Zone }),
    ...(country !== null && { country: country as CountryCode }),
    ...(plmn !== null && { plmn: plmn as Plmn }),
    ...(feedId !== null && { feedId }),
  }
  return {
    granularity: QUESTION_GRANULARITIES[granularity]!,
    order: QUESTION_ORDERS[order]!,
    filter,
    ...(groupBy === '' ? { groupBy: [] } : parseGroupBy('GroupBy', groupBy)),
  }
}

function memberValues(member: UsageMember): MemberValues {
  const { bucketStart, simId, simSid, group } = member
  return [
    bucketStart,
    ...(counterValues(member).map(String) as CounterValues<string>),
    simId ?? null,
    simSid ?? null,
    group?.id ?? null,
    group?.sid ?? null,
    group?.uniqueName ?? null,
    member.label ?? null,
    member.zone ?? null,
    member.country ?? null,
    member.plmn ?? null,
    member.feedId ?? null,
    member.feedName ?? null,
  ]
}

/** Dimensions outside the question are absent; unknown values are null. */
function memberOf(values: MemberValues, groupBy: readonly UsageDimension[]): UsageMember {
  const [bucketStart] = values
  const [simId, simSid, ...rest] = values.slice(1 + COUNTERS.length) as unknown as MemberNames
  const [groupId, groupSid, uniqueName, label, zone, country, plmn, feedId, feedName] = rest
  const group = groupId === null ? null : { id: groupId, sid: groupSid as Sid, uniqueName }
  const parts: Record<UsageDimension, Partial<UsageMember>> = {
    sim: { simId: simId!, simSid: simSid as Sid },
    group: { group },
    label: { label },
    zone: { zone: zone as Zone },
    country: { country: country as CountryCode | null },
    network: { plmn: plmn as Plmn | null },
    feed: { feedId: feedId!, feedName: feedName! },
  }
  return {
    bucketStart,
    ...mapCounters((place) => BigInt(values[1 + place] as string)),
    ...Object.assign({}, ...groupBy.map((name) => parts[name])),
  }
}
