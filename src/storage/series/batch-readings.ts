/**
 * The readings of one batch. Turns what counters stood at into usage in the ledger, by the rule of
 * `counter-series.ts`, series by series and together with the stored readings.
 */
import {
  NO_SERIES_COUNTS,
  type Reading,
  type SeriesCounts,
  type SeriesVerdict,
  sameCounters,
  seriesCounts,
} from '../../domain/counter-series.ts'
import { addAccountFeeds } from '../directory/feed-access.ts'
import { bucketOf } from '../ledger/buckets.ts'
import {
  contentOf,
  historiesAt,
  type LedgerChange,
  Overtaken,
  rowsAt,
  writeLedgerChanges,
} from '../ledger/changes.ts'
import { type Conflict, conflictRecord } from '../ledger/conflict-record.ts'
import {
  type EventBatch,
  type EventVerdicts,
  type IncomingEvent,
  identityOf,
  versionOf,
} from '../ledger/incoming-events.ts'
import { chainRules, MetChain, MetVersions } from '../ledger/met-versions.ts'
import { UsageDeltas } from '../ledger/usage-deltas.ts'
import type { ChainRules } from '../ledger/version-chain.ts'
import type { Limits } from '../limits.ts'
import {
  type Identity,
  readingServingToRow,
  type StoredEvent,
  storedEventFromRow,
} from '../rows.ts'
import { insert, type Steps } from '../session.ts'
import { CONTENT_COLUMNS, IDENTITY_COLUMNS } from '../tables.ts'
import { type KeptReading, readingOf } from './reading-rows.ts'
import {
  differsFromStored,
  loadSeries,
  type NamedReading,
  proveSeries,
  putReadings,
  type SeriesEntry,
  type SeriesPart,
  type StoredReading,
} from './series.ts'

/** One instant of a series. */
interface Entry extends SeriesEntry {
  /** Null if the instant is only known from the store. */
  first: IncomingEvent | null
  reading: Reading
  /** Its versions, with counters as read. */
  readonly chain: MetChain
}

interface ReadingVerdicts extends EventVerdicts {
  readonly series: SeriesCounts
}

/** A row to be added to the ledger. */
interface Added {
  readonly identity: Identity
  readonly row: StoredEvent
}

const REWRITTEN = 'the history of records is to be written anew'

interface Series {
  readonly part: SeriesPart
  readonly incoming: IncomingEvent[]
  readonly entries: Map<number, Entry>
}

/** `events` are in the order of the ledger's key, and equal identities in order of delivery. */
export function* appendReadings(
  batch: EventBatch,
  events: readonly IncomingEvent[],
  limits: Limits,
): Steps<ReadingVerdicts> {
  if (events.length === 0) {
    return { accepted: 0, duplicate: 0, replaced: 0, series: NO_SERIES_COUNTS, conflicts: [] }
  }
  return yield* new BatchReadings(batch, limits).append(events)
}

class BatchReadings {
  readonly #batch: EventBatch
  readonly #limits: Limits
  readonly #conflicts: Conflict[] = []
  readonly #verdicts: SeriesVerdict[] = []
  readonly #counts = { accepted: 0, duplicate: 0, replaced: 0 }

  constructor(batch: EventBatch, limits: Limits) {
    this.#batch = batch
    this.#limits = limits
  }

