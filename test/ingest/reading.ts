/** Reads a delivery with one format, as the import does, without resolving what it states. */
import {
  type CdrReader,
  type CdrRecord,
  isFault,
  type ReadRecord,
} from '../../src/ingest/formats/cdr-format.ts'
import { LineReader } from '../../src/ingest/lines.ts'

export interface ReadDelivery {
  readonly records: readonly CdrRecord[]
  /** `line field: detail`; the field is missing where the fault is the whole record's. */
  readonly faults: readonly string[]
  /** In the order in which they were read. */
  readonly lines: readonly number[]
  readonly warnings: readonly string[]
}

export function readDelivery(reader: CdrReader, content: string | Uint8Array): ReadDelivery {
  const lines = new LineReader()
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  const read: ReadRecord[] = [
    ...reader.read(lines.push(bytes)),
    ...reader.read(lines.end()),
    ...reader.end(),
  ]
  return {
    records: read.flatMap((record) => (isFault(record) ? [] : [record])),
    faults: read.filter(isFault).map(({ line, field, reason, detail }) => {
      return field === null ? `${line} ${reason}: ${detail}` : `${line} ${field}: ${detail}`
    }),
    lines: read.map(({ line }) => line),
    warnings: reader.warnings(),
  }
}
