/**
 * Keeps a store of this version for all later ones: `node scripts/keep-store.ts`, when a version is released.
 * Writes `test/fixtures/stores/VERSION`: a SQLite database, a dump of the same store on PostgreSQL, and the
 * answers of both. Needs `pg_dump`, and in `SIMTALLY_TEST_POSTGRES_URL` a server that is not newer than it.
 */
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { gzipSync } from 'node:zlib'
import { openStore } from '../src/storage/open-store.ts'
import { TABLES } from '../src/storage/tables.ts'
import { NOW } from '../test/support/builders.ts'
import {
  answersOf,
  fillKeptStore,
  KEPT_STORES,
  type KeptAnswers,
} from '../test/support/kept-store.ts'
import { moveWhole } from '../test/support/moved-store.ts'
import { newDatabase, plainUrl } from '../test/support/postgres-schema.ts'

const { version } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
) as { version: string }
const folder = join(KEPT_STORES, version)

if (!process.env.SIMTALLY_TEST_POSTGRES_URL) {
  throw new Error('SIMTALLY_TEST_POSTGRES_URL is not set: it names the server whose dump is kept')
}
const scratch = mkdtempSync(join(tmpdir(), 'simtally-kept-'))
try {
  const path = join(scratch, 'simtally.db')
  await using(`sqlite:${path}`, { create: true }, fillKeptStore)
  requireRowsEverywhere(path)
  const dump = await dumpOf(`sqlite:${path}`)
  const copy = join(scratch, 'copy.db')
  copyFileSync(path, copy)
  const answers = await using(`sqlite:${copy}`, {}, answersOf)
  keep(readFileSync(path), dump, answers)
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

async function using<T>(
  url: string,
  { create = false },
  work: (store: Awaited<ReturnType<typeof openStore>>) => Promise<T>,
): Promise<T> {
  const store = await openStore(url, { create, serverClock: () => NOW })
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

/** An empty table would prove nothing about its upgrade. */
function requireRowsEverywhere(path: string): void {
  const database = new DatabaseSync(path, { readOnly: true })
  const empty = TABLES.map(({ name }) => name).filter(
    (name) => database.prepare(`SELECT 1 FROM ${name} LIMIT 1`).get() === undefined,
  )
  database.close()
  if (empty.length > 0) throw new Error(`no rows in ${empty.join(', ')}`)
}

/** As statements that run without a tool. */
async function dumpOf(source: string): Promise<string> {
  const place = await newDatabase()
  try {
    await moveWhole(source, place.url)
    const options = ['--inserts', '--rows-per-insert=100', '--no-owner', '--no-privileges']
    const dump = execFileSync('pg_dump', [...options, '--schema=public', plainUrl(place.url)])
    // Lines that begin with a backslash are for psql.
    return dump.toString().replaceAll(/^\\.*\n/gm, '')
  } finally {
    await place.remove()
  }
}

function keep(database: Buffer, dump: string, answers: KeptAnswers): void {
  mkdirSync(folder, { recursive: true })
  const files = { 'simtally.db': database, 'postgres.sql': dump, 'answers.json': toJson(answers) }
  for (const [name, content] of Object.entries(files)) {
    const packed = gzipSync(content, { level: 9 })
    writeFileSync(join(folder, `${name}.gz`), packed)
    process.stdout.write(`${join(folder, name)}.gz: ${packed.length} bytes\n`)
  }
}

function toJson(answers: KeptAnswers): string {
  return `${JSON.stringify(answers, null, 1)}\n`
}
