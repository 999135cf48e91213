/** What becomes of the entries of a recycled batch, the same for every engine. */
import type { QuarantinedRecord, VerdictCounts } from '../domain/import.ts'
import type { RecycleBatch } from './usage-store.ts'
import type { Coming } from './version-chain.ts'

/** The entries of a batch that are still there. */
export type EntriesThere = Pick<RecycleBatch, 'events' | 'expired' | 'faults'>

export function entriesThere(
  { events, expired, faults }: RecycleBatch,
  isThere: (entryId: number) => boolean,
): EntriesThere {
  return {
    events: events.filter(({ entryId }) => isThere(entryId)),
    expired: expired.filter(isThere),
    faults: faults.filter(({ entryId }) => isThere(entryId)),
  }
}

export function comingOf({ acceptance }: RecycleBatch): Coming {
  return acceptance === undefined ? 'recycled' : 'accepted'
}

export interface RecycledEntries {
  /** Entries that cannot be counted yet, each with its reason of now. */
  readonly stays: RecycleBatch['faults']
  readonly leaves: readonly number[]
  readonly counts: VerdictCounts
}

/** `counted` and `conflicts` are what became of the events. */
export function recycledEntries(
  { events, expired, faults }: EntriesThere,
  counted: VerdictCounts,
  conflicts: readonly QuarantinedRecord[],
): RecycledEntries {
  const entryOfLine = new Map(events.map(({ entryId, event }) => [event.line, entryId]))
  const stays = [
    ...faults,
    ...conflicts.map((fault) => ({ entryId: entryOfLine.get(fault.line)!, fault })),
  ]
  const staying = new Set(stays.map(({ entryId }) => entryId))
  const leaves = [...events.map(({ entryId }) => entryId), ...expired].filter(
    (entryId) => !staying.has(entryId),
  )
  const counts: VerdictCounts = {
    ...counted,
    quarantined: stays.length,
    expired: counted.expired + expired.length,
  }
  return { stays, leaves, counts }
}
