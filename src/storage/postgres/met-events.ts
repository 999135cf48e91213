/**
 * What becomes of events whose identity the ledger has already, or that a batch brings more than
 * once: the feed's policy decides, version after version in order of delivery, as if they had come
 * one by one.
 */
import type { QuarantinedRecord } from '../../domain/import.ts'
import { type EventVersion, resolveConflict, sameContent } from '../../domain/usage-event.ts'
import { conflictRecord } from '../conflict-record.ts'
import { storedEventFromRow } from '../rows.ts'
import type { AppendBatch } from '../usage-store.ts'
import type { IncomingEvent, Limits } from './append.ts'
import type { Session } from './connection.ts'
import {
  type Current,
  identityOf,
  type LedgerChange,
  writeLedgerChanges,
} from './ledger-changes.ts'
import * as sql from './ledger-sql.ts'

/** One identity of the batch that was met. */
interface Met {
  readonly first: IncomingEvent
  /** Versions still to be resolved, in order of delivery. */
  readonly versions: IncomingEvent[]
  /** The row as the transaction found it, or added it. */
  readonly found: Current
  current: Current
  /** Versions that later ones of this batch replace, oldest first. */
  readonly replaced: Current[]
}

interface MetInput {
  /** As they were copied into `incoming`: the position there is the index here. */
  readonly firsts: readonly IncomingEvent[]
  readonly repeats: readonly IncomingEvent[]
  /** Of `firsts`, those that were not added. */
  readonly metPositions: ReadonlySet<number>
  readonly limits: Limits
}

export class MetEvents {
  duplicate = 0
  replaced = 0
  readonly conflicts: QuarantinedRecord[] = []
  readonly #session: Session
  readonly #batch: AppendBatch
  readonly #input: MetInput

  constructor(session: Session, batch: AppendBatch, input: MetInput) {
    this.#session = session
    this.#batch = batch
    this.#input = input
  }

  async resolve(): Promise<this> {
    const { feed } = this.#batch
    const mets = await this.#findMet()
    const earlier = await this.#findEarlierVersions(mets)
    for (const [position, met] of mets) {
      const wasReplaced = (version: EventVersion) =>
        [...(earlier.get(position) ?? []), ...met.replaced.map((known) => known.version)].some(
          (known) => sameContent(known, version),
        )
      for (const incoming of met.versions) {
        const version = versionOf(incoming)
        // Usage takes no reading's place.
        const verdict = met.current.isReading
          ? 'conflict'
          : resolveConflict(feed.onConflict, met.current.version, version, () =>
              wasReplaced(version),
            )
        if (verdict === 'duplicate') this.duplicate++
        else if (verdict === 'conflict') {
          this.conflicts.push(conflictRecord({ ...incoming.event, version }, met.current))
        } else {
          this.replaced++
          met.replaced.push(met.current)
          met.current = this.#asRow(incoming)
        }
      }
    }
    const changes = [...mets].flatMap(([position, met]): LedgerChange[] =>
      met.replaced.length === 0
        ? []
        : [
            {
              identity: identityOf(met.first, feed.id),
              before: met.found,
              after: met.current,
              replaced: met.replaced,
              versionsBefore: earlier.get(position)?.length ?? 0,
            },
          ],
    )
    await writeLedgerChanges(this.#session, this.#batch, changes, this.#input.limits)
    return this
  }

  /** By position in `incoming`, ascending: the order of the key, in which rows are then changed. */
  async #findMet(): Promise<ReadonlyMap<number, Met>> {
    const { feed } = this.#batch
    const { firsts, repeats, metPositions } = this.#input
    const positions = new Map(firsts.map(({ event }, position) => [identityText(event), position]))
    const repeatsAt = new Map<number, IncomingEvent[]>()
    for (const repeat of repeats) {
      const position = positions.get(identityText(repeat.event))!
      const list = repeatsAt.get(position)
      if (list === undefined) repeatsAt.set(position, [repeat])
      else list.push(repeat)
    }
    const asked = [...new Set([...metPositions, ...repeatsAt.keys()])]
    const mets = new Map<number, Met>()
    const rows = await this.#session.all(sql.SELECT_MET, [feed.id, asked])
    for (const row of rows.sort((a, b) => (a.position as number) - (b.position as number))) {
      const position = row.position as number
      const first = firsts[position]!
      const found: Current = { ...storedEventFromRow(row), knownAt: row.known_at as number }
      // What this very batch has added is not met; its repeats meet it.
      const versions = [
        ...(metPositions.has(position) ? [first] : []),
        ...(repeatsAt.get(position) ?? []),
      ]
      if (versions.length === 0) continue
      mets.set(position, { first, versions, found, current: found, replaced: [] })
    }
    return mets
  }

  /** The versions that history has, by position; only `replace` asks for them. */
  async #findEarlierVersions(
    mets: ReadonlyMap<number, Met>,
  ): Promise<ReadonlyMap<number, readonly EventVersion[]>> {
    const { feed } = this.#batch
    const versions = new Map<number, EventVersion[]>()
    const differs = [...mets.values()].some(({ found, versions: list }) =>
      list.some((incoming) => !sameContent(found.version, versionOf(incoming))),
    )
    if (!differs || feed.onConflict === 'reject') return versions
    for (const row of await this.#session.all(sql.SELECT_REPLACED, [feed.id, [...mets.keys()]])) {
      const position = row.position as number
      const { version } = storedEventFromRow(row)
      const list = versions.get(position)
      if (list === undefined) versions.set(position, [version])
      else list.push(version)
    }
    return versions
  }

  #asRow(incoming: IncomingEvent): Current {
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

export function versionOf({ event }: IncomingEvent): EventVersion {
  const { upload, download, toSim, fromSim, serving } = event
  return { upload, download, toSim, fromSim, serving }
}

function identityText({ simId, occurredAt, recordId }: IncomingEvent['event']): string {
  return `${simId} ${occurredAt} ${recordId}`
}
