/** Reads a list of SIMs: CSV with a header line. Finds every fault, not only the first. */
import { parseName, parseUniqueName, type SimRegistration } from '../domain/directory.ts'
import { parseCountryList, parsePlmnList } from '../domain/home-set.ts'
import {
  maskIdentifier,
  parseIccid,
  parseImsi,
  parseMsisdn,
  parseSid,
} from '../domain/identifiers.ts'
import type { QuarantinedRecord } from '../domain/import.ts'
import { type LabelChanges, parseLabelChanges, sinceOfNothing } from '../domain/question-text.ts'
import { parseInstant } from '../domain/time.ts'
import { invalidField, shown, UsageError } from '../domain/usage-error.ts'
import { plainBytes } from './delivery-bytes.ts'
import {
  type CsvDialect,
  CsvRecords,
  type CsvTable,
  columnNames,
  dialectByHeader,
  RFC_4180,
  splitCsvRecord,
} from './formats/csv-records.ts'
import { LineReader } from './lines.ts'
import { Utf8Stream } from './mapped/encoding.ts'
import type { UnpackLimits } from './unpack-limits.ts'

export const SIM_COLUMNS = [
  'sid',
  'iccid',
  'imsi',
  'msisdn',
  'unique_name',
  'friendly_name',
  'home_plmns',
  'home_countries',
  'group',
  'labels',
  'since',
] as const
export type SimColumn = (typeof SIM_COLUMNS)[number]

/** A list is registered in one transaction and held in memory until then, at about 6 kB per SIM. */
export const SIM_LIST_SIMS_MAX = 250_000

export interface SimListEntry {
  readonly line: number
  readonly registration: SimRegistration
  /** Absent if the line says nothing about it. */
  readonly place?: ListedPlace
}

/** The group and labels that a line gives its SIM. */
export interface ListedPlace {
  /** A SID or unique name. */
  readonly group?: string
  readonly labels?: LabelChanges
  /** UTC seconds. */
  readonly since?: number
}

export interface SimListFault {
  readonly line: number
  /** Names column, value and rule. */
  readonly message: string
}

export interface SimList {
  readonly entries: readonly SimListEntry[]
  /** In the order of their lines. */
  readonly faults: readonly SimListFault[]
  readonly warnings: readonly string[]
}

/**
 * The list may be packed, in UTF-16, and separated as spreadsheets do it. Throws `unreadable` if there is
 * no header that names `iccid` or `imsi`.
 */
export async function readSimList(
  bytes: AsyncIterable<Uint8Array>,
  limits?: UnpackLimits,
): Promise<SimList> {
  const lines = new LineReader()
  const utf8 = new Utf8Stream({ stated: undefined, isXml: false })
  const table = new SimTable()
  const records = new CsvRecords(table, RFC_4180)
  for await (const chunk of plainBytes(bytes, limits)) records.read(lines.push(utf8.push(chunk)))
  records.read(lines.push(utf8.end()))
  records.read(lines.end())
  table.requireHeader()
  records.end()
  return table.list()
}

/** Undefined for an empty or wrong cell; a wrong one is a fault of its line. */
type ReadCell = <T>(column: SimColumn, parse: (text: string) => T) => T | undefined

class SimTable implements CsvTable {
  readonly headerHint = HEADER_HINT
  readonly firstLine = 'header'
  readonly #entries: SimListEntry[] = []
  readonly #faults: SimListFault[] = []
  readonly #lineByValue = new Map<string, number>()
  #columns: readonly string[] | null = null

  dialectOf(header: string, stated: CsvDialect): CsvDialect {
    return dialectByHeader(header, stated, namesSims)
  }

  header(text: string, _line: number, dialect: CsvDialect): number {
    this.#columns = headerColumns(text, dialect)
    return this.#columns.length
  }

  record(fields: readonly string[], line: number): boolean {
    if (this.#entries.length === SIM_LIST_SIMS_MAX) {
      throw new UsageError('unreadable', `more than ${SIM_LIST_SIMS_MAX} SIMs in one list`, {
        hint: 'cut it into several lists',
      })
    }
    this.#readSim(line, new Map(this.#columns!.map((name, i) => [name, fields[i]!.trim()])))
    return true
  }

  fault({ line, detail }: QuarantinedRecord): void {
    this.#fault(line, detail)
  }

