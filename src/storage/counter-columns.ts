/** The counters of a row: their columns as SQL, and how to read and print them. */
import {
  COUNTER_FIELDS,
  type CounterField,
  type Counters,
  counterValues,
  type EachCounter,
  mapCounters,
} from '../domain/counters.ts'
import type { Row } from './rows.ts'

export type CounterColumn = CounterField

/** In the order of `COUNTERS`. */
export const COUNTER_COLUMNS: readonly CounterColumn[] = COUNTER_FIELDS

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

/** PostgreSQL sums 64-bit integers as `numeric`; the cast refuses a sum that passes 64 bits. */
export const BIGINT_SUMS = eachCounter((name) => `SUM(${name})::bigint AS ${name}`)

/** For the `SET` of an upsert, which adds to a row that exists. */
export function addedCounters(table: string): string {
  return eachCounter((name) => `${name} = ${table}.${name} + excluded.${name}`)
}

/** From columns with the prefix. The row's integers may be bigints. */
export function countersFromRow(row: Row, prefix = ''): Counters {
  return mapCounters((place) => Number(row[`${prefix}${COUNTER_COLUMNS[place]}`]))
}

/** Such as `upload 1, download 2`, with the columns' names. */
export function countersInWords(given: EachCounter<number | bigint>): string {
  const values = counterValues(given)
  return COUNTER_COLUMNS.map((name, place) => `${name} ${values[place]}`).join(', ')
}
