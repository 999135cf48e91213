/**
 * Readings of one batch: what counters stood at becomes usage in the ledger, by the rule of
 * `counter-series.ts`, series by series with the readings that are there already.
 */
import {
  type Reading,
  type SeriesVerdict,
  sameCounters,
  seriesCounts,
} from '../../domain/counter-series.ts'
import { type Conflict, conflictRecord } from '../conflict-record.ts'
import type { Limits } from '../limits.ts'
import { type KeptReading, readingOf } from '../reading-rows.ts'
import { readingServingToRow, type StoredEvent, storedEventFromRow } from '../rows.ts'
import type { Value } from '../session.ts'
import type { ChainRules } from '../version-chain.ts'
import { type EventBatch, type EventVerdicts, type IncomingEvent, moveToLedger } from './append.ts'
import { Overtaken } from './failures.ts'
import {
  type Current,
  identityOf,
  type LedgerChange,
  writeLedgerChanges,
} from './ledger-changes.ts'
import * as sql from './ledger-sql.ts'
import { chainRules, MetChain, MetVersions } from './met-chains.ts'
import { versionOf } from './met-events.ts'
import * as readingSql from './reading-sql.ts'
import {
  isToBePut,
  loadSeries,
  type NamedReading,
  proveSeries,
  putReadings,
  type SeriesEntry,
  type SeriesPart,
  type StoredReading,
} from './series.ts'
import type { PostgresSession } from './session.ts'

/** One instant of a series. */
interface Entry extends SeriesEntry {
  /** Null where the instant is known only as it is stored. */
  first: IncomingEvent | null
  reading: Reading
  /** Its versions, with the counters that were read. */
  readonly chain: MetChain
}

interface Series {
  readonly part: SeriesPart
  readonly incoming: IncomingEvent[]
  readonly entries: Map<number, Entry>
}

/** `events` are in the order of the ledger's key, and equal identities in order of delivery. */
export async function appendReadings(
  session: PostgresSession,
  batch: EventBatch,
  events: readonly IncomingEvent[],
  limits: Limits,
): Promise<EventVerdicts> {
  if (events.length === 0) return { accepted: 0, duplicate: 0, replaced: 0, conflicts: [] }
  await session.lockReadings(batch.feed.id)
  return new BatchReadings(session, batch, limits).append(events)
}

class BatchReadings {
  readonly #session: PostgresSession
  readonly #batch: EventBatch
  readonly #limits: Limits
  readonly #conflicts: Conflict[] = []
  readonly #verdicts: SeriesVerdict[] = []
  readonly #counts = { accepted: 0, duplicate: 0, replaced: 0 }

  constructor(session: PostgresSession, batch: EventBatch, limits: Limits) {
    this.#session = session
    this.#batch = batch
    this.#limits = limits
  }

