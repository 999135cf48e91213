/**
 * The SQL of a question about usage, the same for every engine: rows from one of three places, the groups
 * and labels that their SIMs had at the time, sums per member, and one page of them.
 */
import { DAY_SECONDS, HOUR_SECONDS, monthStart } from '../../domain/time.ts'
import { ZONES } from '../../domain/usage-event.ts'
import {
  type MemberPage,
  type QuestionSource,
  sourceOf,
  type UsageDimension,
  type UsageQuestion,
} from '../../domain/usage-question.ts'
import { COUNTER_COLUMNS, counterList, eachCounter } from '../counter-columns.ts'
import { bucketsOf } from '../ledger/buckets.ts'
import { hasMonthTotal, type Limits } from '../limits.ts'
import type { MonthText, Value } from '../session.ts'
import { type DayRange, monthsOf, readFrom, wholeDays } from './day-ranges.ts'
import { pageOf } from './page.ts'
import { COLUMNS, type SimRange, Values } from './values.ts'

export interface QuestionText {
  readonly text: string
  readonly values: readonly Value[]
}

interface Context {
  readonly page: MemberPage
  /** Null for all. */
  readonly sims: SimRange | null
  /** True if most of the store's SIMs are the account's. */
  readonly hasMost: boolean
  readonly limits: Limits
  readonly hasSimMonths: boolean
  readonly monthText: MonthText
  /**
   * False if no SIM of the account has moved. Its own SIMs are then all there are, and tenures are left
   * out.
   */
  readonly hasMoves: boolean
}

const EXPRESSIONS: Readonly<Record<UsageDimension, string>> = {
  sim: 'r.sim_id',
  group: 'COALESCE(membership.group_id, 0)',
  label: "COALESCE(labelled.value, '')",
  zone: 'r.zone',
  country: 'r.country',
  network: 'r.plmn',
  feed: 'r.feed_id',
}

/** Returns bucket_start, a column for each dimension in the question's order, and the sums. */
export function questionText(question: UsageQuestion, context: Context): QuestionText {
  const values = new Values(context.sims, context.hasMost)
  const { groupBy } = question
  const rows = rowsOf(question, context, values)
  const joins = joinsOf(question, values)
  const where = conditionsOf(question, values)
  const keys = groupBy.map((dimension) => COLUMNS[dimension])
  const columns = [
    `${bucketOf(question, context.monthText)} AS bucket_start`,
    ...groupBy.map((dimension) => `${EXPRESSIONS[dimension]} AS ${COLUMNS[dimension]}`),
    ...COUNTER_COLUMNS.map((name) => `SUM(r.${name})::bigint AS ${name}`),
  ]
  // A constant among them would keep engines from summing rows as they come.
  const first = question.granularity === 'all' ? 2 : 1
  const positions = Array.from({ length: columns.length }, (_, i) => i + 1)
    .slice(first - 1, keys.length + 1)
    .join(', ')
  const used = eachCounter((name) => `SUM(r.${name}) > 0`, ' OR ')
  const { after, order } = pageOf(question, context.page, values)
  const text = `
    SELECT * FROM (
      SELECT ${columns.join(', ')}
      FROM (${rows}) AS r ${joins}
      ${where === '' ? '' : `WHERE ${where}`}
      ${positions === '' ? '' : `GROUP BY ${positions}`}
      HAVING ${used}
    ) AS member
    ${after}
    ORDER BY ${order}
    LIMIT ${values.bigint(context.page.limit)}`
  return { text, values: values.all }
}

function bucketOf({ granularity }: UsageQuestion, months: MonthText): string {
  if (granularity === 'all') return '0::bigint'
  if (granularity === 'monthly') return months.startOf('r.at')
  const seconds = granularity === 'hourly' ? HOUR_SECONDS : DAY_SECONDS
  return `r.at - r.at % ${seconds}`
}

const COUNTERS = counterList()
const UNION = ' UNION ALL '

