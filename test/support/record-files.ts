/** Writes records as carriers do: the same content in many spellings, packed and cut at will. */
import { gzipSync } from 'node:zlib'
import { type CountryCode, countryCodeAlpha3 } from '../../src/domain/country.ts'
import type { DeliveredRecord } from './usage-model.ts'

const FIELDS = [
  'record_id',
  'sim',
  'occurred_at',
  'plmn',
  'country',
  'zone',
  'upload',
  'download',
  'to_sim',
  'from_sim',
] as const
type Field = (typeof FIELDS)[number]

/** All of these spell the same instant. */
export const INSTANT_SPELLINGS: readonly ((at: number) => string)[] = [
  (at) => utc(at),
  (at) => utc(at).replace('Z', ''),
  (at) => utc(at).replace('Z', '.999Z'),
  (at) => utc(at).replace('T', ' ').toLowerCase(),
  (at) => utc(at + 20_700).replace('Z', '+05:45'),
  (at) => utc(at - 21_600).replace('Z', '-0600'),
  (at) => utc(at + 3_600).replace('Z', '+01'),
  (at) => utc(at).replace('T00:00:00Z', ''),
  (at) => utc(at).replace(':00Z', 'Z'),
]

export const PLMN_SPELLINGS: readonly ((plmn: string) => string)[] = [
  (plmn) => plmn,
  (plmn) => plmn.replace('-', ''),
  (plmn) => plmn.replace('-', ' '),
]

export const COUNTRY_SPELLINGS: readonly ((country: string) => string)[] = [
  (country) => country,
  (country) => countryCodeAlpha3(country as CountryCode),
  (country) => country.toLowerCase(),
]

/** How one record is written: positions in the lists of spellings, and whether zeros are written. */
export interface RecordSpelling {
  readonly instant: number
  readonly plmn: number
  readonly country: number
  readonly writesZeros: boolean
  /** For CSV: quoted. For NDJSON: counters as texts. */
  readonly quotes: boolean
}

export interface DeliveryForm {
  readonly format: 'csv' | 'ndjson'
  readonly gzip: boolean
  /** Also gives an order of columns or keys, including an unknown one. */
  readonly columns: readonly (Field | 'x_tariff')[]
  readonly lineEnd: '\n' | '\r\n'
  readonly endsLastLine: boolean
  readonly byteOrderMark: boolean
}

export const ALL_COLUMNS = [...FIELDS, 'x_tariff'] as const

export interface WrittenRecord {
  readonly record: DeliveredRecord
  readonly spelling: RecordSpelling
}

export function deliveryBytes(records: readonly WrittenRecord[], form: DeliveryForm): Buffer {
  const line = form.format === 'csv' ? csvLine : jsonLine
  const lines = records.map((written) => line(written, form.columns))
  if (form.format === 'csv') lines.unshift(form.columns.join(','))
  const text = lines.join(form.lineEnd) + (form.endsLastLine ? form.lineEnd : '')
  const bytes = Buffer.from((form.byteOrderMark ? '\ufeff' : '') + text)
  return form.gzip ? gzipSync(bytes) : bytes
}

/** The bytes in chunks of these sizes, over and over. */
export async function* inChunks(
  bytes: Uint8Array,
  sizes: readonly number[],
): AsyncGenerator<Uint8Array> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length]!
    yield bytes.subarray(at, at + size)
    at += size
  }
}

function csvLine({ record, spelling }: WrittenRecord, columns: DeliveryForm['columns']): string {
  const texts = fieldTexts(record, spelling)
  return columns
    .map((column) => (column === 'x_tariff' ? 'flat, "all in"' : texts[column]))
    .map((text) =>
      spelling.quotes || /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text,
    )
    .join(',')
}

function jsonLine({ record, spelling }: WrittenRecord, columns: DeliveryForm['columns']): string {
  const texts = fieldTexts(record, spelling)
  const pairs = columns.flatMap((column) => {
    if (column === 'x_tariff') return [`"x_tariff":{"flat":[true]}`]
    const text = texts[column]
    if (text === '') return spelling.writesZeros ? [`"${column}":null`] : []
    const isCounter = FIELDS.indexOf(column) >= FIELDS.indexOf('upload')
    return [`"${column}":${isCounter && !spelling.quotes ? text : JSON.stringify(text)}`]
  })
  return `{${pairs.join(',')}}`
}

function fieldTexts(record: DeliveredRecord, spelling: RecordSpelling): Record<Field, string> {
  const { plmn, country, zone } = record
  const counter = (value: number) => (value === 0 && !spelling.writesZeros ? '' : String(value))
  return {
    record_id: record.recordId,
    sim: record.sim,
    occurred_at: spelled(INSTANT_SPELLINGS, spelling.instant, record.occurredAt),
    plmn: plmn === null ? '' : spelled(PLMN_SPELLINGS, spelling.plmn, plmn),
    country: country === null ? '' : spelled(COUNTRY_SPELLINGS, spelling.country, country),
    zone: zone ?? '',
    upload: counter(record.upload),
    download: counter(record.download),
    to_sim: counter(record.toSim),
    from_sim: counter(record.fromSim),
  }
}

function spelled<T>(
  spellings: readonly ((value: T) => string)[],
  position: number,
  value: T,
): string {
  return spellings[position]!(value)
}

function utc(at: number): string {
  return new Date(at * 1000).toISOString().replace('.000Z', 'Z')
}
