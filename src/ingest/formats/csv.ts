/** Canonical CSV: a header line that names the canonical fields, then one record per line. */
import { COUNTER_FIELDS } from '../../domain/counters.ts'
import { maskIdentifier } from '../../domain/identifiers.ts'
import type { QuarantinedRecord } from '../../domain/import.ts'
import { shown, UsageError } from '../../domain/usage-error.ts'
import type { Line } from '../lines.ts'
import {
  CANONICAL_FIELDS,
  type CanonicalField,
  CanonicalRecordParser,
  REQUIRED_FIELDS,
} from './canonical-record.ts'
import {
  isFault,
  type LineCdrReader,
  lineRereader,
  linesOf,
  type ReadRecord,
  type Rereader,
} from './cdr-format.ts'
import {
  COLUMNS_MAX,
  type CsvDialect,
  CsvRecords,
  type CsvTable,
  columnNames,
  dialectByHeader,
  RFC_4180,
} from './csv-records.ts'

/** How many unknown columns the warning names. */
const UNKNOWN_COLUMNS_MAX = 20

export class CsvReader implements LineCdrReader {
  readonly #table = new CanonicalTable()
  readonly #csv = new CsvRecords(this.#table, RFC_4180)

  read(lines: readonly Line[]): readonly ReadRecord[] {
    this.#csv.read(lines)
    return this.#table.taken()
  }

  end(): readonly ReadRecord[] {
    this.#csv.end()
    return this.#table.taken()
  }

  context(): string | null {
    return this.#csv.context
  }

  warnings(): string[] {
    const { unknownColumns } = this.#table
    if (unknownColumns.length === 0) return []
    const names = unknownColumns.slice(0, UNKNOWN_COLUMNS_MAX).map(shown).join(', ')
    const others = unknownColumns.length - UNKNOWN_COLUMNS_MAX
    const more = others > 0 ? ` and ${others} more` : ''
    return [`columns that Simtally does not know were ignored: ${names}${more}`]
  }
}

/** Null if the header by which the record was read is no longer known. */
export function csvRereader(header: string | null): Rereader | null {
  return header === null ? null : lineRereader(new CsvReader(), linesOf(header))
}

class CanonicalTable implements CsvTable {
  readonly headerHint =
    `the first line names the columns, separated by commas: ${CANONICAL_FIELDS.join(',')}`
  readonly firstLine = 'header'
  unknownColumns: readonly string[] = []
  readonly #parser = new CanonicalRecordParser()
  /** Position of each field in a record; -1 if the header has no such column. */
  #columns = {} as Readonly<Record<CanonicalField, number>>
  /** The positions of the counters. */
  #counters: readonly number[] = []
  /** The counters of the record that is being read. All records share one array, because there are many. */
  readonly #texts = COUNTER_FIELDS.map(() => '')
  #records: ReadRecord[] = []

  taken(): readonly ReadRecord[] {
    const taken = this.#records
    this.#records = []
    return taken
  }

  dialectOf(header: string, stated: CsvDialect): CsvDialect {
    return dialectByHeader(header, stated, (names) =>
      REQUIRED_FIELDS.every((field) => names.includes(field)),
    )
  }

  header(text: string, _line: number, dialect: CsvDialect): number {
    const names = columnNames(text, dialect)
    const lower = names.map((name) => name.toLowerCase())
    const missing = REQUIRED_FIELDS.filter((field) => !lower.includes(field))
    const repeated = CANONICAL_FIELDS.filter(
      (field) => lower.indexOf(field) !== lower.lastIndexOf(field),
    )
    if (missing.length > 0 || repeated.length > 0 || names.length > COLUMNS_MAX) {
      const faults = [
        ...(missing.length > 0 ? [`no column ${missing.join(', ')}`] : []),
        ...(repeated.length > 0 ? [`column ${repeated.join(', ')} more than once`] : []),
        ...(names.length > COLUMNS_MAX ? [`more than ${COLUMNS_MAX} columns`] : []),
      ]
      // If the header is missing, this is the first record, which names a subscriber.
      const masked = text.replace(/\d{10,}/g, (digits) => maskIdentifier(digits))
      throw new UsageError(
        'unreadable',
        `the header line ${shown(masked)} has ${faults.join('; ')}`,
        {
          hint: this.headerHint,
          field: missing[0] ?? repeated[0] ?? 'header',
          value: masked,
        },
      )
    }
    const columns = CANONICAL_FIELDS.map((field) => [field, lower.indexOf(field)] as const)
    this.#columns = Object.fromEntries(columns) as Record<CanonicalField, number>
    this.#counters = COUNTER_FIELDS.map((field) => this.#columns[field])
    this.unknownColumns = names.filter(
      (_, i) => !(CANONICAL_FIELDS as readonly string[]).includes(lower[i]!),
    )
    return names.length
  }

  record(fields: readonly string[], line: number, text: string): boolean {
    const columns = this.#columns
    const texts = this.#texts
    for (let place = 0; place < texts.length; place++) {
      texts[place] = fieldAt(fields, this.#counters[place]!)
    }
    const result = this.#parser.parse(
      {
        record_id: fieldAt(fields, columns.record_id),
        sim: fieldAt(fields, columns.sim),
        occurred_at: fieldAt(fields, columns.occurred_at),
        plmn: fieldAt(fields, columns.plmn),
        country: fieldAt(fields, columns.country),
        zone: fieldAt(fields, columns.zone),
        counters: texts,
      },
      line,
      text,
    )
    this.#records.push(result)
    return !isFault(result)
  }

  isHeader(cells: readonly string[]): boolean {
    return REQUIRED_FIELDS.every((field) => cells.includes(field))
  }

  fault(fault: QuarantinedRecord): void {
    this.#records.push(fault)
  }
}

function fieldAt(fields: readonly string[], column: number): string {
  return column === -1 ? '' : fields[column]!.trim()
}
