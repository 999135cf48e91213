/** SQL that takes an import back. */
import { UNDONE_COLUMNS } from '../undone-versions.ts'
import { IDENTITY } from './ledger-sql.ts'

export const INSERT_IMPORT_BUCKET =
  'INSERT INTO import_bucket (import_id, bucket) VALUES (?, ?) ON CONFLICT DO NOTHING'

// What an import has written to a bucket, in the order of the key, after an identity.

/** `has_history` spares a question for each row of those that have no other version. */
export const SELECT_EVENTS_OF_IMPORT = `
  SELECT *, EXISTS (SELECT 1 FROM ledger_history AS history
                    WHERE history.bucket = ledger.bucket AND history.sim_id = ledger.sim_id
                      AND history.occurred_at = ledger.occurred_at
                      AND history.feed_id = ledger.feed_id
                      AND history.record_id = ledger.record_id) AS has_history
  FROM ledger
  WHERE bucket = ? AND feed_id = ? AND import_id = ? AND occurred_at >= ?
    AND (sim_id, occurred_at, record_id) > (?, ?, ?)
  ORDER BY sim_id, occurred_at, feed_id, record_id
  LIMIT ?`
/** Identities with a version that was replaced. */
export const SELECT_REPLACED_OF_IMPORT = `
  SELECT DISTINCT bucket, sim_id, occurred_at, feed_id, record_id FROM ledger_history
  WHERE bucket = ? AND feed_id = ? AND import_id = ? AND occurred_at >= ?
    AND (sim_id, occurred_at, record_id) > (?, ?, ?)
  ORDER BY sim_id, occurred_at, feed_id, record_id
  LIMIT ?`
export const INSERT_UNDONE = `
  INSERT INTO undone_version (${UNDONE_COLUMNS.join(', ')})
  VALUES (${UNDONE_COLUMNS.map(() => '?').join(', ')})`
export const DELETE_EVENT = `DELETE FROM ledger WHERE ${IDENTITY}`
export const DELETE_REPLACED_VERSIONS = `DELETE FROM ledger_history WHERE ${IDENTITY}`
export const SET_PROVENANCE = `
  UPDATE ledger SET import_id = ?, line = ?, known_at = ? WHERE ${IDENTITY}`
export const INSERT_REPLACED_VERSION = `
  INSERT INTO ledger_history (bucket, sim_id, occurred_at, feed_id, record_id, version,
                              account_id, zone, country, plmn, stated,
                              upload, download, to_sim, from_sim,
                              import_id, line, known_at, replaced_at, replaced_by_import)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
