/** SQL of the ledger, of what is derived from it, and of the questions both answer. */

import { READING_COLUMNS } from '../reading-rows.ts'

/** A bucket of the ledger is one UTC day, by the measurement in `docs/storage.md`. */
export const LEDGER_BUCKET_SECONDS = 86_400

const COUNTERS = ['upload', 'download', 'to_sim', 'from_sim'] as const

function sums(): string {
  return COUNTERS.map((name) => `SUM(${name}) AS ${name}`).join(', ')
}

/** Five parameters, in the order of the key. */
export const IDENTITY =
  'bucket = ? AND sim_id = ? AND occurred_at = ? AND feed_id = ? AND record_id = ?'

export const INSERT_EVENT = `
  INSERT INTO ledger (bucket, sim_id, occurred_at, feed_id, record_id, account_id,
                      zone, country, plmn, stated, upload, download, to_sim, from_sim,
                      import_id, line, known_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT DO NOTHING`

export const SELECT_EVENT = `SELECT * FROM ledger WHERE ${IDENTITY}`

export const SELECT_REPLACED_VERSIONS = `
  SELECT * FROM ledger_history WHERE ${IDENTITY} ORDER BY version`

export const REPLACE_EVENT = `
  UPDATE ledger
  SET account_id = ?, zone = ?, country = ?, plmn = ?, stated = ?,
      upload = ?, download = ?, to_sim = ?, from_sim = ?,
      import_id = ?, line = ?, known_at = ?
  WHERE ${IDENTITY}`

export const INSERT_ACCOUNT_FEED =
  'INSERT INTO account_feed (account_id, feed_id) VALUES (?, ?) ON CONFLICT DO NOTHING'

const ADD_COUNTERS = COUNTERS.map((name) => `${name} = ${name} + excluded.${name}`).join(', ')

export function addToAccountCell(table: 'account_hour' | 'account_day'): string {
  return `
    INSERT INTO ${table} (account_id, started_at, zone, country, plmn,
                          upload, download, to_sim, from_sim)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET ${ADD_COUNTERS}`
}

export const ADD_TO_SIM_DAY = `
  INSERT INTO sim_day (month, sim_id, started_at, zone, country,
                       upload, download, to_sim, from_sim)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET ${ADD_COUNTERS}`

export const ADD_TO_SIM_MONTH = `
  INSERT INTO sim_month (month, sim_id, zone, country, upload, download, to_sim, from_sim)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET ${ADD_COUNTERS}`

// Readings

const SERIES = 'sim_id = ? AND feed_id = ? AND record_id = ?'

export const SELECT_READING = `SELECT * FROM reading WHERE ${SERIES} AND occurred_at = ?`
export const SELECT_PREVIOUS_READING = `
  SELECT * FROM reading WHERE ${SERIES} AND occurred_at < ? ORDER BY occurred_at DESC LIMIT 1`
export const SELECT_NEXT_READING = `
  SELECT * FROM reading WHERE ${SERIES} AND occurred_at > ? ORDER BY occurred_at LIMIT 1`
const READ_COLUMNS = READING_COLUMNS.slice(READING_COLUMNS.indexOf('occurred_at') + 1)
export const PUT_READING = `
  INSERT INTO reading (${READING_COLUMNS.join(', ')})
  VALUES (${READING_COLUMNS.map(() => '?').join(', ')})
  ON CONFLICT DO UPDATE
  SET ${READ_COLUMNS.map((name) => `${name} = excluded.${name}`).join(', ')}`
export const DELETE_READING = `DELETE FROM reading WHERE ${SERIES} AND occurred_at = ?`
export const SET_USAGE = `
  UPDATE ledger SET upload = ?, download = ?, to_sim = ?, from_sim = ? WHERE ${IDENTITY}`

// Sealing

export const SELECT_NEXT_BUCKET =
  'SELECT bucket FROM ledger WHERE bucket >= ? ORDER BY bucket LIMIT 1'

export const SEAL_DAY = `
  INSERT INTO sim_day (month, sim_id, started_at, zone, country,
                       upload, download, to_sim, from_sim)
  SELECT ?, sim_id, bucket, zone, country, ${sums()}
  FROM ledger
  WHERE bucket = ? AND occurred_at >= ?
  GROUP BY sim_id, zone, country`

