/** Reads mapped CSV: records are rows of texts, and columns are found by name or number. */
import { maskIdentifier } from '../../domain/identifiers.ts'
import type { QuarantinedRecord } from '../../domain/import.ts'
import { shown, UsageError } from '../../domain/usage-error.ts'
import type { LineCdrReader, ReadRecord } from '../formats/cdr-format.ts'
import { faultOf, isFault } from '../formats/cdr-format.ts'
import {
  COLUMNS_MAX,
  type CsvDialect,
  CsvRecords,
  type CsvTable,
  SPLIT_FAULTS,
  splitCsvRecord,
} from '../formats/csv-records.ts'
import type { Line } from '../lines.ts'
import type { Mapping, Reference } from './mapping.ts'
import { RecordBuilder, RecordRules } from './record-builder.ts'
import type { RowAccess, TextOf } from './row.ts'

type Row = readonly string[]

export class MappedCsvReader implements LineCdrReader {
  readonly #skipLines: number
  readonly #table: MappedTable
  readonly #csv: CsvRecords

  constructor(mapping: Mapping) {
    const { delimiter = ',', quote = '"', skip_lines: skipLines = 0 } = mapping.source
    const dialect = { delimiter, quote: quote === '' ? null : quote }
    this.#skipLines = skipLines
    this.#table = new MappedTable(mapping, dialect)
    this.#csv = new CsvRecords(this.#table, dialect)
  }

  read(lines: readonly Line[]): readonly ReadRecord[] {
    const isWhole = lines.length === 0 || lines[0]!.number > this.#skipLines
    this.#csv.read(isWhole ? lines : lines.filter(({ number }) => number > this.#skipLines))
    return this.#table.taken()
  }

  end(): readonly ReadRecord[] {
    this.#csv.end()
    return this.#table.taken()
  }

  warnings(): string[] {
    return this.#table.warnings()
  }

  context(): string | null {
    return this.#csv.context
  }
}

class MappedTable implements CsvTable {
  readonly headerHint: string
  readonly firstLine: CsvTable['firstLine']
  readonly #mapping: Mapping
  /** Null until the columns are known. */
  #builder: RecordBuilder<Row> | null = null
  /** Of the columns that the mapping names, in lower case; empty without a header. */
  #names: readonly string[] = []
  #records: ReadRecord[] = []

  constructor(mapping: Mapping, dialect: CsvDialect) {
    this.#mapping = mapping
    this.firstLine = mapping.source.header === false ? 'first record' : 'header'
    this.headerHint =
      mapping.source.header === false
        ? `the mapping expects records separated by ${shown(dialect.delimiter)}, without a header line`
        : `the mapping expects a header line with columns separated by ${shown(dialect.delimiter)}`
  }

  taken(): readonly ReadRecord[] {
    const taken = this.#records
    this.#records = []
    return taken
  }

  warnings(): string[] {
    return this.#builder?.warnings() ?? []
  }

  header(text: string, line: number, dialect: CsvDialect): number {
    const split = splitCsvRecord(text, dialect)
    if (this.#mapping.source.header !== false) {
      return this.#setColumns(new Columns(typeof split === 'string' ? [text] : split), text)
    }
    if (typeof split === 'string') {
      const detail = SPLIT_FAULTS[split]
      this.fault(faultOf(line, text, { reason: 'unreadable', detail, field: null }))
      return 0
    }
    const count = this.#setColumns(new Columns(split.map(() => '')), text)
    this.record(split, line, text)
    return count
  }

  record(fields: readonly string[], line: number, text: string): boolean {
    const record = this.#builder!.build(fields, line, text)
    if (record === null) return false
    this.#records.push(record)
    return !isFault(record)
  }

  /** True if all columns are there that the mapping names. */
  isHeader(cells: readonly string[]): boolean {
    return this.#names.length > 1 && this.#names.every((name) => cells.includes(name))
  }

  fault(fault: QuarantinedRecord): void {
    this.#records.push(fault)
  }

  #setColumns(columns: Columns, text: string): number {
    this.#builder = new RecordBuilder(new RecordRules(this.#mapping, columns))
    this.#names = [...columns.used].map((name) => name.toLowerCase())
    const faults = columns.faults()
    if (faults.length === 0) return columns.count
    // If the header is missing, this is the first record, which names a subscriber.
    const masked = text.replace(/\d{10,}/g, (digits) => maskIdentifier(digits))
    const isHeader = this.#mapping.source.header !== false
    throw new UsageError(
      'unreadable',
      `the ${isHeader ? 'header' : 'first'} line ${shown(masked)} has ${faults.join('; ')}`,
      { hint: this.headerHint, field: isHeader ? 'header' : 'record', value: masked },
    )
  }
}

class Columns implements RowAccess<Row> {
  readonly #names: readonly string[]
  readonly #missing = new Set<string>()
  readonly #repeated = new Set<string>()
  /** The names by which references have asked for columns. */
  readonly used = new Set<string>()

  constructor(names: readonly string[]) {
    this.#names = names.map((name) => name.trim())
  }

  get count(): number {
    return this.#names.length
  }

  textOf(reference: Reference): TextOf<Row> {
    const at = typeof reference === 'number' ? reference - 1 : this.#positionOf(reference)
    if (at < 0 || at >= this.#names.length) this.#missing.add(String(reference))
    return (row) => row[at]!.trim()
  }

  isBareNumber(): (row: Row) => boolean {
    return () => false
  }

  faults(): string[] {
    const { length } = this.#names
    return [
      ...(this.#missing.size > 0 ? [`no column ${[...this.#missing].join(', ')}`] : []),
      ...(this.#repeated.size > 0
        ? [`column ${[...this.#repeated].join(', ')} more than once`]
        : []),
      ...(length > COLUMNS_MAX ? [`more than ${COLUMNS_MAX} columns (COLUMNS_MAX)`] : []),
    ]
  }

  #positionOf(name: string): number {
    this.used.add(name.trim())
    const at = this.#names.indexOf(name.trim())
    if (at !== -1 && this.#names.indexOf(name.trim(), at + 1) !== -1) this.#repeated.add(name)
    return at
  }
}
