/**
 * What every engine's session can do, and how shared code asks it: as a generator, which yields each
 * question and is handed the answer. SQLite answers at once and PostgreSQL later; the code does not know
 * which. `docs/decisions/one-session.md` says why.
 */
import type { Actor } from '../domain/act.ts'
import type { Row } from './rows.ts'
import type { TableName } from './tables.ts'

export type Value = string | number | bigint | boolean | null | Uint8Array | readonly Value[]
export type Values = readonly Value[]

export type LockName = 'directory' | 'limits'

/** Rows to add to a table, by column name. */
export interface Insert {
  readonly table: TableName
  readonly columns: readonly string[]
  readonly rows: readonly Values[]
  /** `ON CONFLICT` and `RETURNING`, as both engines understand them. */
  readonly suffix?: string
}

/** Rows that a text joins as `:named`, by column, with the columns' types. */
export interface NamedRows {
  readonly columns: Readonly<Record<string, 'bigint' | 'smallint' | 'text'>>
  readonly rows: readonly Values[]
}

/** Rows to delete from a table, by the values of some columns. */
export interface Gone {
  readonly table: TableName
  readonly columns: readonly string[]
  readonly rows: readonly Values[]
}

/** Who makes changes, and when; null if the database's own clock tells. */
export interface Acting {
  readonly actor: string
  readonly at: number | null
}

export function actingOf(actor: Actor): Acting {
  return { actor: actor.name, at: actor.clock?.() ?? null }
}

/** The start of a UTC month as an expression, which each engine writes in its own way. */
export interface MonthText {
  /** Of the month that contains the instant. */
  startOf(instant: string): string
  /** Of the month with this number, as counted by `monthNumber`. */
  startOfNumber(month: string): string
}

type Later<T> = T | Promise<T>

/**
 * A session of a database. Texts have `?` for values, or `?1` for one that appears twice. A list of
 * values is passed to `= ANY (?)`, and a type is given as `?::bigint`, which an engine without types
 * ignores. In a text's `FROM`, `:named` stands for the named rows, which also have a `position`. The text
 * must mean the same for all of them at once as for one after the other.
 */
export interface Session {
  all(text: string, values?: Values, named?: NamedRows): Later<Row[]>
  /**
   * As `all`, for a text made for one question. Its integers are bigints, and no prepared statement is
   * kept, because there may be any number of such texts.
   */
  ask(text: string, values?: Values): Later<Row[]>
  get(text: string, values?: Values): Later<Row | undefined>
  /** Returns the number of changed rows. */
  run(text: string, values?: Values, named?: NamedRows): Later<number>
  /** Adds rows in order; returns the rows of `RETURNING`. */
  insert(insert: Insert): Later<Row[]>
  delete(gone: Gone): Later<number>
  /** Held until the transaction ends. A SQLite transaction holds all locks anyway. */
  lock(name: LockName): Later<void>
  /** UTC seconds by the clock of the database. */
  now(): Later<number>
  /** True if a sum did not fit into 64 bits. */
  isOverflow(error: unknown): boolean
  readonly acting: Acting
  /** True if whole months have totals of their own. */
  readonly hasSimMonths: boolean
  readonly monthText: MonthText
  /** How long the ledger's buckets are for fresh days; see `BucketRule`. */
  readonly freshSeconds: number
}

export type Ask = (session: Session) => unknown

/** Work that asks a session step by step, and results in a `T`. */
export type Steps<T> = Generator<Ask, T, unknown>

/** Takes steps whose questions are answered at once. A failed question throws where it was asked. */
export function takenAtOnce<T>(steps: Steps<T>, session: Session): T {
  let step = steps.next()
  while (step.done !== true) {
    let answer: unknown
    try {
      answer = step.value(session)
    } catch (error) {
      step = steps.throw(error)
      continue
    }
    step = steps.next(answer)
  }
  return step.value
}

/** As `takenAtOnce`, if the answers come later. */
export async function takenAsAnswered<T>(steps: Steps<T>, session: Session): Promise<T> {
  let step = steps.next()
  while (step.done !== true) {
    let answer: unknown
    try {
      answer = await step.value(session)
    } catch (error) {
      step = steps.throw(error)
      continue
    }
    step = steps.next(answer)
  }
  return step.value
}

export function* all(text: string, values?: Values, named?: NamedRows): Steps<Row[]> {
  if (named?.rows.length === 0) return []
  return (yield (session) => session.all(text, values, named)) as Row[]
}

export function* ask(text: string, values?: Values): Steps<Row[]> {
  return (yield (session) => session.ask(text, values)) as Row[]
}

export function* get(text: string, values?: Values): Steps<Row | undefined> {
  return (yield (session) => session.get(text, values)) as Row | undefined
}

export function* run(text: string, values?: Values, named?: NamedRows): Steps<number> {
  if (named?.rows.length === 0) return 0
  return (yield (session) => session.run(text, values, named)) as number
}

export function* insert(rows: Insert): Steps<Row[]> {
  if (rows.rows.length === 0) return []
  return (yield (session) => session.insert(rows)) as Row[]
}

export function* deleteRows(gone: Gone): Steps<number> {
  if (gone.rows.length === 0) return 0
  return (yield (session) => session.delete(gone)) as number
}

export function* lock(name: LockName): Steps<void> {
  yield (session) => session.lock(name)
}

export function* now(): Steps<number> {
  return (yield (session) => session.now()) as number
}

export function* isOverflow(error: unknown): Steps<boolean> {
  return (yield (session) => session.isOverflow(error)) as boolean
}

export function* hasSimMonths(): Steps<boolean> {
  return (yield (session) => session.hasSimMonths) as boolean
}

export function* monthText(): Steps<MonthText> {
  return (yield (session) => session.monthText) as MonthText
}

export function* freshSeconds(): Steps<number> {
  return (yield (session) => session.freshSeconds) as number
}

export function* acting(): Steps<Acting> {
  return (yield (session) => session.acting) as Acting
}

/** Null if the text finds nothing. */
export function* findOne<T>(
  text: string,
  values: Values,
  fromRow: (row: Row) => T,
): Steps<T | null> {
  const row = yield* get(text, values)
  return row === undefined ? null : fromRow(row)
}

export function* list<T>(text: string, fromRow: (row: Row) => T): Steps<T[]> {
  return (yield* all(text)).map(fromRow)
}

// biome-ignore lint/suspicious/noExplicitAny: whatever an operation takes, its caller hands over
export type Operation = (...given: any[]) => Steps<unknown>
export type Operations = Readonly<Record<string, Operation>>
export type Result<O extends Operation> = ReturnType<O> extends Steps<infer T> ? T : never

/** Operations as an engine offers them. */
export type Offered<Of extends Operations> = {
  [Name in keyof Of]: (...given: Parameters<Of[Name]>) => Promise<Result<Of[Name]>>
}

/** Operations, run by an engine that takes their steps. `begin` may be called repeatedly. */
export function offered<Of extends Operations>(
  operations: Of,
  take: <T>(begin: () => Steps<T>, name: keyof Of & string, given: unknown[]) => Promise<T>,
): Offered<Of> {
  return Object.fromEntries(
    Object.entries(operations).map(([name, operation]) => [
      name,
      (...given: unknown[]) => take(() => operation(...given), name, given),
    ]),
  ) as unknown as Offered<Of>
}