/** Months from the first parameter on, up to the second, of which every day is sealed. */
export const TOTAL_MONTHS = `
  INSERT INTO sim_month (month, sim_id, zone, country, upload, download, to_sim, from_sim)
  SELECT month, sim_id, zone, country, ${sums()}
  FROM sim_day
  WHERE month >= ? AND month < ?
  GROUP BY month, sim_id, zone, country`

export const SELECT_LEDGER_BOUNDS = `
  SELECT (SELECT MIN(bucket) FROM ledger) AS first, (SELECT MAX(bucket) FROM ledger) AS last`

// Questions. Ledger rows are found bucket by bucket: the CROSS JOIN keeps SQLite from turning the
// join around and scanning whole buckets.

const SIM_LEDGER_ROWS = `
  FROM json_each(?) AS wanted
  CROSS JOIN ledger ON ledger.bucket = wanted.value
  WHERE ledger.sim_id = ? AND ledger.occurred_at >= ? AND ledger.occurred_at < ?`

const SIM_MONTH_ROWS = `
  FROM sim_day
  WHERE month = ? AND sim_id = ? AND started_at >= ? AND started_at < ?`

// Answers come in the order of bucket, zone and country, and their columns always in this one:
// bucket_start, zone, country, upload, download, to_sim, from_sim.

/** Parameters: the buckets as a JSON array, SIM, start, end; for `all`, its bucket before them. */
export const SELECT_SIM_LEDGER = {
  hourly: `
    SELECT occurred_at - occurred_at % 3600 AS bucket_start, zone, country, ${sums()}
    ${SIM_LEDGER_ROWS}
    GROUP BY 1, zone, country
    ORDER BY 1, zone, country`,
  daily: `
    SELECT bucket AS bucket_start, zone, country, ${sums()}
    ${SIM_LEDGER_ROWS}
    GROUP BY bucket, zone, country
    ORDER BY bucket, zone, country`,
  all: `
    SELECT ? AS bucket_start, zone, country, ${sums()}
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
    SELECT started_at AS bucket_start, zone, country, upload, download, to_sim, from_sim
    ${SIM_MONTH_ROWS}
    ORDER BY started_at, zone, country`,
  all: `
    SELECT ? AS bucket_start, zone, country, ${sums()}
    ${SIM_MONTH_ROWS}
    GROUP BY zone, country
    ORDER BY zone, country`,
} as const

/** A whole sealed month. Parameters: the bucket of the answer, month, SIM. */
export const SELECT_SIM_MONTH_TOTAL = `
  SELECT ? AS bucket_start, zone, country, upload, download, to_sim, from_sim
  FROM sim_month
  WHERE month = ? AND sim_id = ?
  ORDER BY zone, country`

export const SELECT_ACCOUNT_HOURS = `
  SELECT started_at AS bucket_start, zone, country, ${sums()}
  FROM account_hour
  WHERE account_id = :account AND started_at >= :start AND started_at < :end
  GROUP BY started_at, zone, country
  ORDER BY started_at, zone, country`

/** Whole days from the day cells, the hours before and after them from the hour cells. */
const ACCOUNT_DAYS_AND_HOURS = `
    SELECT started_at - started_at % 86400 AS bucket_start, zone, country,
           upload, download, to_sim, from_sim
    FROM account_hour
    WHERE account_id = :account AND started_at >= :start AND started_at < :firstDay
    UNION ALL
    SELECT started_at, zone, country, upload, download, to_sim, from_sim
    FROM account_day
    WHERE account_id = :account AND started_at >= :firstDay AND started_at < :endDay
    UNION ALL
    SELECT started_at - started_at % 86400, zone, country, upload, download, to_sim, from_sim
    FROM account_hour
    WHERE account_id = :account AND started_at >= :endDay AND started_at < :end`

export const SELECT_ACCOUNT_DAYS = `
  SELECT bucket_start, zone, country, ${sums()}
  FROM (${ACCOUNT_DAYS_AND_HOURS})
  GROUP BY bucket_start, zone, country
  ORDER BY bucket_start, zone, country`

export const SELECT_ACCOUNT_TOTAL = `
  SELECT :start AS bucket_start, zone, country, ${sums()}
  FROM (${ACCOUNT_DAYS_AND_HOURS})
  GROUP BY zone, country
  ORDER BY zone, country`
