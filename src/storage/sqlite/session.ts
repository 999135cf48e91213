/** A connection as a session for shared code; it answers each question at once. */
import type { SQLInputValue } from 'node:sqlite'
import { HOUR_SECONDS } from '../../domain/time.ts'
import type { Row } from '../rows.ts'
import {
  type Acting,
  type Gone,
  type Insert,
  type MonthText,
  type NamedRows,
  type Session,
  type Steps,
  takenAtOnce,
  type Value,
  type Values,
} from '../session.ts'
import type { Connection } from './connection.ts'
import { isOverflow } from './failures.ts'

/**
 * Rows of fresh days lie in buckets of this length, chosen by the measurement in
 * `docs/decisions/fresh-days.md`.
 */
export const FRESH_SECONDS = 2 * HOUR_SECONDS

const NO_VALUES: Values = []

const MONTH_TEXT: MonthText = {
  startOf: (instant) => `unixepoch(${instant}, 'unixepoch', 'start of month')`,
  startOfNumber: (month) => `unixepoch(printf('%04d-%02d-01', ${month} / 12, ${month} % 12 + 1))`,
}

export class SqliteSession implements Session {
  readonly hasSimMonths = true
  readonly monthText = MONTH_TEXT
  readonly freshSeconds = FRESH_SECONDS
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** Runs the steps to their end. A failed question throws where it was asked. */
  take<T>(steps: Steps<T>): T {
    return takenAtOnce(steps, this)
  }

  all(text: string, values = NO_VALUES, named?: NamedRows): Row[] {
    if (named === undefined) return this.#connection.prepare(text).all(...bound(values))
    const statement = this.#connection.prepare(withOneRow(text, values, named))
    return named.rows.flatMap((row, i) => statement.all(...bound([...values, ...row, i + 1])))
  }

  ask(text: string, values = NO_VALUES): Row[] {
    const statement = this.#connection.db.prepare(asSqlite(text))
    statement.setReadBigInts(true)
    return statement.all(...bound(values))
  }

  get(text: string, values = NO_VALUES): Row | undefined {
    return this.#connection.prepare(text).get(...bound(values))
  }

  run(text: string, values = NO_VALUES, named?: NamedRows): number {
    if (named === undefined) {
      return Number(this.#connection.prepare(text).run(...bound(values)).changes)
    }
    const ofOne = withOneRow(text, values, named)
    return named.rows.reduce((sum, row, i) => sum + this.run(ofOne, [...values, ...row, i + 1]), 0)
  }

  insert({ table, columns, rows, suffix = '' }: Insert): Row[] {
    const places = columns.map(() => '?').join(', ')
    const statement = this.#connection.prepare(
      `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${places}) ${suffix}`,
    )
    return rows.flatMap((row) => statement.all(...bound(row)))
  }

  delete({ table, columns, rows }: Gone): number {
    const equal = columns.map((name) => `${name} = ?`).join(' AND ')
    const text = `DELETE FROM ${table} WHERE ${equal}`
    return rows.reduce((deleted, row) => deleted + this.run(text, row), 0)
  }

  /** A write transaction locks the whole database. */
  lock(): void {}

  now(): number {
    return this.get('SELECT unixepoch() AS now')!.now as number
  }

  isOverflow(error: unknown): boolean {
    return isOverflow(error)
  }

  get acting(): Acting {
    return this.#connection.acting
  }
}

/** The text for one of the named rows, each of which is a question of its own. */
function withOneRow(text: string, values: Values, { columns }: NamedRows): string {
  const row = [...Object.keys(columns), 'position'].map(
    (name, i) => `?${values.length + i + 1} AS ${name}`,
  )
  return text.replace(':named', `(SELECT ${row.join(', ')}) AS named`)
}

function bound(values: Values): SQLInputValue[] {
  return values.some(Array.isArray) ? values.map(asInput) : (values as SQLInputValue[])
}

/** Lists become JSON, which `json_each` reads. */
function asInput(value: Value): SQLInputValue {
  return (Array.isArray(value) ? JSON.stringify(value) : value) as SQLInputValue
}

/**
 * Adapts shared texts to SQLite, which knows no types, takes lists only as JSON, and matches `LIKE` in
 * any letter case.
 */
export function asSqlite(text: string): string {
  return text
    .replaceAll(/::\w+(?:\[\])?/g, '')
    .replaceAll(' ILIKE ', ' LIKE ')
    .replaceAll(/= ANY \((\?\d*)\)/g, 'IN (SELECT value FROM json_each($1))')
}
