/** Reads a delivery in chunks as the import does, and keeps everything that the reader reported. */
import { type DeliveryFacts, NO_FACTS, type StatedFacts } from '../../src/domain/import.ts'
import { UsageError } from '../../src/domain/usage-error.ts'
import {
  type CdrReader,
  type CdrRecord,
  isFault,
  type ReadRecord,
} from '../../src/ingest/formats/cdr-format.ts'
import { inPieces } from './pieces.ts'

export interface Reading {
  readonly records: readonly ReadRecord[]
  /** What ended the reading early; null if it reached the end. */
  readonly error: UsageError | null
  readonly warnings: readonly string[]
  /** Only a delivery that was read to its end has facts. */
  readonly facts: StatedFacts
}

/**
 * Uses chunks of these sizes, over and over. Rethrows anything but a `UsageError`, which is our own
 * mistake.
 */
export function readInPieces(
  reader: CdrReader,
  bytes: Uint8Array,
  sizes: readonly number[] = [bytes.length + 1],
): Reading {
  const records: ReadRecord[] = []
  let error: UsageError | null = null
  try {
    for (const piece of inPieces(bytes, sizes)) records.push(...reader.push(piece))
    records.push(...reader.end())
  } catch (thrown) {
    if (!(thrown instanceof UsageError)) throw thrown
    error = thrown
  }
  const facts = error === null ? reader.facts() : NO_FACTS
  return { records, error, warnings: reader.warnings(), facts }
}

/** What a reading came to, as in `.expected.json` files: readable, and without defaults. */
export interface ToldReading {
  readonly records?: readonly object[]
  readonly faults?: readonly object[]
  readonly error?: string
  readonly warnings?: readonly string[]
  readonly sequence?: DeliveryFacts['sequence']
  readonly completeThrough?: string
}

export function tellReading({ records, error, warnings, facts }: Reading): ToldReading {
  const faults = records.filter(isFault)
  const read = records.flatMap((record) => (isFault(record) ? [] : [record]))
  return {
    ...(read.length > 0 && { records: read.map(tellRecord) }),
    ...(faults.length > 0 && {
      faults: faults.map(({ line, reason, field, detail }) => ({ line, reason, field, detail })),
    }),
    ...(error !== null && { error: error.message }),
    ...(warnings.length > 0 && { warnings }),
    ...(facts.sequence !== null && { sequence: facts.sequence }),
    ...(facts.completeThrough !== null && { completeThrough: utc(facts.completeThrough) }),
  }
}

function tellRecord({ network, counters, reading, ...record }: CdrRecord): object {
  return {
    line: record.line,
    recordId: record.recordId,
    sim: record.sim,
    occurredAt: utc(record.occurredAt),
    ...Object.fromEntries(Object.entries(network).filter(([, value]) => value !== null)),
    ...Object.fromEntries(Object.entries(counters).filter(([, value]) => value !== 0)),
    ...(reading !== null && { isReading: true }),
  }
}

function utc(at: number): string {
  return new Date(at * 1000).toISOString().replace('.000Z', 'Z')
}
