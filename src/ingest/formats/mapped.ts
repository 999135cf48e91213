/** Text of any carrier, read by a mapping: CSV, NDJSON, JSON or XML. See `docs/formats/mapped.md`. */
import type { FeedSettings } from '../../domain/directory.ts'
import { NO_FACTS } from '../../domain/import.ts'
import type { Line } from '../lines.ts'
import { LineReader } from '../lines.ts'
import { MappedCsvReader } from '../mapped/csv-source.ts'
import { Utf8Stream } from '../mapped/encoding.ts'
import { JsonElements } from '../mapped/json-elements.ts'
import { MappedJsonReader } from '../mapped/json-source.ts'
import type { Mapping } from '../mapped/mapping.ts'
import { parsePath } from '../mapped/paths.ts'
import { MappedXmlReader } from '../mapped/xml-source.ts'
import { mappingOf } from '../mappings/mappings.ts'
import {
  type CdrFormat,
  type CdrReader,
  type LineCdrReader,
  lineRereader,
  type Rereader,
} from './cdr-format.ts'

export const MAPPED_FORMAT: CdrFormat = {
  checkSettings: (settings) => {
    mappingOf(settings)
  },
  createReader: (settings: FeedSettings) => createMappedReader(mappingOf(settings)),
  createRereader: (settings, context) => createMappedRereader(mappingOf(settings), context),
}

function createMappedRereader(mapping: Mapping, context: string | null): Rereader | null {
  const { format, skip_lines: skipLines = 0 } = mapping.source
  if (format === 'ndjson' || format === 'json') return lineRereader(new MappedJsonReader(mapping))
  // An element of XML takes its names from those around it, which are not kept.
  if (format === 'xml' || context === null) return null
  // Without a header it is the first record, which only says how many columns there are.
  const withHeader = { ...mapping, source: { ...mapping.source, header: true } }
  const header = { number: skipLines + 1, text: context, fault: null }
  return lineRereader(new MappedCsvReader(withHeader), header)
}

/** Reads one delivery by a mapping that was checked. */
export function createMappedReader(mapping: Mapping): CdrReader {
  const { format, encoding } = mapping.source
  const utf8 = new Utf8Stream({ stated: encoding, isXml: format === 'xml' })
  const reader = readerOf(mapping)
  const readDecoded = (decode: () => Uint8Array) => {
    let text: Uint8Array
    try {
      text = decode()
    } catch (error) {
      // A fault that the reader has met lies before it, and has only not been told yet.
      reader.push(new Uint8Array(0))
      throw error
    }
    return reader.push(text)
  }
  return {
    push: (chunk) => readDecoded(() => utf8.push(chunk)),
    end: () => {
      const rest = readDecoded(() => utf8.end())
      return [...rest, ...reader.end()]
    },
    warnings: () => reader.warnings(),
    facts: () => NO_FACTS,
    context: () => reader.context?.() ?? null,
  }
}

function readerOf(mapping: Mapping): CdrReader {
  const { format, records = '' } = mapping.source
  switch (format) {
    case 'csv':
      return byElement(new LineReader(), new MappedCsvReader(mapping))
    case 'ndjson':
      return byElement(new LineReader(), new MappedJsonReader(mapping))
    case 'json': {
      const path = records === '' ? [] : parsePath(records)!.map(String)
      return byElement(new JsonElements(path), new MappedJsonReader(mapping))
    }
    case 'xml':
      return new MappedXmlReader(mapping)
  }
}

interface Elements {
  push(chunk: Uint8Array): readonly Line[]
  end(): readonly Line[]
}

/** Gives a reader of lines the pieces into which something else cuts the delivery. */
function byElement(elements: Elements, reader: LineCdrReader): CdrReader {
  return {
    push: (chunk) => reader.read(elements.push(chunk)),
    end: () => {
      const last = reader.read(elements.end())
      return [...last, ...reader.end()]
    },
    warnings: () => reader.warnings(),
    facts: () => NO_FACTS,
    context: () => reader.context?.() ?? null,
  }
}
