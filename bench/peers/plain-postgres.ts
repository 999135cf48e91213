/**
 * Plain PostgreSQL, as a good engineer would write it in an afternoon: `COPY` loads the file into a temporary
 * table, and one statement joins and inserts the rows that are not there yet, all in one transaction. A
 * commit is on disk.
 */
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { DAY_SECONDS } from '../../src/domain/time.ts'
import { iccid } from '../dataset.ts'
import { type Answer, type AnswerRow, type Fleet, NETWORKS, type Question } from '../workload.ts'
import { type Asking, CSV_COLUMNS, type Peer } from './peer.ts'

const TABLES = `
  CREATE TABLE sim (id INTEGER PRIMARY KEY, iccid TEXT NOT NULL UNIQUE);
  CREATE TABLE network (plmn TEXT PRIMARY KEY, country TEXT NOT NULL, zone SMALLINT NOT NULL);
  CREATE TABLE usage (
    sim_id INTEGER NOT NULL, occurred_at BIGINT NOT NULL, record_id TEXT NOT NULL,
    plmn TEXT NOT NULL, country TEXT NOT NULL, zone SMALLINT NOT NULL,
    upload BIGINT NOT NULL, download BIGINT NOT NULL,
    to_sim BIGINT NOT NULL, from_sim BIGINT NOT NULL,
    PRIMARY KEY (sim_id, occurred_at, record_id)
  )`

const COUNTERS = ['upload', 'download', 'to_sim', 'from_sim']

export class PlainPostgres implements Peer {
  readonly #url: string
  readonly #schema: string

  /** The URL names the schema, as Simtally's URLs do. */
  constructor(url: string) {
    const parsed = new URL(url)
    this.#schema = parsed.searchParams.get('schema')!
    parsed.search = ''
    this.#url = parsed.href
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.#url })
    await client.connect()
    await client.query(`SET search_path = ${this.#schema}`)
    return client
  }

  async prepare({ sims }: Fleet): Promise<void> {
    const client = await this.#connect()
    await client.query(`CREATE SCHEMA ${this.#schema}`)
    await client.query(TABLES)
    const ids = Array.from({ length: sims }, (_, sim) => sim)
    await client.query('INSERT INTO sim SELECT * FROM unnest($1::int[], $2::text[])', [
      ids,
      ids.map(iccid),
    ])
    const networks = NETWORKS.map((row) => `('${row[0]}', '${row[1]}', ${row[2]})`)
    await client.query(`INSERT INTO network VALUES ${networks.join(', ')}`)
    await client.query('ANALYZE sim, network')
    await client.end()
  }

  async load(csv: string): Promise<void> {
    const client = await this.#connect()
    const typeOf = (name: string) =>
      name === 'occurred_at' ? 'timestamptz' : COUNTERS.includes(name) ? 'bigint' : 'text'
    const columns = CSV_COLUMNS.map((name) => `${name} ${typeOf(name)}`)
    await client.query('BEGIN')
    await client.query(`CREATE TEMP TABLE delivered (${columns.join(', ')}) ON COMMIT DROP`)
    await pipeline(
      createReadStream(csv, { highWaterMark: 262_144 }),
      client.query(copyFrom('COPY delivered FROM STDIN (FORMAT csv, HEADER)')),
    )
    await client.query('ANALYZE delivered')
    await client.query(`
      INSERT INTO usage
      SELECT sim.id, extract(epoch FROM occurred_at)::bigint, record_id, network.plmn,
             network.country, network.zone, upload, download, to_sim, from_sim
      FROM delivered
      JOIN sim ON sim.iccid = delivered.sim
      JOIN network ON network.plmn = delivered.plmn
      ON CONFLICT DO NOTHING`)
    await client.query('COMMIT')
    await client.end()
  }

  async open(): Promise<Asking> {
    const client = await this.#connect()
    // A server that has run for a while has done this by itself.
    await client.query('VACUUM (ANALYZE) usage')
    return {
      answer: async ({ sim, granularity, start, end }: Question): Promise<Answer> => {
        const bucket =
          granularity === 'all' ? '$1::bigint' : `occurred_at - occurred_at % ${DAY_SECONDS}`
        const { rows } = await client.query<unknown[]>({
          name: `${granularity} ${sim !== null}`,
          rowMode: 'array',
          text: `
            SELECT ${bucket} AS bucket, zone, country,
                   sum(upload), sum(download), sum(to_sim), sum(from_sim)
            FROM usage
            WHERE occurred_at >= $1 AND occurred_at < $2 ${sim === null ? '' : 'AND sim_id = $3'}
            GROUP BY 1, 2, 3`,
          values: sim === null ? [start, end] : [start, end, sim],
        } as pg.QueryArrayConfig)
        return rows.map(
          (row) => row.map((value, i) => (i === 2 ? value : Number(value))) as unknown as AnswerRow,
        )
      },
      records: async () => {
        const { rows } = await client.query<{ records: string }>(
          'SELECT count(*) AS records FROM usage',
        )
        return Number(rows[0]!.records)
      },
      close: () => client.end(),
    }
  }
}
