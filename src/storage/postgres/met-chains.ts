/**
 * The versions of events that a batch meets, while it goes through them: what becomes of each, and
 * what has to be written of their histories and repeats at its end.
 */
import { NotedRepeats } from '../repeats.ts'
import type { StoredEvent } from '../rows.ts'
import { type ChainRules, meet, withVersion } from '../version-chain.ts'
import type { EventBatch } from './append.ts'
import { Overtaken } from './failures.ts'
import { type Chain, rewriteHistories } from './history.ts'
import type { Identity, LedgerChange } from './ledger-changes.ts'
import { moveRepeats, writeRepeats } from './repeats.ts'
import type { PostgresSession } from './session.ts'

/** One event. Its versions have the counters that were delivered. */
export class MetChain {
  /** Oldest first; the last one counts. */
  versions: readonly StoredEvent[]
  /** True where versions came between those that history has, or left. */
  isRewritten = false
  readonly #before: number

  constructor(history: readonly StoredEvent[], current: StoredEvent) {
    this.versions = [...history, current]
    this.#before = history.length
  }

  get current(): StoredEvent {
    return this.versions.at(-1)!
  }

  /** What is to be added to its history; nothing where that is written anew. */
  get added(): Pick<LedgerChange, 'replaced' | 'versionsBefore'> {
    const replaced = this.isRewritten ? [] : this.versions.slice(this.#before, -1)
    return { replaced, versionsBefore: this.#before }
  }
}

/** `importIds` are those of all versions that may be met. */
export async function chainRules(
  session: PostgresSession,
  { feed: { onConflict } }: Pick<EventBatch, 'feed'>,
  importIds: Iterable<number>,
  own?: { readonly importId: number; readonly accountId: number | null },
): Promise<ChainRules> {
  const rows = await session.all(
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
  readonly #session: PostgresSession
  readonly #batch: EventBatch
  readonly #rules: ChainRules
  readonly #noted = new NotedRepeats()
  readonly #rewritten = new Map<MetChain, Identity>()

  constructor(session: PostgresSession, batch: EventBatch, rules: ChainRules) {
    this.#session = session
    this.#batch = batch
    this.#rules = rules
  }

  resolve(identity: Identity, chain: MetChain, incoming: StoredEvent): MetVerdict {
    const { current, versions } = chain
    const history = () => versions.slice(0, -1)
    const { coming } = this.#batch
    const meeting = meet(this.#rules, { current, history, incoming, coming })
    switch (meeting.does) {
      case 'conflict':
        return meeting.isOutranked ? 'outranked' : 'conflict'
      case 'repeat':
        this.#noted.note(identity[0], meeting.of, incoming)
        return 'duplicate'
      case 'take over': {
        const { importId, line, knownAt } = incoming
        this.#noted.standInFor(identity[0], current, incoming)
        chain.versions = versions.with(-1, { ...current, importId, line, knownAt })
        return 'duplicate'
      }
      default: {
        const { same } = meeting
        if (same !== null) this.#noted.standInFor(identity[0], same, incoming)
        const others = versions.filter((version) => version !== same)
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

  /** Before anything is written. */
  requireRoom(): void {
    // Another batch could add to the same history, or repeat a version that moves meanwhile.
    if (this.#rewritten.size + this.#noted.moves.length > 0 && !this.#batch.mayRewrite) {
      throw new Overtaken('the history of records is to be written anew')
    }
  }

  /** Once, after the rows that count. */
  async write(): Promise<void> {
    const chains = [...this.#rewritten].map(
      ([{ versions }, identity]): Chain => ({ identity, versions }),
    )
    await rewriteHistories(this.#session, chains, this.#batch.feed.id)
    await moveRepeats(this.#session, this.#noted.moves)
    await writeRepeats(this.#session, this.#noted.repeats)
  }
}
