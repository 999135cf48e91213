/** Instants as people read them, always in UTC. Instants are seconds since 1970. */

export const HOUR_SECONDS = 3600
export const DAY_SECONDS = 86_400

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
export const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

export function instantOf(iso: string): number {
  return Math.floor(Date.parse(iso) / 1000)
}

/** `2026-11-28T14:00:00Z`. */
export function isoText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')
}

/** `2026-11-28`, as date inputs take it. */
export function isoDay(seconds: number): string {
  return isoText(seconds).slice(0, 10)
}

/** `28 Nov 2026`. */
export function dayText(seconds: number): string {
  const date = new Date(seconds * 1000)
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`
}

/** `28 Nov`, for an axis. */
export function shortDayText(seconds: number): string {
  return dayText(seconds).replace(/ \d+$/, '')
}

/** `Nov 2026`, for an axis. */
export function monthText(seconds: number): string {
  return dayText(seconds).replace(/^\d+ /, '')
}

/** `14:00`. */
export function clockText(seconds: number): string {
  return isoText(seconds).slice(11, 16)
}

/** `28 Nov 2026, 14:00`. */
export function momentText(seconds: number): string {
  return `${dayText(seconds)}, ${clockText(seconds)}`
}

/** Monday is 0. */
export function weekdayOf(seconds: number): number {
  return (Math.floor(seconds / DAY_SECONDS) + 3) % 7
}

export function isMidnight(seconds: number): boolean {
  return seconds % DAY_SECONDS === 0
}

/** Half-open bounds in people's words: `1 Nov 2026 – 28 Nov 2026`, `28 Nov 2026, 14:00 – 15:00`. */
export function periodText(start: number, end: number): string {
  if (isMidnight(start) && isMidnight(end)) {
    const last = end - DAY_SECONDS
    if (last <= start) return dayText(start)
    return `${isoDay(start).slice(0, 4) === isoDay(last).slice(0, 4) ? shortDayText(start) : dayText(start)} – ${dayText(last)}`
  }
  const isSameDay = isoDay(start) === isoDay(end - 1)
  return `${momentText(start)} – ${isSameDay ? clockText(end) : momentText(end)}`
}
