/**
 * Question: how fast do records get into a store that counts each of them once, and are its answers right
 * afterwards?
 *
 * Every contender loads the same files, in a process of its own, timed from start to end. Its time counts
 * only after its answers have been compared with the sums of the records. Contenders take turns within each
 * round. The limits, which answer nothing, run beside the delivery in order of time.
 */
import { execFile } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import pg from 'pg'
import { LAUNCHER } from '../bench-servers.ts'
import type { ImportSize } from '../knobs.ts'
import { LIMITS, type Limit, type Timed } from '../limits.ts'
import { bytesOf, median, run } from '../measure.ts'
import { CONTENDERS, type Contender, isSimtally } from '../peers/contenders.ts'
import type { Answered } from '../peers/peer.ts'
import {
  type Answer,
  type Fleet,
  filesOf,
  fleetOf,
  type Question,
  questionsOf,
  type Shape,
  truthOf,
  writeRecords,
} from '../workload.ts'

const PEER = fileURLToPath(new URL('../peers/run-peer.ts', import.meta.url))
const LIMIT = fileURLToPath(new URL('../limits.ts', import.meta.url))

export interface ImportKnobs {
  readonly rounds: number
  readonly sizes: readonly ImportSize[]
  /** Names of contenders. */
  readonly peers: readonly string[]
}

/** What one contender did with one shape; one figure per round. */
export interface Imported {
  readonly records: number
  readonly sims: number
  readonly shape: Shape
  readonly name: string
  readonly title: string
  readonly seconds: number[]
  readonly peakMib: number[]
  readonly bytesPerRecord: number[]
  /** Medians in microseconds for a SIM's month and the account's. */
  readonly simMicroseconds: number[]
  readonly accountMicroseconds: number[]
  /** What was wrong, in which case its times do not count. */
  wrong: string | null
}

export interface Bounded {
  readonly records: number
  readonly sims: number
  readonly name: Limit
  readonly title: string
  readonly seconds: number[]
}

export interface ImportResults {
  readonly imports: Imported[]
  readonly limits: Bounded[]
}

interface Job {
  readonly dir: string
  readonly postgresUrl: string
  readonly fleet: Fleet
  readonly shapes: readonly Shape[]
  readonly files: Readonly<Record<string, string[]>>
  readonly questions: string
  readonly asked: readonly Question[]
  readonly truth: readonly Answer[]
}

export async function measureImports(
  knobs: ImportKnobs,
  { dir, postgresUrl }: { readonly dir: string; readonly postgresUrl: string },
): Promise<ImportResults> {
  const results: ImportResults = { imports: [], limits: [] }
  for (const { records, sims, shapes } of knobs.sizes) {
    const fleet = fleetOf(records, sims)
    const home = join(dir, `${records}-${sims}`)
    await mkdir(home)
    const asked = questionsOf(fleet)
    const questions = join(home, 'questions.json')
    await writeFile(questions, JSON.stringify(asked))
    const truth = truthOf(fleet, asked)
    const files = await writeFiles(home, fleet, shapes)
    const job: Job = { dir: home, postgresUrl, fleet, shapes, files, questions, asked, truth }
    for (let round = 0; round < knobs.rounds; round++) await measureRound(job, knobs, results)
    await rm(home, { recursive: true })
  }
  return results
}

async function writeFiles(
  home: string,
  fleet: Fleet,
  shapes: readonly Shape[],
): Promise<Record<string, string[]>> {
  const files: Record<string, string[]> = {}
  for (const shape of new Set<Shape>(['time', ...shapes.filter((one) => one !== 'duplicates')])) {
    files[shape] = []
    for (const [i, indexes] of filesOf(shape, fleet).entries()) {
      const path = join(home, `${shape}-${i}.csv`)
      await writeRecords(path, fleet, indexes)
      files[shape]!.push(path)
    }
  }
  return files
}

async function measureRound(job: Job, knobs: ImportKnobs, results: ImportResults): Promise<void> {
  const contenders = CONTENDERS.filter(({ name }) => knobs.peers.includes(name))
  // The repeated file goes into the store that its first delivery left.
  for (const shape of job.shapes.filter((one) => one !== 'duplicates')) {
    const isTwice = shape === 'time' && job.shapes.includes('duplicates')
    for (const contender of contenders) {
      const entries = [shape, ...(isTwice ? (['duplicates'] as const) : [])].map((each) =>
        entryOf(results, job.fleet, { shape: each, contender }),
      )
      try {
        await measureOne(job, contender, entries)
      } catch (error) {
        for (const entry of entries) entry.wrong = firstLine(error)
        say(`${contender.title}, ${shape}: ${firstLine(error)}`)
      }
    }
    if (shape === 'time') await measureLimits(job, knobs, results)
  }
}

function entryOf(
  { imports }: ImportResults,
  { records, sims }: Fleet,
  { shape, contender: { name, title } }: { shape: Shape; contender: Contender },
): Imported {
  const known = imports.find(
    (one) =>
      one.records === records && one.sims === sims && one.shape === shape && one.name === name,
  )
  if (known !== undefined) return known
  const made: Imported = {
    ...{ records, sims, shape, name, title, seconds: [], peakMib: [], bytesPerRecord: [] },
    ...{ simMicroseconds: [], accountMicroseconds: [], wrong: null },
  }
  imports.push(made)
  return made
}

