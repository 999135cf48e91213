/**
 * RADIUS accounting: readings of a session's octets, as FreeRADIUS detail text or as JSON. A delivery's
 * first character tells which of them it is. See `docs/formats/radius.md`.
 */
import { NO_FACTS } from '../../domain/import.ts'
import { LINE_BYTES_MAX } from '../lines.ts'
import {
  byLine,
  type CdrFormat,
  type CdrReader,
  lineRereader,
  type ReadRecord,
} from './cdr-format.ts'
import { decodedReader } from './decoded-reader.ts'
import { RadiusDetailReader } from './radius-detail.ts'
import { RadiusJsonArrayReader, RadiusJsonLinesReader } from './radius-json.ts'
import { RadiusRecordParser } from './radius-record.ts'
import { parseRadiusSettings } from './radius-settings.ts'

export const RADIUS_FORMAT: CdrFormat = {
  checkSettings: (settings) => {
    parseRadiusSettings(settings)
  },
  createReader: (settings) => {
    const reader = new RadiusReader(new RadiusRecordParser(parseRadiusSettings(settings)))
    // On some systems, a shell that redirects JSON into a file writes UTF-16.
    return decodedReader(reader, { stated: undefined, isXml: false })
  },
  createRereader: (settings) => {
    const parser = new RadiusRecordParser(parseRadiusSettings(settings))
    const objects = lineRereader(new RadiusJsonLinesReader(parser))
    return {
      read: (raw, line) => (raw.startsWith('{') ? objects.read(raw, line) : block(raw, line)),
    }

    function block(raw: string, line: number): ReadRecord | null {
      // The empty line that ends it is not kept.
      const lines = `${raw}\n`
        .split('\n')
        .map((text, i) => ({ number: line + i, text, fault: null }))
      const reader = new RadiusDetailReader(parser)
      const records = [...reader.read(lines), ...reader.end()]
      return records.length === 1 ? records[0]! : null
    }
  },
}

const OPENING_BRACKET = 0x5b
const OPENING_BRACE = 0x7b
const BLANKS_AND_BYTE_ORDER_MARK = [0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf]
const NO_BYTES = new Uint8Array(0)

class RadiusReader implements CdrReader {
  readonly #parser: RadiusRecordParser
  /** Null until the first character that is not blank. */
  #reader: CdrReader | null = null
  #start: Uint8Array = NO_BYTES

  constructor(parser: RadiusRecordParser) {
    this.#parser = parser
  }

  push(chunk: Uint8Array): readonly ReadRecord[] {
    if (this.#reader !== null) return this.#reader.push(chunk)
    this.#start = Buffer.concat([this.#start, chunk])
    const first = this.#start.findIndex((byte) => !BLANKS_AND_BYTE_ORDER_MARK.includes(byte))
    if (first === -1 && this.#start.length <= LINE_BYTES_MAX) return []
    return this.#choose(first)
  }

  end(): readonly ReadRecord[] {
    const records = this.#reader === null ? this.#choose(-1) : []
    return [...records, ...this.#reader!.end()]
  }

  warnings(): string[] {
    return this.#parser.warnings()
  }

  facts() {
    return NO_FACTS
  }

  restarts() {
    return this.#parser.restarts()
  }

  #choose(first: number): readonly ReadRecord[] {
    const start = this.#start
    this.#start = NO_BYTES
    if (start[first] === OPENING_BRACKET) {
      this.#reader = new RadiusJsonArrayReader(this.#parser)
      return this.#reader.push(start.subarray(first))
    }
    this.#reader = byLine(
      start[first] === OPENING_BRACE
        ? new RadiusJsonLinesReader(this.#parser)
        : new RadiusDetailReader(this.#parser),
    )
    return this.#reader.push(start)
  }
}
