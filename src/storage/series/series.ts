/** Series of readings: the part of a series around a change, and what it proves. */
import {
  NOTHING_PROVED,
  type Proved,
  prove,
  type Reading,
  sameCounters,
} from '../../domain/counter-series.ts'
import { DAY_SECONDS } from '../../domain/time.ts'
import { atText } from '../ledger/buckets.ts'
import { type Row, type StoredEvent, storedEventFromRow } from '../rows.ts'
import { all, freshSeconds, insert, type NamedRows, type Steps } from '../session.ts'
import { CONTENT_COLUMNS } from '../tables.ts'
import {
  countersRead,
  type KeptReading,
  keptReadingFromRow,
  keptReadingToRow,
  READ_COLUMNS,
  READING_KEY,
} from './reading-rows.ts'

/** Most series report more often than this, so a short look finds their neighbours. */
const NEAR_SECONDS = 2 * DAY_SECONDS

/** The part of a series that changes, from its first instant to its last. */
export interface SeriesPart {
  readonly simId: number
  readonly recordId: string
  readonly first: number
  readonly last: number
}

/** How many series are read to their ends at once. */
const SERIES_AT_ONCE = 100

/** One instant of a series, as it will be. */
export interface SeriesEntry {
  readonly occurredAt: number
  readonly reading: Reading
  /** As stored; null for a new instant. */
  readonly kept: KeptReading | null
  /** The ledger row; null for a new instant, and for one that retention has deleted. */
  readonly row: StoredEvent | null
}

export interface StoredReading extends SeriesEntry {
  readonly kept: KeptReading
  /** What counts, with counters as read. */
  readonly current: StoredEvent
}

/**
 * The readings between the first and last instant of each part, and one neighbour on either side; in the
 * order of the parts, and of time.
 */
export function* loadSeries(
  feedId: number,
  parts: readonly SeriesPart[],
): Steps<readonly (readonly StoredReading[])[]> {
  if (parts.length === 0) return []
  const froms = parts.map(({ first }) => first)
  const tos = parts.map(({ last }) => last)
  const near = yield* neighboursOf(feedId, parts, {
    froms: froms.map((at) => at - NEAR_SECONDS),
    tos: tos.map((at) => at + NEAR_SECONDS),
  })
  // If the short look has found none on one side, that side is searched to its end.
  const far = yield* neighboursOf(feedId, parts, {
    froms: froms.map((at, i) => (near.get(i)?.previous == null ? Number.MIN_SAFE_INTEGER : at)),
    tos: tos.map((at, i) => (near.get(i)?.next == null ? Number.MAX_SAFE_INTEGER : at)),
  })
  const rows = yield* all(
    selectSeries(yield* freshSeconds()),
    [feedId],
    spans(parts, {
      froms: froms.map((at, i) => near.get(i)?.previous ?? far.get(i)?.previous ?? at),
      tos: tos.map((at, i) => near.get(i)?.next ?? far.get(i)?.next ?? at),
    }),
  )
  const byPosition = Map.groupBy(rows, (row) => row.position as number)
  return parts.map((_, i) => (byPosition.get(i) ?? []).map(storedReadingFromRow))
}

/** Where to look, for each part. */
interface Spans {
  readonly froms: readonly number[]
  readonly tos: readonly number[]
}

function* neighboursOf(feedId: number, parts: readonly SeriesPart[], { froms, tos }: Spans) {
  const rows = yield* all(SELECT_NEIGHBOURS, [feedId], {
    columns: {
      ...SERIES,
      first_at: 'bigint',
      last_at: 'bigint',
      from_at: 'bigint',
      to_at: 'bigint',
    },
    rows: parts.map(({ simId, recordId, first, last }, i) => [
      ...[simId, recordId, first, last, froms[i]!, tos[i]!],
    ]),
  })
  return new Map(
    rows.map((row) => [
      row.position as number,
      { previous: row.previous_at as number | null, next: row.next_at as number | null },
    ]),
  )
}

const SERIES = { sim_id: 'bigint', record_id: 'text' } as const

function spans(parts: readonly SeriesPart[], { froms, tos }: Spans): NamedRows {
  return {
    columns: { ...SERIES, from_at: 'bigint', to_at: 'bigint' },
    rows: parts.map(({ simId, recordId }, i) => [simId, recordId, froms[i]!, tos[i]!]),
  }
}

