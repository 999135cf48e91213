/** Listings: JSON for programs, one object a line; a table for people. */
import type { CommandLine, JsonOption } from './command-line.ts'
import { textTable } from './text-table.ts'

type Cell = string | number | boolean | null | readonly string[] | Readonly<Record<string, unknown>>

/**
 * Prints the rows in their order. `titles` names the table's columns and their order; JSON has
 * every key of a row. Ends early when nobody reads any more.
 */
export async function printListing<Row extends { readonly [key in keyof Row]: Cell }>(
  commandLine: CommandLine,
  options: JsonOption,
  titles: Readonly<Partial<Record<keyof Row, string>>>,
  rows: Iterable<Row> | AsyncIterable<Row>,
): Promise<void> {
  const columns = Object.keys(titles) as (keyof Row)[]
  const header = columns.map((column) => titles[column] ?? '')
  const cells: string[][] = []
  for await (const row of rows) {
    if (commandLine.context.stdout.closed) return
    if (options.json === true) await commandLine.printJson(row)
    else cells.push(columns.map((column) => cellText(row[column])))
  }
  if (options.json !== true) await commandLine.print(textTable([header, ...cells]))
}

function cellText(cell: Cell): string {
  if (cell === null) return ''
  if (typeof cell !== 'object') return String(cell)
  return Array.isArray(cell) ? cell.join(' ') : JSON.stringify(cell)
}
