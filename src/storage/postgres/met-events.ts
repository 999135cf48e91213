/**
 * Handles events whose identity the ledger already has, or that a batch brings more than once. The feed's
 * policy decides, version after version in order of delivery, as if they had come one by one.
 */
import { sameContent } from '../../domain/usage-event.ts'
import { type LedgerChange, Overtaken, writeLedgerChanges } from '../ledger/changes.ts'
import { type Conflict, conflictRecord } from '../ledger/conflict-record.ts'
import {
  type EventBatch,
  type IncomingEvent,
  identityOf,
  versionOf,
} from '../ledger/incoming-events.ts'
import { chainRules, MetChain, type MetVerdict, MetVersions } from '../ledger/met-versions.ts'
import { NotedRepeats, type Place, writeRepeats } from '../ledger/repeats.ts'
import { takesOver } from '../ledger/version-chain.ts'
import type { Limits } from '../limits.ts'
import { type StoredEvent, storedEventFromRow } from '../rows.ts'
import * as sql from './ledger-sql.ts'
import type { PostgresSession } from './session.ts'

/** One identity of the batch that was met. */
interface Met {
  readonly first: IncomingEvent
  /** Versions still to be resolved, in order of delivery. */
  readonly versions: IncomingEvent[]
  /** The row as the transaction found or added it. */
  readonly found: StoredEvent
}

interface MetInput {
  /** As copied into `incoming`; the position there is the index here. */
  readonly firsts: readonly IncomingEvent[]
  /** What the batch brings more than once: all but the first, by the position of that. */
  readonly repeatsAt: ReadonlyMap<number, readonly IncomingEvent[]>
  /** Those of `firsts` that were not added. */
  readonly metPositions: ReadonlySet<number>
  readonly limits: Limits
}

export class MetEvents {
  duplicate = 0
  replaced = 0
  readonly conflicts: Conflict[] = []
  readonly #session: PostgresSession
  readonly #batch: EventBatch
  readonly #input: MetInput

  constructor(session: PostgresSession, batch: EventBatch, input: MetInput) {
    this.#session = session
    this.#batch = batch
    this.#input = input
  }

  async resolve(): Promise<this> {
    const { metPositions, repeatsAt } = this.#input
    const left = new Set([...metPositions, ...repeatsAt.keys()])
    await this.#countSame(left)
    if (left.size > 0) await this.#resolveEach(await this.#findMet(left))
    return this
  }

  /**
   * Counts as duplicates the events that are stored as they are, and takes them out of the positions. An
   * event that the batch brings more than once is left to its versions.
   */
  async #countSame(left: Set<number>): Promise<void> {
    const { feed } = this.#batch
    const { repeatsAt } = this.#input
    const asked = [...left].filter((position) => !repeatsAt.has(position))
    const row =
      asked.length === 0 ? null : await this.#session.get(sql.SELECT_SAME, [feed.id, asked])
    const positions = (row?.positions ?? []) as number[]
    if (positions.length === 0) return
    const importIds = row!.import_ids as number[]
    const lines = row!.lines as number[]
    const rules = await this.#session.take(chainRules(feed, importIds, this.#batch))
    const noted = new NotedRepeats()
    for (const [i, position] of positions.entries()) {
      const of: Place = { importId: importIds[i]!, line: lines[i]! }
      if (takesOver(rules, this.#batch, of)) continue
      left.delete(position)
      this.duplicate++
      const { bucket, event } = this.#input.firsts[position]!
      const { importId, knownAt } = this.#batch
      noted.note(bucket, of, { importId, line: event.line, knownAt })
    }
    await this.#session.take(writeRepeats(noted.repeats))
  }

  async #resolveEach(mets: ReadonlyMap<number, Met>): Promise<void> {
    const { feed } = this.#batch
    const history = await this.#findHistory(mets)
    const chains = new Map(
      [...mets].map(([position, { found }]) => [
        position,
        new MetChain(history.get(position) ?? [], found),
      ]),
    )
    const met = [...chains.values()].flatMap(({ versions }) => versions)
    const importIds = met.map(({ importId }) => importId)
    const rules = await this.#session.take(chainRules(feed, importIds, this.#batch))
    const versions = new MetVersions(rules, this.#batch.coming)
    const changes: LedgerChange[] = []
    for (const [position, { first, found, versions: incoming }] of mets) {
      const chain = chains.get(position)!
      const identity = identityOf(first, feed.id)
      for (const next of incoming)
        this.#count(next, chain, versions.resolve(identity, chain, this.#asRow(next)))
      if (chain.current !== found) {
        changes.push({ identity, before: found, after: chain.current, ...chain.added })
      }
    }
    if (versions.rewrites && !this.#batch.mayRewrite) {
      throw new Overtaken('the history of records is to be written anew')
    }
    await this.#session.take(writeLedgerChanges(this.#batch, changes, this.#input.limits))
    await this.#session.take(versions.write())
  }

  #count(incoming: IncomingEvent, { current }: MetChain, verdict: MetVerdict): void {
    if (verdict === 'duplicate' || verdict === 'replaced') this[verdict]++
    else {
      const record = { ...incoming.event, version: versionOf(incoming) }
      this.conflicts.push(conflictRecord(record, current, verdict))
    }
  }

  /** By position in `incoming`, ascending. This is key order, in which rows are then changed. */
  async #findMet(asked: ReadonlySet<number>): Promise<ReadonlyMap<number, Met>> {
    const { feed } = this.#batch
    const { firsts, metPositions, repeatsAt } = this.#input
    const mets = new Map<number, Met>()
    const rows = await this.#session.all(sql.SELECT_MET, [feed.id, [...asked]])
    for (const row of rows.sort((a, b) => (a.position as number) - (b.position as number))) {
      const position = row.position as number
      const first = firsts[position]!
      const found = storedEventFromRow(row)
      // What this very batch has added is not met, but its repeats are.
      const versions = [
        ...(metPositions.has(position) ? [first] : []),
        ...(repeatsAt.get(position) ?? []),
      ]
      if (versions.length === 0) continue
      mets.set(position, { first, versions, found })
    }
    return mets
  }

  /** The versions in history, by position; read only if contents differ. */
  async #findHistory(
    mets: ReadonlyMap<number, Met>,
  ): Promise<ReadonlyMap<number, readonly StoredEvent[]>> {
    const { feed } = this.#batch
    const differing = [...mets].filter(([, { found, versions }]) =>
      versions.some((incoming) => !sameContent(found.version, versionOf(incoming))),
    )
    if (differing.length === 0) return new Map()
    const positions = differing.map(([position]) => position)
    const rows = await this.#session.all(sql.SELECT_REPLACED, [feed.id, positions])
    const byPosition = Map.groupBy(rows, (row) => row.position as number)
    return new Map(
      [...byPosition].map(([position, list]) => [position, list.map(storedEventFromRow)]),
    )
  }

  #asRow(incoming: IncomingEvent): StoredEvent {
    const { event, serving } = incoming
    return {
      version: versionOf(incoming),
      columns: serving,
      isReading: false,
      accountId: event.accountId,
      importId: this.#batch.importId,
      line: event.line,
      knownAt: this.#batch.knownAt,
    }
  }
}
