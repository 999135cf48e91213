/** SQL that takes an import back. */
import { UNDONE_COLUMNS } from '../undone-versions.ts'

const UNDONE_TYPES: Readonly<Partial<Record<(typeof UNDONE_COLUMNS)[number], string>>> = {
  record_id: 'text',
  country: 'text',
  plmn: 'text',
  zone: 'smallint',
  stated: 'smallint',
}

/** Arrays of a column each. */
export const INSERT_UNDONE = `
  INSERT INTO undone_version (${UNDONE_COLUMNS.join(', ')})
  SELECT * FROM unnest(
    ${UNDONE_COLUMNS.map((name) => `?::${UNDONE_TYPES[name] ?? 'bigint'}[]`).join(', ')})`

/** Array of buckets, import. */
export const INSERT_IMPORT_BUCKETS = `
  INSERT INTO import_bucket (bucket, import_id)
  SELECT bucket, ?2::bigint FROM unnest(?1::bigint[]) AS seen (bucket)
  ON CONFLICT DO NOTHING`

/**
 * What an import has written to a bucket, in the order of the key, after an identity. Parameters:
 * bucket, feed, import, purged through, SIM, instant and record id of that identity, limit.
 */
const OF_IMPORT = `
  WHERE bucket = ?1 AND feed_id = ?2 AND import_id = ?3 AND occurred_at >= ?4
    AND (sim_id, occurred_at, record_id) > (?5::bigint, ?6::bigint, ?7::text)
  ORDER BY sim_id, occurred_at, record_id
  LIMIT ?8`

export const SELECT_EVENTS_OF_IMPORT = `
  SELECT bucket, sim_id, occurred_at, record_id FROM ledger ${OF_IMPORT}`
/** Identities with a version that was replaced. */
export const SELECT_REPLACED_OF_IMPORT = `
  SELECT DISTINCT bucket, sim_id, occurred_at, record_id FROM ledger_history ${OF_IMPORT}`

/** Arrays of bucket, SIM, instant and record id, then the feed. */
function deleteIdentities(table: 'ledger' | 'ledger_history'): string {
  return `
    DELETE FROM ${table}
    USING unnest(?1::bigint[], ?2::bigint[], ?3::bigint[], ?4::text[])
      AS gone (bucket, sim_id, occurred_at, record_id)
    WHERE ${table}.bucket = gone.bucket
      AND ${table}.sim_id = gone.sim_id
      AND ${table}.occurred_at = gone.occurred_at
      AND ${table}.feed_id = ?5
      AND ${table}.record_id = gone.record_id`
}

export const DELETE_EVENTS = deleteIdentities('ledger')
export const DELETE_REPLACED_VERSIONS = deleteIdentities('ledger_history')

/** Arrays of SIM, record id and instant, then the feed. */
export const SELECT_READINGS = `
  SELECT named.position - 1 AS position, reading.*
  FROM unnest(?1::bigint[], ?2::text[], ?3::bigint[])
    WITH ORDINALITY AS named (sim_id, record_id, occurred_at, position)
  JOIN reading ON reading.sim_id = named.sim_id
              AND reading.feed_id = ?4
              AND reading.record_id = named.record_id
              AND reading.occurred_at = named.occurred_at`

/** Parameters as above. */
export const DELETE_READINGS = `
  DELETE FROM reading
  USING unnest(?1::bigint[], ?2::text[], ?3::bigint[]) AS gone (sim_id, record_id, occurred_at)
  WHERE reading.sim_id = gone.sim_id
    AND reading.feed_id = ?4
    AND reading.record_id = gone.record_id
    AND reading.occurred_at = gone.occurred_at`
