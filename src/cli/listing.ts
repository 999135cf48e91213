/** Listings: one JSON object per line for programs, a table for people. */
import type { CommandLine, JsonOption } from './command-line.ts'
import type { LimitOption } from './options.ts'
import { formatCount } from './quantity-text.ts'
import { textTable } from './text-table.ts'

type Cell = string | number | boolean | null | readonly string[] | Readonly<Record<string, unknown>>

/** The titles of a table's columns, in order. */
export type Titles<Row> = Readonly<Partial<Record<keyof Row, string>>>

/**
 * Prints rows in order, up to `--limit`, and says if there are more. `titles` gives the table's columns and
 * their order; JSON has every key of `toJson(row)`. Ends early once nobody reads any more.
 */
export async function printListing<Row extends { readonly [key in keyof Row]: Cell }>(
  commandLine: CommandLine,
  options: JsonOption & LimitOption,
  titles: Titles<Row>,
  rows: Iterable<Row> | AsyncIterable<Row>,
  toJson: (row: Row) => unknown = (row) => row,
): Promise<void> {
  const columns = Object.keys(titles) as (keyof Row)[]
  const header = columns.map((column) => titles[column] ?? '')
  const cells: string[][] = []
  for await (const row of limited(commandLine, options, rows)) {
    if (options.json === true) await commandLine.printJson(toJson(row))
    else cells.push(columns.map((column) => cellText(row[column])))
  }
  if (options.json !== true && !commandLine.context.stdout.closed) {
    await commandLine.print(textTable([header, ...cells]))
  }
}

/** Yields up to `--limit` rows while somebody reads, and says if there are more. */
export async function* limited<T>(
  commandLine: CommandLine,
  { limit = Number.POSITIVE_INFINITY }: LimitOption,
  entries: Iterable<T> | AsyncIterable<T>,
): AsyncGenerator<T> {
  let count = 0
  for await (const entry of entries) {
    if (commandLine.context.stdout.closed) return
    if (count === limit) {
      await commandLine.note(
        `Only the first ${formatCount(limit)} are shown; --limit sets how many.`,
      )
      return
    }
    count++
    yield entry
  }
}

/** One thing: a JSON object with every key, or one line per key. */
export async function printFacts(
  commandLine: CommandLine,
  options: JsonOption,
  facts: Readonly<Record<string, unknown>>,
): Promise<void> {
  if (options.json === true) return await commandLine.printJson(facts)
  const rows = Object.entries(facts).map(([name, value]) => [
    name.replaceAll('_', ' '),
    factText(value),
  ])
  await commandLine.print(textTable(rows))
}

/** How many entries one question to the store returns. */
const PAGE_ENTRIES = 1_000

interface Numbered {
  readonly id: number
}

type AskOldestFirst<T> = (page: {
  readonly limit: number
  readonly afterId?: number
}) => Promise<readonly T[]>

/** All entries, oldest first, fetched piece by piece. */
export async function* oldestFirst<T extends Numbered>(ask: AskOldestFirst<T>): AsyncGenerator<T> {
  for await (const page of pagesOldestFirst(ask)) yield* page
}

/** The pieces themselves, none of them empty. */
export async function* pagesOldestFirst<T extends Numbered>(
  ask: AskOldestFirst<T>,
): AsyncGenerator<readonly T[]> {
  for (let afterId: number | undefined; ; ) {
    const page = await ask({ limit: PAGE_ENTRIES, ...(afterId !== undefined && { afterId }) })
    if (page.length === 0) return
    yield page
    afterId = page.at(-1)!.id
  }
}

/** All entries, newest first, fetched piece by piece. */
export async function* newestFirst<T extends Numbered>(
  ask: (page: { readonly limit: number; readonly beforeId?: number }) => Promise<readonly T[]>,
): AsyncGenerator<T> {
  for (let beforeId: number | undefined; ; ) {
    const page = await ask({ limit: PAGE_ENTRIES, ...(beforeId !== undefined && { beforeId }) })
    if (page.length === 0) return
    yield* page
    beforeId = page.at(-1)!.id
  }
}

function cellText(cell: Cell): string {
  if (cell === null) return ''
  if (typeof cell !== 'object') return String(cell)
  return Array.isArray(cell) ? cell.join(' ') : JSON.stringify(cell)
}

function factText(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value !== 'object') return String(value)
  const isList = Array.isArray(value) && value.every((entry) => typeof entry !== 'object')
  return isList ? value.join(' ') : JSON.stringify(value)
}
