/**
 * Question: how much of PostgreSQL's own speed does an import keep? Measured: 1 M records of CSV through the
 * whole import (read, resolve, classify, deduplicate, rollups), against a bare COPY of the same rows. The
 * COPY takes text that is already in memory, in the order of delivery, into an empty copy of the ledger with
 * the same key and partitions, with the same number of rows per transaction.
 */
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type pg from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import { RECORDS } from './dataset.ts'

const COLUMNS = `bucket, sim_id, occurred_at, feed_id, account_id, upload, download, to_sim,
  from_sim, import_id, line, known_at, zone, stated, record_id, country, plmn`

/** A ledger's rows as COPY takes them, one text per transaction. */
export async function ledgerTexts(
  client: pg.Client,
  schema: string,
  batch: number,
): Promise<Buffer[]> {
  const rows = `SELECT ${COLUMNS} FROM ${schema}.ledger ORDER BY line`
  const texts: Buffer[] = []
  let lines: string[] = []
  for await (const line of createInterface(client.query(copyTo(`COPY (${rows}) TO STDOUT`)))) {
    lines.push(line)
    if (lines.length < batch) continue
    texts.push(Buffer.from(`${lines.join('\n')}\n`))
    lines = []
  }
  if (lines.length > 0) texts.push(Buffer.from(`${lines.join('\n')}\n`))
  return texts
}

/** Copies the texts into a new table made like the ledger of `schema`. Returns rows per second. */
export async function bareRate(
  client: pg.Client,
  schema: string,
  texts: readonly Buffer[],
): Promise<number> {
  const table = `${schema}_bare`
  await client.query(
    `CREATE TABLE ${table} (LIKE ${schema}.ledger INCLUDING ALL) PARTITION BY RANGE (bucket)`,
  )
  const { rows: partitions } = await client.query<{ name: string; bounds: string }>(
    `SELECT relname AS name, pg_get_expr(relpartbound, oid) AS bounds FROM pg_class
     WHERE oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = $1::regclass)`,
    [`${schema}.ledger`],
  )
  for (const { name, bounds } of partitions) {
    await client.query(`CREATE TABLE ${table}_${name} PARTITION OF ${table} ${bounds}`)
  }
  const startedAt = performance.now()
  for (const text of texts) {
    await client.query('BEGIN')
    const copy = client.query(copyFrom(`COPY ${table} (${COLUMNS}) FROM STDIN`))
    await pipeline(Readable.from(pieces(text)), copy)
    await client.query('COMMIT')
  }
  const seconds = (performance.now() - startedAt) / 1000
  const { rows } = await client.query<{ rows: string }>(`SELECT COUNT(*) AS rows FROM ${table}`)
  if (Number(rows[0]!.rows) !== RECORDS) throw new Error(`${rows[0]!.rows} rows were copied`)
  await client.query(`DROP TABLE ${table}`)
  return RECORDS / seconds
}

const PIECE_BYTES = 262_144

function* pieces(text: Buffer): Generator<Buffer> {
  for (let at = 0; at < text.length; at += PIECE_BYTES) yield text.subarray(at, at + PIECE_BYTES)
}