  *append(events: readonly IncomingEvent[]): Steps<ReadingVerdicts> {
    const ofReadings = yield* this.#withoutUsageRows(events)
    const list = groupBySeries(ofReadings)
    yield* this.#loadKnown(list, yield* this.#histories(ofReadings))
    const versions = new MetVersions(yield* this.#rules(list), this.#batch.coming)
    for (const series of list) {
      for (const incoming of series.incoming) this.#resolve(series, incoming, versions)
    }
    if (versions.rewrites && !this.#batch.mayRewrite) throw new Overtaken(REWRITTEN)
    yield* this.#write(list)
    yield* versions.write()
    const series = seriesCounts(this.#verdicts)
    return { ...this.#counts, series, conflicts: this.#conflicts }
  }

  #rules(list: readonly Series[]): Steps<ChainRules> {
    const entries = list.flatMap((series) => [...series.entries.values()])
    const met = entries.filter(({ row }) => row !== null).flatMap(({ chain }) => chain.versions)
    const importIds = met.map(({ importId }) => importId)
    return chainRules(this.#batch.feed, importIds, this.#batch)
  }

  /** A reading never replaces usage, so it is a conflict if it meets usage in the ledger. */
  *#withoutUsageRows(events: readonly IncomingEvent[]): Steps<IncomingEvent[]> {
    const met = new Map<string, StoredEvent>()
    const rows = yield* rowsAt(this.#identities(events), this.#batch.feed.id)
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

  *#loadKnown(
    list: readonly Series[],
    histories: ReadonlyMap<string, readonly StoredEvent[]>,
  ): Steps<void> {
    const parts = list.map(({ part }) => part)
    const known = yield* loadSeries(this.#batch.feed.id, parts)
    known.forEach((readings, i) => {
      const { part, entries } = list[i]!
      for (const stored of readings) {
        const { occurredAt } = stored
        const history = histories.get(identityText({ ...part, occurredAt })) ?? []
        entries.set(occurredAt, entryOf(stored, history))
      }
    })
  }

  /** The history of each identity, oldest first. */
  *#histories(
    events: readonly IncomingEvent[],
  ): Steps<ReadonlyMap<string, readonly StoredEvent[]>> {
    const histories = yield* historiesAt(this.#identities(events), this.#batch.feed.id)
    return new Map([...histories].map(([at, list]) => [identityText(events[at]!.event), list]))
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

  *#write(list: readonly Series[]): Steps<void> {
    const added: Added[] = []
    const changes: LedgerChange[] = []
    const readings: NamedReading[] = []
    const feedId = this.#batch.feed.id
    const sorted = list.map(({ part, entries }) => ({
      part,
      entries: [...entries.values()].sort((a, b) => a.occurredAt - b.occurredAt),
    }))
    const proved = yield* proveSeries(feedId, sorted, (stored) => entryOf(stored))
    for (const [i, { part }] of list.entries()) {
      const { simId, recordId } = part
      for (const found of proved[i]!) {
        const { entry } = found
        const { usage, highs, verdict } = found.proved
        if (entry.first !== null) this.#verdicts.push(verdict)
        if (differsFromStored(found)) {
          const { occurredAt, reading } = entry
          const kept: KeptReading = { reading, highs, verdict }
          readings.push({ simId, feedId, recordId, occurredAt, kept })
        }
        const { current } = entry.chain
        const after = { ...current, version: { ...current.version, ...usage } }
        const { occurredAt } = entry
        const bucket = bucketOf({ occurredAt, simId }, this.#limits.buckets)
        const identity = [bucket, simId, occurredAt, feedId, recordId] as const
        if (entry.row === null) added.push({ identity, row: after })
        const change = this.#changeOf(entry, after)
        if (change !== null) changes.push({ identity, ...change })
      }
    }
    yield* this.#addRows(added.sort(byIdentity))
    yield* writeLedgerChanges(this.#batch, changes.sort(byIdentity), this.#limits)
    yield* putReadings(readings)
  }

  *#addRows(added: readonly Added[]): Steps<void> {
    const { feed, changes } = this.#batch
    const deltas = new UsageDeltas(this.#limits, changes)
    for (const { identity, row } of added) {
      const [, simId, occurredAt] = identity
      deltas.add({ accountId: row.accountId, simId, occurredAt }, row.columns, row.version, 1)
    }
    const rows = yield* insert({
      table: 'ledger',
      columns: [...IDENTITY_COLUMNS, ...CONTENT_COLUMNS],
      rows: added.map(({ identity, row }) => [...identity, ...contentOf(row)]),
      suffix: 'ON CONFLICT DO NOTHING RETURNING 1 AS added',
    })
    if (rows.length < added.length) {
      throw new Overtaken('usage came where a reading was to be added')
    }
    yield* deltas.write()
    yield* addAccountFeeds(new Set(added.map(({ row }) => row.accountId)), feed.id)
  }

  /** Null if the row stays as it is. */
  #changeOf({ row, chain }: Entry, after: StoredEvent): Omit<LedgerChange, 'identity'> | null {
    // A row that was just added is already right; its earlier versions go to history.
    const before = row ?? after
    const isSame =
      sameCounters(before.version, after.version) &&
      before.importId === after.importId &&
      before.line === after.line
    if (isSame && chain.added.replaced.length === 0) return null
    return { before, after, ...chain.added }
  }

  #asCurrent(incoming: IncomingEvent): StoredEvent {
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

  #identities(events: readonly IncomingEvent[]) {
    return events.map((incoming) => identityOf(incoming, this.#batch.feed.id))
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