/** Loads a delivery and then, if there is a second entry, the same one again. */
async function measureOne(job: Job, contender: Contender, entries: Imported[]): Promise<void> {
  const home = join(job.dir, 'store')
  await mkdir(home)
  const schema = 'contender'
  const target =
    contender.place === 'file'
      ? `sqlite:${join(home, 'store.db')}`
      : `${job.postgresUrl}?schema=${schema}`
  const fleet = join(home, 'fleet.json')
  await writeFile(fleet, JSON.stringify(job.fleet))
  try {
    await run([PEER, contender.name, target, 'prepare', fleet])
    for (const entry of entries) {
      const csvs = job.files[entries[0]!.shape]!
      const loads = []
      // Otherwise, one contender's first fsync would write what another left.
      await promisify(execFile)('sync')
      for (const csv of csvs) loads.push(await run(loadArguments(contender, target, csv)))
      const { stdout } = await run([PEER, contender.name, target, 'answer', job.questions])
      const answered = JSON.parse(stdout) as Answered
      entry.wrong ??= faultOf(job, answered)
      const bytes =
        contender.place === 'file'
          ? await bytesOf(join(home, 'store.db'))
          : await schemaBytes(job.postgresUrl, schema)
      keep(entry, { loads, answered, bytes, asked: job.asked })
    }
  } finally {
    await rm(home, { recursive: true })
    if (contender.place === 'server') await dropSchema(job.postgresUrl, schema)
  }
}

function loadArguments(contender: Contender, target: string, csv: string): string[] {
  return isSimtally(contender)
    ? [LAUNCHER, 'import', csv, '--feed', 'bench', '--json', '--database', target]
    : [PEER, contender.name, target, 'load', csv]
}

/** The contender's mistake in words; null if everything is right. */
export function faultOf(
  { fleet, asked, truth }: Pick<Job, 'fleet' | 'asked' | 'truth'>,
  { records, answers }: Answered,
): string | null {
  if (records !== fleet.records) return `counts ${records} of ${fleet.records} records`
  const wrong = answers.filter((answer, i) => JSON.stringify(answer) !== JSON.stringify(truth[i]))
  return wrong.length === 0 ? null : `${wrong.length} of ${asked.length} answers are wrong`
}

function keep(
  entry: Imported,
  {
    loads,
    answered,
    bytes,
    asked,
  }: {
    loads: readonly { readonly seconds: number; readonly peakMib: number }[]
    answered: Answered
    bytes: number
    asked: readonly Question[]
  },
): void {
  const timesOf = (isOfSim: boolean) =>
    answered.microseconds.filter((_, i) => (asked[i]!.sim !== null) === isOfSim)
  const seconds = loads.reduce((sum, load) => sum + load.seconds, 0)
  entry.seconds.push(seconds)
  entry.peakMib.push(Math.max(...loads.map(({ peakMib }) => peakMib)))
  entry.bytesPerRecord.push(bytes / entry.records)
  entry.simMicroseconds.push(median(timesOf(true)))
  entry.accountMicroseconds.push(median(timesOf(false)))
  const rate = Math.round(entry.records / seconds).toLocaleString('en')
  const verdict = entry.wrong === null ? '' : `: WRONG: ${entry.wrong}`
  say(`${entry.title}, ${entry.shape}: ${seconds.toFixed(1)} s, ${rate} records/s${verdict}`)
}

async function measureLimits(job: Job, { peers }: ImportKnobs, { limits }: ImportResults) {
  const { records, sims } = job.fleet
  const hasServer = CONTENDERS.some(({ name, place }) => place === 'server' && peers.includes(name))
  for (const name of Object.keys(LIMITS) as Limit[]) {
    if (name === 'copy' && !hasServer) continue
    const path = join(job.dir, 'limit.db')
    const target = name === 'copy' ? job.postgresUrl : path
    // Rows are in memory before the clock starts.
    const args = ['--max-old-space-size=12000', LIMIT, name, job.files.time![0]!, target]
    const { stdout } = await run(args)
    const found = JSON.parse(stdout) as Timed
    if (found.records !== records) throw new Error(`${name} went over ${found.records} records`)
    await rm(path, { force: true })
    let entry = limits.find(
      (one) => one.name === name && one.records === records && one.sims === sims,
    )
    if (entry === undefined) {
      entry = { records, sims, name, title: LIMITS[name], seconds: [] }
      limits.push(entry)
    }
    entry.seconds.push(found.seconds)
    const rate = Math.round(records / found.seconds).toLocaleString('en')
    say(`limit, ${LIMITS[name]}: ${found.seconds.toFixed(1)} s, ${rate} records/s`)
  }
}

async function onServer<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

async function schemaBytes(url: string, schema: string): Promise<number> {
  return onServer(url, async (client) => {
    const { rows } = await client.query<{ bytes: string }>(
      `SELECT SUM(pg_total_relation_size(oid)) AS bytes FROM pg_class
       WHERE relnamespace = $1::regnamespace AND relkind = 'r'`,
      [schema],
    )
    return Number(rows[0]!.bytes)
  })
}

async function dropSchema(url: string, schema: string): Promise<void> {
  await onServer(url, async (client) => {
    await client.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`)
    // Not while another contender is being measured.
    await client.query('CHECKPOINT')
  })
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0]!
}

function say(text: string): void {
  process.stderr.write(`${text}\n`)
}
