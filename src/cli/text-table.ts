/** Tables of text with aligned columns. */
import { printable } from '../domain/printable.ts'

export type Alignment = 'left' | 'right'

/**
 * One line per row. Columns are as wide as their widest cell and two spaces apart; left-aligned unless
 * stated. All rows have as many cells as the first.
 */
export function textTable(
  given: readonly (readonly string[])[],
  alignments: readonly Alignment[] = [],
): string[] {
  // Escape cells before measuring them, because escaping changes their width.
  const rows = given.map((row) => row.map(printable))
  const widths = (rows[0] ?? []).map((_, column) =>
    rows.reduce((widest, row) => Math.max(widest, row[column]!.length), 0),
  )
  const lineOf = (row: readonly string[]) =>
    row.map((cell, column) =>
      alignments[column] === 'right'
        ? cell.padStart(widths[column]!)
        : cell.padEnd(widths[column]!),
    )
  return rows.map((row) => lineOf(row).join('  ').trimEnd())
}
