/**
 * Batches of events into plain SQLite: a prepared insert, and one transaction per batch. A commit is on disk.
 */
import { DatabaseSync } from 'node:sqlite'
import { serveEvents } from './plain-events.ts'

const db = new DatabaseSync(process.argv[2]!)
db.exec(`
  PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536;
  CREATE TABLE usage (
    sim TEXT NOT NULL, occurred_at INTEGER NOT NULL, record_id TEXT NOT NULL, plmn TEXT NOT NULL,
    upload INTEGER NOT NULL, download INTEGER NOT NULL,
    PRIMARY KEY (sim, occurred_at, record_id)
  ) WITHOUT ROWID`)
const insert = db.prepare('INSERT INTO usage VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING')
const sums = db.prepare(
  'SELECT count(*) AS records, sum(upload) AS upload, sum(download) AS download FROM usage',
)

serveEvents({
  add: (rows) => {
    db.exec('BEGIN IMMEDIATE')
    let added = 0
    for (const { sim, at, id, plmn, upload, download } of rows) {
      added += Number(insert.run(sim, at, id, plmn, upload, download).changes)
    }
    db.exec('COMMIT')
    return added
  },
  totals: () => ({ ...sums.get() }),
})
