/**
 * Finds what a correction replaces. A format that derives record ids from content cannot tell, because a
 * corrected record has another content. The record that it replaces is therefore looked up in the ledger.
 */
import type { Feed } from '../domain/directory.ts'
import type { LedgerEntry } from '../domain/ledger-entry.ts'
import { formatInstant } from '../domain/time.ts'
import { sameContent, type UsageEvent } from '../domain/usage-event.ts'
import type { UsageStore } from '../storage/usage-store.ts'
import { type Correction, isFault, type ReadRecord } from './formats/cdr-format.ts'
import { CDR_FORMATS } from './formats/formats.ts'

/** No more parts of one session start in the same second. */
const CANDIDATES_MAX = 1_000

export type LedgerOfStore = Pick<UsageStore, 'listUsageEvents'>

/** The record id under which a correction counts, or how many records it may be meant for. */
export type CorrectionPlace = { readonly recordId: string } | { readonly candidates: number }

export class Corrections {
  readonly #store: LedgerOfStore
  readonly #feedId: number
  readonly #correctionOf: ((recordId: string) => Correction | null) | undefined

  constructor(store: LedgerOfStore, { id, format }: Feed) {
    this.#store = store
    this.#feedId = id
    this.#correctionOf = CDR_FORMATS[format].correctionOf
  }

  /** True if the place of one of the records depends on what has come before it. */
  areAmong(records: readonly ReadRecord[]): boolean {
    const correctionOf = this.#correctionOf
    if (correctionOf === undefined) return false
    return records.some((record) => !isFault(record) && correctionOf(record.recordId) !== null)
  }

  /**
   * Where the correction counts: in place of the only record that it can be meant for, or by itself if
   * there is none. `beside` are records that come with it and are not stored yet.
   */
  async placeOf(event: UsageEvent, beside: readonly UsageEvent[]): Promise<CorrectionPlace> {
    const { simId, occurredAt, recordId } = event
    const correction = this.#correctionOf?.(recordId)
    if (correction == null) return { recordId }
    const stored = await this.#store.listUsageEvents(
      { simId, start: occurredAt, end: occurredAt + 1, feedId: this.#feedId },
      { limit: CANDIDATES_MAX },
    )
    const candidates = stored.filter(
      (entry) => entry.isCounted && correction.mayBeOf(entry.recordId),
    )
    const coming = beside.filter(
      (other) =>
        other !== event &&
        other.simId === simId &&
        other.occurredAt === occurredAt &&
        correction.mayBeOf(other.recordId) &&
        this.#correctionOf?.(other.recordId) === null,
    )
    const ids = new Set([...candidates, ...coming].map((candidate) => candidate.recordId))
    const same = [...ids].find(correction.isSameAs)
    if (same !== undefined) return { recordId: same }
    const [only = recordId] = ids
    if (ids.size <= 1) return { recordId: only }
    const placed = candidates.filter((entry) => hasTaken(entry, event))
    return placed.length === 1 ? { recordId: placed[0]!.recordId } : { candidates: ids.size }
  }
}

/** What is wrong with a correction that may be meant for several records. */
export function unclearCorrection({ occurredAt }: UsageEvent, candidates: number) {
  return {
    reason: 'invalid_field',
    field: 'record_id',
    detail:
      `the record corrects another one, but does not say which of the ${candidates} in its session ` +
      `has at ${formatInstant(occurredAt)}: nothing is changed`,
  } as const
}

/** The correction has already replaced a version, so this is a repeat. */
function hasTaken(entry: LedgerEntry, event: UsageEvent): boolean {
  const later = entry.replaced.slice(1)
  return entry.replaced.length > 0 && [entry, ...later].some((one) => sameContent(one, event))
}
