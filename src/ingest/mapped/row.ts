/** A carrier's record before it is mapped, however it is written: values found by reference. */
import type { Reference } from './mapping.ts'

/** The text of one value, trimmed; '' if it is absent, undefined if it is not a single text. */
export type TextOf<Row> = (row: Row) => string | undefined

/** Turns references into getters, once per delivery. */
export interface RowAccess<Row> {
  /** Throws `unreadable` if no row can have such a value, for example because the column is missing. */
  textOf(reference: Reference): TextOf<Row>
  /** True for a number that has lost any leading zeros. */
  isBareNumber(reference: Reference): (row: Row) => boolean
}
