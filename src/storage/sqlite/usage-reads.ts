/** Sums usage for a query. Every answer is one statement, so it sees one state of the store. */
import { ceilTo, DAY_SECONDS, floorTo, HOUR_SECONDS } from '../../domain/time.ts'
import type { Granularity, UsageGroup, UsageQuery } from '../../domain/usage-query.ts'
import { sealedThrough } from './append.ts'
import type { Connection } from './connection.ts'
import * as sql from './ledger-sql.ts'
import { monthNumber } from './rollup-deltas.ts'
import { usageGroupFromRow } from './rows.ts'

const ACCOUNT_TEXTS: Readonly<Record<Granularity, string>> = {
  hourly: sql.SELECT_ACCOUNT_HOURS,
  daily: sql.SELECT_ACCOUNT_DAYS,
  all: sql.SELECT_ACCOUNT_TOTAL,
}

const SIM_TEXTS: Readonly<Record<Granularity, string>> = {
  hourly: sql.SELECT_SIM_HOURS,
  daily: sql.SELECT_SIM_DAYS,
  all: sql.SELECT_SIM_TOTAL,
}

export function queryUsage(connection: Connection, query: UsageQuery): UsageGroup[] {
  if (query.start >= query.end) return []
  return 'simId' in query.scope
    ? querySim(connection, query, query.scope.simId)
    : queryAccount(connection, query, query.scope.accountId)
}

function queryAccount(
  connection: Connection,
  { start, end, granularity }: UsageQuery,
  account: number,
): UsageGroup[] {
  const days = wholeDays(start, end)
  const values =
    granularity === 'hourly' ? { account, start, end } : { account, start, end, ...days }
  return connection.prepareBigints(ACCOUNT_TEXTS[granularity]).all(values).map(usageGroupFromRow)
}

function querySim(
  connection: Connection,
  { start, end, granularity }: UsageQuery,
  sim: number,
): UsageGroup[] {
  const statement = connection.prepareBigints(SIM_TEXTS[granularity])
  if (granularity === 'hourly') {
    const buckets = JSON.stringify(steps(start, end))
    return statement.all({ buckets, sim, start, end }).map(usageGroupFromRow)
  }
  const days = wholeDays(start, end)
  const firstDay = days.firstDay
  // A day that is sealed between this line and the statement is read from its ledger rows.
  const endDay = Math.max(firstDay, Math.min(days.endDay, sealedThrough(connection)))
  const buckets = [...steps(start, Math.min(firstDay, end)), ...steps(Math.max(endDay, start), end)]
  const months = firstDay < endDay ? monthsOf(firstDay, endDay) : []
  return statement
    .all({
      buckets: JSON.stringify([...new Set(buckets)]),
      months: JSON.stringify(months),
      sim,
      start,
      end,
      firstDay,
      endDay,
    })
    .map(usageGroupFromRow)
}

/** The whole UTC days inside [start, end); `firstDay` equals `endDay` when there is none. */
function wholeDays(start: number, end: number): { firstDay: number; endDay: number } {
  const firstDay = ceilTo(start, DAY_SECONDS)
  const endDay = floorTo(end, DAY_SECONDS)
  // Within one day everything is an edge: the hours up to `firstDay`, which lies beyond `end`.
  return firstDay < endDay ? { firstDay, endDay } : { firstDay: end, endDay: end }
}

/** The ledger buckets that [start, end) touches, oldest first. */
function steps(start: number, end: number): number[] {
  const first = floorTo(start, sql.LEDGER_BUCKET_SECONDS)
  const count = Math.max(0, Math.ceil((end - first) / sql.LEDGER_BUCKET_SECONDS))
  return start < end
    ? Array.from({ length: count }, (_, i) => first + i * sql.LEDGER_BUCKET_SECONDS)
    : []
}

function monthsOf(start: number, end: number): number[] {
  const first = monthNumber(start)
  return Array.from({ length: monthNumber(end - HOUR_SECONDS) - first + 1 }, (_, i) => first + i)
}
