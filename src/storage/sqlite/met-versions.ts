/**
 * What becomes of a version whose event is stored already: its history, what repeats it, and whose it
 * is. The row that counts is its caller's to write.
 */
import type { Feed } from '../../domain/directory.ts'
import { NotedRepeats } from '../repeats.ts'
import type { StoredEvent } from '../rows.ts'
import { type ChainRules, type Coming, meet, withVersion } from '../version-chain.ts'
import type { Connection } from './connection.ts'
import { contentOf, readHistory, rewriteHistory } from './history.ts'
import { operatorsImports } from './operators-imports.ts'
import { moveRepeats, writeRepeats } from './repeats.ts'
import type { Identity } from './series-writer.ts'
import { INSERT_REPLACED_VERSION, SET_PROVENANCE } from './undo-sql.ts'

interface BatchFacts {
  readonly importId: number
  /** Whose key delivers; null for the operator. */
  readonly accountId: number | null
  readonly feed: Pick<Feed, 'onConflict'>
  readonly knownAt: number
}

export type MetVerdict = 'duplicate' | 'replaced' | 'conflict' | 'outranked'

export class MetVersions {
  readonly #connection: Connection
  readonly #batch: BatchFacts
  readonly #coming: Coming
  readonly #rules: ChainRules
  readonly #noted = new NotedRepeats()

  constructor(connection: Connection, batch: BatchFacts, coming: Coming) {
    this.#connection = connection
    this.#batch = batch
    this.#coming = coming
    this.#rules = {
      onConflict: batch.feed.onConflict,
      isOperators: operatorsImports(connection, batch),
    }
  }

  /** Both with the counters that were delivered; `replaced` leaves the row to its caller. */
  resolve(identity: Identity, current: StoredEvent, incoming: StoredEvent): MetVerdict {
    let known: readonly StoredEvent[] | null = null
    const history = () => (known ??= readHistory(this.#connection, identity))
    const coming = this.#coming
    const meeting = meet(this.#rules, { current, history, incoming, coming })
    switch (meeting.does) {
      case 'conflict':
        return meeting.isOutranked ? 'outranked' : 'conflict'
      case 'repeat':
        this.#noted.note(identity[0], meeting.of, incoming)
        return 'duplicate'
      case 'take over':
        this.#noted.standInFor(identity[0], current, incoming)
        this.#run(SET_PROVENANCE, incoming.importId, incoming.line, incoming.knownAt, ...identity)
        return 'duplicate'
      default: {
        const { same } = meeting
        if (same !== null) this.#noted.standInFor(identity[0], same, incoming)
        const others = history().filter((version) => version !== same)
        const isLate = meeting.does === 'come late'
        if (isLate || same !== null) {
          const chain = [...others, current]
          const grown = isLate ? withVersion(this.#rules, chain, incoming) : [...chain, incoming]
          rewriteHistory(this.#connection, identity, grown)
        } else this.#keep(identity, current, others.length)
        return isLate ? 'duplicate' : 'replaced'
      }
    }
  }

  /** Once, at the end of the batch. */
  write(): void {
    moveRepeats(this.#connection, this.#noted.moves)
    writeRepeats(this.#connection, this.#noted.repeats)
  }

  #keep(identity: Identity, replaced: StoredEvent, version: number): void {
    const { knownAt, importId } = this.#batch
    this.#run(
      INSERT_REPLACED_VERSION,
      ...identity,
      version,
      ...contentOf(replaced),
      knownAt,
      importId,
    )
  }

  #run(text: string, ...values: (string | number)[]): void {
    this.#connection.prepare(text).run(...values)
  }
}
