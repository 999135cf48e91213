/**
 * Question: how much of SQLite's own speed does an import keep?
 * Measured: 1 M records of CSV through the whole import (read, resolve, classify, deduplicate,
 * rollups), against a loop of one prepared INSERT that puts the same rows, already in memory, into
 * the same ledger table with the same settings and the same number of rows in a transaction.
 */
import { execFile } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { importRecords } from '../src/ingest/import-records.ts'
import { openStore } from '../src/storage/open-store.ts'
import { openConnection } from '../src/storage/sqlite/connection.ts'
import { INSERT_EVENT } from '../src/storage/sqlite/ledger-sql.ts'
import { createDirectory, NOW, RECORDS } from './dataset.ts'

export const LAUNCHER = fileURLToPath(new URL('../bin/simtally.js', import.meta.url))

/** Imports the CSV into the new store that the URL names; returns records a second. */
export async function importRate(csv: string, url: string, batch: number): Promise<number> {
  const store = await openStore(url, { create: true })
  try {
    const { feed } = await createDirectory(store)
    const startedAt = performance.now()
    const { import: done } = await importRecords({
      store,
      feed,
      account: null,
      source: { name: csv, bytes: createReadStream(csv, { highWaterMark: 262_144 }) },
      clock: () => NOW,
      batchRecordsMax: batch,
    })
    const seconds = (performance.now() - startedAt) / 1000
    if (done.counts.accepted !== RECORDS) throw new Error(JSON.stringify(done.counts))
    return RECORDS / seconds
  } finally {
    await store.close()
  }
}

/**
 * The same by `simtally import`, as a process of its own: with the start of the program, and with
 * sealing at its end.
 */
export async function commandRate(csv: string, path: string, batch: number): Promise<number> {
  const store = await openStore(`sqlite:${path}`, { create: true })
  const { feed } = await createDirectory(store)
  await store.close()
  const startedAt = performance.now()
  const { stdout } = await promisify(execFile)(process.execPath, [
    LAUNCHER,
    ...['import', csv, '--feed', feed.name, '--batch-size', String(batch), '--json'],
    ...['--database', `sqlite:${path}`],
  ])
  const seconds = (performance.now() - startedAt) / 1000
  if (JSON.parse(stdout).accepted !== RECORDS) throw new Error(stdout)
  return RECORDS / seconds
}

/** Inserts the rows of a finished store into a new one, in the order of delivery. */
export function bareRate(from: string, dir: string, batch: number): number {
  const source = new DatabaseSync(from, { readOnly: true })
  const select = source.prepare(
    `SELECT bucket, sim_id, occurred_at, feed_id, record_id, account_id, zone, country, plmn,
            stated, upload, download, to_sim, from_sim, import_id, line, known_at
     FROM ledger ORDER BY line`,
  )
  select.setReturnArrays(true)
  const rows = select.all() as unknown as SQLInputValue[][]
  source.close()
  const connection = openConnection(join(dir, 'bare.db'), { role: 'writer', create: true })
  const insert = connection.db.prepare(INSERT_EVENT)
  const startedAt = performance.now()
  for (let at = 0; at < rows.length; at += batch) {
    connection.db.exec('BEGIN IMMEDIATE')
    for (const row of rows.slice(at, at + batch)) insert.run(...row)
    connection.db.exec('COMMIT')
  }
  const seconds = (performance.now() - startedAt) / 1000
  connection.close()
  return rows.length / seconds
}
