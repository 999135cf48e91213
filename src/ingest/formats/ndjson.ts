/** Canonical NDJSON: one JSON object a line, with the canonical fields as keys. */
import type { QuarantinedRecord } from '../../domain/import.ts'
import { shown } from '../../domain/usage-error.ts'
import type { Line } from '../lines.ts'
import { CANONICAL_FIELDS, type CanonicalField, CanonicalRecordParser } from './canonical-record.ts'
import { type CdrReader, type CdrRecord, faultOf, type ReadRecords } from './cdr-format.ts'

/** How many unknown keys the warning names; a key that is different in every line has no end. */
const UNKNOWN_KEYS_MAX = 20

const COUNTER_FIELDS: readonly string[] = ['upload', 'download', 'to_sim', 'from_sim']

export class NdjsonReader implements CdrReader {
  readonly #parser = new CanonicalRecordParser()
  readonly #unknownKeys = new Set<string>()

  read(lines: readonly Line[]): ReadRecords {
    const records: CdrRecord[] = []
    const faults: QuarantinedRecord[] = []
    for (const line of lines) {
      if (line.text === null) faults.push({ ...line.fault!, line: line.number, field: null })
      else if (line.text.trim() !== '') {
        const result = this.#readObject(line.number, line.text)
        if ('reason' in result) faults.push(result)
        else records.push(result)
      }
    }
    return { records, faults }
  }

  end(): ReadRecords {
    return { records: [], faults: [] }
  }

  warnings(): string[] {
    if (this.#unknownKeys.size === 0) return []
    const names = [...this.#unknownKeys].map(shown).join(', ')
    const more = this.#unknownKeys.size >= UNKNOWN_KEYS_MAX ? ' and possibly more' : ''
    return [`keys that Simtally does not know were ignored: ${names}${more}`]
  }

  #readObject(line: number, text: string): CdrRecord | QuarantinedRecord {
    const unreadable = (detail: string) =>
      faultOf(line, text, { reason: 'unreadable', detail, field: null })
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch (error) {
      return unreadable(`the line is not JSON: ${(error as Error).message}`)
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return unreadable('the line is JSON, but not an object such as {"record_id": …}')
    }
    this.#noteUnknownKeys(value)
    const fields = {} as Record<CanonicalField, string>
    const badTypes: string[] = []
    for (const name of CANONICAL_FIELDS) {
      const field = fieldText(name, (value as Record<string, unknown>)[name], text)
      if (field === null) {
        badTypes.push(
          `${name} ${shown(String(JSON.stringify(at(value, name))))}: ${typeRule(name)}`,
        )
      }
      fields[name] = field ?? ''
    }
    if (badTypes.length === 0) return this.#parser.parse(fields, line, text)
    const field = badTypes[0]!.split(' ')[0]!
    return faultOf(line, text, { reason: 'invalid_field', detail: badTypes.join('; '), field })
  }

  #noteUnknownKeys(value: object): void {
    for (const key of Object.keys(value)) {
      const isKnown = (CANONICAL_FIELDS as readonly string[]).includes(key)
      if (!isKnown && this.#unknownKeys.size < UNKNOWN_KEYS_MAX) this.#unknownKeys.add(key)
    }
  }
}

function at(value: object, name: string): unknown {
  return (value as Record<string, unknown>)[name]
}

/** The field as the CSV would spell it; null when its JSON type cannot hold it. */
function fieldText(name: CanonicalField, value: unknown, line: string): string | null {
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') return value.trim()
  if (typeof value !== 'number') return null
  if (COUNTER_FIELDS.includes(name)) return counterText(value, name, line)
  // A number has lost leading zeros and, when long, its last digits; only a short id is safe.
  return name === 'record_id' && Number.isSafeInteger(value) ? String(value) : null
}

/**
 * JSON numbers are floats once parsed: near 2^53 a fraction or a last digit is gone by then, so
 * what stands in the line decides.
 */
function counterText(value: number, name: string, line: string): string {
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 50) return String(value)
  const written = new RegExp(`"${name}"\\s*:\\s*([-+.0-9eE]+)`).exec(line)?.[1]
  return written ?? String(value)
}

function typeRule(name: CanonicalField): string {
  return COUNTER_FIELDS.includes(name) ? 'expected a number or its digits' : 'expected a text'
}
