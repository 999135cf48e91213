/** Series of readings as the database has them: the part around what changes, and its usage. */
import { type Reading, usageOfReading } from '../../domain/counter-series.ts'
import { DAY_SECONDS } from '../../domain/time.ts'
import type { Counters } from '../../domain/usage-event.ts'
import { type Row, readingBits, type StoredEvent, storedEventFromRow } from '../rows.ts'
import { columnsOf, type Session, type Value } from './connection.ts'
import * as sql from './reading-sql.ts'

/** Most series report more often: their neighbours are found in a short look. */
const NEAR_SECONDS = 2 * DAY_SECONDS

/** The part of a series that changes, from its first instant to its last. */
export interface SeriesPart {
  readonly simId: number
  readonly recordId: string
  readonly first: number
  readonly last: number
}

/** One instant of a series. */
export interface StoredReading {
  readonly occurredAt: number
  /** The ledger's row; null for one that retention has taken. */
  readonly row: StoredEvent | null
  readonly reading: Reading
  /** What counts, with the counters that were read. */
  readonly current: StoredEvent
}

/**
 * The readings between the first and the last instant of each part, and one around on each side;
 * in the order of the parts, and of time.
 */
export async function loadSeries(
  session: Session,
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
  const reading: Reading = {
    upload: row.read_upload as number,
    download: row.read_download as number,
    toSim: row.read_to_sim as number,
    fromSim: row.read_from_sim as number,
    is32Bit: row.bits === 32,
  }
  const stored = row.zone === null ? null : storedEventFromRow(row)
  // Without its row it can be no more than the base of those after it.
  const current =
    stored ?? storedEventFromRow({ ...row, zone: 0, country: '', plmn: '', stated: 0 })
  const { upload, download, toSim, fromSim } = reading
  const version = { ...current.version, upload, download, toSim, fromSim }
  return {
    occurredAt: row.occurred_at as number,
    row: stored,
    reading,
    current: { ...current, version },
  }
}

/**
 * What was used at each of the readings, which are in order of time; null before `first`, where
 * nothing has changed and the reading before is not known.
 */
export function usagesFrom(
  readings: readonly { readonly occurredAt: number; readonly reading: Reading }[],
  first: number,
): (Counters | null)[] {
  return readings.map(({ occurredAt, reading }, i) =>
    occurredAt < first ? null : usageOfReading(readings[i - 1]?.reading ?? null, reading),
  )
}

export interface NamedReading {
  readonly simId: number
  readonly feedId: number
  readonly recordId: string
  readonly occurredAt: number
  readonly reading: Reading
}

export async function putReadings(
  session: Session,
  readings: readonly NamedReading[],
): Promise<void> {
  if (readings.length === 0) return
  const rows = readings.map(({ simId, feedId, recordId, occurredAt, reading }): Value[] => {
    const { upload, download, toSim, fromSim } = reading
    return [
      ...[simId, feedId, recordId, occurredAt],
      ...[upload, download, toSim, fromSim, readingBits(reading)],
    ]
  })
  await session.run(sql.PUT_READINGS, columnsOf(rows))
}
