/**
 * What becomes of events whose identity the ledger has already, or that a batch brings more than
 * once: the feed's policy decides, version after version in order of delivery, as if they had come
 * one by one.
 */
import type { QuarantinedRecord } from '../../domain/import.ts'
import { type EventVersion, resolveConflict, sameContent } from '../../domain/usage-event.ts'
import { conflictRecord } from '../conflict-record.ts'
import { type ServingColumns, type StoredEvent, storedEventFromRow } from '../rows.ts'
import type { AppendBatch } from '../usage-store.ts'
import type { IncomingEvent, Limits } from './append.ts'
import { CellChanges } from './cell-changes.ts'
import { columnsOf, type Session, type Value } from './connection.ts'
import { Overtaken } from './failures.ts'
import * as sql from './ledger-sql.ts'

/** A row of the ledger as it is, or as it will be. */
interface Current extends StoredEvent {
  readonly knownAt: number
}

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
        const verdict = resolveConflict(feed.onConflict, met.current.version, version, () =>
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
    const changed = [...mets].filter(([, met]) => met.replaced.length > 0)
    if (changed.length > 0) {
      await this.#replaceRows(changed.map(([, met]) => met))
      await this.#writeConsequences(changed, earlier)
    }
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
    const mets = new Map<number, Met>()
    const rows = await this.#session.all(sql.SELECT_MET, [feed.id])
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
    for (const row of await this.#session.all(sql.SELECT_REPLACED, [feed.id])) {
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
      accountId: event.accountId,
      importId: this.#batch.importId,
      line: event.line,
      knownAt: this.#batch.knownAt,
    }
  }

  async #replaceRows(mets: readonly Met[]): Promise<void> {
    const rows = mets.map(({ first, found, current }) => [
      ...this.#identityOf(first),
      found.importId,
      found.line,
      found.knownAt,
      ...contentOf(current),
    ])
    const changed = await this.#session.run(sql.REPLACE_EVENTS, columnsOf(rows))
    // Another import was faster; the decision is made anew on what it has left.
    if (changed !== mets.length) {
      throw new Overtaken('records were replaced by another import meanwhile')
    }
  }

  /** History and derived tables follow what was replaced. */
  async #writeConsequences(
    changed: readonly (readonly [number, Met])[],
    earlier: ReadonlyMap<number, readonly EventVersion[]>,
  ): Promise<void> {
    const { knownAt, importId } = this.#batch
    const history: Value[][] = []
    const cells = new CellChanges(this.#input.limits.sealedThrough)
    for (const [position, met] of changed) {
      const firstVersion = (earlier.get(position) ?? []).length
      met.replaced.forEach((replaced, i) => {
        const identity = this.#identityOf(met.first)
        history.push([...identity, firstVersion + i, ...contentOf(replaced), knownAt, importId])
      })
      const { simId, occurredAt } = met.first.event
      for (const [{ accountId, version, columns }, times] of [
        [met.found, -1],
        [met.current, 1],
      ] as const) {
        cells.add({ accountId, simId, occurredAt, ...version }, columns, times)
      }
    }
    await this.#session.run(sql.INSERT_HISTORY, columnsOf(history))
    await cells.write(this.#session)
  }

  #identityOf({ bucket, event }: IncomingEvent) {
    return [bucket, event.simId, event.occurredAt, this.#batch.feed.id, event.recordId] as const
  }
}

function versionOf({ event }: IncomingEvent): EventVersion {
  const { upload, download, toSim, fromSim, serving } = event
  return { upload, download, toSim, fromSim, serving }
}

function identityText({ simId, occurredAt, recordId }: IncomingEvent['event']): string {
  return `${simId} ${occurredAt} ${recordId}`
}

function contentOf({ accountId, columns, version, importId, line, knownAt }: Current) {
  const { zone, country, plmn, stated }: ServingColumns = columns
  const { upload, download, toSim, fromSim } = version
  const counters = [upload, download, toSim, fromSim] as const
  return [accountId, zone, country, plmn, stated, ...counters, importId, line, knownAt] as const
}
