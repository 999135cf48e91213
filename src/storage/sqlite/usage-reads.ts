/** Sums usage for a query. An answer of several statements is read in one transaction. */
import type { SQLInputValue } from 'node:sqlite'
import type { UsageGroup, UsageQuery } from '../../domain/usage-query.ts'
import { partsHeld } from '../directory/tenures.ts'
import { isLong, withinLedger } from '../ledger/bounds.ts'
import { hasMonthTotal, type Limits, readLimits } from '../limits.ts'
import { accountUsageValues, SELECT_ACCOUNT_USAGE } from '../questions/account-usage.ts'
import { monthsOf, readFrom } from '../questions/day-ranges.ts'
import { addedUp, inOrder, ofParts } from '../questions/usage-parts.ts'
import { usageGroupsFromRows } from '../rows.ts'
import type { Connection } from './connection.ts'
import * as sql from './ledger-sql.ts'

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
  if (!('simId' in query.scope)) {
    const text = SELECT_ACCOUNT_USAGE[query.granularity]
    return rowsOf(connection, text, ...accountUsageValues(query, query.scope.accountId))
  }
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
  const hasBounds = isLong(query)
  if (hasBounds && !isTransaction) return asOneState()
  const period = hasBounds ? connection.take(withinLedger(query)) : query
  if (period === null) return []
  const { firstDay, endDay, buckets } = readFrom({ ...period, granularity }, limits)
  const months = monthsOf(firstDay, endDay)
  if (months.length + Math.min(buckets.length, 1) > 1 && !isTransaction) return asOneState()
  const parts: UsageGroup[][] = months.map((month) =>
    granularity === 'all' && hasMonthTotal(month, { firstDay, endDay }, limits)
      ? rowsOf(connection, sql.SELECT_SIM_MONTH_TOTAL, start, month, simId)
      : granularity === 'all'
        ? rowsOf(connection, sql.SELECT_SIM_MONTH.all, start, month, simId, firstDay, endDay)
        : rowsOf(connection, sql.SELECT_SIM_MONTH.daily, month, simId, firstDay, endDay),
  )
  if (buckets.length > 0) {
    const values = [JSON.stringify(buckets), simId, start, end]
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
  try {
    return usageGroupsFromRows(connection.prepareArrays(text).all(...values))
  } catch (error) {
    // Thrown for an integer that no number can have exactly.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_OUT_OF_RANGE') throw error
    return usageGroupsFromRows(connection.prepareBigintArrays(text).all(...values))
  }
}
