/** A ledger row as it is shown: what counts, where it came from, and what it has replaced. */
import type { SeriesVerdict } from './counter-series.ts'
import type { CountryCode } from './country.ts'
import type { EventVersion, Zone } from './usage-event.ts'

/** Where a version of an event came from. */
export interface Provenance {
  readonly importId: number
  /** The delivery's name: a file's, `-` for standard input, `http` for a request body. */
  readonly source: string
  /** Line or position in the delivery, from 1. */
  readonly line: number
  /** UTC seconds: when the store learned of it. */
  readonly knownAt: number
}

/** A version that used to count. */
export interface ReplacedVersion extends EventVersion, Provenance {
  readonly replacedAt: number
  readonly replacedByImport: number
}

/** A version that counted until its import was undone. */
export interface UndoneVersion extends EventVersion, Provenance {
  /** When another version replaced it before that; null if it counted until it was undone. */
  readonly replacedAt: number | null
  readonly undoneAt: number
}

/**
 * A usage event as it counts now. If an undo has left nothing of it, its counters are 0, and its serving
 * and provenance are those of the version that was undone last.
 */
export interface LedgerEntry extends EventVersion, Provenance {
  /** False if an undo has left nothing. */
  readonly isCounted: boolean
  readonly occurredAt: number
  readonly feedId: number
  readonly feedName: string
  readonly recordId: string
  /** The verdict on its reading; null if its counters are usage, or nothing is left. */
  readonly reading: SeriesVerdict | null
  /** Oldest first. */
  readonly replaced: readonly ReplacedVersion[]
  /** In the order in which they were undone. */
  readonly undone: readonly UndoneVersion[]
}

/** A place in a SIM's ledger, which is ordered by time, feed (as created) and record id. */
export type LedgerPosition = Pick<LedgerEntry, 'occurredAt' | 'feedId' | 'recordId'>

export interface LedgerFilter {
  readonly simId: number
  /** If given, only while this account had the SIM. */
  readonly accountId?: number
  /** UTC seconds, inclusive. */
  readonly start: number
  /** UTC seconds, exclusive. */
  readonly end: number
  readonly zone?: Zone
  readonly country?: CountryCode
  readonly feedId?: number
}

export interface LedgerPage {
  readonly limit: number
  /** The last entry of the previous page; if absent, the page begins with the first. */
  readonly after?: LedgerPosition
}