function rowsOf(question: UsageQuestion, context: Context, values: Values): string {
  const source: QuestionSource = sourceOf(question)
  if (source === 'account totals') return accountRows(question, values)
  if (source === 'ledger') {
    const { start, end } = question
    return ledgerRows(question, { buckets: bucketsOf(start, end, context.limits.buckets), values })
  }
  return simDayRows(question, context, values)
}

/** Whole days from the day cells, and the hours before and after them from the hour cells. */
function accountRows(question: UsageQuestion, values: Values): string {
  const { accountId, start, end, granularity } = question
  const account = values.bigint(accountId)
  const part = (table: string, from: number, to: number) => `
    SELECT started_at AS at, zone, country, plmn, ${COUNTERS} FROM ${table}
    WHERE account_id = ${account}
      AND started_at >= ${values.bigint(from)} AND started_at < ${values.bigint(to)}`
  if (granularity === 'hourly') return part('account_hour', start, end)
  const { firstDay, endDay } = wholeDays(start, end)
  return [
    part('account_hour', start, firstDay),
    part('account_day', firstDay, endDay),
    part('account_hour', endDay, end),
  ].join(UNION)
}

const LEDGER_COLUMNS = `
  ledger.occurred_at AS at, ledger.sim_id, ledger.zone, ledger.country, ledger.plmn, ledger.feed_id,
  ${counterList('ledger')}`

function ledgerRows(
  question: UsageQuestion,
  { buckets, values }: { buckets: readonly number[]; values: Values },
): string {
  const { accountId, start, end } = question
  return `
    SELECT ${LEDGER_COLUMNS} FROM ledger
    WHERE ledger.bucket ${values.bigints(buckets)}
      ${simsOf(question, 'ledger.sim_id', values)}
      AND ledger.account_id = ${values.bigint(accountId)}
      AND ledger.occurred_at >= ${values.bigint(start)}
      AND ledger.occurred_at < ${values.bigint(end)}`
}

/** Sealed days from their totals, the rest from the ledger. */
function simDayRows(question: UsageQuestion, context: Context, values: Values): string {
  const { firstDay, endDay, buckets } = readFrom(question, context.limits)
  const parts = buckets.length === 0 ? [] : [ledgerRows(question, { buckets, values })]
  const whole = totalledMonths(question, { firstDay, endDay }, context)
  const { hasMoves } = context
  const days = (from: number, to: number) => ({ from, to, values, hasMoves })
  const first = whole[0]
  if (first === undefined) {
    return [...parts, ...dayRows(question, days(firstDay, endDay))].join(UNION)
  }
  const [from, to] = [monthStart(first), Math.min(monthStart(whole.at(-1)! + 1), endDay)]
  return [
    ...parts,
    ...dayRows(question, days(firstDay, from)),
    ...monthRows(question, days(from, to), context.monthText),
    ...dayRows(question, days(to, endDay)),
  ].join(UNION)
}

/** Consecutive months whose totals can stand for their days. */
function totalledMonths(
  { granularity }: UsageQuestion,
  days: DayRange,
  { limits, hasSimMonths }: Context,
): number[] {
  if (!hasSimMonths || granularity === 'daily') return []
  return monthsOf(days.firstDay, days.endDay).filter((month) => hasMonthTotal(month, days, limits))
}

/** Sealed days from `from` up to `to`. */
interface Days {
  readonly from: number
  readonly to: number
  readonly values: Values
  readonly hasMoves: boolean
}

