/**
 * Restarts announced by a source, at which all counters of all its series begin again. Each series gets a
 * reading for it, a start at 0. Usage thus stays a function of the readings alone, in whatever order they
 * arrive.
 */
import { NO_COUNTERS } from './counters.ts'
import { DAY_SECONDS } from './time.ts'
import type { UsageEvent } from './usage-event.ts'

export interface Restart {
  /** The prefix of the record ids of the source's series. */
  readonly seriesPrefix: string
  /** UTC seconds. */
  readonly at: number
}

export interface NotedRestart extends Restart {
  /** The account that delivered it, whose SIMs are the only ones affected; null for the operator. */
  readonly accountId: number | null
}

/** One series, and whose it is. */
export interface SeriesPlace {
  readonly simId: number
  readonly accountId: number
  readonly recordId: string
}

/**
 * A session that survives a restart under its name reports well within this time. Later, a session that
 * reuses the name sends a start. Each surviving series costs a row.
 */
export const RESTART_TELLS_SECONDS = 7 * DAY_SECONDS

/** A source that announces more than this in one delivery is out of order. */
export const RESTARTS_MAX = 10_000

/**
 * The start that a restart means for one series. Every delivery that adds it must add the same one, so it
 * takes no network from the readings around it.
 */
export function restartReading(
  { simId, accountId, recordId }: SeriesPlace,
  at: number,
  line: number,
): UsageEvent {
  return {
    ...{ simId, accountId, recordId, occurredAt: at, line },
    ...NO_COUNTERS,
    serving: {
      plmn: null,
      country: null,
      zone: 'home',
      countryStated: false,
      zoneStated: false,
    },
    reading: { is32Bit: false, resets: 'start', isStart: true },
    raw: '',
  }
}
