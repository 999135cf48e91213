/** An account's usage from its rollups, as SQL for both engines, and its parameters. */
import type { Granularity, UsageQuery } from '../../domain/usage-query.ts'
import { BIGINT_SUMS, counterList } from '../counter-columns.ts'
import { wholeDays } from './day-ranges.ts'

const COUNTERS = counterList()

/** Parameters: account, start, end. */
const HOURS = `
  SELECT started_at AS bucket_start, zone, country, ${BIGINT_SUMS}
  FROM account_hour
  WHERE account_id = ?1 AND started_at >= ?2 AND started_at < ?3
  GROUP BY started_at, zone, country
  ORDER BY started_at, zone, country`

/**
 * Whole days from the day cells, and the hours before and after them from the hour cells. Further
 * parameters: first whole day, end of the whole days.
 */
function daysAndHours(columns: string): string {
  const rows = (table: string, from: string, to: string) => `
    SELECT ${columns}, ${COUNTERS}
    FROM ${table}
    WHERE account_id = ?1 AND started_at >= ${from} AND started_at < ${to}`
  return `(${rows('account_hour', '?2', '?4')}
    UNION ALL ${rows('account_day', '?4', '?5')}
    UNION ALL ${rows('account_hour', '?5', '?3')}) AS part`
}

const DAYS = `
  SELECT bucket_start, zone, country, ${BIGINT_SUMS}
  FROM ${daysAndHours('started_at - started_at % 86400 AS bucket_start, zone, country')}
  GROUP BY bucket_start, zone, country
  ORDER BY bucket_start, zone, country`

const TOTAL = `
  SELECT ?2::bigint AS bucket_start, zone, country, ${BIGINT_SUMS}
  FROM ${daysAndHours('zone, country')}
  GROUP BY zone, country
  ORDER BY zone, country`

/** Answers in order of bucket, zone and country. */
export const SELECT_ACCOUNT_USAGE: Readonly<Record<Granularity, string>> = {
  hourly: HOURS,
  daily: DAYS,
  all: TOTAL,
}

/** The parameters of `SELECT_ACCOUNT_USAGE`. */
export function accountUsageValues(
  { start, end, granularity }: Omit<UsageQuery, 'scope'>,
  accountId: number,
): number[] {
  if (granularity === 'hourly') return [accountId, start, end]
  const { firstDay, endDay } = wholeDays(start, end)
  return [accountId, start, end, firstDay, endDay]
}
