/** What a format turns a carrier's delivery into, and the form every format has. */
import { createHash } from 'node:crypto'
import type { StatedNetwork } from '../../domain/classification.ts'
import type { FeedSettings } from '../../domain/directory.ts'
import {
  NO_FACTS,
  type QuarantinedRecord,
  RAW_BYTES_MAX,
  type StatedFacts,
} from '../../domain/import.ts'
import type { Restart } from '../../domain/restart.ts'
import { invalidField } from '../../domain/usage-error.ts'
import type { Counters, ReadingTraits } from '../../domain/usage-event.ts'
import { type Line, LineReader } from '../lines.ts'

/** The carrier's record, read but not yet resolved: its SIM is a name, its zone unknown. */
export interface CdrRecord {
  readonly recordId: string
  /** SID, ICCID, IMSI, MSISDN or unique name, as delivered. */
  readonly sim: string
  /** UTC seconds. */
  readonly occurredAt: number
  /** The same object for the same statement, so that its classification is worked out once. */
  readonly network: StatedNetwork
  readonly counters: Counters
  /**
   * Null where `counters` are what was used. Else they are a reading, at `occurredAt`, of counters that
   * only grow, so that usage is what a reading exceeds those before it by; one that is not known is 0
   * among `counters`. `recordId` then names the series (a session, a billing cycle) of the readings.
   */
  readonly reading: ReadingTraits | null
  readonly line: number
  readonly raw: string
}

/** A record, or the fault that keeps it from being counted. */
export type ReadRecord = CdrRecord | QuarantinedRecord

export function isFault(record: ReadRecord): record is QuarantinedRecord {
  return 'reason' in record
}

/** A format: what a feed may set of it, and how its deliveries are read. */
export interface CdrFormat {
  /** Throws `invalid`, naming every path of the settings that breaks a rule. */
  readonly checkSettings: (settings: FeedSettings) => void
  /** Reads one delivery; `settings` have passed `checkSettings`. */
  readonly createReader: (settings: FeedSettings) => CdrReader
  /**
   * Reads single records again, apart from their delivery. `context` is what the delivery's reader
   * said. Absent, or null, where a record cannot be read by itself.
   */
  readonly createRereader?: (settings: FeedSettings, context: string | null) => Rereader | null
  /**
   * Null for the id of a record that stands for itself. Absent in formats in which a correction has the
   * id of what it corrects.
   */
  readonly correctionOf?: (recordId: string) => Correction | null
}

/** What a record says of the one that it corrects: the ids that this one may have. */
export interface Correction {
  /** True of the id of a record that the correction may be meant for. */
  readonly mayBeOf: (recordId: string) => boolean
  /** True of the id under which the very same content is counted. */
  readonly isSameAs: (recordId: string) => boolean
}

/** Reads quarantined records of one delivery once more, in the order in which they came. */
export interface Rereader {
  /** What `raw`, the whole text of a record, holds; null where that is not one record by itself. */
  read(raw: string, line: number): ReadRecord | null
}

/** Reads one delivery, chunk after chunk of its plain bytes. */
export interface CdrReader {
  /**
   * The records that end within `chunk`, in their order. Throws `unreadable` when the delivery as
   * a whole makes no sense, such as without a header.
   */
  push(chunk: Uint8Array): readonly ReadRecord[]
  /** The records that were waiting for more; call once after the last chunk. Throws as `push`. */
  end(): readonly ReadRecord[]
  /** Sentences about the delivery as a whole, such as columns that were ignored. */
  warnings(): string[]
  /** What the delivery says of itself; known once it was read to its end. */
  facts(): StatedFacts
  /**
   * Restarts that the source has announced, up to the chunk read last; `null` where the feed's counters
   * do not begin again at a start. Absent in formats that have no such thing.
   */
  restarts?(): readonly Restart[] | null
  /** What a single record needs in front of it to be read by itself, such as a header line. */
  context?(): string | null
}

/** Reads one delivery, line after line; holds what must be remembered between lines. */
export interface LineCdrReader extends Pick<CdrReader, 'end' | 'warnings' | 'context'> {
  /** What the lines hold, in their order. Throws `unreadable` as `CdrReader.push` does. */
  read(lines: readonly Line[]): readonly ReadRecord[]
}

/** Gives a reader of lines the bytes of a delivery. */
export function byLine(reader: LineCdrReader): CdrReader {
  const lines = new LineReader()
  return {
    push: (chunk) => reader.read(lines.push(chunk)),
    end: () => {
      const last = reader.read(lines.end())
      return [...last, ...reader.end()]
    },
    warnings: () => reader.warnings(),
    facts: () => NO_FACTS,
    context: () => reader.context?.() ?? null,
  }
}

/** Reads records that are a line each, after the lines that go before them all, if any. */
export function lineRereader(reader: LineCdrReader, before: readonly Line[] = []): Rereader {
  const readOne = (line: Line) => [...reader.read([line]), ...reader.end()]
  reader.read(before)
  return {
    read(raw, line) {
      const records = readOne({ number: line, text: raw, fault: null })
      return records.length === 1 ? records[0]! : null
    },
  }
}

/** The lines of a context, the first of which has the number. */
export function linesOf(context: string, first = 1): Line[] {
  return context.split('\n').map((text, i) => ({ number: first + i, text, fault: null }))
}

/** For formats with nothing to set. Throws `invalid` when something is. */
export function refuseSettings(settings: FeedSettings): void {
  for (const [name, value] of Object.entries(settings)) {
    throw invalidField(name, String(value), 'this format has no such setting')
  }
}

/** A record that goes to quarantine, with its text as delivered. */
export function faultOf(
  line: number,
  raw: string,
  fault: Pick<QuarantinedRecord, 'reason' | 'detail' | 'field'>,
): QuarantinedRecord {
  const bytes = Buffer.from(raw, 'utf8')
  return {
    line,
    reason: fault.reason,
    detail: fault.detail,
    field: fault.field,
    // A copy, because a part of a long record would keep all of it in memory.
    raw: new Uint8Array(bytes.subarray(0, RAW_BYTES_MAX)),
    rawHash: createHash('sha256').update(bytes).digest('hex'),
  }
}
