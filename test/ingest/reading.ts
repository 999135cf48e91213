/** Reads a delivery with one format, as the import does, without resolving what it states. */
import assert from 'node:assert/strict'
import {
  byLine,
  type CdrReader,
  type CdrRecord,
  isFault,
  type LineCdrReader,
  type ReadRecord,
} from '../../src/ingest/formats/cdr-format.ts'

export interface ReadDelivery {
  readonly records: readonly CdrRecord[]
  /** `line field: detail`; the field is missing where the fault is the whole record's. */
  readonly faults: readonly string[]
  /** In the order in which they were read. */
  readonly lines: readonly number[]
  readonly warnings: readonly string[]
}

export function readDelivery(
  reader: CdrReader | LineCdrReader,
  content: string | Uint8Array,
): ReadDelivery {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  const ofBytes = 'read' in reader ? byLine(reader) : reader
  const read: ReadRecord[] = [...ofBytes.push(bytes), ...ofBytes.end()]
  // By its import and line a version is known: see `storage/ledger/repeats.ts`.
  const lines = read.map(({ line }) => line)
  assert.equal(new Set(lines).size, lines.length, 'two records have one line')
  return {
    records: read.flatMap((record) => (isFault(record) ? [] : [record])),
    faults: read.filter(isFault).map(({ line, field, reason, detail }) => {
      return field === null ? `${line} ${reason}: ${detail}` : `${line} ${field}: ${detail}`
    }),
    lines,
    warnings: reader.warnings(),
  }
}
