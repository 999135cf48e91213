/** CSV lines that are safe to open in a spreadsheet. */
import { printable } from '../domain/printable.ts'

/** Characters that start a formula in spreadsheets; the last four do so in Japanese ones. */
const FORMULA_START = /^[=+\-@＝＋－＠]/

const NUMBER = /^[+-]?\d+(?:\.\d+)?$/

/**
 * Numbers stay numbers, even inside texts. Any other text that a spreadsheet would compute gets an apostrophe
 * in front, which keeps it a text. Unprintable characters are escaped.
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
