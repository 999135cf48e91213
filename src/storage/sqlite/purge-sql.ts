/** SQL that ends retention: what is old, and the steps that delete it. */

export * from '../purge-sql.ts'

export const COUNT_OLD_LEDGER = 'SELECT COUNT(*) AS rows FROM ledger WHERE occurred_at < ?'
export const COUNT_OLD_HISTORY = 'SELECT COUNT(*) AS rows FROM ledger_history WHERE occurred_at < ?'
export const COUNT_OLD_SIM_DAYS = 'SELECT COUNT(*) AS rows FROM sim_day WHERE started_at < ?'
export const COUNT_OLD_SIM_MONTHS = 'SELECT COUNT(*) AS rows FROM sim_month WHERE month < ?'

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

/** The month that is cut has no total any more. */
export const DELETE_OLD_SIM_MONTHS = 'DELETE FROM sim_month WHERE month < ?'

export const REBUILD_DAY = `
  INSERT INTO account_day (account_id, started_at, zone, country, plmn,
                           upload, download, to_sim, from_sim)
  SELECT account_id, ?, zone, country, plmn,
         SUM(upload), SUM(download), SUM(to_sim), SUM(from_sim)
  FROM account_hour
  WHERE started_at >= ? AND started_at < ?
  GROUP BY account_id, zone, country, plmn`
