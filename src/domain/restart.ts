/**
 * Restarts that a source announces: all counters of all its series begin again. A restart is told to a
 * series as a reading of its own, a start at 0, so that what follows from it is a function of the
 * readings like everything else, whatever comes first.
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
 * A session that goes on under its name after a restart reports well within this time; from then on,
 * whoever takes the name again says so by a start. Each series that goes on costs a row.
 */
export const RESTART_TELLS_SECONDS = 7 * DAY_SECONDS

/** More announcements than this in one delivery are those of a source that is out of order. */
export const RESTARTS_MAX = 10_000

/**
 * The start that a restart means for one series. It is the same whoever finds that it is missing, so
 * its network is none of those that the readings around it state.
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
