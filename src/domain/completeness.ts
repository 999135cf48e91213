/** Up to when usage can be taken as complete, told from when its feeds last delivered. */
import { floorTo, HOUR_SECONDS } from './time.ts'

/** The specification: all usage is typically processed within 48 hours from when it occurred. */
export const SETTLE_SECONDS = 48 * HOUR_SECONDS

/**
 * The instant, a whole hour, up to which every feed has had its time to deliver. `deliveries` are
 * the starts of each feed's newest finished import. Null when there is no feed, or one of them has
 * finished none: then nothing can be said.
 */
export function completeThrough(deliveries: readonly (number | null)[]): number | null {
  let earliest: number | null = null
  for (const delivery of deliveries) {
    if (delivery === null) return null
    if (earliest === null || delivery < earliest) earliest = delivery
  }
  return earliest === null ? null : floorTo(earliest - SETTLE_SECONDS, HOUR_SECONDS)
}
