/**
 * The fields of our own formats, and what each may hold. CSV and NDJSON differ only in how a record's
 * fields are found; this file says what a field means. See `docs/formats/canonical.md`.
 */
import type { StatedNetwork } from '../../domain/classification.ts'
import { COUNTER_FIELDS, type CounterField } from '../../domain/counters.ts'
import { type CountryCode, parseCountry } from '../../domain/country.ts'
import { maskIdentifier } from '../../domain/identifiers.ts'
import type { QuarantinedRecord } from '../../domain/import.ts'
import { type Plmn, parsePlmn } from '../../domain/plmn.ts'
import { isShortened, SHORTENED } from '../../domain/spreadsheet-numbers.ts'
import { shown } from '../../domain/usage-error.ts'
import { ZONES, type Zone } from '../../domain/usage-event.ts'
import { type CdrRecord, faultOf } from './cdr-format.ts'
import { InstantReader } from './instant-reader.ts'
import { remember } from './remembered.ts'

/** The fields that are not counters. */
export const PLAIN_FIELDS = ['record_id', 'sim', 'occurred_at', 'plmn', 'country', 'zone'] as const
export type PlainField = (typeof PLAIN_FIELDS)[number]

export type CanonicalField = PlainField | CounterField
export const CANONICAL_FIELDS: readonly CanonicalField[] = [...PLAIN_FIELDS, ...COUNTER_FIELDS]

/** The texts of a record. An absent one is ''. */
export interface CanonicalTexts extends Readonly<Record<PlainField, string>> {
  /** In the order of `COUNTERS`. */
  readonly counters: readonly string[]
}

export const REQUIRED_FIELDS = ['record_id', 'sim', 'occurred_at'] as const

/** It is part of a key in every engine; carriers' ids have at most a few dozen characters. */
export const RECORD_ID_CHARACTERS_MAX = 200
/** The longest name a SIM can have is a unique name of 64 characters. */
const SIM_CHARACTERS_MAX = 64

export function textsOf(fields: Readonly<Record<CanonicalField, string>>): CanonicalTexts {
  return { ...fields, counters: COUNTER_FIELDS.map((field) => fields[field]) }
}

export interface FieldFault {
  readonly field: CanonicalField
  readonly value: string
  readonly rule: string
}

type Origins = Readonly<Partial<Record<CanonicalField, string>>>

/** Turns one record's texts into a `CdrRecord`, or into a fault that names every bad field. */
export class CanonicalRecordParser {
  readonly #networks = new Map<string, StatedNetwork>()
  readonly #instants = new InstantReader()
  readonly #origins: Origins
  #faults: FieldFault[] = []

  /** `origins` tell where fields were read from, if they have other names there. */
  constructor(origins: Origins = {}) {
    this.#origins = origins
  }

  /**
   * `fields` are trimmed. `raw` is the record as delivered. `faults` are those that the format has
   * already found, and nothing more is said about their fields. `occurredAt` replaces the text of that
   * field if the format has already parsed it.
   */
  parse(
    fields: CanonicalTexts,
    line: number,
    raw: string,
    faults: readonly FieldFault[] = [],
    occurredAt: number | null = null,
  ): CdrRecord | QuarantinedRecord {
    this.#faults = [...faults]
    const record: CdrRecord = {
      recordId: this.#identifier('record_id', fields.record_id, RECORD_ID_CHARACTERS_MAX),
      sim: this.#identifier('sim', fields.sim, SIM_CHARACTERS_MAX),
      occurredAt: occurredAt ?? this.#instant(fields.occurred_at),
      network: this.#network(fields.plmn, fields.country, fields.zone),
      // Written out, because there are many records.
      counters: {
        upload: this.#counter(0, fields.counters[0]!),
        download: this.#counter(1, fields.counters[1]!),
        toSim: this.#counter(2, fields.counters[2]!),
        fromSim: this.#counter(3, fields.counters[3]!),
      },
      reading: null,
      line,
      raw,
    }
    return this.#faults.length === 0 ? record : this.#fault(line, raw)
  }

