/**
 * The counters of a row: their columns in the order of `COUNTER_NAMES`, and how to read and print them.
 */
import { COUNTER_NAMES, type CounterName, type Counters } from '../domain/usage-event.ts'
import type { Row } from './rows.ts'

/** `toSim` is the column `to_sim`. */
type ColumnOf<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${ColumnOf<Rest>}`
  : ''

export type CounterColumn = ColumnOf<CounterName>

/** In the order of `COUNTER_NAMES`. */
export const COUNTER_COLUMNS = COUNTER_NAMES.map((name) =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
) as readonly string[] as readonly CounterColumn[]

/** As an SQL list, such as `upload, download`, with the columns of `table` if one is given. */
export function counterList(table = ''): string {
  return COUNTER_COLUMNS.map((name) => (table === '' ? name : `${table}.${name}`)).join(', ')
}

/** As an SQL list, in which `of` makes an expression of each column. */
export function eachCounter(of: (column: string) => string, between = ', '): string {
  return COUNTER_COLUMNS.map(of).join(between)
}

/** Sums, named like their columns. */
export const COUNTER_SUMS = eachCounter((name) => `SUM(${name}) AS ${name}`)

/** From columns with the prefix. The row's integers may be bigints. */
export function countersFromRow(row: Row, prefix = ''): Counters {
  return countersBy((i) => Number(row[`${prefix}${COUNTER_COLUMNS[i]}`]))
}

/** Each counter by its position in `COUNTER_NAMES`. */
export function countersBy<T>(valueAt: (i: number) => T): Record<CounterName, T> {
  const made: Partial<Record<CounterName, T>> = {}
  for (const [i, name] of COUNTER_NAMES.entries()) made[name] = valueAt(i)
  return made as Record<CounterName, T>
}

/** Only the counters of something that has more. */
export function countersOf<T>(given: Readonly<Record<CounterName, T>>): Record<CounterName, T> {
  return countersBy((i) => given[COUNTER_NAMES[i]!])
}

/** In the order of their columns. */
export function counterValues<T>(given: Readonly<Record<CounterName, T>>): T[] {
  return COUNTER_NAMES.map((name) => given[name])
}

/** Such as `upload 1, download 2`, with the columns' names. */
export function countersInWords(given: Readonly<Record<CounterName, number | bigint>>): string {
  return COUNTER_NAMES.map((name, i) => `${COUNTER_COLUMNS[i]} ${given[name]}`).join(', ')
}
