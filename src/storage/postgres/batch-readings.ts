/**
 * Readings of one batch: what counters stood at becomes usage in the ledger, by the rule of
 * `counter-series.ts`, series by series with the readings that are there already.
 */
import { type Reading, usageOfReading } from '../../domain/counter-series.ts'
import type { QuarantinedRecord } from '../../domain/import.ts'
import { DAY_SECONDS } from '../../domain/time.ts'
import {
  COUNTER_NAMES,
  type EventVersion,
  resolveConflict,
  sameContent,
} from '../../domain/usage-event.ts'
import { conflictRecord } from '../conflict-record.ts'
import { type Row, readingBits, readingServingToRow, storedEventFromRow } from '../rows.ts'
import type { AppendBatch } from '../usage-store.ts'
import { type EventVerdicts, type IncomingEvent, type Limits, moveToLedger } from './append.ts'
import { columnsOf, type Session, type Value } from './connection.ts'
import { Overtaken } from './failures.ts'
import {
  type Current,
  identityOf,
  type LedgerChange,
  writeLedgerChanges,
} from './ledger-changes.ts'
import * as sql from './ledger-sql.ts'
import { lockReadings } from './locks.ts'
import { versionOf } from './met-events.ts'
import * as readingSql from './reading-sql.ts'

/** Most series report more often: their neighbours are found in a short look. */
const NEAR_SECONDS = 2 * DAY_SECONDS

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
  readonly incoming: IncomingEvent[]
  readonly entries: Map<number, Entry>
}

/** `events` are in the order of the ledger's key, and equal identities in order of delivery. */
export async function appendReadings(
  session: Session,
  batch: AppendBatch,
  events: readonly IncomingEvent[],
  { limits, schema }: { limits: Limits; schema: string },
): Promise<EventVerdicts> {
  if (events.length === 0) return { accepted: 0, duplicate: 0, replaced: 0, conflicts: [] }
  await lockReadings(session, schema, batch.feed.id)
  return new BatchReadings(session, batch, limits).append(events)
}

class BatchReadings {
  readonly #session: Session
  readonly #batch: AppendBatch
  readonly #limits: Limits
  readonly #conflicts: QuarantinedRecord[] = []
  readonly #counts = { accepted: 0, duplicate: 0, replaced: 0 }

  constructor(session: Session, batch: AppendBatch, limits: Limits) {
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
    return { ...this.#counts, conflicts: this.#conflicts }
  }

  /** A reading takes no usage's place: what meets usage in the ledger is a conflict. */
  async #withoutUsageRows(events: readonly IncomingEvent[]): Promise<IncomingEvent[]> {
    const met = new Map<string, Current>()
    const rows = await this.#session.all(readingSql.SELECT_ROWS_AT, this.#identities(events))
    for (const row of rows) {
      const current = currentFromRow(row)
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

  /** The readings between the first and the last incoming one of each series, and one around. */
  async #loadKnown(list: readonly Series[]): Promise<void> {
    if (list.length === 0) return
    const parts = list.map(({ incoming }) => {
      const times = incoming.map(({ event }) => event.occurredAt)
      return { first: Math.min(...times), last: Math.max(...times) }
    })
    const names = [
      list.map(({ incoming }) => incoming[0]!.event.simId),
      list.map(({ incoming }) => incoming[0]!.event.recordId),
    ]
    const firsts = parts.map(({ first }) => first)
    const lasts = parts.map(({ last }) => last)
    const froms = firsts.map((at) => at - NEAR_SECONDS)
    const tos = lasts.map((at) => at + NEAR_SECONDS)
    const near = await this.#neighbours(names, firsts, lasts, froms, tos)
    // Where the short look has found none on a side, that side is looked at to its end.
    const far = await this.#neighbours(
      names,
      firsts,
      lasts,
      firsts.map((first, i) => (near.get(i)?.previous == null ? Number.MIN_SAFE_INTEGER : first)),
      lasts.map((last, i) => (near.get(i)?.next == null ? Number.MAX_SAFE_INTEGER : last)),
    )
    const rows = await this.#session.all(readingSql.SELECT_SERIES, [
      ...names,
      firsts.map((first, i) => near.get(i)?.previous ?? far.get(i)?.previous ?? first),
      lasts.map((last, i) => near.get(i)?.next ?? far.get(i)?.next ?? last),
      this.#batch.feed.id,
    ])
    for (const row of rows) addStored(list[row.position as number]!, row)
  }

  async #neighbours(names: Value[], ...bounds: number[][]) {
    const values = [...names, ...bounds, this.#batch.feed.id]
    const rows = await this.#session.all(readingSql.SELECT_NEIGHBOURS, values)
    return new Map(
      rows.map((row) => [
        row.position as number,
        { previous: row.previous_at as number | null, next: row.next_at as number | null },
      ]),
    )
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
    const readings: Value[][] = []
    for (const { entries, incoming } of list) {
      const { simId, recordId } = incoming[0]!.event
      const sorted = [...entries.values()].sort((a, b) => a.occurredAt - b.occurredAt)
      sorted.forEach((entry, i) => {
        const previous = sorted[i - 1]
        // What lies before the oldest one that is known was not loaded, and has not changed.
        if (previous === undefined && entry.first === null) return
        const usage = usageOfReading(previous?.reading ?? null, entry.reading)
        const { upload, download, toSim, fromSim, is32Bit } = entry.reading
        if (entry.first !== null) {
          readings.push([
            ...[simId, this.#batch.feed.id, recordId, entry.occurredAt],
            ...[upload, download, toSim, fromSim, readingBits({ is32Bit })],
          ])
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
    if (readings.length > 0) await this.#session.run(readingSql.PUT_READINGS, columnsOf(readings))
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
    return {
      version: versionOf(incoming),
      columns: readingServingToRow(event.serving),
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
  return [...groups.values()].map((incoming) => ({ incoming, entries: new Map() }))
}

function addStored(series: Series, row: Row): void {
  const occurredAt = row.occurred_at as number
  const reading: Reading = {
    upload: row.read_upload as number,
    download: row.read_download as number,
    toSim: row.read_to_sim as number,
    fromSim: row.read_from_sim as number,
    is32Bit: row.bits === 32,
  }
  const stored = row.zone === null ? null : currentFromRow(row)
  // Without its row it can be no more than the base of those after it.
  const current = stored ?? currentFromRow({ ...row, zone: 0, country: '', plmn: '', stated: 0 })
  const { upload, download, toSim, fromSim } = reading
  const version = { ...current.version, upload, download, toSim, fromSim }
  series.entries.set(occurredAt, {
    occurredAt,
    row: stored,
    first: null,
    reading,
    current: { ...current, version },
    replaced: [],
  })
}

function currentFromRow(row: Row): Current {
  return { ...storedEventFromRow(row), knownAt: row.known_at as number }
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
