/** Series of readings as the database has them: the part around what changes, and what it proves. */
import {
  NOTHING_PROVED,
  type Proved,
  prove,
  type Reading,
  sameCounters,
} from '../../domain/counter-series.ts'
import { DAY_SECONDS } from '../../domain/time.ts'
import {
  countersRead,
  type KeptReading,
  keptReadingFromRow,
  keptReadingToRow,
} from '../reading-rows.ts'
import { type Row, type StoredEvent, storedEventFromRow } from '../rows.ts'
import type { Value } from '../session.ts'
import * as sql from './reading-sql.ts'
import { columnsOf, type PostgresSession } from './session.ts'

/** Most series report more often: their neighbours are found in a short look. */
const NEAR_SECONDS = 2 * DAY_SECONDS

/** The part of a series that changes, from its first instant to its last. */
export interface SeriesPart {
  readonly simId: number
  readonly recordId: string
  readonly first: number
  readonly last: number
}

/** So many series are gone through to their ends at once. */
const SERIES_AT_ONCE = 100

/** One instant of a series, as it will be. */
export interface SeriesEntry {
  readonly occurredAt: number
  readonly reading: Reading
  /** As it is stored; null for a new instant. */
  readonly kept: KeptReading | null
  /** The ledger's row; null for a new instant, and for one that retention has taken. */
  readonly row: StoredEvent | null
}

export interface StoredReading extends SeriesEntry {
  readonly kept: KeptReading
  /** What counts, with the counters that were read. */
  readonly current: StoredEvent
}

/**
 * The readings between the first and the last instant of each part, and one around on each side;
 * in the order of the parts, and of time.
 */
export async function loadSeries(
  session: PostgresSession,
  feedId: number,
  parts: readonly SeriesPart[],
): Promise<readonly (readonly StoredReading[])[]> {
  if (parts.length === 0) return []
  const names = [parts.map(({ simId }) => simId), parts.map(({ recordId }) => recordId)]
  const firsts = parts.map(({ first }) => first)
  const lasts = parts.map(({ last }) => last)
  const neighbours = async (froms: number[], tos: number[]) => {
    const values = [...names, firsts, lasts, froms, tos, feedId]
    const rows = await session.all(sql.SELECT_NEIGHBOURS, values)
    return new Map(
      rows.map((row) => [
        row.position as number,
        { previous: row.previous_at as number | null, next: row.next_at as number | null },
      ]),
    )
  }
  const near = await neighbours(
    firsts.map((at) => at - NEAR_SECONDS),
    lasts.map((at) => at + NEAR_SECONDS),
  )
  // Where the short look has found none on a side, that side is looked at to its end.
  const far = await neighbours(
    firsts.map((first, i) => (near.get(i)?.previous == null ? Number.MIN_SAFE_INTEGER : first)),
    lasts.map((last, i) => (near.get(i)?.next == null ? Number.MAX_SAFE_INTEGER : last)),
  )
  const rows = await session.all(sql.SELECT_SERIES, [
    ...names,
    firsts.map((first, i) => near.get(i)?.previous ?? far.get(i)?.previous ?? first),
    lasts.map((last, i) => near.get(i)?.next ?? far.get(i)?.next ?? last),
    feedId,
  ])
  const byPosition = Map.groupBy(rows, (row) => row.position as number)
  return parts.map((_, i) => (byPosition.get(i) ?? []).map(storedReadingFromRow))
}

function storedReadingFromRow(row: Row): StoredReading {
  const kept = keptReadingFromRow(row)
  const { reading } = kept
  const ledgerRow = sql.ledgerRowFrom(row)
  const stored = ledgerRow.zone === null ? null : storedEventFromRow(ledgerRow)
  // Without its row it can be no more than the base of those after it.
  const current = stored ?? storedEventFromRow({ zone: 0, country: '', plmn: '', stated: 0 })
  const version = { ...current.version, ...countersRead(reading) }
  return {
    occurredAt: row.occurred_at as number,
    row: stored,
    reading,
    kept,
    current: { ...current, version },
  }
}

/** A part of a series with its entries in order of time, from the one before it to the one after it. */
export interface ChangedSeries<Entry extends SeriesEntry> {
  readonly part: SeriesPart
  readonly entries: readonly Entry[]
}

export interface ProvedEntry<Entry extends SeriesEntry> {
  readonly entry: Entry
  readonly proved: Proved
}

/**
 * What each reading proves, from the first of each part on up to where nothing changes any more; in
 * the order of the series, and of time.
 */
export async function proveSeries<Entry extends SeriesEntry>(
  session: PostgresSession,
  feedId: number,
  list: readonly ChangedSeries<Entry>[],
  asEntry: (stored: StoredReading) => Entry,
): Promise<ProvedEntry<Entry>[][]> {
  const walks = list.map(({ part, entries }) => new SeriesWalk(part, entries))
  const open = walks.filter(({ isOpen }) => isOpen)
  for (let from = 0; from < open.length; from += SERIES_AT_ONCE) {
    const some = open.slice(from, from + SERIES_AT_ONCE)
    const rows = await session.all(sql.SELECT_SERIES, [
      some.map(({ part }) => part.simId),
      some.map(({ part }) => part.recordId),
      some.map(({ proved }) => proved.at(-1)!.entry.occurredAt + 1),
      some.map(() => Number.MAX_SAFE_INTEGER),
      feedId,
    ])
    for (const row of rows) {
      const walk = some[row.position as number]!
      if (walk.isOpen) walk.step(asEntry(storedReadingFromRow(row)))
    }
  }
  return walks.map(({ proved }) => proved)
}

class SeriesWalk<Entry extends SeriesEntry> {
  readonly part: SeriesPart
  readonly proved: ProvedEntry<Entry>[] = []
  /** True while what comes after the part may change as well. */
  isOpen = false
  #highs = NOTHING_PROVED

  constructor(part: SeriesPart, entries: readonly Entry[]) {
    this.part = part
    for (const entry of entries) {
      if (entry.occurredAt < part.first) this.#highs = entry.kept!.highs
      else this.step(entry)
    }
  }

  step(entry: Entry): void {
    const proved = prove(this.#highs, entry.reading)
    this.#highs = proved.highs
    this.proved.push({ entry, proved })
    const isAfter = entry.occurredAt > this.part.last
    this.isOpen = isAfter && !sameCounters(proved.highs, entry.kept!.highs)
  }
}

export interface NamedReading {
  readonly simId: number
  readonly feedId: number
  readonly recordId: string
  readonly occurredAt: number
  readonly kept: KeptReading
}

/** True where what is stored of a reading says something else. */
export function isToBePut({ entry, proved }: ProvedEntry<SeriesEntry>): boolean {
  const { kept, reading } = entry
  return (
    kept === null ||
    kept.reading !== reading ||
    kept.verdict !== proved.verdict ||
    !sameCounters(kept.highs, proved.highs)
  )
}

export async function putReadings(
  session: PostgresSession,
  readings: readonly NamedReading[],
): Promise<void> {
  if (readings.length === 0) return
  const rows = readings.map(({ simId, feedId, recordId, occurredAt, kept }): Value[] => [
    ...[simId, feedId, recordId, occurredAt],
    ...keptReadingToRow(kept),
  ])
  await session.run(sql.PUT_READINGS, columnsOf(rows))
}
