/** Canonical NDJSON: one JSON object per line, with the canonical fields as keys. */
import { COUNTER_FIELDS } from '../../domain/counters.ts'
import { escapeCode } from '../../domain/printable.ts'
import { shown } from '../../domain/usage-error.ts'
import type { Line } from '../lines.ts'
import {
  CANONICAL_FIELDS,
  type CanonicalField,
  CanonicalRecordParser,
  type FieldFault,
  textsOf,
} from './canonical-record.ts'
import { faultOf, isFault, type LineCdrReader, type ReadRecord } from './cdr-format.ts'
import { repeatedKeys } from './repeated-keys.ts'

/** How many unknown keys the warning names, because keys may differ in every line. */
const UNKNOWN_KEYS_MAX = 20

export class NdjsonReader implements LineCdrReader {
  readonly #parser = new CanonicalRecordParser()
  readonly #unknownKeys = new Set<string>()

  read(lines: readonly Line[]): readonly ReadRecord[] {
    const records: ReadRecord[] = []
    for (const line of lines) {
      if (line.text === null) records.push({ ...line.fault!, line: line.number, field: null })
      else if (line.text.trim() !== '') records.push(this.#readLine(line.number, line.text))
    }
    return records
  }

  end(): readonly ReadRecord[] {
    return []
  }

  warnings(): string[] {
    if (this.#unknownKeys.size === 0) return []
    const names = [...this.#unknownKeys].map(shown).join(', ')
    const more = this.#unknownKeys.size >= UNKNOWN_KEYS_MAX ? ' and possibly more' : ''
    return [`keys that Simtally does not know were ignored: ${names}${more}`]
  }

  #readLine(line: number, text: string): ReadRecord {
    const unreadable = (detail: string) =>
      faultOf(line, text, { reason: 'unreadable', detail, field: null })
    try {
      const value: unknown = JSON.parse(text)
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
        return this.#readObject(value, line, text)
      }
      return unreadable('the line is JSON, but not an object such as {"record_id": …}')
    } catch (error) {
      if (error instanceof SyntaxError) {
        return unreadable(`the line is not JSON: ${describeSyntaxError(error)}`)
      }
      // The stack is full. Not even deep nesting may end the import.
      if (error instanceof RangeError) return unreadable('objects or arrays are nested too deeply')
      throw error
    }
  }

  #readObject(value: object, line: number, text: string): ReadRecord {
    this.#noteUnknownKeys(value)
    const fields = {} as Record<CanonicalField, string>
    const faults: FieldFault[] = []
    for (const name of CANONICAL_FIELDS) {
      const fieldValue = (value as Record<string, unknown>)[name]
      const field = fieldText(name, fieldValue, text)
      if (field === null) {
        faults.push({ field: name, value: JSON.stringify(fieldValue), rule: typeRule(name) })
      }
      fields[name] = field ?? ''
    }
    const record = this.#parser.parse(textsOf(fields), line, text, faults)
    if (isFault(record)) return record
    const contradictions = contradictionsOf(text, value)
    return contradictions.length === 0
      ? record
      : this.#parser.parse(textsOf(fields), line, text, contradictions)
  }

  #noteUnknownKeys(value: object): void {
    for (const key of Object.keys(value)) {
      const isKnown = (CANONICAL_FIELDS as readonly string[]).includes(key)
      if (!isKnown && this.#unknownKeys.size < UNKNOWN_KEYS_MAX) this.#unknownKeys.add(key)
    }
  }
}

/** The fields that the line states twice, with different values. */
function contradictionsOf(text: string, value: object): FieldFault[] {
  const repeated = repeatedKeys(text, value)
  if (repeated.size === 0) return []
  return CANONICAL_FIELDS.filter((name) => repeated.has(name)).map((field) => {
    const stated = repeated.get(field)!.join(', ')
    return { field, value: stated, rule: 'it is there twice, with different values' }
  })
}

/** The parser's complaint, without the part of the line that it may repeat. */
export function describeSyntaxError({ message }: SyntaxError): string {
  // It may contain half of a surrogate pair, which no text can hold.
  return message
    .toWellFormed()
    .replace(/, (?:\.\.\.)?".*"(?:\.\.\.)? is not valid JSON$/s, '')
    .replace(/ \(line 1 column \d+\)$/, '')
    .replace(/\p{Cc}/gu, escapeCode)
}

/** The field as CSV would spell it; null if its JSON type cannot hold it. */
function fieldText(name: CanonicalField, value: unknown, line: string): string | null {
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') return value.trim()
  if (typeof value !== 'number') return null
  if (isCounter(name)) return numberText(value, name, line)
  // A number has lost leading zeros and, if long, its last digits; only a short id is safe.
  if (name !== 'record_id' || !Number.isSafeInteger(value)) return null
  const text = numberText(value, name, line)
  return /^-?\d+$/.test(text) ? text : null
}

/**
 * JSON numbers are floats once parsed. Near 2^53, a fraction or a last digit is lost by then, so the text
 * of the line decides.
 */
function numberText(value: number, name: string, line: string): string {
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 50) return String(value)
  const writtenIn = new Map<unknown, string>()
  const record: unknown = JSON.parse(
    line,
    function (this: unknown, key: string, parsed: unknown, context?: { source?: string }) {
      // Objects inside the record may have such a key as well.
      if (key === name && typeof parsed === 'number') writtenIn.set(this, context!.source!)
      return parsed
    },
  )
  return writtenIn.get(record)!
}

function isCounter(name: CanonicalField): boolean {
  return (COUNTER_FIELDS as readonly string[]).includes(name)
}

function typeRule(name: CanonicalField): string {
  return isCounter(name) ? 'expected a number or its digits' : 'expected a text'
}
