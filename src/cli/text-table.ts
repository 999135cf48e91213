/** Tables of text with aligned columns. */

export type Alignment = 'left' | 'right'

/**
 * Columns are as wide as their widest cell, two spaces apart; left-aligned unless stated. All rows
 * have as many cells as the first.
 */
export function textTable(
  rows: readonly (readonly string[])[],
  alignments: readonly Alignment[] = [],
): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    rows.reduce((widest, row) => Math.max(widest, row[column]!.length), 0),
  )
  const lineOf = (row: readonly string[]) =>
    row.map((cell, column) =>
      alignments[column] === 'right'
        ? cell.padStart(widths[column]!)
        : cell.padEnd(widths[column]!),
    )
  return rows.map((row) => lineOf(row).join('  ').trimEnd()).join('\n')
}
