/**
 * A mapping: which part of a carrier's record is which of our fields. It is plain data, written as YAML
 * or JSON; `mapping-check.ts` says what it may contain, `docs/formats/mapped.md` what it means.
 */
import type { CounterField, FieldOf } from '../../domain/counters.ts'
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
  /** By default, a byte order mark or XML's own declaration decides; otherwise it is UTF-8. */
  readonly encoding?: Encoding
  /** For CSV: one character. */
  readonly delimiter?: string
  /** For CSV: one character, or empty if quotes are ordinary characters. */
  readonly quote?: string
  /** For CSV: false if the first line is a record, so that columns go by number. */
  readonly header?: boolean
  /** For CSV: lines before the header. */
  readonly skip_lines?: number
  /** The path to the records; in JSON, the document itself if absent. */
  readonly records?: string
  /** For JSON: a list or map inside each record, every entry of which is a record of its own. */
  readonly each?: string
  /** The decimal sign; `.` by default. */
  readonly decimal?: string
  /** The separator of groups of digits; none by default. */
  readonly thousands?: string
}

/** A test of one value of the record, as text. */
export interface Condition {
  readonly field: Reference
  readonly is?: string | readonly string[]
  readonly is_not?: string | readonly string[]
  /** For carriers that put a prefix of their own before names that mean the same. */
  readonly ends_with?: string | readonly string[]
  readonly empty?: boolean
}

/** Where a text comes from. Exactly one of `from`, `first_of` and `constant`. */
export interface TextValue {
  readonly from?: Reference
  /** The first of them that is not empty counts. */
  readonly first_of?: readonly Reference[]
  readonly constant?: string
  /** What each of the carrier's texts means; any other text is a fault. */
  readonly values?: Readonly<Record<string, string>>
  /** What texts mean that `values` does not list. */
  readonly otherwise?: string
  /** If it does not hold, the value is absent. */
  readonly when?: Condition
}

/** The carrier's own id, several values joined, or a key made from the record's content. */
export type RecordIdValue = Reference | TextValue | readonly Reference[] | ContentKey

export interface ContentKey {
  /** The id is made from the texts of these values, and a count of equal records before it. */
  readonly content: readonly Reference[]
}

export const TIME_FORMATS = ['iso', 'unix', 'unix_ms'] as const

export interface TimeValue {
  /** Several are joined by a space, such as a date and a time. */
  readonly from?: Reference | readonly Reference[]
  readonly first_of?: readonly Reference[]
  /** `iso`, `unix`, `unix_ms` or a pattern such as `DD.MM.YYYY HH:mm:ss`. */
  readonly format?: string
  /**
   * The zone of times that do not state one: `UTC`, an offset, an IANA name, or where the record gives
   * it.
   */
  readonly zone?: string | ZoneOfRecord
}

export interface ZoneOfRecord {
  readonly from: Reference
  /** What the carrier's words for zones mean; other words are read as they are. */
  readonly values?: Readonly<Record<string, string>>
}

/**
 * How long MNCs are. A number is 2 or 3: shorter MNCs have lost zeros, and are padded to this length. By
 * MCC, or with `otherwise`, all have this length: carriers that pad MNCs have zeros removed again.
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
  /** The PLMN or country for each name, and for TADIG codes of which more is known. */
  readonly values?: Readonly<Record<string, string>>
}

export const COUNTRY_FORMS = ['code', 'name', 'tadig'] as const
export type CountryForm = (typeof COUNTRY_FORMS)[number]

export interface CountryValue extends TextValue {
  /**
   * An ISO code, a country's English name, or a TADIG code, which begins with one. The first of several
   * that the text is counts.
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

/** Commands: the number in the record, or a fixed number per record. */
export interface CommandsValue extends Omit<TextValue, 'constant' | 'values' | 'otherwise'> {
  readonly constant?: number
}

/** Bytes have a unit. Everything else is a plain number. */
type CounterFieldValues = { readonly [Field in FieldOf<'data'>]?: DataValue } & {
  readonly [Field in Exclude<CounterField, FieldOf<'data'>>]?: Reference | CommandsValue
}

export interface FieldValues extends CounterFieldValues {
  readonly record_id: RecordIdValue
  readonly sim: Reference | TextValue
  readonly occurred_at: TimeValue
  readonly plmn?: Reference | PlmnValue | PlmnParts
  readonly country?: Reference | CountryValue
  /** Used instead of `plmn` and `country`. */
  readonly network?: Reference | NetworkValue
  readonly zone?: TextValue
}

/** A mapping cannot mark a record that begins a session. */
export const MAPPED_RESETS = ['never', 'fall'] as const

export interface Mapping {
  readonly source: Source
  readonly fields: FieldValues
  /** Records that match any of these are skipped, and counted in a warning. */
  readonly skip?: readonly Condition[]
  /** Records that fail any of these go to quarantine. */
  readonly expect?: readonly Condition[]
  /** True if counters are cumulative: see `CdrRecord.reading`. */
  readonly readings?: boolean
  /** When cumulative counters may begin again; `never` by default. */
  readonly resets?: (typeof MAPPED_RESETS)[number]
}

/**
 * The settings of a feed with format `mapped`: a mapping of its own, or a ready one with its settings.
 */
export interface MappedSettings extends FeedSettings {
  readonly mapping: Mapping | string
}

export function isReference(value: unknown): value is Reference {
  return typeof value === 'string' || typeof value === 'number'
}

/** The reference or its path, as messages name it. */
export function referenceText(reference: Reference): string {
  return typeof reference === 'number' ? `column ${reference}` : JSON.stringify(reference)
}
