/**
 * A mapping: which part of a carrier's record is which of our fields. It is plain data, written as
 * YAML or JSON; `mapping-check.ts` says what may stand in it, `docs/formats/mapped.md` what it means.
 */
import type { FeedSettings } from '../../domain/directory.ts'

/** A column's name, or its number from 1; a path such as `operator.country.mcc` in JSON and XML. */
export type Reference = string | number

export const SOURCE_FORMATS = ['csv', 'ndjson', 'json', 'xml'] as const
export type SourceFormat = (typeof SOURCE_FORMATS)[number]

export const ENCODINGS = [
  'utf-8',
  'utf-16',
  'utf-16le',
  'utf-16be',
  'latin-1',
  'windows-1252',
] as const
export type Encoding = (typeof ENCODINGS)[number]

/** How the delivery is written. */
export interface Source {
  readonly format: SourceFormat
  /** Without it a byte order mark, or XML's own declaration, tells; else it is UTF-8. */
  readonly encoding?: Encoding
  /** Of CSV: one character. */
  readonly delimiter?: string
  /** Of CSV: one character, or empty where quotes are letters like all others. */
  readonly quote?: string
  /** Of CSV: false where the first line is a record, and columns go by number. */
  readonly header?: boolean
  /** Of CSV: lines in front of the header. */
  readonly skip_lines?: number
  /** Where the records are: the path to them; in JSON the document itself when left out. */
  readonly records?: string
  /** Of JSON: a list or map inside each record, every entry of which is a record of its own. */
  readonly each?: string
  /** What separates whole and fraction: `.` unless stated. */
  readonly decimal?: string
  /** What separates groups of digits: nothing unless stated. */
  readonly thousands?: string
}

/** A test of one value of the record, as text. */
export interface Condition {
  readonly field: Reference
  readonly is?: string | readonly string[]
  readonly is_not?: string | readonly string[]
  /** Where carriers put a prefix of their own in front of names that mean the same. */
  readonly ends_with?: string | readonly string[]
  readonly empty?: boolean
}

/** Where a text comes from. Exactly one of `from`, `first_of` and `constant`. */
export interface TextValue {
  readonly from?: Reference
  /** The first of them that is not empty. */
  readonly first_of?: readonly Reference[]
  readonly constant?: string
  /** What each text of the carrier means; one that is not listed is a fault. */
  readonly values?: Readonly<Record<string, string>>
  /** What texts mean that `values` does not list. */
  readonly otherwise?: string
  /** Where it does not hold, the value is absent. */
  readonly when?: Condition
}

/** The carrier's own id, several values joined, or a key made of the record's content. */
export type RecordIdValue = Reference | TextValue | readonly Reference[] | ContentKey

export interface ContentKey {
  /** The values whose texts, together with the how-manieth such record it is, are the id. */
  readonly content: readonly Reference[]
}

export const TIME_FORMATS = ['iso', 'unix', 'unix_ms'] as const

export interface TimeValue {
  /** Several are joined by a space: a date and a time. */
  readonly from?: Reference | readonly Reference[]
  readonly first_of?: readonly Reference[]
  /** `iso`, `unix`, `unix_ms` or a pattern such as `DD.MM.YYYY HH:mm:ss`. */
  readonly format?: string
  /** `UTC`, an offset or an IANA name: the zone of times that do not state one; or where it stands. */
  readonly zone?: string | ZoneOfRecord
}

export interface ZoneOfRecord {
  readonly from: Reference
  /** What the carrier's words for zones mean; others are read as they are. */
  readonly values?: Readonly<Record<string, string>>
}

/**
 * How long MNCs are. A number is 2 or 3: shorter MNCs have lost their zeros and get them back up to this
 * length. By MCC, or `otherwise`, all have this length: carriers that pad lose zeros again.
 */
export type MncDigits = number | Readonly<Record<string, number>>

export interface PlmnValue extends TextValue {
  readonly mnc_digits?: MncDigits
}

export interface PlmnParts {
  readonly mcc: Reference
  readonly mnc: Reference
  readonly mnc_digits?: MncDigits
}

/** One text that names the network in any of several ways: a PLMN, a TADIG code, or a name. */
export interface NetworkValue extends Pick<PlmnValue, 'from' | 'first_of' | 'when' | 'mnc_digits'> {
  /** The PLMN or the country of each name, and of each TADIG code of which more is known. */
  readonly values?: Readonly<Record<string, string>>
}

export const COUNTRY_FORMS = ['code', 'name', 'tadig'] as const
export type CountryForm = (typeof COUNTRY_FORMS)[number]

export interface CountryValue extends TextValue {
  /**
   * An ISO code, a country's English name, or a TADIG code, which begins with one; the first of several
   * that the text is.
   */
  readonly as?: CountryForm | readonly CountryForm[]
}

export const DATA_UNITS = ['bytes', 'kB', 'KiB', 'MB', 'MiB', 'GB', 'GiB'] as const
export type DataUnit = (typeof DATA_UNITS)[number]

export interface DataValue extends Omit<TextValue, 'constant' | 'values' | 'otherwise'> {
  /** The unit, or where the record states it and what its words mean. */
  readonly unit: DataUnit | StatedUnit
}

export interface StatedUnit {
  readonly from: Reference
  readonly values: Readonly<Record<string, DataUnit>>
}

/** Commands: a number of them, or a fixed number a record. */
export interface CommandsValue extends Omit<TextValue, 'constant' | 'values' | 'otherwise'> {
  readonly constant?: number
}

export interface FieldValues {
  readonly record_id: RecordIdValue
  readonly sim: Reference | TextValue
  readonly occurred_at: TimeValue
  readonly plmn?: Reference | PlmnValue | PlmnParts
  readonly country?: Reference | CountryValue
  /** In the place of `plmn` and `country`. */
  readonly network?: Reference | NetworkValue
  readonly zone?: TextValue
  readonly upload?: DataValue
  readonly download?: DataValue
  readonly to_sim?: Reference | CommandsValue
  readonly from_sim?: Reference | CommandsValue
}

/** A mapping names no record that begins a session. */
export const MAPPED_RESETS = ['never', 'fall'] as const

export interface Mapping {
  readonly source: Source
  readonly fields: FieldValues
  /** Records for which any of these holds are passed over, and counted in a warning. */
  readonly skip?: readonly Condition[]
  /** Records for which any of these does not hold go to quarantine. */
  readonly expect?: readonly Condition[]
  /** True where counters are cumulative: see `CdrRecord.reading`. */
  readonly readings?: boolean
  /** How cumulative counters begin again; `never` unless stated. */
  readonly resets?: (typeof MAPPED_RESETS)[number]
}

/** What a feed of format `mapped` is set to: a mapping of its own, or a ready one and its settings. */
export interface MappedSettings extends FeedSettings {
  readonly mapping: Mapping | string
}

export function isReference(value: unknown): value is Reference {
  return typeof value === 'string' || typeof value === 'number'
}

/** The reference, or the path of one, as messages name it. */
export function referenceText(reference: Reference): string {
  return typeof reference === 'number' ? `column ${reference}` : JSON.stringify(reference)
}