/** The readings of a series of feed `?1` from one instant to another. */
const JOINED = `
  FROM :named
  JOIN reading ON reading.sim_id = named.sim_id
              AND reading.feed_id = ?1
              AND reading.record_id = named.record_id
              AND reading.occurred_at >= named.from_at
              AND reading.occurred_at <= named.to_at`

/** The nearest readings before and after a part of each series. */
const SELECT_NEIGHBOURS = `
  SELECT named.position - 1 AS position,
         MAX(CASE WHEN reading.occurred_at < named.first_at THEN reading.occurred_at END)
           AS previous_at,
         MIN(CASE WHEN reading.occurred_at > named.last_at THEN reading.occurred_at END) AS next_at
  ${JOINED}
  GROUP BY named.position`

/** Ledger columns begin with `ledger_`. */
function selectSeries(fresh: number): string {
  return `
  SELECT named.position - 1 AS position, reading.*,
         ${CONTENT_COLUMNS.map((name) => `ledger.${name} AS ledger_${name}`).join(', ')}
  ${JOINED}
  LEFT JOIN ledger ON ledger.bucket ${atText('reading.occurred_at', fresh)}
                  AND ledger.sim_id = reading.sim_id
                  AND ledger.occurred_at = reading.occurred_at
                  AND ledger.feed_id = reading.feed_id
                  AND ledger.record_id = reading.record_id
  ORDER BY named.position, reading.occurred_at`
}

function storedReadingFromRow(row: Row): StoredReading {
  const kept = keptReadingFromRow(row)
  const { reading } = kept
  const ledgerRow = Object.fromEntries(CONTENT_COLUMNS.map((name) => [name, row[`ledger_${name}`]]))
  const stored = ledgerRow.zone === null ? null : storedEventFromRow(ledgerRow)
  // Without its row, it can only be the base of later readings.
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

/**
 * A part of a series with its entries in order of time, from the reading before it to the one after it.
 */
export interface ChangedSeries<Entry extends SeriesEntry> {
  readonly part: SeriesPart
  readonly entries: readonly Entry[]
}

export interface ProvedEntry<Entry extends SeriesEntry> {
  readonly entry: Entry
  readonly proved: Proved
}

/**
 * What each reading proves, from the first of each part up to where nothing changes any more; in the
 * order of the series, and of time.
 */
export function* proveSeries<Entry extends SeriesEntry>(
  feedId: number,
  list: readonly ChangedSeries<Entry>[],
  asEntry: (stored: StoredReading) => Entry,
): Steps<ProvedEntry<Entry>[][]> {
  const walks = list.map(({ part, entries }) => new SeriesWalk(part, entries))
  const open = walks.filter(({ isOpen }) => isOpen)
  const text = selectSeries(yield* freshSeconds())
  for (let from = 0; from < open.length; from += SERIES_AT_ONCE) {
    const some = open.slice(from, from + SERIES_AT_ONCE)
    const rows = yield* all(
      text,
      [feedId],
      spans(
        some.map(({ part }) => part),
        {
          froms: some.map(({ proved }) => proved.at(-1)!.entry.occurredAt + 1),
          tos: some.map(() => Number.MAX_SAFE_INTEGER),
        },
      ),
    )
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

/** True if the reading is not stored, or stored differently. */
export function differsFromStored({ entry, proved }: ProvedEntry<SeriesEntry>): boolean {
  const { kept, reading } = entry
  return (
    kept === null ||
    kept.reading !== reading ||
    kept.verdict !== proved.verdict ||
    !sameCounters(kept.highs, proved.highs)
  )
}

export function* putReadings(readings: readonly NamedReading[]): Steps<void> {
  const columns = [...READING_KEY, ...READ_COLUMNS]
  const rows = readings.map(({ simId, feedId, recordId, occurredAt, kept }) => [
    ...[simId, feedId, recordId, occurredAt],
    ...keptReadingToRow(kept),
  ])
  const read = READ_COLUMNS.map((name) => `${name} = excluded.${name}`)
  const suffix = `ON CONFLICT (${READING_KEY.join(', ')}) DO UPDATE SET ${read.join(', ')}`
  yield* insert({ table: 'reading', columns, rows, suffix })
}
