/**
 * The versions of one usage event: those that do not count, oldest first, then the one that counts.
 * Here is what becomes of a further one, and what is left when an import's are taken out.
 */
import { type ConflictPolicy, compareVersions, sameContent } from '../../domain/usage-event.ts'
import type { StoredEvent } from '../rows.ts'
import type { Repeat, RepeatsOf } from './repeats.ts'

/** By what versions of a feed's events are weighed. */
export interface ChainRules {
  readonly onConflict: ConflictPolicy
  /** True for an import of the operator, whose versions outrank those of an account. */
  readonly isOperators: (importId: number) => boolean
}

/**
 * `recycled`: it was delivered before what is stored, though it is counted after it. `accepted`: a
 * person has weighed it against what counts, and decided for it.
 */
export type Coming = 'delivered' | 'recycled' | 'accepted'

/** What becomes of a version whose event is stored already. */
export type Meeting =
  /** It says what another version says already. */
  | { readonly does: 'repeat'; readonly of: StoredEvent }
  /** It says what an account's version says, and stands in its place as the operator's. */
  | { readonly does: 'take over' }
  | { readonly does: 'conflict'; readonly isOutranked: boolean }
  /**
   * It counts from now on, or goes among those that do not; `same` is an account's version that
   * says the same, in whose place it stands.
   */
  | { readonly does: 'replace' | 'come late'; readonly same: StoredEvent | null }

export interface Met {
  readonly current: StoredEvent
  /** Asked for only where the content differs. */
  readonly history: () => readonly StoredEvent[]
  readonly incoming: StoredEvent
  readonly coming: Coming
}

export function meet(rules: ChainRules, { current, history, incoming, coming }: Met): Meeting {
  // Usage takes no reading's place, and a reading no usage's.
  if (current.isReading !== incoming.isReading) return { does: 'conflict', isOutranked: false }
  if (sameContent(current.version, incoming.version)) {
    const isOver = takesOver(rules, incoming, current)
    return isOver ? { does: 'take over' } : { does: 'repeat', of: current }
  }
  const precedence = rankOf(rules, incoming) - rankOf(rules, current)
  const same = history().find((known) => sameContent(known.version, incoming.version)) ?? null
  // What only an account has said before is new when the operator says it, and a decision is new.
  const isNew = coming === 'accepted' || precedence > 0
  if (same !== null && !isNew && rankOf(rules, same) >= rankOf(rules, incoming)) {
    return { does: 'repeat', of: same }
  }
  if (precedence < 0) return { does: 'conflict', isOutranked: true }
  if (isNew) return { does: 'replace', same }
  if (rules.onConflict === 'reject') return { does: 'conflict', isOutranked: false }
  const isLate =
    rules.onConflict === 'max'
      ? compareVersions(incoming.version, current.version) < 0
      : coming === 'recycled' && cameBefore(incoming, current)
  return { does: isLate ? 'come late' : 'replace', same }
}

type OfImport = Pick<StoredEvent, 'importId'>

/** Whether a version stands in the place of another that says the same and counts. */
export function takesOver(rules: ChainRules, incoming: OfImport, current: OfImport): boolean {
  return rankOf(rules, incoming) > rankOf(rules, current)
}

function rankOf({ isOperators }: ChainRules, { importId }: OfImport): number {
  return isOperators(importId) ? 1 : 0
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

/**
 * The chain with a version in its place: behind those that it outranks, and among its equals where
 * it stands by size under `max`, else by delivery.
 */
export function withVersion(
  rules: ChainRules,
  chain: readonly StoredEvent[],
  version: StoredEvent,
): StoredEvent[] {
  const rank = rankOf(rules, version)
  const at = chain.findIndex((other) => {
    const otherRank = rankOf(rules, other)
    if (otherRank !== rank) return otherRank > rank
    return rules.onConflict === 'max'
      ? compareVersions(version.version, other.version) < 0
      : cameBefore(version, other)
  })
  return chain.toSpliced(at === -1 ? chain.length : at, 0, version)
}

/** `version` is its place in the chain; `replacedAt` is null of the one that counted. */
export interface GoneVersion {
  readonly event: StoredEvent
  readonly version: number
  readonly replacedAt: number | null
}

/** What is left of a chain. */
export interface LeftChain {
  /** Oldest first; the last one counts. Nothing where all versions were the import's alone. */
  readonly left: readonly StoredEvent[]
  /** Those that leave. */
  readonly gone: readonly GoneVersion[]
  /** Repeats that are left of those that stay as another import's. */
  readonly repeats: readonly Repeat[]
}

/**
 * The chain as if the import had never come. A version of it that another import has repeated
 * stays, as that one's; `repeatsOf` are the repeats of the import's versions.
 */
export function withoutImport(
  rules: ChainRules,
  chain: readonly StoredEvent[],
  { importId, repeatsOf }: { readonly importId: number; readonly repeatsOf: RepeatsOf },
): LeftChain {
  const kept = new Map<StoredEvent, StoredEvent>()
  const gone: GoneVersion[] = []
  const repeats: Repeat[] = []
  for (const [i, version] of chain.entries()) {
    if (version.importId !== importId) continue
    const [first, ...others] = repeatsOf
      .ofLine(version.line)
      .sort(
        (a, b) =>
          Number(rules.isOperators(b.importId)) - Number(rules.isOperators(a.importId)) ||
          (cameBefore(a, b) ? -1 : 1),
      )
    if (first === undefined) {
      gone.push({ event: version, version: i, replacedAt: chain[i + 1]?.knownAt ?? null })
      continue
    }
    const { importId: by, line, knownAt } = first
    kept.set(version, { ...version, importId: by, line, knownAt })
    for (const other of others) {
      if (other.importId !== by) repeats.push({ ...other, of: first })
    }
  }
  return { left: leftOf(rules, chain, { importId, kept }), gone, repeats }
}

/** `kept` has what the import's versions are now, where they stay. */
function leftOf(
  rules: ChainRules,
  chain: readonly StoredEvent[],
  {
    importId,
    kept,
  }: { readonly importId: number; readonly kept: ReadonlyMap<StoredEvent, StoredEvent> },
): StoredEvent[] {
  // Where decisions and not deliveries have made the order, it is kept, below what outranks.
  if (rules.onConflict === 'reject') {
    return chain
      .flatMap((version) => (version.importId === importId ? (kept.get(version) ?? []) : version))
      .sort((a, b) => rankOf(rules, a) - rankOf(rules, b))
  }
  let left = chain.filter((version) => version.importId !== importId)
  for (const version of kept.values()) left = withVersion(rules, left, version)
  return left
}
