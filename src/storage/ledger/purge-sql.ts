/** SQL that seals days and ends retention. */
import { addedCounters, BIGINT_SUMS, counterList } from '../counter-columns.ts'
import { ACCOUNT_BY, ACCOUNT_CELL, SIM_BY, SIM_MONTH } from '../rollups.ts'

const COUNTERS = counterList()

/** The bounds limit PostgreSQL to the partitions that can hold such a bucket. */
export function nextBucket(table: LedgerTable): string {
  return `SELECT bucket FROM ${table} WHERE bucket >= ? AND bucket < ? ORDER BY bucket LIMIT 1`
}

/** Parameters: month, bucket, purged through. */
export const SEAL_DAY = `
  INSERT INTO sim_day (month, sim_id, started_at, ${SIM_BY}, ${COUNTERS})
  SELECT ?1::integer, sim_id, bucket, ${SIM_BY}, ${BIGINT_SUMS}
  FROM ledger
  WHERE bucket = ?2 AND occurred_at >= ?3
  GROUP BY sim_id, bucket, ${SIM_BY}`

/**
 * Parameters: month, and the start of one of its days that retention has not touched. Its totals are there
 * already; adding them up takes a tenth of the time that its records would take.
 */
export const ADD_DAY_TO_MONTH = `
  INSERT INTO sim_month (${SIM_MONTH.join(', ')}, ${COUNTERS})
  SELECT month, sim_id, ${SIM_BY}, ${COUNTERS}
  FROM sim_day
  WHERE month = ?1 AND started_at = ?2
  ON CONFLICT (${SIM_MONTH.join(', ')}) DO UPDATE
  SET ${addedCounters('sim_month')}`

export const COUNT_OLD_LEDGER =
  'SELECT COUNT(*) AS rows FROM ledger WHERE bucket < ?1 AND occurred_at < ?1'
export const COUNT_OLD_HISTORY =
  'SELECT COUNT(*) AS rows FROM ledger_history WHERE bucket < ?1 AND occurred_at < ?1'
export const COUNT_OLD_SIM_DAYS =
  'SELECT COUNT(*) AS rows FROM sim_day WHERE month <= ? AND started_at < ?'

export const COUNT_OLD_HOURS = 'SELECT COUNT(*) AS rows FROM account_hour WHERE started_at < ?'

export const COUNT_OLD_DAYS = 'SELECT COUNT(*) AS rows FROM account_day WHERE started_at < ?'

export const COUNT_OLD_DELIVERIES =
  'SELECT COUNT(*) AS rows FROM quarantine_delivery WHERE seen_at < ?'

export const DELETE_OLD_HOURS = 'DELETE FROM account_hour WHERE started_at < ?'

export const DELETE_OLD_DAYS = 'DELETE FROM account_day WHERE started_at < ?'

export const DELETE_OLD_SIM_DAYS = 'DELETE FROM sim_day WHERE month <= ? AND started_at < ?'

export const DELETE_DAY = 'DELETE FROM account_day WHERE started_at = ?'

export const DELETE_SIM_DAY = 'DELETE FROM sim_day WHERE month = ? AND started_at = ?'

/**
 * Readings before the limit, except the newest of each series, because late readings after the limit are
 * measured from it. Once a series has long ended, that one can go as well. Parameters: the limit, and the
 * instant that counts as long ago.
 */
export const DELETE_OLD_READINGS = `
  DELETE FROM reading
  WHERE occurred_at < ?1
    AND (EXISTS (SELECT 1 FROM reading AS newer
                 WHERE newer.sim_id = reading.sim_id AND newer.feed_id = reading.feed_id
                   AND newer.record_id = reading.record_id
                   AND newer.occurred_at > reading.occurred_at AND newer.occurred_at < ?1)
      OR (occurred_at < ?2
          AND NOT EXISTS (SELECT 1 FROM reading AS newer
                          WHERE newer.sim_id = reading.sim_id AND newer.feed_id = reading.feed_id
                            AND newer.record_id = reading.record_id
                            AND newer.occurred_at > reading.occurred_at)))`

export const DELETE_DELIVERIES = `
  DELETE FROM quarantine_delivery
  WHERE id IN (SELECT id FROM quarantine_delivery WHERE seen_at < ? ORDER BY id LIMIT ?)`

export const DELETE_OLD_SIM_MONTHS = 'DELETE FROM sim_month WHERE month < ?'

export const REBUILD_DAY = `
  INSERT INTO account_day (${ACCOUNT_CELL.join(', ')}, ${COUNTERS})
  SELECT account_id, ?1::bigint, ${ACCOUNT_BY}, ${BIGINT_SUMS}
  FROM account_hour
  WHERE started_at >= ?2 AND started_at < ?3
  GROUP BY account_id, ${ACCOUNT_BY}`

type LedgerTable = 'ledger' | 'ledger_history'

/** The oldest bucket that still has a row before the limit. */
export function oldestBucket(table: LedgerTable): string {
  return `
    SELECT bucket FROM ${table}
    WHERE bucket <= ?1 AND occurred_at < ?1
    ORDER BY bucket LIMIT 1`
}

/** The last SIM of a step of this many rows; none if the bucket has fewer. */
export function stepEnd(table: LedgerTable): string {
  return `
    SELECT sim_id FROM ${table}
    WHERE bucket = ?1 AND occurred_at < ?2
    ORDER BY sim_id LIMIT 1 OFFSET ?3`
}

export function deleteStep(table: LedgerTable): string {
  return `DELETE FROM ${table} WHERE bucket = ? AND occurred_at < ? AND sim_id <= ?`
}