/** A SIM's day comes from the ledger if its account, group or label changes during the day. */
function dayRows(question: UsageQuestion, days: Days, condition = ''): string[] {
  const { from, to, values } = days
  if (from >= to) return []
  const rows = `
    SELECT sim_day.started_at AS at, ${totalColumns('sim_day')}
    FROM sim_day
    WHERE sim_day.month ${values.bigints(monthsOf(from, to))}
      AND sim_day.started_at >= ${values.bigint(from)} AND sim_day.started_at < ${values.bigint(to)}
      ${ofWantedSims(question, days, { table: 'sim_day', startedAt: 'sim_day.started_at' })}
      ${condition}`
  const changes = changesWithin(question, days, `at - at % ${DAY_SECONDS}`)
  if (changes === null) return [rows]
  return [
    `${rows}
      AND NOT EXISTS (SELECT 1 FROM (${changes}) AS split
                      WHERE split.sim_id = sim_day.sim_id AND split.start = sim_day.started_at)`,
    `SELECT ${LEDGER_COLUMNS}
     FROM (${changes}) AS split
     JOIN ledger ON ledger.bucket = split.start AND ledger.sim_id = split.sim_id
     WHERE ledger.account_id = ${values.bigint(question.accountId)}
       ${simsOf(question, 'ledger.sim_id', values)}`,
  ]
}

/** A SIM's month comes from its days if its account, group or label changes during the month. */
function monthRows(question: UsageQuestion, months: Days, text: MonthText): string[] {
  const { from, to, values } = months
  const startedAt = text.startOfNumber('sim_month.month')
  const rows = `
    SELECT ${startedAt} AS at, ${totalColumns('sim_month')}
    FROM sim_month
    WHERE sim_month.month ${values.bigints(monthsOf(from, to))}
      ${ofWantedSims(question, months, { table: 'sim_month', startedAt })}`
  const changes = changesWithin(question, months, text.startOf('at'))
  if (changes === null) return [rows]
  const isSplit = (row: string, start: string) => `
    EXISTS (SELECT 1 FROM (${changes}) AS part
            WHERE part.sim_id = ${row}.sim_id AND part.start = ${start})`
  const ofDay = text.startOf('sim_day.started_at')
  return [
    `${rows} AND NOT ${isSplit('sim_month', startedAt)}`,
    ...dayRows(question, months, `AND ${isSplit('sim_day', ofDay)}`),
  ]
}

function totalColumns(table: string): string {
  return `
    ${table}.sim_id, ${table}.zone, ${table}.country, '' AS plmn, 0::bigint AS feed_id,
    ${counterList(table)}`
}

/** If the account has most SIMs, rows are scanned; otherwise they are looked up by SIM. */
function ofWantedSims(
  question: UsageQuestion,
  { values, hasMoves }: Days,
  { table, startedAt }: { readonly table: string; readonly startedAt: string },
): string {
  const account = values.bigint(question.accountId)
  const sims = `SELECT id FROM sim WHERE account_id = ${account}`
  const once = `SELECT sim_id FROM sim_tenure WHERE account_id = ${account}`
  // The plus keeps a lookup of one SIM from using an index of the account's.
  const isOwn = values.hasMost
    ? `EXISTS (SELECT 1 FROM sim WHERE sim.id = ${table}.sim_id AND +sim.account_id = ${account})`
    : `${table}.sim_id IN (${sims})`
  const wasOwn = values.hasMost
    ? `(${isOwn} OR ${table}.sim_id IN (${once}))`
    : `${table}.sim_id IN (${sims} UNION ${once})`
  const isHeld = `
      ${wasOwn}
      AND NOT EXISTS (SELECT 1 FROM sim_tenure AS other
                      WHERE other.sim_id = ${table}.sim_id AND other.account_id <> ${account}
                        AND other.started_at <= ${startedAt} AND ${startedAt} < other.ended_at)`
  return `
      ${simsOf(question, `${table}.sim_id`, values)}
      AND ${hasMoves ? isHeld : isOwn}`
}

/**
 * SIMs whose account, group or label changes within a day or month; `startOf` gives the start for an
 * instant `at`. Null if nothing in the question can change.
 */
