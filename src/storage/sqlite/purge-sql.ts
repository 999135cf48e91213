/** SQL that ends retention: what is old, and the steps that delete it. */

export const COUNT_OLD_LEDGER = 'SELECT COUNT(*) AS rows FROM ledger WHERE occurred_at < ?'
export const COUNT_OLD_HISTORY = 'SELECT COUNT(*) AS rows FROM ledger_history WHERE occurred_at < ?'
export const COUNT_OLD_HOURS = 'SELECT COUNT(*) AS rows FROM account_hour WHERE started_at < ?'
export const COUNT_OLD_DAYS = 'SELECT COUNT(*) AS rows FROM account_day WHERE started_at < ?'
export const COUNT_OLD_SIM_DAYS = 'SELECT COUNT(*) AS rows FROM sim_day WHERE started_at < ?'
export const COUNT_OLD_SIM_MONTHS = 'SELECT COUNT(*) AS rows FROM sim_month WHERE month < ?'
export const COUNT_OLD_DELIVERIES =
  'SELECT COUNT(*) AS rows FROM quarantine_delivery WHERE seen_at < ?'

/**
 * Deletes about `:limit` old rows of one bucket: the SIMs up to the one that the limit falls on.
 * Rows are found by their key; a table without row ids has no other handle.
 */
function deleteStep(table: 'ledger' | 'ledger_history'): string {
  return `
    DELETE FROM ${table}
    WHERE bucket = :bucket
      AND occurred_at < :before
      AND sim_id <= COALESCE(
        (SELECT sim_id FROM ${table}
         WHERE bucket = :bucket AND occurred_at < :before
         ORDER BY sim_id LIMIT 1 OFFSET :limit),
        ${Number.MAX_SAFE_INTEGER})`
}

export const DELETE_LEDGER_STEP = deleteStep('ledger')
export const DELETE_HISTORY_STEP = deleteStep('ledger_history')

/** The oldest bucket that still has a row before the limit, for each of the two steps. */
export const OLDEST_BUCKET: Readonly<Record<string, string>> = {
  [DELETE_LEDGER_STEP]: oldestBucket('ledger'),
  [DELETE_HISTORY_STEP]: oldestBucket('ledger_history'),
}

function oldestBucket(table: 'ledger' | 'ledger_history'): string {
  return `
    SELECT bucket FROM ${table}
    WHERE bucket <= ?1 AND occurred_at < ?1
    ORDER BY bucket LIMIT 1`
}

export const DELETE_OLD_HOURS = 'DELETE FROM account_hour WHERE started_at < ?'
export const DELETE_OLD_DAYS = 'DELETE FROM account_day WHERE started_at < ?'
export const DELETE_OLD_SIM_DAYS = 'DELETE FROM sim_day WHERE month <= ? AND started_at < ?'

/** The month that is cut keeps its total: from then on nobody reads it. */
export const DELETE_OLD_SIM_MONTHS = 'DELETE FROM sim_month WHERE month < ?'

export const DELETE_DAY = 'DELETE FROM account_day WHERE started_at = ?'
export const REBUILD_DAY = `
  INSERT INTO account_day (account_id, started_at, zone, country, plmn,
                           upload, download, to_sim, from_sim)
  SELECT account_id, ?, zone, country, plmn,
         SUM(upload), SUM(download), SUM(to_sim), SUM(from_sim)
  FROM account_hour
  WHERE started_at >= ? AND started_at < ?
  GROUP BY account_id, zone, country, plmn`
export const DELETE_SIM_DAY = 'DELETE FROM sim_day WHERE month = ? AND started_at = ?'

/**
 * Readings before the limit, but for the newest of each series: a late reading after the limit is
 * measured from it. When the series has ended long before, nothing comes any more. Parameters: the
 * limit, and the instant of "long before".
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
export const DELETE_UNDELIVERED = `
  DELETE FROM quarantine
  WHERE NOT EXISTS (SELECT 1 FROM quarantine_delivery
                    WHERE quarantine_delivery.quarantine_id = quarantine.id)`
