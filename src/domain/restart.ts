/**
 * Restarts that a source announces: all counters of all its series begin again. Each series gets a
 * reading for it, a start at 0, so that usage stays a function of the readings alone, in whatever
 * order they arrive.
 */
import { DAY_SECONDS } from './time.ts'
import type { UsageEvent } from './usage-event.ts'

export interface Restart {
  /** What the record ids of the source's series begin with. */
  readonly seriesPrefix: string
  /** UTC seconds. */
  readonly at: number
}

export interface NotedRestart extends Restart {
  /** The account that delivered it, whose SIMs alone it concerns; null for the operator. */
  readonly accountId: number | null
}

/** One series, and whose it is. */
export interface SeriesPlace {
  readonly simId: number
  readonly accountId: number
  readonly recordId: string
}

/**
 * A session that continues under its name after a restart reports well within this time. Later, a
 * session that takes the name again sends a start. Each series that continues costs a row.
 */
export const RESTART_TELLS_SECONDS = 7 * DAY_SECONDS

/** More announcements than this in one delivery are those of a source that is out of order. */
export const RESTARTS_MAX = 10_000

/**
 * The start that a restart means for one series. Every delivery that adds it adds the same one, so it
 * takes no network from the readings around it.
 */
export function restartReading(
  { simId, accountId, recordId }: SeriesPlace,
  at: number,
  line: number,
): UsageEvent {
  return {
    ...{ simId, accountId, recordId, occurredAt: at, line },
    ...{ upload: 0, download: 0, toSim: 0, fromSim: 0 },
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
