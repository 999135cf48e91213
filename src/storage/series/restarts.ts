/** Restarts announced by sources: what the port promises about them, and how engines keep it. */
import type { NotedRestart, Restart, SeriesPlace } from '../../domain/restart.ts'
import type { Row } from '../rows.ts'
import { all, run, type Steps } from '../session.ts'
import { OF_A_START } from './reading-rows.ts'

export interface RestartStore {
  /**
   * Keeps the restarts that a running import has read, replacing what it noted before. They depend on
   * their import, so undoing it removes them.
   */
  noteRestarts(importId: number, restarts: readonly Restart[]): Promise<void>
  /** Restarts noted by the feed's imports, except undone ones, in no particular order. */
  listRestarts(feedId: number): Promise<NotedRestart[]>
  /**
   * The feed's series whose first reading in the range, `until` included, is not a start. If an account
   * is given, only those of SIMs that it had all the time. Each is attributed to the account that had the
   * SIM just before the range. Ordered by SIM and record id.
   */
  listSeries(
    filter: {
      readonly feedId: number
      readonly accountId: number | null
      readonly recordIdPrefix: string
      readonly from: number
      readonly until: number
    },
    page: { readonly limit: number; readonly after?: SeriesPlace },
  ): Promise<SeriesPlace[]>
}

type SeriesFilter = Parameters<RestartStore['listSeries']>[0]
type SeriesPage = Parameters<RestartStore['listSeries']>[1]

const NOTE_RESTARTS = 'UPDATE import SET restarts = ? WHERE id = ?'

const SELECT_RESTARTS = `
  SELECT account_id, restarts FROM import
  WHERE feed_id = ? AND restarts IS NOT NULL AND undone_at IS NULL`

const instantsOf = (which: string) =>
  `MIN(CASE WHEN (reading.traits & ${OF_A_START}) ${which} 0 THEN reading.occurred_at END)`

/** The account that had the SIM in the last second before the range. */
const OWNER = 'COALESCE(tenure.account_id, sim.account_id)'

const SELECT_SERIES_PLACES = `
  SELECT reading.sim_id, reading.record_id, ${OWNER} AS account_id
  FROM reading
  JOIN sim ON sim.id = reading.sim_id
  LEFT JOIN sim_tenure AS tenure
    ON tenure.sim_id = sim.id AND tenure.started_at < ?1 AND ?1 <= tenure.ended_at
  WHERE reading.occurred_at >= ?1 AND reading.occurred_at <= ?2 AND reading.feed_id = ?3
    AND substr(reading.record_id, 1, length(?4)) = ?4
    AND (CAST(?5 AS BIGINT) IS NULL
         OR (${OWNER} = ?5 AND (tenure.ended_at IS NULL OR tenure.ended_at > ?2)))
    AND (reading.sim_id, reading.record_id) > (?6, ?7)
  GROUP BY reading.sim_id, reading.record_id, ${OWNER}
  HAVING ${instantsOf('=')} < COALESCE(${instantsOf('<>')}, ?2 + 1)
  ORDER BY reading.sim_id, reading.record_id
  LIMIT ?8`

/** Values of `SELECT_SERIES_PLACES`. */
function seriesPlacesAsked(
  { from, until, feedId, recordIdPrefix, accountId }: SeriesFilter,
  { limit, after }: SeriesPage,
) {
  const name = [after?.simId ?? 0, after?.recordId ?? ''] as const
  return [from, until, feedId, recordIdPrefix, accountId, ...name, limit] as const
}

function restartsToText(restarts: readonly Restart[]): string {
  return JSON.stringify(restarts.map(({ seriesPrefix, at }) => [seriesPrefix, at]))
}

function restartsFromRow({ account_id: accountId, restarts }: Row): NotedRestart[] {
  const list = JSON.parse(restarts as string) as [string, number][]
  return list.map(([seriesPrefix, at]) => ({
    seriesPrefix,
    at,
    accountId: accountId === null ? null : Number(accountId),
  }))
}

function seriesPlaceFromRow(row: Row): SeriesPlace {
  return {
    simId: Number(row.sim_id),
    accountId: Number(row.account_id),
    recordId: row.record_id as string,
  }
}

export function* noteRestarts(importId: number, restarts: readonly Restart[]): Steps<void> {
  yield* run(NOTE_RESTARTS, [restartsToText(restarts), importId])
}

export function* listRestarts(feedId: number): Steps<NotedRestart[]> {
  return (yield* all(SELECT_RESTARTS, [feedId])).flatMap(restartsFromRow)
}

export function* listSeries(filter: SeriesFilter, page: SeriesPage): Steps<SeriesPlace[]> {
  return (yield* all(SELECT_SERIES_PLACES, seriesPlacesAsked(filter, page))).map(seriesPlaceFromRow)
}
