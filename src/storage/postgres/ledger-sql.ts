/** SQL of the ledger, of what is derived from it, and of the questions that both answer. */

import { addedCounters, BIGINT_SUMS, counterList, eachCounter } from '../counter-columns.ts'
import { ACCOUNT_BY, ACCOUNT_CELL, placesOf, SIM_BY, SIM_DAY } from '../rollups.ts'

const COUNTERS = counterList()

const list = (columns: readonly string[]) => columns.join(', ')

/**
 * As counted by `monthNumber`. The zone is explicit, because the session's setting does not reach every
 * server.
 */
const MONTH_OF_BUCKET = `(
      EXTRACT(YEAR FROM to_timestamp(bucket) AT TIME ZONE 'UTC') * 12 +
      EXTRACT(MONTH FROM to_timestamp(bucket) AT TIME ZONE 'UTC') - 1)::integer`

// Appending. A batch with only new rows is copied into the ledger as it is. Any other is copied into a
// session table. Then the rows that the ledger lacks are copied into it, or all are moved by one statement.

/** Fails with a unique violation if one of the rows exists. */
export const COPY_LEDGER = `
  COPY ledger (bucket, sim_id, occurred_at, record_id, account_id, zone, country, plmn, stated,
               ${COUNTERS}, line, feed_id, import_id, known_at)
  FROM STDIN`

export const MAKE_INCOMING = `
  CREATE TEMPORARY TABLE IF NOT EXISTS incoming (
    position    integer NOT NULL,
    bucket      bigint NOT NULL,
    sim_id      bigint NOT NULL,
    occurred_at bigint NOT NULL,
    record_id   text COLLATE "C" NOT NULL,
    account_id  bigint NOT NULL,
    zone        smallint NOT NULL,
    country     text COLLATE "C" NOT NULL,
    plmn        text COLLATE "C" NOT NULL,
    stated      smallint NOT NULL,
    ${eachCounter((name) => `${name} bigint NOT NULL`)},
    line        bigint NOT NULL
  ) ON COMMIT DELETE ROWS`

export const COPY_INCOMING = `
  COPY incoming (bucket, sim_id, occurred_at, record_id, account_id, zone, country, plmn, stated,
                 ${COUNTERS}, line, position)
  FROM STDIN`

/**
 * The memory for sorting and grouping 100,000 records; with less, it would go through files.
 */
export const ROOM_FOR_A_BATCH = "SET LOCAL work_mem = '64MB'"

/**
 * For the planning of `SELECT_THERE`. A session plans each statement once, perhaps while the ledger is still
 * empty. Then reading all of it would seem quickest, and would be done forever after. Other statements have
 * to scan the session's table, and would be planned at random.
 */
export const USE_KEYS = 'SET LOCAL enable_seqscan = off'
export const SCAN_AGAIN = 'SET LOCAL enable_seqscan TO DEFAULT'

/**
 * The positions of rows of `incoming` whose identity the ledger has, looked up one by one. The limit keeps
 * the server from joining the other way round. Parameter: feed.
 */
export const SELECT_THERE = `
  SELECT array_agg(incoming.position) AS positions
  FROM incoming
  CROSS JOIN LATERAL (SELECT 1 FROM ledger
                      WHERE ledger.bucket = incoming.bucket
                        AND ledger.sim_id = incoming.sim_id
                        AND ledger.occurred_at = incoming.occurred_at
                        AND ledger.feed_id = ?1
                        AND ledger.record_id = incoming.record_id
                      LIMIT 1) AS there`

/**
 * Adds the rows of `incoming` to the ledger and, by what was really added, to everything that is derived
 * from it. If derived from `incoming` itself, a record that already exists would count again. Keys are
 * visited in order, so that two batches can only wait for each other in one direction. Parameters: feed,
 * import, known at, sealed through, rows of `incoming`. Returns how many were added, for which accounts,
 * and the positions of the others.
 */
export const MOVE_INCOMING = `
  WITH added AS (
    INSERT INTO ledger (bucket, sim_id, occurred_at, feed_id, record_id, account_id,
                        zone, country, plmn, stated, ${COUNTERS},
                        import_id, line, known_at)
    SELECT bucket, sim_id, occurred_at, ?1::bigint, record_id, account_id,
           zone, country, plmn, stated, ${COUNTERS},
           ?2::bigint, line, ?3::bigint
    FROM incoming
    ORDER BY position
    ON CONFLICT DO NOTHING
    RETURNING bucket, sim_id, occurred_at, record_id, account_id, ${ACCOUNT_BY},
              ${COUNTERS}
  ),
  hours AS (
    INSERT INTO account_hour (${list(ACCOUNT_CELL)}, ${COUNTERS})
    SELECT account_id, occurred_at - occurred_at % 3600, ${ACCOUNT_BY}, ${BIGINT_SUMS}
    FROM added
    GROUP BY ${placesOf(ACCOUNT_CELL)}
    ORDER BY ${placesOf(ACCOUNT_CELL)}
    ON CONFLICT (${list(ACCOUNT_CELL)})
    DO UPDATE SET ${addedCounters('account_hour')}
  ),
  days AS (
    INSERT INTO account_day (${list(ACCOUNT_CELL)}, ${COUNTERS})
    SELECT account_id, bucket, ${ACCOUNT_BY}, ${BIGINT_SUMS}
    FROM added
    GROUP BY ${placesOf(ACCOUNT_CELL)}
    ORDER BY ${placesOf(ACCOUNT_CELL)}
    ON CONFLICT (${list(ACCOUNT_CELL)})
    DO UPDATE SET ${addedCounters('account_day')}
  ),
  sim_days AS (
    INSERT INTO sim_day (${list(SIM_DAY)}, ${COUNTERS})
    SELECT ${MONTH_OF_BUCKET}, sim_id, ${SIM_BY}, bucket, ${BIGINT_SUMS}
    FROM added
    WHERE bucket < ?4
    GROUP BY sim_id, ${SIM_BY}, bucket
    ORDER BY ${placesOf(SIM_DAY)}
    ON CONFLICT (${list(SIM_DAY)})
    DO UPDATE SET ${addedCounters('sim_day')}
  )
  SELECT (SELECT COUNT(*) FROM added) AS added,
         (SELECT array_agg(DISTINCT account_id) FROM added) AS account_ids,
         CASE WHEN (SELECT COUNT(*) FROM added) < ?5::bigint THEN
           ARRAY(SELECT position FROM incoming
                 WHERE NOT EXISTS (SELECT FROM added
                                   WHERE added.bucket = incoming.bucket
                                     AND added.sim_id = incoming.sim_id
                                     AND added.occurred_at = incoming.occurred_at
                                     AND added.record_id = incoming.record_id))
         END AS met`

