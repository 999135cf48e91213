/** SQL that ends retention: what is old, and the steps that delete it. */

export * from '../purge-sql.ts'

export const COUNT_OLD_LEDGER =
  'SELECT COUNT(*) AS rows FROM ledger WHERE bucket < ?1 AND occurred_at < ?1'
export const COUNT_OLD_HISTORY =
  'SELECT COUNT(*) AS rows FROM ledger_history WHERE bucket < ?1 AND occurred_at < ?1'
export const COUNT_OLD_SIM_DAYS =
  'SELECT COUNT(*) AS rows FROM sim_day WHERE month <= ? AND started_at < ?'

/** Buckets of a month that is kept in part which have rows before the limit, oldest first. */
export function selectOldBuckets(table: 'ledger' | 'ledger_history'): string {
  return `
    SELECT bucket, COUNT(*) AS rows FROM ${table}
    WHERE bucket < ?1 AND occurred_at < ?1
    GROUP BY bucket ORDER BY bucket`
}

/** The SIM up to which a step of so many rows goes; none where the bucket has fewer. */
export function selectStepEnd(table: 'ledger' | 'ledger_history'): string {
  return `
    SELECT sim_id FROM ${table}
    WHERE bucket = ?1 AND occurred_at < ?2
    ORDER BY sim_id LIMIT 1 OFFSET ?3`
}

export function deleteStep(table: 'ledger' | 'ledger_history'): string {
  return `DELETE FROM ${table} WHERE bucket = ? AND occurred_at < ? AND sim_id <= ?`
}

export const REBUILD_DAY = `
  INSERT INTO account_day (account_id, started_at, zone, country, plmn,
                           upload, download, to_sim, from_sim)
  SELECT account_id, ?1::bigint, zone, country, plmn,
         SUM(upload)::bigint, SUM(download)::bigint, SUM(to_sim)::bigint, SUM(from_sim)::bigint
  FROM account_hour
  WHERE started_at >= ?2 AND started_at < ?3
  GROUP BY account_id, zone, country, plmn`
