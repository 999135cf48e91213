/** Questions about fleets, as flags ask them. */
import { Option } from 'commander'
import type { CountryCode } from '../domain/country.ts'
import type { Account } from '../domain/directory.ts'
import type { Sid } from '../domain/identifiers.ts'
import { resolveWindow, type UsageWindow } from '../domain/period.ts'
import { type Plmn, parsePlmn } from '../domain/plmn.ts'
import {
  type Grouping,
  parseGroupBy,
  type QuestionNames,
  requireShortEnough,
} from '../domain/question-text.ts'
import { monthNumber, monthStart, parseInstant } from '../domain/time.ts'
import { invalidField } from '../domain/usage-error.ts'
import type { Zone } from '../domain/usage-event.ts'
import {
  QUESTION_GRANULARITIES,
  type QuestionGranularity,
  type QuestionOrder,
  type UsageFilter,
  type UsageMember,
  type UsageQuestion,
} from '../domain/usage-question.ts'
import { membersOf, PIECE_MEMBERS } from '../http/member-stream.ts'
import type { UsageStore } from '../storage/usage-store.ts'
import { feedOf } from './command-line.ts'
import { fromFlags } from './failure.ts'
import { groupNamed } from './group-lookup.ts'
import { flag } from './option-values.ts'
import {
  countryFilter,
  feedFilter,
  granularityOption,
  groupFilter,
  labelFilter,
  periodOptions,
  zoneFilter,
} from './options.ts'
import { findHeldNamedSim } from './sim-lookup.ts'

export interface PeriodOptions {
  readonly start?: number
  readonly end?: number
  /** UTC seconds: the first second of the month. */
  readonly month?: number
}

export interface QuestionOptions extends PeriodOptions {
  readonly account?: Sid
  readonly by?: Grouping
  readonly granularity: QuestionGranularity
  readonly sim?: string
  readonly group?: string
  readonly label?: { readonly key: string; readonly value: string }
  readonly zone?: Zone
  readonly country?: CountryCode
  readonly network?: Plmn
  readonly feed?: string
}

/** What the question asks for, and how it is grouped. */
export function groupingOptions(): Option[] {
  return [
    new Option(
      '--by <dimensions>',
      'group by any of sim, group, label:KEY, zone, country, network, feed',
    ).argParser(flag('--by', parseGroupBy)),
    granularityOption(QUESTION_GRANULARITIES),
    new Option('--month <month>', 'the whole of this month: 2026-10')
      .argParser(flag('--month', parseMonth))
      .conflicts(['start', 'end']),
    ...periodOptions(),
  ]
}

export function usageFilters(): Option[] {
  return [
    new Option('--sim <sim>', 'of this SIM only, by any of its names'),
    groupFilter(),
    labelFilter(),
    zoneFilter(),
    countryFilter(),
    new Option('--network <plmn>', 'on this network only: 334-020').argParser(
      flag('--network', (field, text) => {
        const plmn = parsePlmn(text)
        if (plmn !== null) return plmn
        throw invalidField(field, text, 'expected a network as MCC-MNC, such as 334-020')
      }),
    ),
    feedFilter(),
  ]
}

function parseMonth(field: string, text: string): number {
  const start = /^\d{4}-\d{2}$/.test(text) ? parseInstant(`${text}-01`) : null
  if (start !== null) return start
  throw invalidField(field, text, 'expected a month, such as 2026-10')
}

const NAMES: QuestionNames = {
  groupBy: '--by',
  granularity: '--granularity',
  sim: '--sim',
  network: '--network',
  feed: '--feed',
}

/** An account's usage is kept by the hour, so the bounds are widened to whole hours. */
export function windowOf({ start, end, month }: PeriodOptions, nowSeconds: number): UsageWindow {
  const bounds =
    month === undefined
      ? { start: start ?? null, end: end ?? null }
      : { start: month, end: monthStart(monthNumber(month) + 1) }
  return fromFlags(() =>
    resolveWindow({ ...bounds, granularity: 'all', level: 'account' }, nowSeconds),
  )
}

/**
 * Throws `not_found` if a filter names something that does not exist, and `WrongUsage` for a question that
 * reads too much.
 */
export async function questionOf(
  store: UsageStore,
  account: Account,
  options: QuestionOptions & { readonly order: QuestionOrder },
  window: UsageWindow,
): Promise<UsageQuestion> {
  const { granularity, order, by = { groupBy: [] } } = options
  const question: UsageQuestion = {
    accountId: account.id,
    start: Math.max(window.start, window.keptFrom),
    end: window.end,
    granularity,
    order,
    filter: await filterOf(store, account, options),
    ...by,
  }
  fromFlags(() => requireShortEnough(question, { ...NAMES, feedName: options.feed }))
  return question
}

async function filterOf(
  store: UsageStore,
  account: Account,
  { sim, group, label, zone, country, network, feed }: QuestionOptions,
): Promise<UsageFilter> {
  return {
    ...(sim !== undefined && { simId: (await findHeldNamedSim(store, sim, account)).id }),
    ...(group !== undefined && { groupId: (await groupNamed(store, group, account)).id }),
    ...(label !== undefined && { label }),
    ...(zone !== undefined && { zone }),
    ...(country !== undefined && { country }),
    ...(network !== undefined && { plmn: network }),
    ...(feed !== undefined && { feedId: (await feedOf(store, feed)).id }),
  }
}

/** All members of an answer, one piece at a time, so that memory use does not grow with their number. */
export async function* piecesOf(
  store: Pick<UsageStore, 'answerUsage'>,
  question: UsageQuestion,
  size = PIECE_MEMBERS,
): AsyncGenerator<readonly UsageMember[]> {
  for (let after: UsageMember | null = null; ; ) {
    const { members, more } = await membersOf(store, { question, after }, size)
    if (members.length > 0) yield members
    if (!more) return
    after = members.at(-1)!
  }
}
