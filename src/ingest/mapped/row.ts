/** A carrier's record before it is mapped, whatever it is written in: values found by reference. */
import type { Reference } from './mapping.ts'

/** The text of one value, trimmed; '' where it is absent, undefined where it is no single text. */
export type TextOf<Row> = (row: Row) => string | undefined

/** Turns references into getters, once a delivery. */
export interface RowAccess<Row> {
  /** Throws `unreadable` where no row can have such a value, such as a column that is not there. */
  textOf(reference: Reference): TextOf<Row>
  /** True for a number whose zeros in front, if it had any, are gone. */
  isBareNumber(reference: Reference): (row: Row) => boolean
}
