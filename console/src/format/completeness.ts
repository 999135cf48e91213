/** How far usage is complete, in words: what may be missing before, and what may still grow. */
import { momentText } from './time.ts'

interface Known {
  /** Earlier usage may never have been delivered; null if unknown. */
  readonly completeFrom: number | null
  /** Only corrections can still change earlier usage; null if unknown. */
  readonly completeThrough: number | null
}

interface Bounds {
  readonly start: number
  readonly end: number
}

/** Null if no feed says so. */
export function isComplete(known: Known, { start, end }: Bounds): boolean | null {
  const { completeFrom: from, completeThrough: through } = known
  if (from !== null && start < from) return false
  return through === null ? null : end <= through
}

/** Null if nothing of the period is missing. */
export function missingText({ completeFrom: from }: Known, { start }: Bounds): string | null {
  if (from === null || start >= from) return null
  return `Usage before ${momentText(from)} UTC may never have been delivered.`
}

/** For the end of a period; null if none of it is complete. */
export function throughText(known: Known, period: Bounds): string | null {
  const { completeFrom: from, completeThrough: through } = known
  if (from !== null && period.end <= from) return null
  if (through === null) return 'No feed says up to when usage is complete.'
  if (through < period.end) return `Complete through ${momentText(through)} UTC`
  if (from !== null && period.start < from) return 'After that, only corrections change it.'
  return 'Complete: only corrections still change these numbers.'
}
