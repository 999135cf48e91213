/** Text of any carrier, read by a mapping: CSV, NDJSON, JSON or XML. See `docs/formats/mapped.md`. */
import type { FeedSettings } from '../../domain/directory.ts'
import { NO_FACTS } from '../../domain/import.ts'
import type { Line } from '../lines.ts'
import { LineReader } from '../lines.ts'
import { MappedCsvReader } from '../mapped/csv-source.ts'
import { JsonElements } from '../mapped/json-elements.ts'
import { MappedJsonReader } from '../mapped/json-source.ts'
import type { Mapping } from '../mapped/mapping.ts'
import { parsePath } from '../mapped/paths.ts'
import { MappedXmlReader } from '../mapped/xml-source.ts'
import { mappingOf, settingThatReads } from '../mappings/mappings.ts'
import {
  type CdrFormat,
  type CdrReader,
  type LineCdrReader,
  lineRereader,
  linesOf,
  type Rereader,
} from './cdr-format.ts'
import { decodedReader } from './decoded-reader.ts'
import { type TextForm, tellingOtherForm } from './other-form.ts'

export const MAPPED_FORMAT: CdrFormat = {
  checkSettings: (settings) => {
    mappingOf(settings)
  },
  createReader: (settings: FeedSettings) => {
    const mapping = mappingOf(settings)
    return tellingOtherForm(createMappedReader(mapping), {
      form: FORMS[mapping.source.format],
      remedyOf: (other) => remedyOf(settings, other),
    })
  },
  createRereader: (settings, context) => createMappedRereader(mappingOf(settings), context),
}

const FORMS = { csv: 'CSV', ndjson: 'JSON', json: 'JSON', xml: 'XML' } as const

function remedyOf(settings: FeedSettings, other: TextForm): string {
  const setting = settingThatReads(settings, (mapping) => FORMS[mapping.source.format] === other)
  return setting === null
    ? `the feed needs a mapping that reads ${other}`
    : `the feed's mapping reads ${other} with --set ${setting}`
}

function createMappedRereader(mapping: Mapping, context: string | null): Rereader | null {
  const { format, skip_lines: skipLines = 0 } = mapping.source
  if (format === 'ndjson' || format === 'json') return lineRereader(new MappedJsonReader(mapping))
  // An XML element needs the names of its ancestors, which are not kept.
  if (format === 'xml' || context === null) return null
  // Without a header, the context is the first record, which only tells the number of columns.
  const withHeader = { ...mapping, source: { ...mapping.source, header: true } }
  return lineRereader(new MappedCsvReader(withHeader), linesOf(context, skipLines + 1))
}

/** Reads one delivery by a checked mapping. */
export function createMappedReader(mapping: Mapping): CdrReader {
  const { format, encoding } = mapping.source
  return decodedReader(readerOf(mapping), { stated: encoding, isXml: format === 'xml' })
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
  warnings?(): readonly string[]
}

/** Adapts a reader of lines to pieces into which something else cuts the delivery. */
function byElement(elements: Elements, reader: LineCdrReader): CdrReader {
  return {
    push: (chunk) => reader.read(elements.push(chunk)),
    end: () => {
      const last = reader.read(elements.end())
      return [...last, ...reader.end()]
    },
    warnings: () => [...(elements.warnings?.() ?? []), ...reader.warnings()],
    facts: () => NO_FACTS,
    context: () => reader.context?.() ?? null,
  }
}
