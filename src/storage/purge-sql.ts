/** SQL that ends retention in every engine; how rows of the ledger are found and deleted is its own affair. */

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