  async append(events: readonly IncomingEvent[]): Promise<EventVerdicts> {
    const ofReadings = await this.#withoutUsageRows(events)
    const list = groupBySeries(ofReadings)
    const histories = await this.#histories(ofReadings)
    await this.#loadKnown(list, histories)
    const versions = new MetVersions(this.#session, this.#batch, await this.#rules(list))
    for (const series of list) {
      for (const incoming of series.incoming) this.#resolve(series, incoming, versions)
    }
    versions.requireRoom()
    await this.#write(list)
    await versions.write()
    const series = seriesCounts(this.#verdicts)
    return { ...this.#counts, series, conflicts: this.#conflicts }
  }

  async #rules(list: readonly Series[]): Promise<ChainRules> {
    const entries = list.flatMap((series) => [...series.entries.values()])
    const met = entries.filter(({ row }) => row !== null).flatMap(({ chain }) => chain.versions)
    const importIds = met.map(({ importId }) => importId)
    return chainRules(this.#session, this.#batch, importIds, this.#batch)
  }

  /** A reading takes no usage's place: what meets usage in the ledger is a conflict. */
  async #withoutUsageRows(events: readonly IncomingEvent[]): Promise<IncomingEvent[]> {
    const met = new Map<string, Current>()
    const rows = await this.#session.all(readingSql.SELECT_ROWS_AT, this.#identities(events))
    for (const row of rows) {
      const current = storedEventFromRow(row)
      if (!current.isReading) met.set(identityText(events[row.position as number]!.event), current)
    }
    return events.filter((incoming) => {
      const current = met.get(identityText(incoming.event))
      if (current === undefined) return true
      const version = versionOf(incoming)
      this.#conflicts.push(conflictRecord({ ...incoming.event, version }, current, 'conflict'))
      return false
    })
  }

  async #loadKnown(
    list: readonly Series[],
    histories: ReadonlyMap<string, readonly StoredEvent[]>,
  ): Promise<void> {
    const parts = list.map(({ part }) => part)
    const known = await loadSeries(this.#session, this.#batch.feed.id, parts)
    known.forEach((readings, i) => {
      const { part, entries } = list[i]!
      for (const stored of readings) {
        const { occurredAt } = stored
        const history = histories.get(identityText({ ...part, occurredAt })) ?? []
        entries.set(occurredAt, entryOf(stored, history))
      }
    })
  }

  /** What history has of each identity, oldest first. */
  async #histories(
    events: readonly IncomingEvent[],
  ): Promise<ReadonlyMap<string, readonly StoredEvent[]>> {
    if (events.length === 0) return new Map()
    const rows = await this.#session.all(readingSql.SELECT_VERSIONS_AT, this.#identities(events))
    const byPosition = Map.groupBy(rows, (row) => row.position as number)
    return new Map(
      [...byPosition].map(([position, list]) => [
        identityText(events[position]!.event),
        list.map(storedEventFromRow),
      ]),
    )
  }

  #resolve(series: Series, incoming: IncomingEvent, versions: MetVersions): void {
    const { event } = incoming
    const { occurredAt } = event
    const entry = series.entries.get(occurredAt)
    const current = this.#asCurrent(incoming)
    const reading = readingOf(event, event.reading!)
    if (entry === undefined) {
      const chain = new MetChain([], current)
      const isNew = { occurredAt, row: null, kept: null, first: incoming }
      series.entries.set(occurredAt, { ...isNew, reading, chain })
      this.#counts.accepted++
      return
    }
    const identity = identityOf(incoming, this.#batch.feed.id)
    const met = entry.chain.current
    const verdict = versions.resolve(identity, entry.chain, current)
    if (verdict === 'conflict' || verdict === 'outranked') {
      const record = { ...event, version: current.version }
      this.#conflicts.push(conflictRecord(record, met, verdict))
      return
    }
    this.#counts[verdict]++
    if (verdict === 'duplicate') return
    entry.reading = reading
    entry.first ??= incoming
  }

  async #write(list: readonly Series[]): Promise<void> {
    const added: IncomingEvent[] = []
    const changes: LedgerChange[] = []
    const readings: NamedReading[] = []
    const feedId = this.#batch.feed.id
    const sorted = list.map(({ part, entries }) => ({
      part,
      entries: [...entries.values()].sort((a, b) => a.occurredAt - b.occurredAt),
    }))
    const proved = await proveSeries(this.#session, feedId, sorted, (stored) => entryOf(stored))
    for (const [i, { part }] of list.entries()) {
      const { simId, recordId } = part
      for (const found of proved[i]!) {
        const { entry } = found
        const { usage, highs, verdict } = found.proved
        if (entry.first !== null) this.#verdicts.push(verdict)
        if (isToBePut(found)) {
          const { occurredAt, reading } = entry
          const kept: KeptReading = { reading, highs, verdict }
          readings.push({ simId, feedId, recordId, occurredAt, kept })
        }
        const { current } = entry.chain
        const after: Current = { ...current, version: { ...current.version, ...usage } }
        if (entry.row === null) added.push(asUsage(entry, after))
        const change = this.#changeOf(entry, after)
        if (change !== null)
          changes.push({ ...change, ...this.#identityAt(simId, recordId, entry) })
      }
    }
    const { met } = await moveToLedger(this.#session, this.#batch, added.sort(byKey), this.#limits)
    if (met.size > 0) throw new Overtaken('usage came where a reading was to be added')
    await writeLedgerChanges(this.#session, this.#batch, changes.sort(byIdentity), this.#limits)
    await putReadings(this.#session, readings)
  }

  /** Null when the row stays as it is. */
  #changeOf({ row, chain }: Entry, after: Current): Omit<LedgerChange, 'identity'> | null {
    // A row that was just added is right already; its earlier versions go to history.
    const before = row ?? after
    const isSame =
      sameCounters(before.version, after.version) &&
      before.importId === after.importId &&
      before.line === after.line
    if (isSame && chain.added.replaced.length === 0) return null
    return { before, after, ...chain.added }
  }

  #identityAt(
    simId: number,
    recordId: string,
    { occurredAt }: Entry,
  ): Pick<LedgerChange, 'identity'> {
    const bucket = occurredAt - (occurredAt % sql.LEDGER_BUCKET_SECONDS)
    return { identity: [bucket, simId, occurredAt, this.#batch.feed.id, recordId] }
  }

  #asCurrent(incoming: IncomingEvent): Current {
    const { event } = incoming
    return {
      version: versionOf(incoming),
      columns: readingServingToRow(event.serving, event.reading!),
      isReading: true,
      accountId: event.accountId,
      importId: this.#batch.importId,
      line: event.line,
      knownAt: this.#batch.knownAt,
    }
  }

  #identities(events: readonly IncomingEvent[]): Value[] {
    const identities = events.map((incoming) => identityOf(incoming, this.#batch.feed.id))
    return [
      identities.map(([bucket]) => bucket),
      identities.map(([, simId]) => simId),
      identities.map(([, , occurredAt]) => occurredAt),
      identities.map(([, , , , recordId]) => recordId),
      this.#batch.feed.id,
    ]
  }
}

function groupBySeries(events: readonly IncomingEvent[]): Series[] {
  const groups = Map.groupBy(events, ({ event }) => `${event.simId} ${event.recordId}`)
  return [...groups.values()].map((incoming) => {
    const { simId, recordId } = incoming[0]!.event
    const times = incoming.map(({ event }) => event.occurredAt)
    const part = { simId, recordId, first: Math.min(...times), last: Math.max(...times) }
    return { part, incoming, entries: new Map() }
  })
}

function entryOf(stored: StoredReading, history: readonly StoredEvent[] = []): Entry {
  const { current, ...entry } = stored
  return { ...entry, first: null, chain: new MetChain(history, current) }
}

/** The new instant of a series as the ledger takes it: with its usage for counters. */
function asUsage({ first }: Entry, after: Current): IncomingEvent {
  const { upload, download, toSim, fromSim } = after.version
  const event = { ...first!.event, upload, download, toSim, fromSim, line: after.line }
  return { ...first!, event, serving: after.columns }
}

function byKey(a: IncomingEvent, b: IncomingEvent): number {
  return byIdentity({ identity: identityOf(a, 0) }, { identity: identityOf(b, 0) })
}

function byIdentity(
  { identity: a }: Pick<LedgerChange, 'identity'>,
  { identity: b }: Pick<LedgerChange, 'identity'>,
): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2] || (a[4] < b[4] ? -1 : a[4] > b[4] ? 1 : 0)
}

function identityText({
  simId,
  occurredAt,
  recordId,
}: Pick<IncomingEvent['event'], 'simId' | 'occurredAt' | 'recordId'>): string {
  return `${simId} ${occurredAt} ${recordId}`
}
