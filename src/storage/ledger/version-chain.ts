/**
 * The versions of one usage event: those that do not count, oldest first, then the one that counts. This
 * file decides what becomes of a further version, and what is left when an import's versions are removed.
 */
import { type ConflictPolicy, compareVersions, sameContent } from '../../domain/usage-event.ts'
import type { StoredEvent } from '../rows.ts'
import type { Repeat, RepeatsOf } from './repeats.ts'

/** The rules for weighing versions of a feed's events. */
export interface ChainRules {
  readonly onConflict: ConflictPolicy
  /** True for an operator's import, whose versions outrank those of an account. */
  readonly isOperators: (importId: number) => boolean
}

/**
 * `recycled`: it was delivered before what is stored, though counted after it. `accepted`: a person has
 * weighed it against what counts and chosen it.
 */
export type Coming = 'delivered' | 'recycled' | 'accepted'

/** What happens to a version whose event is already stored. */
export type Meeting =
  /** It states what another version already states. */
  | { readonly does: 'repeat'; readonly of: StoredEvent }
  /** It states the same as an account's version, and replaces it as the operator's. */
  | { readonly does: 'take over' }
  | { readonly does: 'conflict'; readonly isOutranked: boolean }
  /**
   * It counts from now on, or joins those that do not. `same` is an account's version that states the
   * same, which it replaces.
   */
  | { readonly does: 'replace' | 'come late'; readonly same: StoredEvent | null }

export interface Met {
  readonly current: StoredEvent
  /** Called only if the content differs. */
  readonly history: () => readonly StoredEvent[]
  readonly incoming: StoredEvent
  readonly coming: Coming
}

export function meet(rules: ChainRules, { current, history, incoming, coming }: Met): Meeting {
  // Usage never replaces a reading, nor a reading usage.
  if (current.isReading !== incoming.isReading) return { does: 'conflict', isOutranked: false }
  if (sameContent(current.version, incoming.version)) {
    const isOver = takesOver(rules, incoming, current)
    return isOver ? { does: 'take over' } : { does: 'repeat', of: current }
  }
  const precedence = rankOf(rules, incoming) - rankOf(rules, current)
  const same = history().find((known) => sameContent(known.version, incoming.version)) ?? null
  // What only an account has stated is new when the operator states it, and so is a decision.
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

/** Whether a version replaces another that states the same and counts. */
export function takesOver(rules: ChainRules, incoming: OfImport, current: OfImport): boolean {
  return rankOf(rules, incoming) > rankOf(rules, current)
}

function rankOf({ isOperators }: ChainRules, { importId }: OfImport): number {
  return isOperators(importId) ? 1 : 0
}

/** A version as history keeps it: with its position, and what replaced it. */
export interface HistoryEntry {
  readonly version: number
  readonly event: StoredEvent
  readonly replacedAt: number
  readonly replacedByImport: number
}

/** The history of a chain: all versions but the last, each replaced by the next. */
export function historyOf(chain: readonly StoredEvent[]): HistoryEntry[] {
  return chain.slice(0, -1).map((event, version) => {
    const { knownAt, importId } = chain[version + 1]!
    return { version, event, replacedAt: knownAt, replacedByImport: importId }
  })
}

type Provenance = Pick<StoredEvent, 'importId' | 'line'>

/** True if the version was delivered before the other, though counted after it. */
export function cameBefore(version: Provenance, other: Provenance): boolean {
  if (version.importId !== other.importId) return version.importId < other.importId
  return version.line < other.line
}

/**
 * The chain with a version inserted: after those that it outranks, and among its equals by size under
 * `max`, otherwise by delivery.
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

/** `version` is its position in the chain; `replacedAt` is null for the one that counted. */
export interface GoneVersion {
  readonly event: StoredEvent
  readonly version: number
  readonly replacedAt: number | null
}

/** What is left of a chain. */
export interface LeftChain {
  /** Oldest first; the last one counts. Empty if all versions were the import's alone. */
  readonly left: readonly StoredEvent[]
  /** The versions that are removed. */
  readonly gone: readonly GoneVersion[]
  /** Remaining repeats of versions that stay as another import's. */
  readonly repeats: readonly Repeat[]
}

/**
 * The chain as if the import had never come. If another import has repeated one of its versions, that
 * version stays as the other's. `repeatsOf` are the repeats of the import's versions.
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

/** `kept` maps those of the import's versions that stay to what they become. */
function leftOf(
  rules: ChainRules,
  chain: readonly StoredEvent[],
  {
    importId,
    kept,
  }: { readonly importId: number; readonly kept: ReadonlyMap<StoredEvent, StoredEvent> },
): StoredEvent[] {
  // If decisions rather than deliveries made the order, it is kept within each rank.
  if (rules.onConflict === 'reject') {
    return chain
      .flatMap((version) => (version.importId === importId ? (kept.get(version) ?? []) : version))
      .sort((a, b) => rankOf(rules, a) - rankOf(rules, b))
  }
  let left = chain.filter((version) => version.importId !== importId)
  for (const version of kept.values()) left = withVersion(rules, left, version)
  return left
}
