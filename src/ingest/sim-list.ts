/** Reads a list of SIMs: CSV with a header line. Every fault is found, not only the first. */
import { parseName, parseUniqueName, type SimRegistration } from '../domain/directory.ts'
import { parseCountryList, parsePlmnList } from '../domain/home-set.ts'
import {
  maskIdentifier,
  parseIccid,
  parseImsi,
  parseMsisdn,
  parseSid,
} from '../domain/identifiers.ts'
import { shown, UsageError } from '../domain/usage-error.ts'
import { SPLIT_FAULTS, splitCsvRecord } from './formats/csv-records.ts'
import { type Line, LineReader } from './lines.ts'

export const SIM_COLUMNS = [
  'sid',
  'iccid',
  'imsi',
  'msisdn',
  'unique_name',
  'friendly_name',
  'home_plmns',
  'home_countries',
] as const
export type SimColumn = (typeof SIM_COLUMNS)[number]

/** One list is registered in one transaction and held in memory until then, at about 6 kB a SIM. */
export const SIM_LIST_SIMS_MAX = 250_000

export interface SimListEntry {
  readonly line: number
  readonly registration: SimRegistration
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

/** Throws `unreadable` when there is no header that names `iccid` or `imsi`. */
export async function readSimList(bytes: AsyncIterable<Uint8Array>): Promise<SimList> {
  const lines = new LineReader()
  const reader = new SimListReader()
  for await (const chunk of bytes) reader.read(lines.push(chunk))
  reader.read(lines.end())
  return reader.end()
}

class SimListReader {
  readonly #entries: SimListEntry[] = []
  readonly #faults: SimListFault[] = []
  readonly #lineByValue = new Map<string, number>()
  #columns: readonly string[] | null = null

  read(lines: readonly Line[]): void {
    for (const line of lines) this.#readLine(line)
  }

  end(): SimList {
    if (this.#columns === null) throw headerError('there is no header line: the list is empty')
    const known: readonly string[] = SIM_COLUMNS
    const unknown = this.#columns.filter((column) => !known.includes(column))
    const warnings =
      unknown.length === 0
        ? []
        : [`columns that Simtally does not know were ignored: ${unknown.map(shown).join(', ')}`]
    return { entries: this.#entries, faults: this.#faults, warnings }
  }

  #readLine(line: Line): void {
    if (line.text?.trim() === '') return
    const cells = line.text === null ? null : splitCsvRecord(line.text)
    if (this.#columns === null) this.#columns = headerColumns(cells)
    else if (cells === null) this.#fault(line, line.fault!.detail)
    else if (typeof cells === 'string') this.#fault(line, SPLIT_FAULTS[cells])
    else if (cells.length !== this.#columns.length) {
      this.#fault(line, `${cells.length} fields, but the header has ${this.#columns.length}`)
    } else if (this.#entries.length === SIM_LIST_SIMS_MAX) {
      throw new UsageError('unreadable', `more than ${SIM_LIST_SIMS_MAX} SIMs in one list`, {
        hint: 'cut it into several lists',
      })
    } else this.#readSim(line, new Map(this.#columns.map((name, i) => [name, cells[i]!.trim()])))
  }

  #readSim(line: Line, cells: ReadonlyMap<string, string>): void {
    const read = <T>(column: SimColumn, parse: (text: string) => T): T | undefined => {
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
    this.#entries.push({ line: line.number, registration })
  }

  /** A value that names one SIM stands in one line; twice in a line is a repeat as well. */
  #refuseRepeated(
    line: Line,
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
      if (first === undefined) this.#lineByValue.set(key, line.number)
      else {
        const name = column === 'sid' || column === 'unique_name' ? value : maskIdentifier(value)
        this.#fault(line, `${column} ${shown(name)}: stands in line ${first} already`)
      }
    }
  }

  #fault(line: Line, message: string): void {
    this.#faults.push({ line: line.number, message })
  }
}

function headerColumns(cells: ReturnType<typeof splitCsvRecord> | null): readonly string[] {
  if (cells === null || typeof cells === 'string') throw headerError('the header cannot be read')
  const columns = cells.map((cell) => cell.trim().toLowerCase())
  const repeated = columns.find((column, i) => columns.indexOf(column) !== i)
  if (repeated !== undefined) throw headerError(`the header has ${shown(repeated)} twice`)
  if (columns.includes('iccid') || columns.includes('imsi')) return columns
  throw headerError(`the header ${shown(cells.join(','))} has neither iccid nor imsi`)
}

function headerError(message: string): UsageError {
  return new UsageError('unreadable', message, {
    hint: `the first line names the columns: ${SIM_COLUMNS.join(',')}; iccid or imsi is required`,
  })
}
