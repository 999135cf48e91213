/** Tables as CSV files, for spreadsheets and programs alike. */
import { csvLine } from '../../../src/http/csv-line.ts'

/** Amounts are exact, instants are in the API's form, and null is an empty cell. */
export type Cell = string | number | bigint | boolean | null

export interface CsvTable {
  /** Named like the API's fields. */
  readonly columns: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
}

/** According to RFC 4180. A text that a spreadsheet would compute is made harmless, as in the API's CSV. */
export function csvText({ columns, rows }: CsvTable): string {
  const lines = [columns, ...rows].map((row) => `${csvLine(row.map(cellText))}\r\n`)
  return lines.join('')
}

function cellText(cell: Cell): string | number | bigint {
  if (cell === null) return ''
  return typeof cell === 'boolean' ? String(cell) : cell
}

/** Takes the fields of these names from each row. */
export function tableOf<Name extends string>(
  rows: readonly Readonly<Record<Name, Cell>>[],
  columns: readonly Name[],
): CsvTable {
  return { columns, rows: rows.map((row) => columns.map((name) => row[name])) }
}

const PART_LENGTH_MAX = 40
const NAME_LENGTH_MAX = 150

/** `simtally-countries-zone-home-2026-11-01-2026-11-28.csv`: letters and digits that every system accepts. */
export function fileName(parts: readonly string[]): string {
  const words = ['simtally', ...parts]
    .map((part) => part.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, ''))
    .filter((part) => part !== '')
    .map((part) => cut(part, PART_LENGTH_MAX))
  return `${cut(words.join('-'), NAME_LENGTH_MAX)}.csv`
}

/** Cuts between whole characters. */
function cut(text: string, length: number): string {
  return [...text].slice(0, length).join('')
}
