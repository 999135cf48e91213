/** Versions that an undo has removed. They count nowhere, and explain earlier answers. */

import type { StoredEvent } from '../rows.ts'
import type { Values } from '../session.ts'
import { CONTENT_COLUMNS, columnsNamed } from '../tables.ts'
import { atText } from './buckets.ts'
import { contentOf } from './changes.ts'

export interface UndoneVersion {
  readonly simId: number
  readonly occurredAt: number
  readonly feedId: number
  readonly recordId: string
  /** Its position among the versions at the time. */
  readonly version: number
  /** For the one that counted, with the usage that it came to. */
  readonly event: StoredEvent
  /** When another version replaced it; null if it counted until it was undone. */
  readonly replacedAt: number | null
}

export const UNDONE_COLUMNS = columnsNamed('undone_version')

const IMPORT_ID = CONTENT_COLUMNS.indexOf('import_id')

/** Values of `UNDONE_COLUMNS`. */
export function undoneVersionToRow(undone: UndoneVersion): Values {
  const { simId, occurredAt, feedId, recordId, version, event, replacedAt } = undone
  const place = [simId, occurredAt, feedId, recordId, event.importId, version]
  return [...place, ...contentOf(event).toSpliced(IMPORT_ID, 1), replacedAt]
}

export const DELETE_OLD_UNDONE = 'DELETE FROM undone_version WHERE occurred_at < ?'

/**
 * Events that have nothing left, in the order of a SIM's ledger. Parameters: SIM, from, end; the position
 * before; those of the conditions; limit.
 */
export function selectGoneEvents(conditions: string, freshSeconds: number): string {
  return `
    SELECT DISTINCT occurred_at, feed_id, record_id
    FROM undone_version AS undone
    WHERE sim_id = ? AND occurred_at >= ? AND occurred_at < ?
      AND (occurred_at, feed_id, record_id) > (?, ?, ?) ${conditions}
      AND NOT EXISTS (SELECT 1 FROM ledger
                      WHERE ledger.bucket ${atText('undone.occurred_at', freshSeconds)}
                        AND ledger.sim_id = undone.sim_id
                        AND ledger.occurred_at = undone.occurred_at
                        AND ledger.feed_id = undone.feed_id
                        AND ledger.record_id = undone.record_id)
    ORDER BY occurred_at, feed_id, record_id
    LIMIT ?`
}

/** Parameters: SIM, first and last instant. */
export const SELECT_UNDONE = `
  SELECT * FROM undone_version
  WHERE sim_id = ? AND occurred_at >= ? AND occurred_at <= ?
  ORDER BY occurred_at, feed_id, record_id, import_id, version`
