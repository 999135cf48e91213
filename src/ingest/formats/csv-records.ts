/**
 * Cuts lines into the records of a CSV: any delimiter, quoted as RFC 4180 says. A quoted field may
 * hold line breaks; a quote that is never closed costs only its own line.
 */
import type { QuarantinedRecord } from '../../domain/import.ts'
import { UsageError } from '../../domain/usage-error.ts'
import type { Line } from '../lines.ts'
import { faultOf } from './cdr-format.ts'

/** A quote that does not close within so many lines is a stray one. */
const RECORD_LINES_MAX = 32
/** What a header may have at most; beyond it the delivery is something else. */
export const COLUMNS_MAX = 1_000

export interface CsvDialect {
  /** One character. */
  readonly delimiter: string
  /** One character; null where quotes are letters like all others. */
  readonly quote: string | null
}

export const RFC_4180: CsvDialect = { delimiter: ',', quote: '"' }

/**
 * What spreadsheets put between columns where a comma is the decimal sign, or when they copy; the comma
 * itself where a line in front of the header says something else that is not so.
 */
const OTHER_DELIMITERS = [';', '\t', '|', ',']

/**
 * Excel writes it, and reads it, where columns are separated by something else than it expects. Other
 * programs keep it as a cell, which they quote, or put in a row with as many cells as the others.
 */
const SEPARATOR_LINE = /^("?)sep=([^"\r\n])\1\2* *$/i

/** Why a record cannot be split, for a person. */
export const SPLIT_FAULTS = {
  open: 'a quote is opened and never closed',
  malformed: 'a field is quoted only in part: quote all of it, and double the quotes inside ("")',
} as const

/**
 * The fields of one record, or `open` when a quoted field does not end, or `malformed` when a quote
 * stands where none may. It may be what is left of a broken record, so it is never taken as it is.
 */
export function splitCsvRecord(
  text: string,
  { delimiter, quote }: CsvDialect = RFC_4180,
): string[] | keyof typeof SPLIT_FAULTS {
  if (quote === null || !text.includes(quote)) return text.split(delimiter)
  const fields: string[] = []
  let at = 0
  for (;;) {
    if (text[at] === quote) {
      let end = text.indexOf(quote, at + 1)
      while (end !== -1 && text[end + 1] === quote) end = text.indexOf(quote, end + 2)
      if (end === -1) return 'open'
      fields.push(text.slice(at + 1, end).replaceAll(quote + quote, quote))
      at = end + 1
      if (at < text.length && text[at] !== delimiter) return 'malformed'
    } else {
      const next = text.indexOf(delimiter, at)
      const field = text.slice(at, next === -1 ? text.length : next)
      if (field.includes(quote)) return 'malformed'
      fields.push(field)
      at += field.length
    }
    if (at >= text.length) return fields
    at++
    if (at === text.length) return [...fields, '']
  }
}

/** The names in a header line, trimmed; the whole of it where it cannot be split. */
export function columnNames(header: string, dialect: CsvDialect): string[] {
  const split = splitCsvRecord(header, dialect)
  return (typeof split === 'string' ? [header] : split).map((name) => name.trim())
}

/** How a table is written, as its header shows by the names in it, in lower case; else `stated`. */
export function dialectByHeader(
  header: string,
  stated: CsvDialect,
  isHeader: (names: readonly string[]) => boolean,
): CsvDialect {
  const others = OTHER_DELIMITERS.map((delimiter) => ({ ...stated, delimiter }))
  const fits = (dialect: CsvDialect) =>
    isHeader(columnNames(header, dialect).map((name) => name.toLowerCase()))
  return [stated, ...others].find(fits) ?? stated
}

/** Nothing, or the character by which DOS ends files. */
function isBlank(text: string): boolean {
  return text.trim() === '' || text === '\x1a'
}

/** What is made of a table's lines. */
export interface CsvTable {
  /** What a header is expected to be, for a person. */
  readonly headerHint: string
  /** What tells how many columns there are. */
  readonly firstLine: 'header' | 'first record'
  /** How a table that knows its columns is written, as its header shows; `stated` otherwise. */
  dialectOf?(header: string, stated: CsvDialect): CsvDialect
  /**
   * Takes the header line and answers how many columns there are; 0 where it was none and the next
   * line is tried. Throws `unreadable`.
   */
  header(text: string, line: number, dialect: CsvDialect): number
  record(fields: readonly string[], line: number, text: string): void
  fault(fault: QuarantinedRecord): void
}

