/** Sums usage for a query. An answer of several statements is read in one transaction. */
import type { SQLInputValue } from 'node:sqlite'
import { DAY_SECONDS } from '../../domain/time.ts'
import type { Granularity, UsageGroup, UsageQuery } from '../../domain/usage-query.ts'
import { partsHeld } from '../directory/tenures.ts'
import { bucketsOf } from '../ledger/buckets.ts'
import { hasMonthTotal, type Limits, readLimits } from '../limits.ts'
import { monthsOf, sealedDays, wholeDays } from '../questions/day-ranges.ts'
import { addedUp, inOrder, ofParts } from '../questions/usage-parts.ts'
import { usageGroupsFromRows } from '../rows.ts'
import { get, type Steps } from '../session.ts'
import type { Connection } from './connection.ts'
import * as sql from './ledger-sql.ts'

/** Retention keeps 18 months, at most 550 days. */
const DAYS_ASKED_USUALLY = 600

const ACCOUNT_TEXTS: Readonly<Record<Granularity, string>> = {
  hourly: sql.SELECT_ACCOUNT_HOURS,
  daily: sql.SELECT_ACCOUNT_DAYS,
  all: sql.SELECT_ACCOUNT_TOTAL,
}

/**
 * Days and months sealed by `limits` are read from their totals. Outdated limits are too low, so more is
 * read than needed, in more buckets; the total of a month that has been cut since is still the old one.
 */
export function queryUsage(
  connection: Connection,
  query: UsageQuery,
  limits: Limits,
): UsageGroup[] {
  if (query.start >= query.end) return []
  if (!('simId' in query.scope)) return queryAccount(connection, query, query.scope.accountId)
  const { simId, accountId } = query.scope
  const held = () =>
    accountId === undefined ? null : connection.take(partsHeld(simId, accountId, query))
  if (held() === null) return querySim(connection, query, simId, limits)
  return connection.read(() => {
    const now = connection.take(readLimits())
    const parts = (held() ?? []).map((part) =>
      querySim(connection, { ...query, ...part }, simId, now),
    )
    return ofParts(query, parts)
  })
}

function queryAccount(
  connection: Connection,
  { start, end, granularity }: UsageQuery,
  account: number,
): UsageGroup[] {
  const days = wholeDays(start, end)
  const values =
    granularity === 'hourly' ? { account, start, end } : { account, start, end, ...days }
  const statement = connection.prepareBigintArrays(ACCOUNT_TEXTS[granularity])
  return usageGroupsFromRows(statement.all(values))
}

/** Whole sealed months and days come from their totals, the rest from the ledger. */
function querySim(
  connection: Connection,
  query: UsageQuery,
  simId: number,
  limits: Limits,
): UsageGroup[] {
  const { start, end, granularity } = query
  // A single statement sees one state of the store. Several statements, and the limits they go by, need
  // not.
  const asOneState = () =>
    connection.read(() => querySim(connection, query, simId, connection.take(readLimits())))
  const { isTransaction } = connection.db
  if (end - start > DAYS_ASKED_USUALLY * DAY_SECONDS && !isTransaction) return asOneState()
  const [from, to] = connection.take(withinLedger(start, end))
  const { firstDay, endDay } =
    granularity === 'hourly'
      ? { firstDay: from, endDay: from }
      : sealedDays(from, to, limits.sealedThrough)
  const months = monthsOf(firstDay, endDay)
  const hasEdges = from < firstDay || endDay < to
  if (months.length + (hasEdges ? 1 : 0) > 1 && !isTransaction) return asOneState()
  const parts: UsageGroup[][] = months.map((month) =>
    granularity === 'all' && hasMonthTotal(month, { firstDay, endDay }, limits)
      ? rowsOf(connection, sql.SELECT_SIM_MONTH_TOTAL, start, month, simId)
      : granularity === 'all'
        ? rowsOf(connection, sql.SELECT_SIM_MONTH.all, start, month, simId, firstDay, endDay)
        : rowsOf(connection, sql.SELECT_SIM_MONTH.daily, month, simId, firstDay, endDay),
  )
  if (hasEdges) {
    const buckets = new Set([
      ...bucketsOf(from, firstDay, limits.buckets),
      ...bucketsOf(endDay, to, limits.buckets),
    ])
    const values = [JSON.stringify([...buckets]), simId, start, end]
    const text = sql.SELECT_SIM_LEDGER[granularity]
    parts.push(
      granularity === 'all'
        ? rowsOf(connection, text, start, ...values)
        : rowsOf(connection, text, ...values),
    )
  }
  if (parts.length <= 1) return parts[0] ?? []
  // Days are either sealed or not, so only a total can have parts from several reads.
  return inOrder(granularity === 'all' ? addedUp(parts.flat()) : parts.flat())
}

function rowsOf(connection: Connection, text: string, ...values: SQLInputValue[]): UsageGroup[] {
  return usageGroupsFromRows(connection.prepareBigintArrays(text).all(...values))
}

/**
 * A question about all time would list the days of ten thousand years. Those before the ledger's first
 * bucket and after its last one have no usage.
 */
export function* withinLedger(start: number, end: number): Steps<[number, number]> {
  if (end - start <= DAYS_ASKED_USUALLY * DAY_SECONDS) return [start, end]
  const bounds = (yield* get(sql.SELECT_LEDGER_BOUNDS))!
  const first = bounds.first as number | null
  if (first === null) return [start, start]
  const last = (bounds.last as number) + DAY_SECONDS
  const from = Math.max(start, first)
  return [from, Math.max(from, Math.min(end, last))]
}