function changesWithin(
  question: UsageQuestion,
  { from, to, values, hasMoves }: Days,
  startOf: string,
) {
  const keys = labelKeysOf(question)
  if (!asksForGroups(question) && keys.length === 0 && !hasMoves) return null
  const [first, end] = [values.bigint(from), values.bigint(to)]
  const changes = (table: string, condition = '') => `
    SELECT sim_id, started_at AS at FROM ${table}
    WHERE started_at > ${first} AND started_at < ${end} ${condition}`
  const parts = [
    ...(hasMoves ? [changes('sim_tenure')] : []),
    ...(asksForGroups(question) ? [changes('sim_membership')] : []),
    ...keys.map((key) => changes('sim_label', `AND key = ${values.text(key)}`)),
  ]
  return `
    SELECT DISTINCT sim_id, ${startOf} AS start
    FROM (${parts.join(UNION)}) AS change
    WHERE at <> ${startOf}`
}

function asksForGroups({ filter, groupBy }: UsageQuestion): boolean {
  return filter.groupId !== undefined || groupBy.includes('group')
}

function labelKeysOf({ filter, groupBy, labelKey }: UsageQuestion): string[] {
  const grouped = groupBy.includes('label') ? [labelKey!] : []
  const filtered = filter.label === undefined ? [] : [filter.label.key]
  return [...new Set([...grouped, ...filtered])]
}

/** Finds the rows of the possible SIMs by their index. */
function simsOf({ filter }: UsageQuestion, column: string, values: Values): string {
  const { simId, groupId, label } = filter
  if (simId !== undefined) return `AND ${column} = ${values.bigint(simId)}`
  const conditions = []
  if (values.sims !== null) {
    const { from, to } = values.sims
    conditions.push(`AND ${column} >= ${values.bigint(from)}`)
    if (to !== null) conditions.push(`AND ${column} <= ${values.bigint(to)}`)
  }
  if (groupId !== undefined) {
    conditions.push(
      `AND ${column} IN (SELECT sim_id FROM sim_membership WHERE group_id = ${values.bigint(groupId)})`,
    )
  }
  if (label !== undefined) {
    const { key, value } = label
    conditions.push(
      `AND ${column} IN (SELECT sim_id FROM sim_label
                         WHERE key = ${values.text(key)} AND value = ${values.text(value)})`,
    )
  }
  return conditions.join(' ')
}

function joinsOf(question: UsageQuestion, values: Values): string {
  const { filter, groupBy, labelKey } = question
  const held = (table: string) =>
    `${table}.sim_id = r.sim_id AND ${table}.started_at <= r.at AND r.at < ${table}.ended_at`
  const joins = []
  if (asksForGroups(question)) {
    joins.push(`LEFT JOIN sim_membership AS membership ON ${held('membership')}`)
  }
  if (groupBy.includes('label')) {
    const key = values.text(labelKey!)
    joins.push(`LEFT JOIN sim_label AS labelled ON labelled.key = ${key} AND ${held('labelled')}`)
  }
  if (filter.label !== undefined) {
    const key = values.text(filter.label.key)
    joins.push(`JOIN sim_label AS wanted ON wanted.key = ${key} AND ${held('wanted')}`)
  }
  return joins.join(' ')
}

function conditionsOf({ filter }: UsageQuestion, values: Values): string {
  const { groupId, label, zone, country, plmn, feedId } = filter
  return [
    ...(groupId === undefined ? [] : [`membership.group_id = ${values.bigint(groupId)}`]),
    ...(label === undefined ? [] : [`wanted.value = ${values.text(label.value)}`]),
    ...(zone === undefined ? [] : [`r.zone = ${values.bigint(ZONES.indexOf(zone))}`]),
    ...(country === undefined ? [] : [`r.country = ${values.text(country ?? '')}`]),
    ...(plmn === undefined ? [] : [`r.plmn = ${values.text(plmn ?? '')}`]),
    ...(feedId === undefined ? [] : [`r.feed_id = ${values.bigint(feedId)}`]),
  ].join(' AND ')
}
