/** What a run found, as `bench/results` keeps it, and the machine that it ran on. */
import { readFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Knobs } from '../knobs.ts'
import { fsyncTimes, median } from '../measure.ts'
import type { Delivered } from '../parts/deliveries.ts'
import type { ImportResults } from '../parts/imports.ts'
import type { Asked } from '../parts/questions.ts'

export interface Results {
  readonly date: string
  readonly machine: Machine
  readonly versions: Readonly<Record<string, string>>
  readonly knobs: Knobs
  readonly minutes: number
  readonly imports: ImportResults | null
  readonly questions: readonly Asked[] | null
  readonly deliveries: readonly Delivered[] | null
}

export interface Machine {
  readonly processors: number
  readonly model: string
  readonly memoryGib: number
  /** For a page written at the end of a file. */
  readonly fsyncMs: number
}

/** `path` is a file that may be written, on the disk to measure. */
export function machineOf(path: string): Machine {
  return {
    processors: cpus().length,
    model: cpus()[0]?.model ?? 'unknown',
    memoryGib: Math.round(totalmem() / 2 ** 30),
    fsyncMs: median(fsyncTimes(path)),
  }
}

/** The versions of what was compared; `null` for anything not installed. */
export function versionsOf(postgres: string): Record<string, string> {
  const at = (path: string) => {
    const file = fileURLToPath(new URL(path, import.meta.url))
    return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
  }
  const peer = (name: string) => at(`../node_modules/${name}/package.json`)
  return {
    Simtally: at('../../package.json'),
    Node: process.version.slice(1),
    SQLite: process.versions.sqlite ?? '',
    PostgreSQL: postgres,
    DuckDB: peer('@duckdb/node-api'),
    chdb: peer('chdb'),
  }
}
