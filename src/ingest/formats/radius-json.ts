/** RADIUS accounting as JSON, with one object per packet: one per line, or all of them in an array. */
import { NO_FACTS } from '../../domain/import.ts'
import { LINE_BYTES_MAX, type Line } from '../lines.ts'
import { type CdrReader, faultOf, type LineCdrReader, type ReadRecord } from './cdr-format.ts'
import { JsonArraySplitter } from './json-array.ts'
import { describeSyntaxError } from './ndjson.ts'
import { PacketAttributes } from './radius-attributes.ts'
import type { RadiusRecordParser } from './radius-record.ts'
import { repeatedKeys } from './repeated-keys.ts'

/** One object per line. */
export class RadiusJsonLinesReader implements LineCdrReader {
  readonly #parser: RadiusRecordParser

  constructor(parser: RadiusRecordParser) {
    this.#parser = parser
  }

  read(lines: readonly Line[]): readonly ReadRecord[] {
    const records: ReadRecord[] = []
    for (const { number, text, fault } of lines) {
      if (text === null) records.push({ ...fault!, line: number, field: null })
      else if (text.trim() !== '') readPacket(this.#parser, number, text, records)
    }
    return records
  }

  end(): readonly ReadRecord[] {
    return []
  }

  warnings(): string[] {
    return this.#parser.warnings()
  }
}

/** One array of objects, or several in a row; a record's line is its position. */
export class RadiusJsonArrayReader implements CdrReader {
  readonly #parser: RadiusRecordParser
  readonly #splitter = new JsonArraySplitter(LINE_BYTES_MAX)

  constructor(parser: RadiusRecordParser) {
    this.#parser = parser
  }

  push(chunk: Uint8Array): readonly ReadRecord[] {
    const records: ReadRecord[] = []
    for (const { position, text, fault } of this.#splitter.push(chunk)) {
      if (fault === null) readPacket(this.#parser, position, text, records)
      else records.push(faultOf(position, text, { ...fault, field: null }))
    }
    return records
  }

  end(): readonly ReadRecord[] {
    this.#splitter.end()
    return []
  }

  warnings(): string[] {
    return this.#parser.warnings()
  }

  facts() {
    return NO_FACTS
  }
}

function readPacket(
  parser: RadiusRecordParser,
  line: number,
  raw: string,
  records: ReadRecord[],
): void {
  const unreadable = (detail: string) =>
    records.push(faultOf(line, raw, { reason: 'unreadable', detail, field: null }))
  let value: unknown
  try {
    value = JSON.parse(raw)
  } catch (error) {
    if (error instanceof SyntaxError) {
      unreadable(`the record is not JSON: ${describeSyntaxError(error)}`)
    } else if (error instanceof RangeError) {
      // The stack is full. Not even deep nesting may end the import.
      unreadable('objects or arrays are nested too deeply')
    } else throw error
    return
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    unreadable('the record is JSON, but not an object such as {"Acct-Status-Type": …}')
    return
  }
  const attributes = attributesOf(parser, value, repeatedKeys(raw, value))
  const record = parser.parse({ line, raw, dateLine: null, attributes })
  if (record !== null) records.push(record)
}

/** An attribute that has its key several times is stated as often, as in detail text. */
function attributesOf(
  parser: RadiusRecordParser,
  packet: object,
  repeated: ReadonlyMap<string, readonly string[]>,
): PacketAttributes {
  const attributes = new PacketAttributes()
  for (const [name, last] of Object.entries(packet)) {
    const key = parser.wanted.keyOf(name)
    if (key === null) continue
    const all: readonly unknown[] = repeated.get(name)?.map((text) => JSON.parse(text)) ?? [last]
    for (const value of all.flatMap(valuesOf)) attributes.add(key, value)
  }
  return attributes
}

/** An attribute has a value, a list of them, or an object with either as its `value`. */
function valuesOf(stated: unknown): (string | null)[] {
  const isTyped =
    typeof stated === 'object' &&
    stated !== null &&
    !Array.isArray(stated) &&
    Object.hasOwn(stated, 'value')
  const value = isTyped ? (stated as { value: unknown }).value : stated
  const values: readonly unknown[] = Array.isArray(value) ? value : [value]
  return values.filter((one) => one !== null).map(textOf)
}

function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value
  return typeof value === 'number' ? String(value) : null
}
