/** What a format turns a carrier's delivery into, and the form every format has. */
import { createHash } from 'node:crypto'
import type { StatedNetwork } from '../../domain/classification.ts'
import { type QuarantinedRecord, RAW_BYTES_MAX } from '../../domain/import.ts'
import type { Counters } from '../../domain/usage-event.ts'
import type { Line } from '../lines.ts'

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
  readonly line: number
  readonly raw: string
}

/** A record, or the fault that keeps it from being counted. */
export type ReadRecord = CdrRecord | QuarantinedRecord

export function isFault(record: ReadRecord): record is QuarantinedRecord {
  return 'reason' in record
}

/** Reads one delivery, line after line; holds what must be remembered between lines. */
export interface CdrReader {
  /**
   * What the lines hold, in their order. Throws `unreadable` when the delivery as a whole makes no
   * sense, such as without a header.
   */
  read(lines: readonly Line[]): readonly ReadRecord[]
  /** Call once after the last line. Throws `unreadable` as `read` does. */
  end(): readonly ReadRecord[]
  /** Sentences about the delivery as a whole, such as columns that were ignored. */
  warnings(): string[]
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
