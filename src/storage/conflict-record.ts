/** What quarantine keeps of a record whose identity is stored with other content. */
import { createHash } from 'node:crypto'
import { type QuarantinedRecord, RAW_BYTES_MAX } from '../domain/import.ts'
import { formatInstant } from '../domain/time.ts'
import type { EventVersion } from '../domain/usage-event.ts'
import type { StoredEvent } from './rows.ts'

export interface ConflictingRecord {
  readonly recordId: string
  /** UTC seconds. */
  readonly occurredAt: number
  readonly line: number
  readonly raw: string
  readonly version: EventVersion
}

/** Both versions are told: the one that counts, and where it came from, and this one. */
export function conflictRecord(
  { recordId, occurredAt, line, raw, version }: ConflictingRecord,
  stored: Pick<StoredEvent, 'version' | 'importId' | 'line'>,
): QuarantinedRecord {
  const bytes = Buffer.from(raw, 'utf8')
  return {
    line,
    reason: 'conflict',
    detail:
      `record ${JSON.stringify(recordId)} at ${formatInstant(occurredAt)} is stored with ` +
      `${describeVersion(stored.version)} (import ${stored.importId}, line ${stored.line}), ` +
      `this one states ${describeVersion(version)}`,
    field: null,
    raw: bytes.subarray(0, RAW_BYTES_MAX),
    rawHash: createHash('sha256').update(bytes).digest('hex'),
  }
}

function describeVersion({ upload, download, toSim, fromSim, serving }: EventVersion): string {
  const network = serving.plmn ?? serving.country ?? 'no network'
  return (
    `upload ${upload}, download ${download}, to_sim ${toSim}, from_sim ${fromSim} ` +
    `on ${network} (${serving.zone})`
  )
}
