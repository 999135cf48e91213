/** SQL of readings, of their series, and of ledger rows that are found by their identities. */
import { READING_COLUMNS } from '../reading-rows.ts'
import type { Row } from '../rows.ts'
import { CONTENT } from './ledger-sql.ts'

/**
 * The nearest readings before and after a part of each series. Arrays of a column each: SIM, series,
 * first and last instant of the part, how far to look back and ahead; then the feed.
 */
export const SELECT_NEIGHBOURS = `
  SELECT part.position - 1 AS position,
         MAX(CASE WHEN reading.occurred_at < part.first_at THEN reading.occurred_at END) AS previous_at,
         MIN(CASE WHEN reading.occurred_at > part.last_at THEN reading.occurred_at END) AS next_at
  FROM unnest(?1::bigint[], ?2::text[], ?3::bigint[], ?4::bigint[], ?5::bigint[], ?6::bigint[])
    WITH ORDINALITY AS part (sim_id, record_id, first_at, last_at, from_at, to_at, position)
  JOIN reading ON reading.sim_id = part.sim_id
              AND reading.feed_id = ?7
              AND reading.record_id = part.record_id
              AND reading.occurred_at >= part.from_at
              AND reading.occurred_at <= part.to_at
  GROUP BY part.position`

export function ledgerRowFrom(row: Row): Row {
  return Object.fromEntries(CONTENT.map((name) => [name, row[`ledger_${name}`]]))
}

const READ_COLUMNS = READING_COLUMNS.slice(READING_COLUMNS.indexOf('occurred_at') + 1)

/**
 * The readings of a part of each series with their ledger rows; arrays as above, then the feed. Columns
 * of the ledger begin with `ledger_`.
 */
export const SELECT_SERIES = `
  SELECT part.position - 1 AS position, reading.occurred_at,
         ${READ_COLUMNS.map((name) => `reading.${name}`).join(', ')},
         ${CONTENT.map((name) => `ledger.${name} AS ledger_${name}`).join(', ')}
  FROM unnest(?1::bigint[], ?2::text[], ?3::bigint[], ?4::bigint[])
    WITH ORDINALITY AS part (sim_id, record_id, from_at, to_at, position)
  JOIN reading ON reading.sim_id = part.sim_id
              AND reading.feed_id = ?5
              AND reading.record_id = part.record_id
              AND reading.occurred_at >= part.from_at
              AND reading.occurred_at <= part.to_at
  LEFT JOIN ledger ON ledger.bucket = reading.occurred_at - reading.occurred_at % 86400
                  AND ledger.sim_id = reading.sim_id
                  AND ledger.occurred_at = reading.occurred_at
                  AND ledger.feed_id = reading.feed_id
                  AND ledger.record_id = reading.record_id
  ORDER BY 1, 2`

/** Arrays of bucket, SIM, instant and record id, then the feed. */
const IDENTITIES = `
  unnest(?1::bigint[], ?2::bigint[], ?3::bigint[], ?4::text[])
    WITH ORDINALITY AS named (bucket, sim_id, occurred_at, record_id, position)`

function joinedByIdentity(table: 'ledger' | 'ledger_history'): string {
  return `
  JOIN ${table} AS row ON row.bucket = named.bucket
                      AND row.sim_id = named.sim_id
                      AND row.occurred_at = named.occurred_at
                      AND row.feed_id = ?5
                      AND row.record_id = named.record_id`
}

export const SELECT_ROWS_AT = `
  SELECT named.position - 1 AS position, row.*
  FROM ${IDENTITIES} ${joinedByIdentity('ledger')}`

export const SELECT_VERSIONS_AT = `
  SELECT named.position - 1 AS position, row.*
  FROM ${IDENTITIES} ${joinedByIdentity('ledger_history')}
  ORDER BY named.position, row.version`

/** Arrays of a column each. */
export const PUT_READINGS = `
  INSERT INTO reading (${READING_COLUMNS.join(', ')})
  SELECT * FROM unnest(${READING_COLUMNS.map((name) => `?::${typeOf(name)}[]`).join(', ')})
  ON CONFLICT (sim_id, feed_id, record_id, occurred_at)
  DO UPDATE SET ${READ_COLUMNS.map((name) => `${name} = excluded.${name}`).join(', ')}`

function typeOf(column: (typeof READING_COLUMNS)[number]): string {
  if (column === 'record_id') return 'text'
  return column === 'traits' || column === 'verdict' ? 'smallint' : 'bigint'
}
