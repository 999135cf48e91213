/**
 * Answers questions about an account: see `UsageQuestion`. Usage is read from the cheapest place that has
 * the answer: the account's totals, the days of SIMs, or the ledger. In all of them, a SIM's group and
 * labels are those at the time of use. A day during which they change is read from the ledger.
 */

import { mapCounters } from '../../domain/counters.ts'
import type { CountryCode } from '../../domain/country.ts'
import type { Plmn } from '../../domain/plmn.ts'
import type { SimPlace } from '../../domain/sim-group.ts'
import { sumOf } from '../../domain/sums.ts'
import { DAY_SECONDS, formatInstant } from '../../domain/time.ts'
import { UsageError } from '../../domain/usage-error.ts'
import { ZONES } from '../../domain/usage-event.ts'
import {
  LEDGER_QUESTION_MAX_SECONDS,
  type MemberPage,
  readsTooMuch,
  type UsageMember,
  type UsageQuestion,
} from '../../domain/usage-question.ts'
import { COUNTER_COLUMNS, eachCounter } from '../counter-columns.ts'
import { SELECT_SIM_SIDS } from '../directory/sql.ts'
import type { UsedNetwork } from '../fleet-store.ts'
import { withinLedger } from '../ledger/bounds.ts'
import { readLimits } from '../limits.ts'
import type { Row } from '../rows.ts'
import { all, ask, get, hasSimMonths, monthText, type Steps } from '../session.ts'
import { questionText } from './sql.ts'
import type { SimRange } from './values.ts'

const SELECT_GROUPS_NAMED = 'SELECT id, sid, unique_name FROM sim_group WHERE id = ANY (?)'
const SELECT_FEEDS_NAMED = 'SELECT id, name FROM feed WHERE id = ANY (?)'

/** How many SIMs are summed at a time, at least. */
const SIMS_A_RANGE = 1_000

/** The last SIM of a range. Parameters: account, the first SIM, how many come before the last. */
const SELECT_RANGE_END = `
  SELECT id FROM sim WHERE account_id = ? AND id >= ? ORDER BY id LIMIT 1 OFFSET ?`

const SELECT_SIM_COUNTS = `
  SELECT COUNT(*) AS own, (SELECT MAX(id) FROM sim) AS last FROM sim WHERE account_id = ?`

/** Whether the account has had a SIM that another one has had too. */
const SELECT_ANY_MOVE = 'SELECT 1 AS found FROM sim_tenure WHERE account_id = ? LIMIT 1'

const IS_USED = eachCounter((name) => `${name} > 0`, ' OR ')
const SELECT_USED_NETWORKS = `
  SELECT DISTINCT plmn, country FROM account_day
  WHERE plmn <> '' AND (?1::bigint IS NULL OR account_id = ?1) AND (${IS_USED})
  ORDER BY plmn, country`

export function* listUsedNetworks(accountId: number | null): Steps<UsedNetwork[]> {
  return (yield* all(SELECT_USED_NETWORKS, [accountId])).map(({ plmn, country }) => ({
    plmn: plmn as Plmn,
    country: country === '' ? null : (country as CountryCode),
  }))
}

export function* answerUsage(question: UsageQuestion, page: MemberPage): Steps<UsageMember[]> {
  if (readsTooMuch(question)) throw tooMuch(question)
  const asked = goingOn(question, page)
  const period = yield* withinLedger(asked)
  if (period === null) return []
  const bounded = { ...asked, ...period }
  const engine = {
    limits: yield* readLimits(),
    hasSimMonths: yield* hasSimMonths(),
    monthText: yield* monthText(),
    hasMost: yield* hasMostSims(question.accountId),
    hasMoves: (yield* get(SELECT_ANY_MOVE, [question.accountId])) !== undefined,
  }
  const members: UsageMember[] = []
  let sims = yield* rangeFrom(question, page, page.after?.simId ?? 0)
  while (true) {
    const left = { ...page, limit: page.limit - members.length }
    const { text, values } = questionText(bounded, { ...engine, page: left, sims })
    for (const row of yield* ask(text, values)) members.push(memberFromRow(row, question))
    if (sims === null || sims.to === null || members.length >= page.limit) break
    sims = yield* rangeFrom(question, page, sims.to + 1)
  }
  return yield* named(members)
}

/**
 * If members are ordered by SIM, SIMs are summed one range at a time until the page is full. Summing all
 * of them for each page would make a long list slow. Null for all SIMs.
 */
