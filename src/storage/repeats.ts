/**
 * Repeats: records whose content another import had delivered already. They change nothing, but
 * when that other import is undone, what it alone has delivered leaves, and the rest stays as theirs.
 *
 * A file that comes again repeats line after line of another, so that repeats are kept as runs: so
 * many consecutive lines of one import say what as many consecutive lines of another have said. By
 * its import and line each version of the ledger and of its history is known.
 */
import type { Row } from './rows.ts'

interface Place {
  readonly importId: number
  readonly line: number
}

/** One record that repeats a version of another import. */
export interface Repeat extends Place {
  /** The version that it repeats. */
  readonly of: Place
  readonly knownAt: number
  /** The bucket of the event: with the newest one of a run, retention takes it. */
  readonly bucket: number
}

/** Repeats of consecutive lines, of versions of consecutive lines. */
export interface RepeatRun extends Place {
  readonly of: Place
  readonly records: number
  readonly knownAt: number
  readonly lastBucket: number
}

/** Of a version that an import repeats more than once, the first time says it all. */
export function runsOf(repeats: readonly Repeat[]): RepeatRun[] {
  const runs: Mutable<RepeatRun>[] = []
  let last: Mutable<RepeatRun> | undefined
  for (const repeat of repeats.toSorted(byPlaces)) {
    const { of, importId, line, knownAt, bucket } = repeat
    const isSameImport = last?.importId === importId && last.of.importId === of.importId
    const next = last === undefined || !isSameImport ? Number.NaN : last.records
    if (last !== undefined && of.line === last.of.line + next - 1) continue
    if (
      last !== undefined &&
      of.line === last.of.line + next &&
      line === last.line + next &&
      knownAt === last.knownAt
    ) {
      last.records++
      last.lastBucket = Math.max(last.lastBucket, bucket)
    } else {
      last = { of, importId, line, records: 1, knownAt, lastBucket: bucket }
      runs.push(last)
    }
  }
  return runs
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

function byPlaces(a: Repeat, b: Repeat): number {
  return (
    a.of.importId - b.of.importId ||
    a.importId - b.importId ||
    a.of.line - b.of.line ||
    a.line - b.line
  )
}

/** The repeats of one import's versions, found by line. */
export class RepeatsOf {
  /** Of each import that repeats, in the order of the lines repeated. */
  readonly #runs: readonly (readonly RepeatRun[])[]
  /** How far the runs up to each one go, since they may overlap. */
  readonly #ends: readonly Float64Array[]

  constructor(runs: readonly RepeatRun[]) {
    this.#runs = [...Map.groupBy(runs, ({ importId }) => importId).values()].map((list) =>
      list.toSorted((a, b) => a.of.line - b.of.line),
    )
    this.#ends = this.#runs.map((list) => {
      let end = 0
      return Float64Array.from(list, ({ of, records }) => (end = Math.max(end, of.line + records)))
    })
  }

  get isEmpty(): boolean {
    return this.#runs.length === 0
  }

  ofLine(line: number): Repeat[] {
    return this.#runs.flatMap((list, n) => {
      const found: Repeat[] = []
      let at = lastUpTo(list, line)
      for (; at >= 0 && this.#ends[n]![at]! > line; at--) {
        const run = list[at]!
        const offset = line - run.of.line
        if (offset >= run.records) continue
        found.push(repeatAt(run, offset))
      }
      return found
    })
  }
}

function repeatAt({ of, importId, line, knownAt, lastBucket }: RepeatRun, offset: number): Repeat {
  return {
    of: { importId: of.importId, line: of.line + offset },
    importId,
    line: line + offset,
    knownAt,
    bucket: lastBucket,
  }
}

/** The last run that begins at the line or before it; -1 where none does. */
function lastUpTo(runs: readonly RepeatRun[], line: number): number {
  let [from, to] = [0, runs.length]
  while (from < to) {
    const middle = (from + to) >>> 1
    if (runs[middle]!.of.line <= line) from = middle + 1
    else to = middle
  }
  return from - 1
}

/** A version that is another import's from now on. */
export interface Move {
  readonly from: Place
  readonly to: Place
}

/** The new places by the old lines, for each import that versions leave. */
export function movesByImport(
  moves: readonly Move[],
): ReadonlyMap<number, ReadonlyMap<number, Place>> {
  const groups = Map.groupBy(moves, ({ from }) => from.importId)
  return new Map(
    [...groups].map(([importId, list]) => [
      importId,
      new Map(list.map(({ from, to }) => [from.line, to])),
    ]),
  )
}

/**
 * What becomes of runs when some of the versions that they repeat are another import's from now on:
 * runs that go, and what comes in their place. `moved` has the new place by the old line.
 */
export function movedRuns(
  runs: readonly RepeatRun[],
  moved: ReadonlyMap<number, Place>,
): { readonly gone: RepeatRun[]; readonly come: RepeatRun[] } {
  const lines = [...moved.keys()]
  const gone = runs.filter(({ of, records }) =>
    records < lines.length
      ? Array.from({ length: records }, (_, i) => of.line + i).some((line) => moved.has(line))
      : lines.some((line) => line >= of.line && line < of.line + records),
  )
  const repeats = gone.flatMap((run) =>
    Array.from({ length: run.records }, (_, offset): Repeat => {
      const repeat = repeatAt(run, offset)
      return { ...repeat, of: moved.get(repeat.of.line) ?? repeat.of }
    }),
  )
  // What an import repeats of its own says nothing.
  return { gone, come: runsOf(repeats.filter(({ of, importId }) => of.importId !== importId)) }
}

export const SELECT_REPEATS_OF = 'SELECT * FROM repeat_run WHERE of_import_id = ?'
export const DELETE_REPEATS_OF = 'DELETE FROM repeat_run WHERE of_import_id = ?'
export const DELETE_REPEATS_BY = 'DELETE FROM repeat_run WHERE import_id = ?'
export const DELETE_OLD_REPEATS = 'DELETE FROM repeat_run WHERE last_bucket < ?'
/** Parameters: the key. */
export const DELETE_REPEAT_RUN = `
  DELETE FROM repeat_run
  WHERE of_import_id = ? AND of_line = ? AND import_id = ? AND line = ?`

/** `VALUES` or a `SELECT` of a row, as `repeatRunToRow` gives it, follows. */
export const INSERT_REPEAT_RUNS = `
  INSERT INTO repeat_run (of_import_id, of_line, import_id, line, records, known_at, last_bucket)`
/** A batch that is stored once more may find runs of its own that are longer or shorter. */
export const KEEP_LONGER_RUN = `
  ON CONFLICT (of_import_id, of_line, import_id, line) DO UPDATE
  SET records = excluded.records, last_bucket = excluded.last_bucket
  WHERE excluded.records > repeat_run.records`

export function repeatRunToRow({ of, importId, line, records, knownAt, lastBucket }: RepeatRun) {
  return [of.importId, of.line, importId, line, records, knownAt, lastBucket] as const
}

export function repeatRunFromRow(row: Row): RepeatRun {
  return {
    of: { importId: row.of_import_id as number, line: row.of_line as number },
    importId: row.import_id as number,
    line: row.line as number,
    records: row.records as number,
    knownAt: row.known_at as number,
    lastBucket: row.last_bucket as number,
  }
}
