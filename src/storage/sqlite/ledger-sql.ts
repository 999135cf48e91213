/** SQL of the ledger, of what is derived from it, and of the questions that both answer. */

import { COUNTER_COLUMNS, COUNTER_SUMS, counterList, eachCounter } from '../counter-columns.ts'
import { dayText } from '../ledger/buckets.ts'

const COUNTERS = counterList()

/** Five parameters, in the order of the key. */
const IDENTITY = 'bucket = ? AND sim_id = ? AND occurred_at = ? AND feed_id = ? AND record_id = ?'

export const EVENT_COLUMNS = [
  ...['bucket', 'sim_id', 'occurred_at', 'feed_id', 'record_id', 'account_id'],
  ...['zone', 'country', 'plmn', 'stated', 'import_id', 'line', 'known_at'],
  ...COUNTER_COLUMNS,
]

/**
 * Inserts that many rows. A single one is left out if its identity is stored. Several are inserted in
 * their order, up to the first whose identity is stored, for which the statement fails.
 */
export function insertEvents(rows: number): string {
  const row = `(${EVENT_COLUMNS.map(() => '?').join(', ')})`
  return `
    INSERT ${rows === 1 ? '' : 'OR FAIL'} INTO ledger (${EVENT_COLUMNS.join(', ')})
    VALUES ${Array.from({ length: rows }, () => row).join(', ')}
    ${rows === 1 ? 'ON CONFLICT DO NOTHING' : ''}`
}

export const SELECT_EVENT = `SELECT * FROM ledger WHERE ${IDENTITY}`

/** The origin of an event that is the same in every column. Parameters: identity, then these. */
export const SELECT_SAME_EVENT = `
  SELECT import_id, line FROM ledger
  WHERE ${IDENTITY} AND zone = ? AND country = ? AND plmn = ? AND stated = ?
    AND ${eachCounter((name) => `${name} = ?`, ' AND ')}`

// Questions. Ledger rows are found bucket by bucket. The CROSS JOIN keeps SQLite from reversing the join
// and scanning whole buckets.

const SIM_LEDGER_ROWS = `
  FROM json_each(?) AS wanted
  CROSS JOIN ledger ON ledger.bucket = wanted.value
  WHERE ledger.sim_id = ? AND ledger.occurred_at >= ? AND ledger.occurred_at < ?`

const SIM_MONTH_ROWS = `
  FROM sim_day
  WHERE month = ? AND sim_id = ? AND started_at >= ? AND started_at < ?`

// Answers are ordered by bucket, zone and country, and their columns are always bucket_start, zone,
// country, and the counters.

/** Parameters: the buckets as a JSON array, SIM, start, end; for `all`, its bucket before them. */
export const SELECT_SIM_LEDGER = {
  hourly: `
    SELECT occurred_at - occurred_at % 3600 AS bucket_start, zone, country, ${COUNTER_SUMS}
    ${SIM_LEDGER_ROWS}
    GROUP BY 1, zone, country
    ORDER BY 1, zone, country`,
  daily: `
    SELECT ${dayText('occurred_at')} AS bucket_start, zone, country, ${COUNTER_SUMS}
    ${SIM_LEDGER_ROWS}
    GROUP BY 1, zone, country
    ORDER BY 1, zone, country`,
  all: `
    SELECT ? AS bucket_start, zone, country, ${COUNTER_SUMS}
    ${SIM_LEDGER_ROWS}
    GROUP BY zone, country
    ORDER BY zone, country`,
} as const

/**
 * Sealed days of one calendar month. Parameters: month, SIM, first day, end of the last day; for
 * `all`, its bucket before them.
 */
export const SELECT_SIM_MONTH = {
  daily: `
    SELECT started_at AS bucket_start, zone, country, ${COUNTERS}
    ${SIM_MONTH_ROWS}
    ORDER BY started_at, zone, country`,
  all: `
    SELECT ? AS bucket_start, zone, country, ${COUNTER_SUMS}
    ${SIM_MONTH_ROWS}
    GROUP BY zone, country
    ORDER BY zone, country`,
} as const

/** All sealed days of a month. Parameters: the bucket of the answer, month, SIM. */
export const SELECT_SIM_MONTH_TOTAL = `
  SELECT ? AS bucket_start, zone, country, ${COUNTERS}
  FROM sim_month
  WHERE month = ? AND sim_id = ?
  ORDER BY zone, country`