/** Gives a table its header, its records and the lines that are none, in their order. */
export class CsvRecords {
  readonly #table: CsvTable
  #dialect: CsvDialect
  /** A line in front of the header by which Excel says what separates columns. */
  #separatorLine: string | null = null
  #headerLine: string | null = null
  /** 0 until the header was read. */
  #columnCount = 0
  /** Lines of a record whose quoted field has not ended yet. */
  #open: Line[] = []

  constructor(table: CsvTable, dialect: CsvDialect) {
    this.#table = table
    this.#dialect = dialect
  }

  read(lines: readonly Line[]): void {
    for (const line of lines) this.#readLine(line)
  }

  /** Call once, after the last line. Throws `unreadable` where there was no header. */
  end(): void {
    while (this.#open.length > 0) this.#giveUpOpenRecord()
    if (this.#columnCount === 0) {
      throw new UsageError('unreadable', 'there is no header line: the delivery is empty', {
        hint: this.#table.headerHint,
      })
    }
  }

  /** The lines that a record needs in front of it to be read by itself; null before the header. */
  get context(): string | null {
    if (this.#headerLine === null || this.#separatorLine === null) return this.#headerLine
    return `${this.#separatorLine}\n${this.#headerLine}`
  }

  #readLine(line: Line): void {
    if (line.text === null) {
      while (this.#open.length > 0) this.#giveUpOpenRecord()
      this.#faultyLine(line)
    } else if (this.#columnCount === 0) {
      if (!isBlank(line.text)) this.#readHeader(line.text, line.number)
    } else if (this.#open.length > 0) {
      this.#continueRecord(line)
    } else if (!isBlank(line.text)) {
      this.#readRecord(line, line.text)
    }
  }

  #readHeader(text: string, line: number): void {
    // All records would be columns of the header, and nothing of the delivery would count.
    if (/\r[^\r]/.test(text)) {
      throw new UsageError('unreadable', `line ${line}, the header: its lines end in CR alone`, {
        hint: 'save it with the line ends of Windows or Unix, CR LF or LF',
      })
    }
    const separator = this.#separatorLine === null ? SEPARATOR_LINE.exec(text)?.[2] : undefined
    if (separator !== undefined) {
      this.#separatorLine = text
      this.#dialect = { ...this.#dialect, delimiter: separator }
      return
    }
    this.#dialect = this.#table.dialectOf?.(text, this.#dialect) ?? this.#dialect
    this.#columnCount = this.#table.header(text, line, this.#dialect)
    if (this.#columnCount > 0) this.#headerLine = text
  }

  #faultyLine(line: Line): void {
    const fault = line.fault!
    if (this.#columnCount === 0) {
      throw new UsageError('unreadable', `line ${line.number}, the header: ${fault.detail}`, {
        hint: this.#table.headerHint,
      })
    }
    this.#table.fault({ ...fault, line: line.number, field: null })
  }

  #readRecord(line: Line, text: string): void {
    const fields = splitCsvRecord(text, this.#dialect)
    if (fields === 'open') this.#open.push(line)
    else if (fields === 'malformed') this.#unreadable(line, text, SPLIT_FAULTS.malformed)
    else if (fields.length !== this.#columnCount) {
      const detail = `${fields.length} fields, but the ${this.#table.firstLine} has ${this.#columnCount}`
      this.#unreadable(line, text, detail)
    } else if (fields.some((field) => !isBlank(field))) {
      // Spreadsheets leave rows of nothing behind where there once was something.
      this.#table.record(fields, line.number, text)
    }
  }

  /** Joins the line to the open record; when they make no record of the header's width, gives up. */
  #continueRecord(line: Line): void {
    this.#open.push(line)
    const text = this.#open.map((open) => open.text).join('\n')
    const fields = splitCsvRecord(text, this.#dialect)
    if (fields === 'open') {
      if (this.#open.length >= RECORD_LINES_MAX) this.#giveUpOpenRecord()
    } else if (fields === 'malformed' || fields.length !== this.#columnCount) {
      this.#giveUpOpenRecord()
    } else {
      const first = this.#open[0]!
      this.#open = []
      this.#table.record(fields, first.number, text)
    }
  }

  /** The open quote was a stray one: its line is unreadable, the lines after it are read anew. */
  #giveUpOpenRecord(): void {
    const [first, ...rest] = this.#open
    this.#open = []
    this.#unreadable(first!, first!.text!, SPLIT_FAULTS.open)
    for (const line of rest) this.#readLine(line)
  }

  #unreadable(line: Line, text: string, detail: string): void {
    this.#table.fault(faultOf(line.number, text, { reason: 'unreadable', detail, field: null }))
  }
}
