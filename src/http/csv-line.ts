/** Lines of CSV that people open in spreadsheets. */
import { printable } from '../domain/printable.ts'

/** What spreadsheets take for the beginning of a formula; the last four where Japanese is written. */
const FORMULA_START = /^[=+\-@＝＋－＠]/

const NUMBER = /^[+-]?\d+(?:\.\d+)?$/

/**
 * Numbers stay numbers, also those in texts. Another text that a spreadsheet would compute gets an
 * apostrophe in front, which makes it a text there; what is unprintable is escaped.
 */
export function csvLine(cells: readonly (string | number | bigint)[]): string {
  return cells.map((cell) => (typeof cell === 'string' ? quoted(inert(cell)) : cell)).join(',')
}

function inert(text: string): string {
  const shown = printable(text)
  return FORMULA_START.test(shown) && !NUMBER.test(shown) ? `'${shown}` : shown
}

function quoted(text: string): string {
  return /[",;\s]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
