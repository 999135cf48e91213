/**
 * Canonical CSV: a header line, then one record a line, separated by commas, quoted as RFC 4180
 * says. A quoted field may hold line breaks; a quote that is never closed costs only its own line.
 */
import { maskIdentifier } from '../../domain/identifiers.ts'
import { shown, UsageError } from '../../domain/usage-error.ts'
import type { Line } from '../lines.ts'
import {
  CANONICAL_FIELDS,
  type CanonicalField,
  CanonicalRecordParser,
  REQUIRED_FIELDS,
} from './canonical-record.ts'
import { faultOf, type LineCdrReader, type ReadRecord } from './cdr-format.ts'

/** A quote that does not close within so many lines is a stray one. */
const RECORD_LINES_MAX = 32
/** What a header may have at most; beyond it the delivery is something else. */
const COLUMNS_MAX = 1_000

/** How many unknown columns the warning names. */
const UNKNOWN_COLUMNS_MAX = 20

const QUOTE = '"'

/** Why a record cannot be split, for a person. */
export const SPLIT_FAULTS = {
  open: 'a quote is opened and never closed',
  malformed: 'a field is quoted only in part: quote all of it, and double the quotes inside ("")',
} as const

/**
 * The fields of one record, or `open` when a quoted field does not end, or `malformed` when a quote
 * stands where none may. It may be what is left of a broken record, so it is never taken as it is.
 */
export function splitCsvRecord(text: string): string[] | keyof typeof SPLIT_FAULTS {
  if (!text.includes(QUOTE)) return text.split(',')
  const fields: string[] = []
  let at = 0
  for (;;) {
    if (text[at] === QUOTE) {
      let end = text.indexOf(QUOTE, at + 1)
      while (end !== -1 && text[end + 1] === QUOTE) end = text.indexOf(QUOTE, end + 2)
      if (end === -1) return 'open'
      fields.push(text.slice(at + 1, end).replaceAll('""', QUOTE))
      at = end + 1
      if (at < text.length && text[at] !== ',') return 'malformed'
    } else {
      const comma = text.indexOf(',', at)
      const field = text.slice(at, comma === -1 ? text.length : comma)
      if (field.includes(QUOTE)) return 'malformed'
      fields.push(field)
      at += field.length
    }
    if (at >= text.length) return fields
    at++
    if (at === text.length) return [...fields, '']
  }
}

export class CsvReader implements LineCdrReader {
  readonly #parser = new CanonicalRecordParser()
  /** Position of each field in a record; -1 where the header has no such column. */
  #columns: Readonly<Record<CanonicalField, number>> | null = null
  #columnCount = 0
  #unknownColumns: string[] = []
  /** Lines of a record whose quoted field has not ended yet. */
  #open: Line[] = []
  #records: ReadRecord[] = []

  read(lines: readonly Line[]): readonly ReadRecord[] {
    for (const line of lines) this.#readLine(line)
    return this.#taken()
  }

  end(): readonly ReadRecord[] {
    while (this.#open.length > 0) this.#giveUpOpenRecord()
    if (this.#columns === null) {
      throw new UsageError('unreadable', 'there is no header line: the delivery is empty', {
        hint: headerHint(),
      })
    }
    return this.#taken()
  }

  warnings(): string[] {
    if (this.#unknownColumns.length === 0) return []
    const names = this.#unknownColumns.slice(0, UNKNOWN_COLUMNS_MAX).map(shown).join(', ')
    const others = this.#unknownColumns.length - UNKNOWN_COLUMNS_MAX
    const more = others > 0 ? ` and ${others} more` : ''
    return [`columns that Simtally does not know were ignored: ${names}${more}`]
  }

  #taken(): readonly ReadRecord[] {
    const taken = this.#records
    this.#records = []
    return taken
  }

  #readLine(line: Line): void {
    if (line.text === null) {
      while (this.#open.length > 0) this.#giveUpOpenRecord()
      this.#faultyLine(line)
    } else if (this.#columns === null) {
      if (line.text.trim() !== '') this.#readHeader(line.text)
    } else if (this.#open.length > 0) {
      this.#continueRecord(line)
    } else if (line.text.trim() !== '') {
      this.#readRecord(line, line.text)
    }
  }

  #faultyLine(line: Line): void {
    const fault = line.fault!
    if (this.#columns === null) {
      throw new UsageError('unreadable', `line ${line.number}, the header: ${fault.detail}`, {
        hint: headerHint(),
      })
    }
    this.#records.push({ ...fault, line: line.number, field: null })
  }

  #readHeader(text: string): void {
    const split = splitCsvRecord(text)
    const names = (typeof split === 'string' ? [text] : split).map((name) => name.trim())
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
      // Where the header is missing, this is the first record, which names a subscriber.
      const masked = text.replace(/\d{10,}/g, (digits) => maskIdentifier(digits))
      throw new UsageError(
        'unreadable',
        `the header line ${shown(masked)} has ${faults.join('; ')}`,
        {
          hint: headerHint(),
          field: missing[0] ?? repeated[0] ?? 'header',
          value: masked,
        },
      )
    }
    const columns = CANONICAL_FIELDS.map((field) => [field, lower.indexOf(field)] as const)
    this.#columns = Object.fromEntries(columns) as Record<CanonicalField, number>
    this.#columnCount = names.length
    this.#unknownColumns = names.filter(
      (_, i) => !(CANONICAL_FIELDS as readonly string[]).includes(lower[i]!),
    )
  }

  #readRecord(line: Line, text: string): void {
    const fields = splitCsvRecord(text)
    if (fields === 'open') this.#open.push(line)
    else if (fields === 'malformed') this.#unreadable(line, text, SPLIT_FAULTS.malformed)
    else if (fields.length !== this.#columnCount) {
      const detail = `${fields.length} fields, but the header has ${this.#columnCount}`
      this.#unreadable(line, text, detail)
    } else this.#addRecord(fields, line.number, text)
  }

  #addRecord(fields: readonly string[], line: number, text: string): void {
    const columns = this.#columns!
    const field = (name: CanonicalField) =>
      columns[name] === -1 ? '' : fields[columns[name]]!.trim()
    const result = this.#parser.parse(
      {
        record_id: field('record_id'),
        sim: field('sim'),
        occurred_at: field('occurred_at'),
        plmn: field('plmn'),
        country: field('country'),
        zone: field('zone'),
        upload: field('upload'),
        download: field('download'),
        to_sim: field('to_sim'),
        from_sim: field('from_sim'),
      },
      line,
      text,
    )
    this.#records.push(result)
  }

  /** Joins the line to the open record; when they make no record of the header's width, gives up. */
  #continueRecord(line: Line): void {
    this.#open.push(line)
    const text = this.#open.map((open) => open.text).join('\n')
    const fields = splitCsvRecord(text)
    if (fields === 'open') {
      if (this.#open.length >= RECORD_LINES_MAX) this.#giveUpOpenRecord()
    } else if (fields === 'malformed' || fields.length !== this.#columnCount) {
      this.#giveUpOpenRecord()
    } else {
      const first = this.#open[0]!
      this.#open = []
      this.#addRecord(fields, first.number, text)
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
    this.#records.push(faultOf(line.number, text, { reason: 'unreadable', detail, field: null }))
  }
}

function headerHint(): string {
  return `the first line names the columns, separated by commas: ${CANONICAL_FIELDS.join(',')}`
}
