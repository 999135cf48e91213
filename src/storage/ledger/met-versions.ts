/**
 * The versions of events that a batch meets: what becomes of each, and which rows, histories and repeats
 * have to be written. It asks no database.
 */
import type { Feed } from '../../domain/directory.ts'
import type { Identity, StoredEvent } from '../rows.ts'
import { all, type Steps } from '../session.ts'
import { type Chain, type LedgerChange, rewriteHistories } from './changes.ts'
import { type Delivered, moveRepeats, NotedRepeats, type Place, writeRepeats } from './repeats.ts'
import { type ChainRules, type Coming, meet, takesOver, withVersion } from './version-chain.ts'

/** One event. Its versions have their counters as delivered. */
export class MetChain {
  /** The version that counts. */
  current: StoredEvent
  /** True if versions were inserted into the stored history, or removed from it. */
  isRewritten = false
  #history: readonly StoredEvent[] | (() => readonly StoredEvent[])
  #before: number | null = null

  /** `history` is oldest first; a function is called for it only if contents differ. */
  constructor(
    history: readonly StoredEvent[] | (() => readonly StoredEvent[]),
    current: StoredEvent,
  ) {
    this.#history = history
    this.current = current
  }

  /** The versions that do not count, oldest first. */
  get history(): readonly StoredEvent[] {
    if (typeof this.#history === 'function') this.#history = this.#history()
    this.#before ??= this.#history.length
    return this.#history
  }

  /** Oldest first; the last one counts. */
  get versions(): readonly StoredEvent[] {
    return [...this.history, this.current]
  }

  set versions(versions: readonly StoredEvent[]) {
    this.#before ??= this.history.length
    this.#history = versions.slice(0, -1)
    this.current = versions.at(-1)!
  }

  /** What to add to its history; nothing if that is rewritten. */
  get added(): Pick<LedgerChange, 'replaced' | 'versionsBefore'> {
    // If nobody has asked for the history, nothing was added to it.
    const versionsBefore = this.#before ?? 0
    const isSame = this.isRewritten || this.#before === null
    return { replaced: isSame ? [] : this.history.slice(versionsBefore), versionsBefore }
  }
}

/**
 * `importIds` are the imports of all versions that may be met. `own` need not be stored, as in a trial.
 */
export function* chainRules(
  { onConflict }: Pick<Feed, 'onConflict'>,
  importIds: Iterable<number>,
  own?: { readonly importId: number; readonly accountId: number | null },
): Steps<ChainRules> {
  const rows = yield* all(
    'SELECT id FROM import WHERE id = ANY (?::bigint[]) AND account_id IS NOT NULL',
    [[...new Set(importIds)]],
  )
  const ofAccounts = new Set(rows.map((row) => row.id as number))
  const isOperators = (importId: number) =>
    importId === own?.importId ? own.accountId === null : !ofAccounts.has(importId)
  return { onConflict, isOperators }
}

export type MetVerdict = 'duplicate' | 'replaced' | 'conflict' | 'outranked'

export class MetVersions {
  readonly #rules: ChainRules
  readonly #coming: Coming
  readonly #noted = new NotedRepeats()
  readonly #rewritten = new Map<MetChain, Identity>()

  constructor(rules: ChainRules, coming: Coming) {
    this.#rules = rules
    this.#coming = coming
  }

  /** Whether a version changes nothing if it states the same as another import's that counts. */
  isRepeat(of: Pick<Place, 'importId'>, incoming: Pick<Place, 'importId'>): boolean {
    return !takesOver(this.#rules, incoming, of)
  }

  /** Notes that an import has delivered a version again, of an event in the bucket. */
  noteRepeat(bucket: number, of: Place, incoming: Delivered): void {
    this.#noted.note(bucket, of, incoming)
  }

  /** Adds the version to the chain and says what became of it. */
  resolve(identity: Identity, chain: MetChain, incoming: StoredEvent): MetVerdict {
    const { current } = chain
    const history = () => chain.history
    const meeting = meet(this.#rules, { current, history, incoming, coming: this.#coming })
    switch (meeting.does) {
      case 'conflict':
        return meeting.isOutranked ? 'outranked' : 'conflict'
      case 'repeat':
        this.#noted.note(identity[0], meeting.of, incoming)
        return 'duplicate'
      case 'take over': {
        const { importId, line, knownAt } = incoming
        this.#noted.standInFor(identity[0], current, incoming)
        chain.current = { ...current, importId, line, knownAt }
        return 'duplicate'
      }
      default: {
        const { same } = meeting
        if (same !== null) this.#noted.standInFor(identity[0], same, incoming)
        const others = chain.versions.filter((version) => version !== same)
        const isLate = meeting.does === 'come late'
        chain.versions = isLate ? withVersion(this.#rules, others, incoming) : [...others, incoming]
        if (isLate || same !== null) {
          chain.isRewritten = true
          this.#rewritten.set(chain, identity)
        }
        return isLate ? 'duplicate' : 'replaced'
      }
    }
  }

  /** True if another batch could add to the same history, or repeat a version that moves. */
  get rewrites(): boolean {
    return this.#rewritten.size + this.#noted.moves.length > 0
  }

  /** Called once, after the rows that count. */
  *write(): Steps<void> {
    const chains = [...this.#rewritten].map(
      ([{ versions }, identity]): Chain => ({ identity, versions }),
    )
    this.#rewritten.clear()
    yield* rewriteHistories(chains)
    yield* moveRepeats(this.#noted.moves.splice(0))
    yield* writeRepeats(this.#noted.repeats.splice(0))
  }
}
