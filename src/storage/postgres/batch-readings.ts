/**
 * Readings of one batch: what counters stood at becomes usage in the ledger, by the rule of
 * `counter-series.ts`, series by series with the readings that are there already.
 */
import type { Reading } from '../../domain/counter-series.ts'
import {
  COUNTER_NAMES,
  type EventVersion,
  resolveConflict,
  sameContent,
} from '../../domain/usage-event.ts'
import { type Conflict, conflictRecord } from '../conflict-record.ts'
import { readingServingToRow, storedEventFromRow } from '../rows.ts'
import {
  type EventBatch,
  type EventVerdicts,
  type IncomingEvent,
  type Limits,
  moveToLedger,
} from './append.ts'
import type { Session, Value } from './connection.ts'
import { Overtaken } from './failures.ts'
import { keepLate, type LateVersion } from './history.ts'
import {
  type Current,
  identityOf,
  type LedgerChange,
  writeLedgerChanges,
} from './ledger-changes.ts'
import * as sql from './ledger-sql.ts'
import { lockReadings } from './locks.ts'
import { isLate, versionOf } from './met-events.ts'
import * as readingSql from './reading-sql.ts'
import {
  loadSeries,
  type NamedReading,
  putReadings,
  type SeriesPart,
  usagesFrom,
} from './series.ts'

/** One instant of a series. */
interface Entry {
  readonly occurredAt: number
  /** The ledger's row; null for a new instant, and for one that retention has taken. */
  readonly row: Current | null
  /** Null where the instant is known only as it is stored. */
  first: IncomingEvent | null
  reading: Reading
  /** What counts, with the counters that were read. */
  current: Current
  readonly replaced: Current[]
}

interface Series {
  readonly part: SeriesPart
  readonly incoming: IncomingEvent[]
  readonly entries: Map<number, Entry>
}

/** `events` are in the order of the ledger's key, and equal identities in order of delivery. */
export async function appendReadings(
  session: Session,
  batch: EventBatch,
  events: readonly IncomingEvent[],
  { limits, schema }: { limits: Limits; schema: string },
): Promise<EventVerdicts> {
  if (events.length === 0) return { accepted: 0, duplicate: 0, replaced: 0, conflicts: [] }
  await lockReadings(session, schema, batch.feed.id)
  return new BatchReadings(session, batch, limits).append(events)
}

class BatchReadings {
  readonly #session: Session
  readonly #batch: EventBatch
  readonly #limits: Limits
  readonly #conflicts: Conflict[] = []
  readonly #lates: LateVersion[] = []
  readonly #counts = { accepted: 0, duplicate: 0, replaced: 0 }

  constructor(session: Session, batch: EventBatch, limits: Limits) {
    this.#session = session
    this.#batch = batch
    this.#limits = limits
  }

