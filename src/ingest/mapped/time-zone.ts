/**
 * Converts local time to UTC. When clocks go back, a local time happens twice, and the earlier one is
 * meant. When they go forward, some do not happen, and are read as if the clocks had not been moved yet.
 */
import { DAY_SECONDS } from '../../domain/time.ts'

/** How many distinct minutes have their offsets remembered; looking one up takes microseconds. */
const MINUTES_REMEMBERED_MAX = 20_000

/** What a time zone may be, in words. */
export const ZONE_NAMES =
  'UTC, an offset such as +05:45, or a name such as Europe/Berlin (abbreviations have several meanings)'
export const ZONE_RULE = `expected ${ZONE_NAMES}`

/** Records may name zones in any letter case; there are fewer than 600. */
const CLOCKS_MAX = 2_000

const OFFSET = /^([+-])(\d{2}):?(\d{2})?$/

/** Seconds east of UTC for `UTC`, `Z` or an offset such as `+05:45`; null for other names. */
export function offsetOfZone(zone: string): number | null {
  if (zone.toUpperCase() === 'UTC' || zone.toUpperCase() === 'Z') return 0
  const match = OFFSET.exec(zone)
  if (match === null) return null
  const [, sign, hours, minutes = '0'] = match
  if (Number(hours) > 18 || Number(minutes) > 59) return null
  return (sign === '-' ? -1 : 1) * (Number(hours) * 3_600 + Number(minutes) * 60)
}

/**
 * True for `UTC`, an offset, and the IANA names this program knows. Abbreviations are refused, because
 * libraries take BST for the time of Dhaka, not London.
 */
export function isTimeZone(zone: string): boolean {
  if (offsetOfZone(zone) !== null) return true
  if (zone.toUpperCase() !== 'GMT' && !zone.includes('/')) return false
  try {
    zoneClock(zone)
    return true
  } catch {
    return false
  }
}

const clocks = new Map<string, ZoneClock>()

/**
 * From local seconds, as if the zone were UTC, to UTC seconds; `zone` has passed `isTimeZone`.
 */
export function localToUtc(zone: string): (localSeconds: number) => number {
  const fixed = offsetOfZone(zone)
  if (fixed !== null) return (localSeconds) => localSeconds - fixed
  const clock = zoneClock(zone)
  return (localSeconds) => clock.toUtc(localSeconds)
}

function zoneClock(zone: string): ZoneClock {
  let clock = clocks.get(zone)
  if (clock === undefined) {
    clock = new ZoneClock(zone)
    if (clocks.size >= CLOCKS_MAX) clocks.clear()
    clocks.set(zone, clock)
  }
  return clock
}

/** The wall clock of one IANA zone. */
class ZoneClock {
  readonly #format: Intl.DateTimeFormat
  /** Offsets by local minute. */
  readonly #offsets = new Map<number, number>()

  /** Throws a RangeError for an unknown zone. */
  constructor(zone: string) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      calendar: 'gregory',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  }

  toUtc(localSeconds: number): number {
    const minute = Math.floor(localSeconds / 60)
    let offset = this.#offsets.get(minute)
    if (offset === undefined) {
      offset = this.#offsetOfLocal(minute * 60)
      if (this.#offsets.size >= MINUTES_REMEMBERED_MAX) this.#offsets.clear()
      this.#offsets.set(minute, offset)
    }
    return localSeconds - offset
  }

  #offsetOfLocal(localSeconds: number): number {
    const before = this.#offsetAt(localSeconds - DAY_SECONDS)
    const after = this.#offsetAt(localSeconds + DAY_SECONDS)
    if (before === after) return before
    // Of two instants with this local time, the earlier one has the offset from before the change.
    if (this.#offsetAt(localSeconds - before) === before) return before
    if (this.#offsetAt(localSeconds - after) === after) return after
    return before
  }

  /** Seconds east of UTC at an instant. */
  #offsetAt(atSeconds: number): number {
    const parts = Object.fromEntries(
      this.#format.formatToParts(atSeconds * 1_000).map(({ type, value }) => [type, value]),
    )
    const local = Date.UTC(
      Number(parts.year),
      Number(parts.month) - 1,
      Number(parts.day),
      Number(parts.hour),
      Number(parts.minute),
      Number(parts.second),
    )
    return local / 1_000 - atSeconds
  }
}
