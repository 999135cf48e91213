/**
 * Repeats: records whose content another import had already delivered. They change nothing at first. But
 * when that other import is undone, only what it alone delivered is removed, and the rest stays as
 * theirs.
 *
 * A file that comes again repeats another line by line, so repeats are kept as runs: a number of
 * consecutive lines of one import that state the same as equally many lines of another. Every version in
 * the ledger and its history is known by its import and line.
 */
import { BATCH_RECORDS_MAX } from '../batches.ts'
import type { Row, StoredEvent } from '../rows.ts'
import { all, deleteRows, insert, type Steps } from '../session.ts'
import { columnsNamed } from '../tables.ts'
import { dayOf } from './buckets.ts'

export interface Place {
  readonly importId: number
  readonly line: number
}

/** What was delivered where, and when it became known. */
export interface Delivered extends Place {
  readonly knownAt: number
}

/** One record that repeats another import's version. */
export interface Repeat extends Delivered {
  /** The version that it repeats. */
  readonly of: Place
  /** The day of the event. Retention deletes a run by the newest day in it. */
  readonly bucket: number
}

/** Repeats by consecutive lines of versions on consecutive lines. */
export interface RepeatRun extends Place {
  readonly of: Place
  readonly records: number
  readonly knownAt: number
  readonly lastBucket: number
}

/** Runs that touch given lines are found by where they begin, so none may begin far before them. */
const RUN_RECORDS_MAX = BATCH_RECORDS_MAX

/** If an import repeats a version more than once, the first time is enough. */
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
      knownAt === last.knownAt &&
      next < RUN_RECORDS_MAX
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

/**
 * The repeats of one import's versions, found by line. Runs may overlap, so they are kept as an interval
 * tree: the middle of each stretch of the order is the root of what lies on either side.
 */
export class RepeatsOf {
  /** Ordered by the lines repeated. */
  readonly #runs: readonly RepeatRun[]
  /** How far each root and the runs below it reach. */
  readonly #ends: Float64Array

  constructor(runs: readonly RepeatRun[]) {
    this.#runs = runs.toSorted((a, b) => a.of.line - b.of.line)
    this.#ends = new Float64Array(runs.length)
    this.#measure(0, runs.length)
  }

  ofLine(line: number): Repeat[] {
    const found: Repeat[] = []
    this.#find(line, { from: 0, to: this.#runs.length }, found)
    return found
  }

  #measure(from: number, to: number): number {
    if (from >= to) return 0
    const root = (from + to) >>> 1
    const { of, records } = this.#runs[root]!
    const below = Math.max(this.#measure(from, root), this.#measure(root + 1, to))
    const end = Math.max(of.line + records, below)
    this.#ends[root] = end
    return end
  }