  #fault(line: number, raw: string): QuarantinedRecord {
    const faults = CANONICAL_FIELDS.flatMap((name) =>
      this.#faults.filter(({ field }) => field === name),
    )
    return faultOf(line, raw, {
      reason: 'invalid_field',
      field: faults[0]!.field,
      detail: faults.map((fault) => describeFault(fault, this.#origins)).join('; '),
    })
  }

  #refuse(field: CanonicalField, value: string, rule: string): void {
    if (this.#faults.some((fault) => fault.field === field)) return
    this.#faults.push({ field, value, rule })
  }

  #identifier(field: 'record_id' | 'sim', text: string, charactersMax: number): string {
    if (text === '') this.#refuse(field, text, 'a value is required')
    else if (text.length > charactersMax) {
      this.#refuse(field, text, `${text.length} characters, at most ${charactersMax} allowed`)
    } else if (text.includes('\0') || !text.isWellFormed()) {
      // No engine keeps them, so two ids that differ only in them would be taken for one.
      this.#refuse(field, text, 'NUL and halves of surrogate pairs are not allowed')
    } else if (field === 'record_id' && isShortened(text)) {
      // Other records have the same shortened id, and would be taken for this one.
      this.#refuse(field, text, SHORTENED)
    }
    return text
  }

  #instant(text: string): number {
    const at = this.#instants.read(text)
    if (at !== null) return at
    const rule =
      text === ''
        ? 'a value is required'
        : 'expected an ISO 8601 time such as 2026-02-28T23:59:59Z or …T23:59:59+05:45'
    this.#refuse('occurred_at', text, rule)
    return 0
  }

  #counter(place: number, text: string): number {
    if (text === '') return 0
    let value = 0
    for (let i = 0; i < text.length; i++) {
      const digit = text.charCodeAt(i) - 48
      if (digit < 0 || digit > 9) {
        const rule = 'expected a whole number, 0 or more, without sign or fraction'
        this.#refuse(COUNTER_FIELDS[place]!, text, isShortened(text) ? SHORTENED : rule)
        return 0
      }
      value = value * 10 + digit
    }
    if (Number.isSafeInteger(value)) return value
    this.#refuse(COUNTER_FIELDS[place]!, text, `at most ${Number.MAX_SAFE_INTEGER} allowed`)
    return 0
  }

  #network(plmn: string, country: string, zone: string): StatedNetwork {
    const key = `${plmn}|${country}|${zone}`
    const known = this.#networks.get(key)
    if (known !== undefined) return known
    const faultsBefore = this.#faults.length
    const network: StatedNetwork = {
      plmn: this.#plmn(plmn),
      country: this.#country(country),
      zone: this.#zone(zone),
    }
    if (this.#faults.length !== faultsBefore) return network
    // Different spellings of a known network share its object.
    const canonicalKey = `${network.plmn ?? ''}|${network.country ?? ''}|${network.zone ?? ''}`
    const shared = this.#networks.get(canonicalKey) ?? network
    remember(this.#networks, key, shared)
    if (key !== canonicalKey) remember(this.#networks, canonicalKey, shared)
    return shared
  }

  #plmn(text: string): Plmn | null {
    if (text === '') return null
    const plmn = parsePlmn(text)
    if (plmn === null) {
      this.#refuse('plmn', text, 'expected MCC-MNC such as 310-260 (3 digits, then 2 or 3)')
    }
    return plmn
  }

  #country(text: string): CountryCode | null {
    if (text === '') return null
    const country = parseCountry(text)
    if (country === null) {
      this.#refuse('country', text, 'expected an ISO 3166-1 code such as MX or MEX')
    }
    return country
  }

  #zone(text: string): Zone | null {
    if (text === '') return null
    const zone = ZONES.find((name) => name === text.toLowerCase()) ?? null
    if (zone === null) this.#refuse('zone', text, `expected ${ZONES.join(', ')}`)
    return zone
  }
}

function describeFault({ field, value, rule }: FieldFault, origins: Origins): string {
  const isSubscriber = field === 'sim' && value !== ''
  const origin = origins[field] === undefined ? '' : ` in ${origins[field]}`
  return `${field} ${shown(isSubscriber ? maskIdentifier(value) : value)}${origin}: ${rule}`
}