  async append(events: readonly IncomingEvent[]): Promise<EventVerdicts> {
    const ofReadings = await this.#withoutUsageRows(events)
    const list = groupBySeries(ofReadings)
    await this.#loadKnown(list)
    const versions = await this.#versionsBefore(ofReadings)
    for (const series of list) {
      for (const incoming of series.incoming) this.#resolve(series, incoming, versions)
    }
    await this.#write(list, versions)
    await keepLate(this.#session, this.#lates, this.#batch.feed.id)
    return { ...this.#counts, conflicts: this.#conflicts }
  }

  /** A reading takes no usage's place: what meets usage in the ledger is a conflict. */
  async #withoutUsageRows(events: readonly IncomingEvent[]): Promise<IncomingEvent[]> {
    const met = new Map<string, Current>()
    const rows = await this.#session.all(readingSql.SELECT_ROWS_AT, this.#identities(events))
    for (const row of rows) {
      const current = storedEventFromRow(row)
      if (!current.isReading) met.set(identityText(events[row.position as number]!), current)
    }
    return events.filter((incoming) => {
      const current = met.get(identityText(incoming))
      if (current === undefined) return true
      const version = versionOf(incoming)
      this.#conflicts.push(conflictRecord({ ...incoming.event, version }, current))
      return false
    })
  }

  async #loadKnown(list: readonly Series[]): Promise<void> {
    const parts = list.map(({ part }) => part)
    const known = await loadSeries(this.#session, this.#batch.feed.id, parts)
    known.forEach((readings, i) => {
      for (const stored of readings) {
        list[i]!.entries.set(stored.occurredAt, { ...stored, first: null, replaced: [] })
      }
    })
  }

  /** What history has of each identity, oldest first. */
  async #versionsBefore(
    events: readonly IncomingEvent[],
  ): Promise<ReadonlyMap<string, readonly EventVersion[]>> {
    const versions = new Map<string, EventVersion[]>()
    if (this.#batch.feed.onConflict === 'reject' || events.length === 0) return versions
    const rows = await this.#session.all(readingSql.SELECT_VERSIONS_AT, this.#identities(events))
    const byPosition = Map.groupBy(rows, (row) => row.position as number)
    for (const [position, list] of byPosition) {
      const known = list.map((row) => storedEventFromRow(row).version)
      versions.set(identityText(events[position]!), known)
    }
    return versions
  }

  #resolve(
    series: Series,
    incoming: IncomingEvent,
    versions: ReadonlyMap<string, readonly EventVersion[]>,
  ): void {
    const { event } = incoming
    const entry = series.entries.get(event.occurredAt)
    const current = this.#asCurrent(incoming)
    const reading = { ...versionOf(incoming), is32Bit: event.reading!.is32Bit }
    if (entry === undefined) {
      const { occurredAt } = event
      const added = { occurredAt, row: null, first: incoming, reading, current, replaced: [] }
      series.entries.set(occurredAt, added)
      this.#counts.accepted++
      return
    }
    const wasReplaced = () =>
      [
        ...(versions.get(identityText(incoming)) ?? []),
        ...entry.replaced.map(({ version }) => version),
      ].some((version) => sameContent(version, current.version))
    const verdict = resolveConflict(
      this.#batch.feed.onConflict,
      entry.current.version,
      current.version,
      wasReplaced,
    )
    if (verdict === 'conflict') {
      this.#conflicts.push(conflictRecord({ ...event, version: current.version }, entry.current))
      return
    }
    if (verdict === 'replaced' && isLate(this.#batch, event, entry.current)) {
      this.#counts.duplicate++
      this.#lates.push({ identity: identityOf(incoming, this.#batch.feed.id), event: current })
      return
    }
    this.#counts[verdict]++
    if (verdict === 'duplicate') return
    entry.replaced.push(entry.current)
    entry.current = current
    entry.reading = reading
    entry.first ??= incoming
  }

  async #write(
    list: readonly Series[],
    versions: ReadonlyMap<string, readonly EventVersion[]>,
  ): Promise<void> {
    const added: IncomingEvent[] = []
    const changes: LedgerChange[] = []
    const readings: NamedReading[] = []
    for (const { part, entries } of list) {
      const { simId, recordId } = part
      const sorted = [...entries.values()].sort((a, b) => a.occurredAt - b.occurredAt)
      const usages = usagesFrom(sorted, part.first)
      sorted.forEach((entry, i) => {
        const usage = usages[i]
        if (usage == null) return
        if (entry.first !== null) {
          const { occurredAt, reading } = entry
          readings.push({ simId, feedId: this.#batch.feed.id, recordId, occurredAt, reading })
        }
        const after: Current = {
          ...entry.current,
          version: { ...entry.current.version, ...usage },
        }
        if (entry.row === null) added.push(asUsage(entry, after))
        const change = this.#changeOf(entry, after, versions)
        if (change !== null)
          changes.push({ ...change, ...this.#identityAt(simId, recordId, entry) })
      })
    }
    const { met } = await moveToLedger(this.#session, this.#batch, added.sort(byKey), this.#limits)
    if (met.size > 0) throw new Overtaken('usage came where a reading was to be added')
    await writeLedgerChanges(this.#session, this.#batch, changes.sort(byIdentity), this.#limits)
    await putReadings(this.#session, readings)
  }

  /** Null when the row stays as it is. */
  #changeOf(
    { row, replaced, first }: Entry,
    after: Current,
    versions: ReadonlyMap<string, readonly EventVersion[]>,
  ): Omit<LedgerChange, 'identity'> | null {
    // A row that was added a moment ago is as it shall be; its earlier versions go to history.
    const before = row ?? after
    const isSame = COUNTER_NAMES.every((name) => before.version[name] === after.version[name])
    if (isSame && replaced.length === 0) return null
    const versionsBefore = first === null ? 0 : (versions.get(identityText(first))?.length ?? 0)
    return { before, after, replaced, versionsBefore }
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
    const { is32Bit } = event.reading!
    return {
      version: versionOf(incoming),
      columns: readingServingToRow(event.serving, { is32Bit }),
      isReading: true,
      is32Bit,
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

function identityText({ event }: IncomingEvent): string {
  return `${event.simId} ${event.occurredAt} ${event.recordId}`
}
