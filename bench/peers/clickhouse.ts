/**
 * ClickHouse in this process (`chdb`), with `ReplacingMergeTree`, its closest equivalent to a unique key.
 * That accepts records twice and drops one when it merges, so every question uses `FINAL`. Parts are on disk
 * before an insert is acknowledged, which is not its default.
 */
import { Session } from 'chdb'
import { DAY_SECONDS } from '../../src/domain/time.ts'
import { iccid } from '../dataset.ts'
import { type Answer, type AnswerRow, type Fleet, NETWORKS, type Question } from '../workload.ts'
import { type Asking, CSV_COLUMNS, type Peer } from './peer.ts'

const DURABLE = `SETTINGS fsync_after_insert = 1, fsync_part_directory = 1,
  min_rows_to_fsync_after_merge = 1`

const SCHEMA = [
  'CREATE DATABASE IF NOT EXISTS bench ENGINE = Atomic',
  `CREATE TABLE bench.sim (id UInt32, iccid String) ENGINE = MergeTree ORDER BY iccid ${DURABLE}`,
  `CREATE TABLE bench.network (plmn String, country String, zone UInt8)
   ENGINE = MergeTree ORDER BY plmn ${DURABLE}`,
  `CREATE TABLE bench.usage (
     sim_id UInt32, occurred_at UInt32, record_id String,
     plmn LowCardinality(String), country LowCardinality(String), zone UInt8,
     upload UInt64, download UInt64, to_sim UInt64, from_sim UInt64
   ) ENGINE = ReplacingMergeTree ORDER BY (sim_id, occurred_at, record_id) ${DURABLE}`,
]

const COUNTERS = ['upload', 'download', 'to_sim', 'from_sim']

export class ClickHouse implements Peer {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  async prepare({ sims }: Fleet): Promise<void> {
    const session = new Session(this.#path)
    for (const statement of SCHEMA) session.query(statement)
    const lines = Array.from({ length: sims }, (_, sim) => `${sim},${iccid(sim)}\n`)
    await session.insert({
      table: 'bench.sim',
      values: Buffer.from(lines.join('')),
      format: 'CSV',
    })
    const networks = NETWORKS.map((row) => `('${row[0]}', '${row[1]}', ${row[2]})`)
    session.query(`INSERT INTO bench.network VALUES ${networks.join(', ')}`)
    session.close()
  }

  async load(csv: string): Promise<void> {
    const columns = CSV_COLUMNS.map(
      (name) => `${name} ${COUNTERS.includes(name) ? 'UInt64' : 'String'}`,
    )
    const session = new Session(this.#path)
    await session.queryAsync(`
      INSERT INTO bench.usage
      SELECT sim.id, toUnixTimestamp(parseDateTimeBestEffort(occurred_at, 'UTC')), record_id,
             network.plmn, network.country, network.zone, upload, download, to_sim, from_sim
      FROM file('${csv}', 'CSVWithNames', '${columns.join(', ')}') AS delivered
      JOIN bench.sim AS sim ON sim.iccid = delivered.sim
      JOIN bench.network AS network ON network.plmn = delivered.plmn`)
    session.close()
  }

  async open(): Promise<Asking> {
    const session = new Session(this.#path)
    const ask = (sql: string) => session.query(sql, 'JSONCompactEachRow')
    const rows = (sql: string): unknown[][] =>
      ask(sql)
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line))
    return {
      answer: async ({ sim, granularity, start, end }: Question): Promise<Answer> => {
        const bucket = granularity === 'all' ? start : `occurred_at - occurred_at % ${DAY_SECONDS}`
        const ofSim = sim === null ? '' : `AND sim_id = ${sim}`
        const found = rows(`
          SELECT ${bucket} AS bucket, zone, country,
                 sum(upload), sum(download), sum(to_sim), sum(from_sim)
          FROM bench.usage FINAL
          WHERE occurred_at >= ${start} AND occurred_at < ${end} ${ofSim}
          GROUP BY bucket, zone, country`)
        return found.map(
          (row) => row.map((value, i) => (i === 2 ? value : Number(value))) as unknown as AnswerRow,
        )
      },
      records: async () => Number(rows('SELECT count() FROM bench.usage FINAL')[0]![0]),
      close: async () => session.close(),
    }
  }
}