/**
 * Where the ledger's rows come from that are the same as rows of `incoming` in every column, as lists. The
 * same record again is by far the most that a batch meets, and its columns need not travel. Parameters:
 * feed, positions.
 */
export const SELECT_SAME = `
  SELECT array_agg(incoming.position) AS positions, array_agg(ledger.import_id) AS import_ids,
         array_agg(ledger.line) AS lines
  FROM incoming
  JOIN unnest(?2::integer[]) AS asked (position) ON asked.position = incoming.position
  JOIN ledger ON ledger.bucket = incoming.bucket
             AND ledger.sim_id = incoming.sim_id
             AND ledger.occurred_at = incoming.occurred_at
             AND ledger.feed_id = ?1
             AND ledger.record_id = incoming.record_id
  WHERE ledger.zone = incoming.zone AND ledger.country = incoming.country
    AND ledger.plmn = incoming.plmn AND ledger.stated = incoming.stated
    AND ${eachCounter((name) => `ledger.${name} = incoming.${name}`, ' AND ')}`

/** The ledger's rows for rows of `incoming`. Parameters: feed, positions. */
export const SELECT_MET = `
  SELECT incoming.position, ledger.account_id, ledger.zone, ledger.country, ledger.plmn,
         ledger.stated, ${counterList('ledger')},
         ledger.import_id, ledger.line, ledger.known_at
  FROM incoming
  JOIN unnest(?2::integer[]) AS asked (position) ON asked.position = incoming.position
  JOIN ledger ON ledger.bucket = incoming.bucket
             AND ledger.sim_id = incoming.sim_id
             AND ledger.occurred_at = incoming.occurred_at
             AND ledger.feed_id = ?1
             AND ledger.record_id = incoming.record_id`

/** Versions that were replaced earlier, oldest first. Parameters: feed, positions. */
export const SELECT_REPLACED = `
  SELECT incoming.position, history.zone, history.country, history.plmn, history.stated,
         ${counterList('history')},
         history.account_id, history.import_id, history.line, history.known_at
  FROM incoming
  JOIN unnest(?2::integer[]) AS asked (position) ON asked.position = incoming.position
  JOIN ledger_history AS history
    ON history.bucket = incoming.bucket
   AND history.sim_id = incoming.sim_id
   AND history.occurred_at = incoming.occurred_at
   AND history.feed_id = ?1
   AND history.record_id = incoming.record_id
  ORDER BY incoming.position, history.version`

// Questions. A SIM's rows are found bucket by bucket, with the list as an index condition. The bounds
// beside it repeat the same in a form that selects partitions.

/** Parameters: SIM, buckets, first bucket, last bucket, start, end. */
const SIM_LEDGER_ROWS = `
    FROM ledger
    WHERE sim_id = ?1 AND bucket = ANY (?2::bigint[]) AND bucket >= ?3 AND bucket <= ?4
      AND occurred_at >= ?5 AND occurred_at < ?6`

/** Further parameters: months, first sealed day, end of the sealed days. */
const SIM_DAY_ROWS = `
    FROM sim_day
    WHERE sim_id = ?1 AND month = ANY (?7::integer[]) AND started_at >= ?8 AND started_at < ?9`

function simUsage(ofLedger: string, ofSimDay: string | null): string {
  const parts = [
    `SELECT ${ofLedger} AS bucket_start, zone, country, ${COUNTERS}
    ${SIM_LEDGER_ROWS}`,
    ...(ofSimDay === null
      ? []
      : [`SELECT ${ofSimDay}, zone, country, ${COUNTERS} ${SIM_DAY_ROWS}`]),
  ]
  return `
    SELECT bucket_start, zone, country, ${BIGINT_SUMS}
    FROM (${parts.join('\n    UNION ALL\n    ')}) AS part
    GROUP BY bucket_start, zone, country
    ORDER BY bucket_start, zone, country`
}

/** A single statement sees one state: days sealed meanwhile are either all included or not at all. */
export const SELECT_SIM_USAGE = {
  hourly: simUsage('occurred_at - occurred_at % 3600', null),
  daily: simUsage('bucket', 'started_at'),
  all: simUsage('?5::bigint', '?5::bigint'),
} as const
