/**
 * The one command, `npm run bench`: compares Simtally with its peers and with its limits. Prints tables and,
 * if all parts ran, writes `bench/results/<date>.json` and the figures of `docs/performance.md`.
 *
 * Knobs: SIZES=400000x100000,400000x1000:time+duplicates (records x SIMs, and shapes if not all of SHAPES),
 * ROUNDS=3, SHAPES=time,duplicates,sims,shuffled,late (`workload.ts`), PEERS=simtally,duckdb,…
 * (`peers/contenders.ts`), QUESTION_SIMS=3000, SECONDS=2 (of load from senders), CALLERS=10 (senders),
 * BATCHES=1,10,1000 (events of a delivery), PARTS=imports,questions,deliveries. All files go where TMPDIR
 * says.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { startPostgresServer } from '../test/support/postgres-server.ts'
import { type Knobs, readKnobs } from './knobs.ts'
import { measureDeliveries } from './parts/deliveries.ts'
import { measureImports } from './parts/imports.ts'
import { measureQuestions } from './parts/questions.ts'
import { DURABLE_SETTINGS } from './postgres-settings.ts'
import { figures, writePage } from './report/page.ts'
import { machineOf, type Results, versionsOf } from './report/results.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

async function measure(knobs: Knobs, dir: string): Promise<Results> {
  const startedAt = performance.now()
  const machine = machineOf(join(dir, 'page'))
  const server = await startPostgresServer({ settings: DURABLE_SETTINGS })
  try {
    const has = (part: Knobs['parts'][number]) => knobs.parts.includes(part)
    const places = { dir, postgresUrl: server.url }
    const imports = has('imports') ? await measureImports(knobs, places) : null
    const asked = { rounds: knobs.rounds, sims: knobs.questionSims }
    const questions = has('questions') ? await measureQuestions(asked, dir) : null
    const deliveries = has('deliveries') ? await measureDeliveries(knobs, places) : null
    return {
      date: new Date().toISOString().slice(0, 10),
      machine,
      versions: versionsOf(await versionOf(server.url)),
      knobs,
      minutes: (performance.now() - startedAt) / 60_000,
      ...{ imports, questions, deliveries },
    }
  } finally {
    await server.stop()
  }
}

async function versionOf(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query<{ server_version: string }>('SHOW server_version')
  await client.end()
  return rows[0]!.server_version.split(' ')[0]!
}

const knobs = readKnobs(process.env)
const dir = await mkdtemp(join(tmpdir(), 'simtally-bench-'))
try {
  const results = await measure(knobs, dir)
  console.log(figures(results, () => '').replaceAll(/\n{3,}/g, '\n\n'))
  if (results.imports !== null && results.questions !== null && results.deliveries !== null) {
    mkdirSync(here('results'), { recursive: true })
    const kept = here(`results/${results.date}.json`)
    writeFileSync(kept, `${JSON.stringify(results, null, 1)}\n`)
    writePage(here('../docs/performance.md'), here('../docs/performance'), results)
    console.log(`\nwritten: ${kept} and docs/performance.md`)
  }
} finally {
  await rm(dir, { recursive: true })
}
