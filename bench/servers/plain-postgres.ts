/** Batches of events into plain PostgreSQL: one statement per batch, over a pool. A commit is on disk. */
import pg from 'pg'
import { serveEvents } from './plain-events.ts'

const pool = new pg.Pool({ connectionString: process.argv[2]!, max: 10 })
await pool.query(`
  DROP TABLE IF EXISTS event_usage;
  CREATE TABLE event_usage (
    sim TEXT NOT NULL, occurred_at BIGINT NOT NULL, record_id TEXT NOT NULL, plmn TEXT NOT NULL,
    upload BIGINT NOT NULL, download BIGINT NOT NULL,
    PRIMARY KEY (sim, occurred_at, record_id)
  )`)

serveEvents({
  add: async (rows) => {
    const { rowCount } = await pool.query({
      name: 'insert',
      text: `
        INSERT INTO event_usage
        SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::bigint[])
        ON CONFLICT DO NOTHING`,
      values: [
        rows.map(({ sim }) => sim),
        rows.map(({ at }) => at),
        rows.map(({ id }) => id),
        rows.map(({ plmn }) => plmn),
        rows.map(({ upload }) => upload),
        rows.map(({ download }) => download),
      ],
    })
    return rowCount ?? 0
  },
  totals: async () => {
    const { rows } = await pool.query(`
      SELECT count(*)::float8 AS records, sum(upload)::float8 AS upload,
             sum(download)::float8 AS download
      FROM event_usage`)
    return rows[0]
  },
})