  #find(line: number, { from, to }: { from: number; to: number }, found: Repeat[]): void {
    const root = (from + to) >>> 1
    if (from >= to || this.#ends[root]! <= line) return
    this.#find(line, { from, to: root }, found)
    const run = this.#runs[root]!
    const offset = line - run.of.line
    if (offset < 0) return
    if (offset < run.records) found.push(repeatAt(run, offset))
    this.#find(line, { from: root + 1, to }, found)
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

/** A version that belongs to another import from now on. */
interface Move {
  readonly from: Place
  readonly to: Place
}

/** What a batch does to repeats; written when the batch ends. */
export class NotedRepeats {
  readonly repeats: Repeat[] = []
  readonly moves: Move[] = []

  /** An import that states the same twice repeats nothing. */
  note(bucket: number, of: Place, { importId, line, knownAt }: Delivered): void {
    if (of.importId === importId) return
    const place = { importId: of.importId, line: of.line }
    this.repeats.push({ of: place, importId, line, knownAt, bucket: dayOf(bucket) })
  }

  /** An account's version becomes the operator's, and the account's import repeats it. */
  standInFor(bucket: number, version: StoredEvent, incoming: StoredEvent): void {
    this.moves.push({ from: version, to: incoming })
    this.note(bucket, incoming, version)
  }
}

/** The new places by the old lines, for each import that loses versions. */
function movesByImport(moves: readonly Move[]): ReadonlyMap<number, ReadonlyMap<number, Place>> {
  const groups = Map.groupBy(moves, ({ from }) => from.importId)
  return new Map(
    [...groups].map(([importId, list]) => [
      importId,
      new Map(list.map(({ from, to }) => [from.line, to])),
    ]),
  )
}

/**
 * What happens to runs when some of the versions that they repeat pass to another import: the runs that
 * go, and those that replace them. `moved` has the new place by the old line.
 */
export function movedRuns(
  runs: readonly RepeatRun[],
  moved: ReadonlyMap<number, Place>,
): { readonly gone: RepeatRun[]; readonly come: RepeatRun[] } {
  const lines = Float64Array.from(moved.keys()).sort()
  const gone = runs.filter(({ of, records }) => {
    const next = lines[firstFrom(lines, of.line)]
    return next !== undefined && next < of.line + records
  })
  const repeats = gone.flatMap((run) =>
    Array.from({ length: run.records }, (_, offset): Repeat => {
      const repeat = repeatAt(run, offset)
      return { ...repeat, of: moved.get(repeat.of.line) ?? repeat.of }
    }),
  )
  // Repeats within one import mean nothing.
  return { gone, come: runsOf(repeats.filter(({ of, importId }) => of.importId !== importId)) }
}

/** The position of the first of the sorted lines that is not below the line. */
function firstFrom(lines: Float64Array, line: number): number {
  let [from, to] = [0, lines.length]
  while (from < to) {
    const middle = (from + to) >>> 1
    if (lines[middle]! < line) from = middle + 1
    else to = middle
  }
  return from
}

/** Parameters of `SELECT_REPEATS_AMONG` for lines of one import. */
export function amongValues(
  importId: number,
  lines: Iterable<number>,
): readonly [importId: number, from: number, to: number, first: number] {
  let first = Number.POSITIVE_INFINITY
  let last = 0
  for (const line of lines) {
    first = Math.min(first, line)
    last = Math.max(last, line)
  }
  return [importId, first - RUN_RECORDS_MAX, last, first]
}

/** From one line to another. */
const SELECT_REPEATS_AMONG = `
  SELECT * FROM repeat_run
  WHERE of_import_id = ? AND of_line > ? AND of_line <= ? AND of_line + records > ?`
const SELECT_REPEATS_OF = 'SELECT * FROM repeat_run WHERE of_import_id = ?'
export const DELETE_REPEATS_OF = 'DELETE FROM repeat_run WHERE of_import_id = ?'
export const DELETE_REPEATS_BY = 'DELETE FROM repeat_run WHERE import_id = ?'
export const DELETE_OLD_REPEATS = 'DELETE FROM repeat_run WHERE last_bucket < ?'

/** If a batch is stored again, its own runs may already be there, longer or shorter. */
const KEEP_LONGER_RUN = `
  ON CONFLICT (of_import_id, of_line, import_id, line) DO UPDATE
  SET records = excluded.records, last_bucket = excluded.last_bucket
  WHERE excluded.records > repeat_run.records`

export function* readRepeatsOf(importId: number): Steps<RepeatRun[]> {
  return (yield* all(SELECT_REPEATS_OF, [importId])).map(repeatRunFromRow)
}

export function writeRepeats(repeats: readonly Repeat[]): Steps<void> {
  return writeRuns(runsOf(repeats))
}

function* writeRuns(runs: readonly RepeatRun[]): Steps<void> {
  const columns = columnsNamed('repeat_run')
  const rows = runs.map(repeatRunToRow)
  yield* insert({ table: 'repeat_run', columns, rows, suffix: KEEP_LONGER_RUN })
}

/** Lets repeats follow versions that pass to another import. */
export function* moveRepeats(moves: readonly Move[]): Steps<void> {
  for (const [importId, moved] of movesByImport(moves)) {
    const runs = yield* all(SELECT_REPEATS_AMONG, amongValues(importId, moved.keys()))
    const { gone, come } = movedRuns(runs.map(repeatRunFromRow), moved)
    const columns = ['of_import_id', 'of_line', 'import_id', 'line']
    const rows = gone.map((run) => repeatRunToRow(run).slice(0, columns.length))
    yield* deleteRows({ table: 'repeat_run', columns, rows })
    yield* writeRuns(come)
  }
}

function repeatRunToRow({ of, importId, line, records, knownAt, lastBucket }: RepeatRun) {
  return [of.importId, of.line, importId, line, records, knownAt, lastBucket] as const
}

function repeatRunFromRow(row: Row): RepeatRun {
  return {
    of: { importId: row.of_import_id as number, line: row.of_line as number },
    importId: row.import_id as number,
    line: row.line as number,
    records: row.records as number,
    knownAt: row.known_at as number,
    lastBucket: row.last_bucket as number,
  }
}
