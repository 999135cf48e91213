/** What quarantine keeps of a record whose identity is stored with other content. */

import { createHash } from 'node:crypto'
import { countersOf } from '../../domain/counters.ts'
import { type KeptRecord, type QuarantinedRecord, RAW_BYTES_MAX } from '../../domain/import.ts'
import { formatInstant } from '../../domain/time.ts'
import type { EventVersion } from '../../domain/usage-event.ts'
import { countersInWords } from '../counter-columns.ts'
import type { StoredEvent } from '../rows.ts'
import { TRIAL_IMPORT_ID } from '../usage-store.ts'

export interface ConflictingRecord {
  readonly simId: number
  readonly recordId: string
  /** UTC seconds. */
  readonly occurredAt: number
  readonly line: number
  readonly raw: string
  readonly version: EventVersion
  readonly reading: KeptRecord['reading']
}

/** A conflict before its SIM is named. */
export interface Conflict extends Omit<QuarantinedRecord, 'record'> {
  readonly simId: number
  readonly read: Omit<KeptRecord, 'sim'>
}

/** Describes both versions: this one, and the one that counts with its origin. */
export function conflictRecord(
  { simId, recordId, occurredAt, line, raw, version, reading }: ConflictingRecord,
  stored: Pick<StoredEvent, 'version' | 'importId' | 'line'>,
  verdict: 'conflict' | 'outranked',
): Conflict {
  const bytes = Buffer.from(raw, 'utf8')
  return {
    line,
    reason: 'conflict',
    detail:
      `record ${JSON.stringify(recordId)} at ${formatInstant(occurredAt)} is stored with ` +
      `${describeVersion(stored.version)} (${describeImport(stored)}, line ${stored.line}), ` +
      `this one states ${describeVersion(version)}` +
      (verdict === 'outranked' ? '; the version of the operator outranks it' : ''),
    field: null,
    raw: bytes.subarray(0, RAW_BYTES_MAX),
    rawHash: createHash('sha256').update(bytes).digest('hex'),
    simId,
    read: { recordId, occurredAt, ...statedBy(version), reading },
  }
}

function statedBy(version: EventVersion) {
  const { plmn, country, zone, countryStated, zoneStated } = version.serving
  return {
    ...countersOf(version),
    plmn,
    country: countryStated ? country : null,
    zone: zoneStated ? zone : null,
  }
}

/** With the SIM's SID added, as a record that can be counted later. */
export function namedConflict(
  { simId, read, ...rest }: Conflict,
  sidOf: (simId: number) => string,
): QuarantinedRecord {
  return { ...rest, record: { ...read, sim: sidOf(simId) } }
}

function describeImport({ importId }: Pick<StoredEvent, 'importId'>): string {
  return importId === TRIAL_IMPORT_ID ? 'this delivery' : `import ${importId}`
}

function describeVersion(version: EventVersion): string {
  const { plmn, country, zone } = version.serving
  return `${countersInWords(version)} on ${plmn ?? country ?? 'no network'} (${zone})`
}