function* rangeFrom(
  { accountId, filter, granularity, groupBy, order }: UsageQuestion,
  { limit }: MemberPage,
  from: number,
): Steps<SimRange | null> {
  const isInOrder = granularity === 'all' && order === 'start' && groupBy[0] === 'sim'
  if (!isInOrder || filter.simId !== undefined) return null
  const row = yield* get(SELECT_RANGE_END, [accountId, from, Math.max(limit, SIMS_A_RANGE) - 1])
  return { from, to: (row?.id as number | undefined) ?? null }
}

function* hasMostSims(accountId: number): Steps<boolean> {
  const { own, last } = (yield* get(SELECT_SIM_COUNTS, [accountId]))!
  return Number(own) * 2 > Number(last)
}

/** Buckets before the one in which the page continues need not be summed again. */
function goingOn(question: UsageQuestion, { after }: MemberPage): UsageQuestion {
  const { order, granularity, start } = question
  if (after === undefined || order !== 'start' || granularity === 'all') return question
  return { ...question, start: Math.max(start, after.bucketStart) }
}

function tooMuch({ filter, groupBy, start, end }: UsageQuestion): UsageError {
  const cause =
    groupBy.includes('feed') || filter.feedId !== undefined
      ? 'which feed brought usage'
      : groupBy.includes('network') || filter.plmn !== undefined
        ? 'the networks of single SIMs'
        : 'the hours of single SIMs'
  const days = LEDGER_QUESTION_MAX_SECONDS / DAY_SECONDS
  return new UsageError(
    'invalid',
    `from ${formatInstant(start)} to ${formatInstant(end)}: only the ledger tells ${cause}, and a question ` +
      `reads up to ${days} days of it; ask for ${days} days or fewer at a time, or about one SIM`,
    { field: 'end', value: formatInstant(end) },
  )
}

function memberFromRow(row: Row, { granularity, start }: UsageQuestion): UsageMember {
  const number = (name: string) => Number(row[name])
  const has = (name: string) => row[name] !== undefined
  return {
    bucketStart: granularity === 'all' ? start : number('bucket_start'),
    ...(has('sim_id') && { simId: number('sim_id') }),
    ...(has('group_id') && { group: groupOf(number('group_id')) }),
    ...(has('label') && { label: row.label === '' ? null : (row.label as string) }),
    ...(has('zone') && { zone: ZONES[number('zone')]! }),
    ...(has('country') && { country: row.country === '' ? null : (row.country as CountryCode) }),
    ...(has('plmn') && { plmn: row.plmn === '' ? null : (row.plmn as Plmn) }),
    ...(has('feed_id') && { feedId: number('feed_id') }),
    ...mapCounters((place) => sumOf(row[COUNTER_COLUMNS[place]!] as bigint)),
  }
}

/** Named later; 0 stands for none. */
function groupOf(id: number): SimPlace['group'] {
  return id === 0 ? null : { id, sid: '' as never, uniqueName: null }
}

/** With the names of SIMs, groups and feeds. */
function* named(members: readonly UsageMember[]): Steps<UsageMember[]> {
  const ids = (of: (member: UsageMember) => number | undefined) => [
    ...new Set(members.map(of).filter((id) => id !== undefined)),
  ]
  const sims = yield* byId(
    SELECT_SIM_SIDS,
    ids(({ simId }) => simId),
  )
  const groups = yield* byId(
    SELECT_GROUPS_NAMED,
    ids(({ group }) => group?.id),
  )
  const feeds = yield* byId(
    SELECT_FEEDS_NAMED,
    ids(({ feedId }) => feedId),
  )
  return members.map((member) => {
    const { simId, group, feedId } = member
    const row = group && groups.get(group.id)
    return {
      ...member,
      ...(simId !== undefined && { simSid: sims.get(simId)!.sid as never }),
      ...(group &&
        row && {
          group: {
            id: group.id,
            sid: row.sid as never,
            uniqueName: row.unique_name as string | null,
          },
        }),
      ...(feedId !== undefined && { feedName: feeds.get(feedId)!.name as string }),
    }
  })
}

function* byId(text: string, ids: readonly number[]): Steps<Map<number, Row>> {
  if (ids.length === 0) return new Map()
  return new Map((yield* all(text, [ids])).map((row) => [row.id as number, row]))
}
