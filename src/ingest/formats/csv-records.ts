/**
 * Joins lines into CSV records: any delimiter, quoting as in RFC 4180. A quoted field may contain line
 * breaks; a quote that is never closed costs only its own line.
 */
import type { QuarantinedRecord } from '../../domain/import.ts'
import { UsageError } from '../../domain/usage-error.ts'
import type { Line } from '../lines.ts'
import { faultOf } from './cdr-format.ts'

/** A quote that is not closed within this many lines is a stray one. */
const RECORD_LINES_MAX = 32
/** How many columns a header may have; a delivery with more is something else. */
export const COLUMNS_MAX = 1_000

export interface CsvDialect {
  /** One character. */
  readonly delimiter: string
  /** One character; null if quotes are ordinary characters. */
  readonly quote: string | null
}

export const RFC_4180: CsvDialect = { delimiter: ',', quote: '"' }

/**
 * What spreadsheets put between columns if a comma is the decimal sign, or when copying. The comma itself
 * is for tables whose line before the header wrongly names another separator.
 */
const OTHER_DELIMITERS = [';', '\t', '|', ',']

/**
 * Excel writes and reads this line if the separator is not the one it expects. Other programs treat it as
 * a cell, and so quote it, or put it in a row with as many cells as the others.
 */
const SEPARATOR_LINE = /^("?)sep=([^"\r\n])\1\2* *$/i

/** Why a record cannot be split, for a person. */
export const SPLIT_FAULTS = {
  open: 'a quote is opened and never closed',
  malformed: 'a field is quoted only in part: quote all of it, and double the quotes inside ("")',
} as const

/**
 * The fields of one record; `open` if a quoted field does not end, `malformed` if a quote is out of
 * place. The text may be what is left of a broken record, so it is never taken as it is.
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

/** The names in a header line, trimmed; the whole line if it cannot be split. */
export function columnNames(header: string, dialect: CsvDialect): string[] {
  const split = splitCsvRecord(header, dialect)
  return (typeof split === 'string' ? [header] : split).map((name) => name.trim())
}

/**
 * How a table is written, recognized by the names in its header, which are in lower case; otherwise
 * `stated`.
 */
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

/** Each file has a byte order mark of its own, which stays where files are joined. */
function lowerNames(names: readonly string[]): string[] {
  return names.map((name) =>
    name
      .replace(/^\ufeff/, '')
      .trim()
      .toLowerCase(),
  )
}

/** Empty, or the character by which DOS ends files. */
function isBlank(text: string): boolean {
  return text.trim() === '' || text === '\x1a'
}

/** What becomes of a table's lines. */
export interface CsvTable {
  /** The expected header, for a person. */
  readonly headerHint: string
  /** What tells the number of columns. */
  readonly firstLine: 'header' | 'first record'
  /** How a table with known columns is written, recognized by its header; otherwise `stated`. */
  dialectOf?(header: string, stated: CsvDialect): CsvDialect
  /**
   * Takes the header line and returns the number of columns; 0 if it was not the header, so that the next
   * line is tried. Throws `unreadable`.
   */
  header(text: string, line: number, dialect: CsvDialect): number
  /** False if the row is not a record that counts, so that it may be another header. */
  record(fields: readonly string[], line: number, text: string): boolean
  /** True for cells, in lower case, that name the columns of such a table, in any order. */
  isHeader?(cells: readonly string[]): boolean
  fault(fault: QuarantinedRecord): void
}

/** Passes a table its header, its records and its unreadable lines, in order. */
export class CsvRecords {
  readonly #table: CsvTable
  #dialect: CsvDialect
  /** A line before the header in which Excel names the separator. */
  #separatorLine: string | null = null
  #headerLine: string | null = null
  /** 0 until the header was read. */
  #columnCount = 0
  /** Lines of a record with a quoted field that has not ended yet. */
  #open: Line[] = []
  /** Why nothing after this can be read. It is thrown once what came before has been taken. */
  #failure: UsageError | null = null

  constructor(table: CsvTable, dialect: CsvDialect) {
    this.#table = table
    this.#dialect = dialect
  }

  read(lines: readonly Line[]): void {
    if (this.#failure !== null) throw this.#failure
    for (const line of lines) {
      this.#readLine(line)
      if (this.#failure !== null) return
    }
  }

  /** Call once, after the last line. Throws `unreadable` if there was no header, or another one. */
  end(): void {
    while (this.#open.length > 0 && this.#failure === null) this.#giveUpOpenRecord()
    if (this.#failure !== null) {
      const failure = this.#failure
      this.#open = []
      this.#failure = null
      throw failure
    }
    if (this.#columnCount === 0) {
      throw new UsageError('unreadable', 'there is no header line: the delivery is empty', {
        hint: this.#table.headerHint,
      })
    }
  }

  /** The lines that must precede a record for it to be read by itself; null before the header. */
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
    // All records would be taken for columns of the header, and nothing of the delivery would count.
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
      if (this.#isOtherHeader(fields, line.number)) return
      const detail = `${fields.length} fields, but the ${this.#table.firstLine} has ${this.#columnCount}`
      this.#unreadable(line, text, detail)
    } else if (fields.some((field) => !isBlank(field))) {
      // Spreadsheets leave empty rows behind when content was deleted.
      if (!this.#table.record(fields, line.number, text)) this.#isOtherHeader(fields, line.number)
    }
  }

  /**
   * Where files were joined, the columns after a second header may be in another order. By the first one,
   * upload could be taken for download, and nobody would notice.
   */
  #isOtherHeader(fields: readonly string[], line: number): boolean {
    const cells = lowerNames(fields)
    if (this.#table.isHeader?.(cells) !== true) return false
    const names = lowerNames(columnNames(this.#headerLine!, this.#dialect))
    if (cells.length === names.length && cells.every((cell, i) => cell === names[i])) return false
    this.#failure = new UsageError(
      'unreadable',
      `line ${line}: another header, whose columns or their order are not those of the first`,
      { hint: 'several files were joined: deliver each of them by itself' },
    )
    return true
  }

  /** Joins the line to the open record, and gives up if they make no record of the header's width. */
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

  /** The open quote was a stray one: its line is unreadable, and the lines after it are read again. */
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