  requireHeader(): void {
    if (this.#columns === null) throw headerError('there is no header line: the list is empty')
  }

  list(): SimList {
    const known: readonly string[] = SIM_COLUMNS
    const unknown = this.#columns!.filter((column) => !known.includes(column))
    const warnings =
      unknown.length === 0
        ? []
        : [`columns that Simtally does not know were ignored: ${unknown.map(shown).join(', ')}`]
    const faults = this.#faults.toSorted((a, b) => a.line - b.line)
    return { entries: this.#entries, faults, warnings }
  }

  #readSim(line: number, cells: ReadonlyMap<string, string>): void {
    const read: ReadCell = (column, parse) => {
      const text = cells.get(column)
      if (text === undefined || text === '') return undefined
      try {
        return parse(text)
      } catch (error) {
        if (!(error instanceof UsageError)) throw error
        this.#fault(line, error.message)
        return undefined
      }
    }
    const faultsBefore = this.#faults.length
    const sid = read('sid', (text) => parseSid('sid', text, 'DE', 'HS'))
    const iccid = read('iccid', (text) => parseIccid(text))
    const imsis = read('imsi', (text) => text.split(/\s+/).map((imsi) => parseImsi(imsi)))
    const msisdn = read('msisdn', (text) => parseMsisdn(text))
    const uniqueName = read('unique_name', (text) => parseUniqueName('unique_name', text))
    const friendlyName = read('friendly_name', (text) => parseName('friendly_name', text))
    const plmns = read('home_plmns', (text) => parsePlmnList('home_plmns', text))
    const countries = read('home_countries', (text) => parseCountryList('home_countries', text))
    const place = this.#readPlace(line, read)
    const isNamed = (cells.get('iccid') ?? '') !== '' || (cells.get('imsi') ?? '') !== ''
    if (!isNamed) this.#fault(line, 'iccid or imsi: one of them is required')
    this.#refuseRepeated(line, { sid, iccid, imsis, msisdn, uniqueName })
    if (this.#faults.length > faultsBefore) return
    const registration: SimRegistration = {
      ...(sid === undefined ? {} : { sid }),
      ...(iccid === undefined ? {} : { iccid }),
      ...(imsis === undefined ? {} : { imsis }),
      ...(msisdn === undefined ? {} : { msisdn }),
      ...(uniqueName === undefined ? {} : { uniqueName }),
      ...(friendlyName === undefined ? {} : { friendlyName }),
      home: {
        ...(plmns === undefined ? {} : { plmns }),
        ...(countries === undefined ? {} : { countries }),
      },
    }
    this.#entries.push({ line, registration, ...(place !== null && { place }) })
  }

  #readPlace(line: number, read: ReadCell): ListedPlace | null {
    const group = read('group', (text) => text)
    const labels = read('labels', (text) => parseLabelChanges('labels', text.split(/\s+/)))
    const since = read('since', parseSince)
    if (group === undefined && labels === undefined) {
      if (since !== undefined) this.#fault(line, sinceOfNothing('since', 'group or labels').message)
      return null
    }
    return {
      ...(group !== undefined && { group }),
      ...(labels !== undefined && { labels }),
      ...(since !== undefined && { since }),
    }
  }

  /** A value that identifies one SIM may occur once; twice in the same line is a repeat as well. */
  #refuseRepeated(
    line: number,
    sim: {
      readonly sid: string | undefined
      readonly iccid: string | undefined
      readonly imsis: readonly string[] | undefined
      readonly msisdn: string | undefined
      readonly uniqueName: string | undefined
    },
  ): void {
    const values: (readonly [SimColumn, string | undefined])[] = [
      ['sid', sim.sid],
      ['iccid', sim.iccid],
      ...(sim.imsis ?? []).map((imsi) => ['imsi', imsi] as const),
      ['msisdn', sim.msisdn],
      ['unique_name', sim.uniqueName],
    ]
    for (const [column, value] of values) {
      if (value === undefined) continue
      const key = `${column} ${value}`
      const first = this.#lineByValue.get(key)
      if (first === undefined) this.#lineByValue.set(key, line)
      else {
        const name = column === 'sid' || column === 'unique_name' ? value : maskIdentifier(value)
        this.#fault(line, `${column} ${shown(name)}: is already in line ${first}`)
      }
    }
  }

  #fault(line: number, message: string): void {
    this.#faults.push({ line, message })
  }
}

function parseSince(text: string): number {
  const at = parseInstant(text)
  if (at !== null) return at
  throw invalidField('since', text, 'expected an ISO 8601 time, such as 2026-02-28T23:59:59Z')
}

const HEADER_HINT = `the first line names the columns: ${SIM_COLUMNS.join(',')}; iccid or imsi is required`

function namesSims(columns: readonly string[]): boolean {
  return columns.includes('iccid') || columns.includes('imsi')
}

function headerColumns(text: string, dialect: CsvDialect): readonly string[] {
  if (typeof splitCsvRecord(text, dialect) === 'string') {
    throw headerError('the header cannot be read')
  }
  const columns = columnNames(text, dialect).map((name) => name.toLowerCase())
  const repeated = columns.find((column, i) => columns.indexOf(column) !== i)
  if (repeated !== undefined) throw headerError(`the header has ${shown(repeated)} twice`)
  if (namesSims(columns)) return columns
  throw headerError(`the header ${shown(columns.join(','))} has neither iccid nor imsi`)
}

function headerError(message: string): UsageError {
  return new UsageError('unreadable', message, { hint: HEADER_HINT })
}
