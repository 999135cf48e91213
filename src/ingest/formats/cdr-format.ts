/** What a format turns a carrier's delivery into, and the interface of every format. */
import { createHash } from 'node:crypto'
import type { StatedNetwork } from '../../domain/classification.ts'
import type { Counters } from '../../domain/counters.ts'
import type { FeedSettings } from '../../domain/directory.ts'
import {
  NO_FACTS,
  type QuarantinedRecord,
  RAW_BYTES_MAX,
  type StatedFacts,
} from '../../domain/import.ts'
import type { Restart } from '../../domain/restart.ts'
import { invalidField, UsageError } from '../../domain/usage-error.ts'
import type { ReadingTraits } from '../../domain/usage-event.ts'
import { type Line, LineReader } from '../lines.ts'

/** The carrier's record, read but not yet resolved: its SIM is a name, its zone unknown. */
export interface CdrRecord {
  readonly recordId: string
  /** SID, ICCID, IMSI, MSISDN or unique name, as delivered. */
  readonly sim: string
  /** UTC seconds. */
  readonly occurredAt: number
  /** The same object for equal statements, so that each is classified only once. */
  readonly network: StatedNetwork
  readonly counters: Counters
  /**
   * Null if `counters` are usage. Otherwise they are a reading, at `occurredAt`, of counters that only
   * grow, so that usage is what a reading exceeds earlier ones by; an unknown counter is 0. `recordId`
   * then names the series (a session, a billing cycle) of the readings.
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

/** A format: what a feed may set for it, and how its deliveries are read. */
export interface CdrFormat {
  /** Throws `invalid`, naming every path of the settings that breaks a rule. */
  readonly checkSettings: (settings: FeedSettings) => void
  /** Reads one delivery; `settings` have passed `checkSettings`. */
  readonly createReader: (settings: FeedSettings) => CdrReader
  /**
   * Reads single records again, apart from their delivery. `context` comes from the delivery's reader.
   * Absent, or null, if a record cannot be read by itself.
   */
  readonly createRereader?: (settings: FeedSettings, context: string | null) => Rereader | null
  /**
   * Null for the id of a record that corrects nothing. Absent in formats in which a correction has the id
   * of what it corrects.
   */
  readonly correctionOf?: (recordId: string) => Correction | null
}

/** What a record says about the one that it corrects: which ids that one may have. */
export interface Correction {
  /** True for the id of a record that the correction may be meant for. */
  readonly mayBeOf: (recordId: string) => boolean
  /** True for the id under which the very same content counts. */
  readonly isSameAs: (recordId: string) => boolean
}

/** Reads quarantined records of one delivery again, in their original order. */
export interface Rereader {
  /** The record in `raw`, its whole text; null if that is not one record by itself. */
  read(raw: string, line: number): ReadRecord | null
}

/** Reads one delivery, chunk by chunk of its plain bytes. */
export interface CdrReader {
  /**
   * The records that end within `chunk`, in order. Throws `unreadable` if the delivery as a whole makes
   * no sense, for example without a header.
   */
  push(chunk: Uint8Array): readonly ReadRecord[]
  /** The records that were waiting for more; call once after the last chunk. Throws as `push`. */
  end(): readonly ReadRecord[]
  /** Sentences about the delivery as a whole, for example about ignored columns. */
  warnings(): string[]
  /** What the delivery says about itself; known once it was read to its end. */
  facts(): StatedFacts
  /**
   * Restarts announced by the source, up to the chunk read last; null if the feed's counters do not begin
   * again at a start. Absent in formats without restarts.
   */
  restarts?(): readonly Restart[] | null
  /** What must precede a single record for it to be read by itself, such as a header line. */
  context?(): string | null
}

/** Reads one delivery, line by line; holds what must be remembered between lines. */
export interface LineCdrReader extends Pick<CdrReader, 'end' | 'warnings' | 'context'> {
  /** What the lines hold, in order. Throws `unreadable` as `CdrReader.push` does. */
  read(lines: readonly Line[]): readonly ReadRecord[]
}

/** Adapts a reader of lines to a delivery's bytes. */
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

/** Reads records of one line each, after the lines that precede them all, if any. */
export function lineRereader(reader: LineCdrReader, before: readonly Line[] = []): Rereader {
  const readOne = (line: Line) => [...reader.read([line]), ...reader.end()]
  reader.read(before)
  return {
    read(raw, line) {
      try {
        const records = readOne({ number: line, text: raw, fault: null })
        return records.length === 1 ? records[0]! : null
      } catch (error) {
        // A line that ends a delivery, such as another header, is no record.
        if (error instanceof UsageError) return null
        throw error
      }
    },
  }
}

/** The lines of a context, numbered from `first`. */
export function linesOf(context: string, first = 1): Line[] {
  return context.split('\n').map((text, i) => ({ number: first + i, text, fault: null }))
}

/** For formats with nothing to set. Throws `invalid` if something is set. */
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
