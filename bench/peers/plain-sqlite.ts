/**
 * Plain SQLite, as a good engineer would write it in an afternoon: a table whose key is the identity, a
 * prepared insert, 50 000 records per transaction, a map from number to SIM, and sums in SQL. A commit is on
 * disk.
 */
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { DAY_SECONDS } from '../../src/domain/time.ts'
import { iccid } from '../dataset.ts'
import { type Answer, type AnswerRow, type Fleet, NETWORKS, type Question } from '../workload.ts'
import { type Asking, BATCH_RECORDS, type Peer } from './peer.ts'

const SCHEMA = `
  CREATE TABLE sim (id INTEGER PRIMARY KEY, iccid TEXT NOT NULL UNIQUE);
  CREATE TABLE usage (
    sim_id INTEGER NOT NULL, occurred_at INTEGER NOT NULL, record_id TEXT NOT NULL,
    plmn TEXT NOT NULL, country TEXT NOT NULL, zone INTEGER NOT NULL,
    upload INTEGER NOT NULL, download INTEGER NOT NULL,
    to_sim INTEGER NOT NULL, from_sim INTEGER NOT NULL,
    PRIMARY KEY (sim_id, occurred_at, record_id)
  ) WITHOUT ROWID;`

export const INSERT_USAGE = `
  INSERT INTO usage VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`

export function openPlainSqlite(path: string): DatabaseSync {
  const db = new DatabaseSync(path)
  db.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY',
  )
  return db
}

export class PlainSqlite implements Peer {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  async prepare({ sims }: Fleet): Promise<void> {
    const db = openPlainSqlite(this.#path)
    db.exec(SCHEMA)
    db.exec('BEGIN')
    const insert = db.prepare('INSERT INTO sim VALUES (?, ?)')
    for (let sim = 0; sim < sims; sim++) insert.run(sim, iccid(sim))
    db.exec('COMMIT')
    db.close()
  }

  async load(csv: string): Promise<void> {
    const db = openPlainSqlite(this.#path)
    const rows = db.prepare('SELECT iccid, id FROM sim').all() as { iccid: string; id: number }[]
    const sims = new Map(rows.map(({ iccid: number, id }) => [number, id]))
    const networks = new Map<string, readonly [string, string, number]>(
      NETWORKS.map((network) => [network[0], network]),
    )
    const insert = db.prepare(INSERT_USAGE)
    let records = -1
    for await (const line of createInterface({ input: createReadStream(csv) })) {
      if (records++ < 0) continue
      if (records % BATCH_RECORDS === 1) db.exec('BEGIN IMMEDIATE')
      const [id, sim, at, network, , , upload, download, toSim, fromSim] = line.split(',')
      const [plmn, country, zone] = networks.get(network!)!
      insert.run(
        ...[sims.get(sim!)!, Date.parse(at!) / 1_000, id!, plmn, country, zone],
        ...[Number(upload), Number(download), Number(toSim), Number(fromSim)],
      )
      if (records % BATCH_RECORDS === 0) db.exec('COMMIT')
    }
    if (db.isTransaction) db.exec('COMMIT')
    db.close()
  }

  async open(): Promise<Asking> {
    const db = openPlainSqlite(this.#path)
    const statements = new Map<string, StatementSync>()
    for (const granularity of ['all', 'daily']) {
      for (const ofSim of [true, false]) {
        const bucket = granularity === 'all' ? '?1' : `occurred_at - occurred_at % ${DAY_SECONDS}`
        const statement = db.prepare(`
          SELECT ${bucket} AS bucket, zone, country,
                 sum(upload), sum(download), sum(to_sim), sum(from_sim)
          FROM usage
          WHERE occurred_at >= ?1 AND occurred_at < ?2 ${ofSim ? 'AND sim_id = ?3' : ''}
          GROUP BY 1, 2, 3`)
        statement.setReturnArrays(true)
        statements.set(`${granularity} ${ofSim}`, statement)
      }
    }
    return {
      answer: async ({ sim, granularity, start, end }: Question): Promise<Answer> => {
        const statement = statements.get(`${granularity} ${sim !== null}`)!
        const of = sim === null ? [] : [sim]
        return statement.all(start, end, ...of) as unknown as AnswerRow[]
      },
      records: async () =>
        (db.prepare('SELECT count(*) AS records FROM usage').get() as { records: number }).records,
      close: async () => db.close(),
    }
  }
}
