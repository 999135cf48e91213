/**
 * Upper bounds of an import's speed, each measured in a process of its own: `limits.ts NAME CSV TARGET`.
 * Prints the number of records and the seconds of the part that counts. Everything that it needs is in memory
 * before that.
 *
 * `parse` reads the file as `simtally import` does and drops what it has read. `write` writes the same bytes
 * to a file. `insert` puts a ledger's rows into SQLite with one prepared statement, and `copy` into
 * PostgreSQL with `COPY`. A row has everything that a ledger's row has. Rows are sorted by hour, then SIM,
 * which is the best order for deliveries as they come. Each batch is on disk before the next one begins.
 */
import { closeSync, createReadStream, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import type { SQLInputValue } from 'node:sqlite'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { HOUR_SECONDS } from '../src/domain/time.ts'
import { type CdrRecord, isFault } from '../src/ingest/formats/cdr-format.ts'
import { CDR_FORMATS } from '../src/ingest/formats/formats.ts'
import { BATCH_RECORDS } from './peers/peer.ts'

export const LIMITS = {
  write: 'writing the same bytes',
  parse: 'only reading the CSV',
  insert: 'bare prepared INSERT, sorted',
  copy: 'bare COPY, sorted',
} as const
export type Limit = keyof typeof LIMITS

const COLUMNS = `bucket, sim_id, occurred_at, feed_id, record_id, account_id, zone, country, plmn,
  stated, upload, download, to_sim, from_sim, import_id, line, known_at`
const KEY = 'PRIMARY KEY (bucket, sim_id, occurred_at, feed_id, record_id)'

async function recordsOf(csv: string): Promise<CdrRecord[][]> {
  const reader = CDR_FORMATS.csv.createReader({})
  const records: CdrRecord[] = []
  const keep = (read: ReturnType<typeof reader.push>) => {
    for (const record of read) if (!isFault(record)) records.push(record)
  }
  for await (const chunk of createReadStream(csv, { highWaterMark: 262_144 })) {
    keep(reader.push(chunk as Uint8Array))
  }
  keep(reader.end())
  const batches: CdrRecord[][] = []
  for (let at = 0; at < records.length; at += BATCH_RECORDS) {
    batches.push(records.slice(at, at + BATCH_RECORDS))
  }
  return batches
}

const hourOf = ({ occurredAt }: CdrRecord) => occurredAt - (occurredAt % HOUR_SECONDS)

/** Rows like a ledger's, each batch in the order of its key. A SIM's id is the number of its ICCID. */
async function ledgerRows(csv: string): Promise<SQLInputValue[][][]> {
  let line = 1
  return (await recordsOf(csv)).map((batch) =>
    batch
      .map((record): SQLInputValue[] => {
        const { upload, download, toSim, fromSim } = record.counters
        return [
          ...[hourOf(record), Number(record.sim.slice(7)), record.occurredAt, 1, record.recordId],
          ...[1, 0, 'US', '310-260', 0, upload, download, toSim, fromSim, 1, ++line, 1],
        ]
      })
      .sort(
        (a, b) =>
          Number(a[0]) - Number(b[0]) || Number(a[1]) - Number(b[1]) || Number(a[2]) - Number(b[2]),
      ),
  )
}

async function parse(csv: string): Promise<number> {
  const reader = CDR_FORMATS.csv.createReader({})
  let records = 0
  for await (const chunk of createReadStream(csv, { highWaterMark: 262_144 })) {
    records += reader.push(chunk as Uint8Array).length
  }
  return records + reader.end().length
}

async function insert(csv: string, path: string): Promise<Timed> {
  const { openPlainSqlite } = await import('./peers/plain-sqlite.ts')
  const batches = await ledgerRows(csv)
  const db = openPlainSqlite(path)
  const types = COLUMNS.replace(/\w+/g, (name) =>
    ['record_id', 'country', 'plmn'].includes(name)
      ? `${name} TEXT NOT NULL`
      : `${name} INTEGER NOT NULL`,
  )
  db.exec(`CREATE TABLE ledger (${types}, ${KEY}) STRICT, WITHOUT ROWID`)
  const places = COLUMNS.replace(/\w+/g, '?')
  const statement = db.prepare(
    `INSERT INTO ledger (${COLUMNS}) VALUES (${places}) ON CONFLICT DO NOTHING`,
  )
  return timed(batches, () => {
    for (const rows of batches) {
      db.exec('BEGIN IMMEDIATE')
      for (const row of rows) statement.run(...row)
      db.exec('COMMIT')
    }
    db.close()
  })
}

async function copy(csv: string, url: string): Promise<Timed> {
  const { default: pg } = await import('pg')
  const { from: copyFrom } = await import('pg-copy-streams')
  const batches = await ledgerRows(csv)
  const texts = batches.map((rows) =>
    Buffer.from(rows.map((row) => `${row.join('\t')}\n`).join('')),
  )
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const types = COLUMNS.replace(/\w+/g, (name) =>
    ['record_id', 'country', 'plmn'].includes(name)
      ? `${name} text NOT NULL`
      : `${name} ${/zone|stated/.test(name) ? 'smallint' : 'bigint'} NOT NULL`,
  )
  await client.query(`DROP TABLE IF EXISTS bare; CREATE TABLE bare (${types}, ${KEY})`)
  const found = await timed(batches, async () => {
    for (const text of texts) {
      await pipeline(
        Readable.from(pieces(text)),
        client.query(copyFrom(`COPY bare (${COLUMNS}) FROM STDIN`)),
      )
    }
  })
  await client.query('DROP TABLE bare')
  await client.end()
  return found
}

function* pieces(text: Buffer): Generator<Buffer> {
  for (let at = 0; at < text.length; at += 262_144) yield text.subarray(at, at + 262_144)
}

async function write(csv: string, path: string): Promise<Timed> {
  const bytes = readFileSync(csv)
  const records = await parse(csv)
  const size = Math.ceil(bytes.length / Math.ceil(records / BATCH_RECORDS))
  return timed([{ length: records }], () => {
    const file = openSync(path, 'w')
    for (let at = 0; at < bytes.length; at += size) {
      writeSync(file, bytes, at, Math.min(size, bytes.length - at))
      fsyncSync(file)
    }
    closeSync(file)
  })
}

export interface Timed {
  readonly records: number
  readonly seconds: number
}

async function timed(
  batches: readonly { readonly length: number }[],
  work: () => unknown,
): Promise<Timed> {
  const startedAt = performance.now()
  await work()
  const seconds = (performance.now() - startedAt) / 1_000
  return { records: batches.reduce((sum, { length }) => sum + length, 0), seconds }
}

async function main(): Promise<void> {
  const [name, csv, target] = process.argv.slice(2) as [Limit, string, string]
  if (name === 'insert') print(await insert(csv, target))
  else if (name === 'copy') print(await copy(csv, target))
  else if (name === 'write') print(await write(csv, target))
  else {
    const startedAt = performance.now()
    const records = await parse(csv)
    print({ records, seconds: (performance.now() - startedAt) / 1_000 })
  }
}

function print(found: Timed): void {
  console.log(JSON.stringify(found))
}

// No top-level await, so that whoever needs only the names of the limits loads them at once.
if (import.meta.main) void main()
