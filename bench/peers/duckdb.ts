/**
 * DuckDB as its manual recommends: one table with a primary key, the file read by `read_csv`, and one
 * statement that joins, inserts and skips existing rows. A commit is in its log, on disk.
 */
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { DAY_SECONDS } from '../../src/domain/time.ts'
import { iccid } from '../dataset.ts'
import { type Answer, type AnswerRow, type Fleet, NETWORKS, type Question } from '../workload.ts'
import { type Asking, CSV_COLUMNS, type Peer } from './peer.ts'

const SCHEMA = `
  CREATE TABLE sim (id INTEGER PRIMARY KEY, iccid VARCHAR NOT NULL UNIQUE);
  CREATE TABLE network (plmn VARCHAR PRIMARY KEY, country VARCHAR NOT NULL, zone TINYINT NOT NULL);
  CREATE TABLE usage (
    sim_id INTEGER NOT NULL, occurred_at BIGINT NOT NULL, record_id VARCHAR NOT NULL,
    plmn VARCHAR NOT NULL, country VARCHAR NOT NULL, zone TINYINT NOT NULL,
    upload BIGINT NOT NULL, download BIGINT NOT NULL, to_sim BIGINT NOT NULL, from_sim BIGINT NOT NULL,
    PRIMARY KEY (sim_id, occurred_at, record_id)
  );`

const COLUMN_TYPES: Readonly<Record<string, string>> = { occurred_at: 'TIMESTAMPTZ' }
const COUNTERS = ['upload', 'download', 'to_sim', 'from_sim']

export class DuckDb implements Peer {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  async #using<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    const instance = await DuckDBInstance.create(this.#path)
    const connection = await instance.connect()
    try {
      await connection.run("SET TimeZone = 'UTC'")
      return await work(connection)
    } finally {
      connection.closeSync()
      instance.closeSync()
    }
  }

  async prepare({ sims }: Fleet): Promise<void> {
    await this.#using(async (connection) => {
      await connection.run(SCHEMA)
      const appender = await connection.createAppender('sim')
      for (let sim = 0; sim < sims; sim++) {
        appender.appendInteger(sim)
        appender.appendVarchar(iccid(sim))
        appender.endRow()
      }
      appender.closeSync()
      const networks = NETWORKS.map((row) => `('${row[0]}', '${row[1]}', ${row[2]})`)
      await connection.run(`INSERT INTO network VALUES ${networks.join(', ')}`)
    })
  }

  async load(csv: string): Promise<void> {
    const typeOf = (name: string) =>
      COLUMN_TYPES[name] ?? (COUNTERS.includes(name) ? 'BIGINT' : 'VARCHAR')
    const columns = CSV_COLUMNS.map((name) => `${name}: '${typeOf(name)}'`).join(', ')
    await this.#using((connection) =>
      connection.run(`
        INSERT INTO usage
        SELECT sim.id, epoch(occurred_at)::BIGINT, record_id, network.plmn, network.country,
               network.zone, upload, download, to_sim, from_sim
        FROM read_csv('${csv}', header = true, auto_detect = false, columns = {${columns}}) AS delivered
        JOIN sim ON sim.iccid = delivered.sim
        JOIN network ON network.plmn = delivered.plmn
        ON CONFLICT DO NOTHING`),
    )
  }

  async open(): Promise<Asking> {
    const instance = await DuckDBInstance.create(this.#path)
    const connection = await instance.connect()
    const sums = ['all', 'daily'].flatMap((granularity) =>
      [true, false].map((ofSim) => ({ granularity, ofSim })),
    )
    const statements = new Map(
      await Promise.all(
        sums.map(
          async ({ granularity, ofSim }) =>
            [
              `${granularity} ${ofSim}`,
              await connection.prepare(`
                SELECT ${granularity === 'all' ? '$1' : `occurred_at - occurred_at % ${DAY_SECONDS}`}
                         AS bucket, zone, country,
                       sum(upload), sum(download), sum(to_sim), sum(from_sim)
                FROM usage
                WHERE occurred_at >= $1 AND occurred_at < $2 ${ofSim ? 'AND sim_id = $3' : ''}
                GROUP BY ALL`),
            ] as const,
        ),
      ),
    )
    return {
      answer: async ({ sim, granularity, start, end }: Question): Promise<Answer> => {
        const statement = statements.get(`${granularity} ${sim !== null}`)!
        statement.bindBigInt(1, BigInt(start))
        statement.bindBigInt(2, BigInt(end))
        if (sim !== null) statement.bindInteger(3, sim)
        const rows = (await statement.runAndReadAll()).getRows()
        return rows.map(
          (row) =>
            row.map((value) =>
              typeof value === 'bigint' ? Number(value) : value,
            ) as unknown as AnswerRow,
        )
      },
      records: async () => {
        const rows = (await connection.runAndReadAll('SELECT count(*) FROM usage')).getRows()
        return Number(rows[0]![0])
      },
      close: async () => {
        connection.closeSync()
        instance.closeSync()
      },
    }
  }
}
