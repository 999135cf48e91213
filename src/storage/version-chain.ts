/** The versions of one usage event: those that were replaced, oldest first, then the one that counts. */
import type { StoredEvent } from './rows.ts'

/**
 * What is left of the versions of one identity, oldest first; the last one counts. Nothing where
 * all of them were the import's.
 */
export function withoutImport(chain: readonly StoredEvent[], importId: number): StoredEvent[] {
  return chain.filter((version) => version.importId !== importId)
}

/** A version as history keeps it: with its place, and what came after it. */
export interface HistoryEntry {
  readonly version: number
  readonly event: StoredEvent
  readonly replacedAt: number
  readonly replacedByImport: number
}

/** The history of a chain: all but the last, each replaced by the next one. */
export function historyOf(chain: readonly StoredEvent[]): HistoryEntry[] {
  return chain.slice(0, -1).map((event, version) => {
    const { knownAt, importId } = chain[version + 1]!
    return { version, event, replacedAt: knownAt, replacedByImport: importId }
  })
}

type Provenance = Pick<StoredEvent, 'importId' | 'line'>

/** True when the version was delivered before another one, though it is counted after it. */
export function cameBefore(version: Provenance, other: Provenance): boolean {
  if (version.importId !== other.importId) return version.importId < other.importId
  return version.line < other.line
}

/** The chain with a late version in its place: before the first one that was delivered after it. */
export function withLate(chain: readonly StoredEvent[], late: StoredEvent): StoredEvent[] {
  const at = chain.findIndex((version) => cameBefore(late, version))
  return chain.toSpliced(at === -1 ? chain.length : at, 0, late)
}
