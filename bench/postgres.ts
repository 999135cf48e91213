/**
 * PostgreSQL's questions in one run: `npm run bench:postgres`. Knobs: ROUNDS=5 (pairs of
 * measurements), BATCH=50000 (records in a transaction), SECONDS=4 (of load in each measurement).
 * Pairs alternate, so that a machine that slows down slows both; the ratio is what to quote.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { BATCH_RECORDS_DEFAULT } from '../src/ingest/import-records.ts'
import { startPostgresServer } from '../test/support/postgres-server.ts'
import { writeCsv } from './dataset.ts'
import { bareRate, importRate, ledgerTexts } from './postgres-import-rate.ts'

const rounds = Number(process.env.ROUNDS ?? 5)
const batch = Number(process.env.BATCH ?? BATCH_RECORDS_DEFAULT)

/** As one would set a server of this size; a commit is on disk before it is answered. */
const SETTINGS = {
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  shared_buffers: '1GB',
  max_wal_size: '8GB',
  checkpoint_timeout: '15min',
  wal_compression: 'on',
}

const dir = await mkdtemp(join(tmpdir(), 'simtally-bench-'))
const server = await startPostgresServer({
  settings: Object.entries(SETTINGS).map(([name, value]) => `${name}=${value}`),
})
const client = new pg.Client({ connectionString: server.url })
await client.connect()
try {
  const date = new Date().toISOString().slice(0, 10)
  const { rows } = await client.query('SHOW server_version')
  const settings = Object.entries(SETTINGS).map(([name, value]) => `${name}=${value}`)
  console.log(
    `${date}, Node ${process.version}, PostgreSQL ${rows[0].server_version} (${settings.join(', ')}), ` +
      `${cpus().length} × ${cpus()[0]?.model}`,
  )
  const csv = join(dir, 'records.csv')
  await writeCsv(csv)
  const ratios: number[] = []
  for (let round = 0; round < rounds; round++) {
    const schema = `import_${round}`
    const imported = await importRate(csv, `${server.url}?schema=${schema}`, batch)
    const texts = await ledgerTexts(client, schema, batch)
    const bare = await bareRate(client, schema, texts)
    ratios.push(imported / bare)
    console.log(imported, bare, imported / bare)
  }
} finally {
  await client.end()
  await server.stop()
  if (!process.env.KEEP) await rm(dir, { recursive: true })
}
