/**
 * What the store itself knows about the time. One machine's clock may be wrong by years, and a deletion
 * cannot be undone. So retention follows the clock only as far as the store confirms it.
 */
import { retentionStart } from './period.ts'
import { DAY_SECONDS, formatInstant } from './time.ts'

export interface StoreTime {
  /** The database server's clock; null if the caller's is the only one. */
  readonly serverAt: number | null
  /** The start of the newest day with usage. No clock of ours influences it. */
  readonly newestUsageAt: number | null
  /** The newest time stamp among the latest deliveries. */
  readonly newestStampAt: number | null
  /** How far a serving process has seen time pass since the store's newest usage: see `proveTime`. */
  readonly provenAt: number | null
  /** Everything before this has been deleted; null if nothing was. */
  readonly purgedThrough: number | null
}

/** What retention follows, and what it has deleted. */
export type ConfirmedTime = Pick<StoreTime, 'newestUsageAt' | 'provenAt' | 'purgedThrough'>

/**
 * How far retention may go beyond what proves the time, and how far in one step. Feeds deliver daily, and
 * a silent weekend must not hold anything up.
 */
export const RETENTION_LEAD_SECONDS = 2 * DAY_SECONDS

/** Clocks of well-kept machines differ by less, even while one of them is being set. */
export const CLOCK_TOLERANCE_SECONDS = 5 * 60

/** Upkeep goes by the server's time if there is a server, because many machines share its store. */
export function upkeepTime(clockSeconds: number, { serverAt }: StoreTime): number {
  return serverAt ?? clockSeconds
}

/** The latest instant that retention may take as the present; null if nothing proves any time. */
function latestProven({ newestUsageAt, provenAt }: ConfirmedTime): number | null {
  const proven = latest(newestUsageAt, provenAt)
  return proven === null ? null : proven + RETENTION_LEAD_SECONDS
}

/** The instants at which a record may have happened. */
export interface RecordLimits {
  /** Older records are `expired`. */
  readonly keptFrom: number
  /** Taken as the present. A record more than a day later waits in quarantine. */
  readonly latestAt: number
}

/**
 * A clock that is ahead expires only what the store's own usage would expire. A clock that is behind does
 * not put today's records into the future; without the newest stamp, the clock is taken as right there. A
 * store without usage has only the clock.
 */
export function recordLimits(
  nowSeconds: number,
  time: ConfirmedTime & Partial<Pick<StoreTime, 'newestStampAt'>>,
): RecordLimits {
  const proven = latestProven(time)
  const borneOut = retentionStart(proven === null ? nowSeconds : Math.min(nowSeconds, proven))
  return {
    // What was purged on purpose must not come back.
    keptFrom: Math.max(borneOut, time.purgedThrough ?? borneOut),
    latestAt: Math.max(nowSeconds, time.newestStampAt ?? nowSeconds),
  }
}

export interface RetentionStep {
  /** Anything older may be deleted now; a whole hour, or null if nothing may be. */
  readonly before: number | null
  /** What the limit would be by the clock alone. */
  readonly byClock: number
  /** True if another step may follow, because the store confirms more than one step takes. */
  readonly more: boolean
}

/** `nowSeconds` is the time that upkeep goes by. The limit never moves back. */
export function retentionStep(nowSeconds: number, time: StoreTime): RetentionStep {
  const byClock = retentionStart(nowSeconds)
  const { purgedThrough } = time
  const proven = latestProven(time)
  if (proven === null) return { before: purgedThrough, byClock, more: false }
  const borneOut = retentionStart(Math.min(nowSeconds, proven))
  if (purgedThrough === null) return { before: borneOut, byClock, more: false }
  const oneStep = purgedThrough + RETENTION_LEAD_SECONDS
  const before = Math.max(purgedThrough, Math.min(borneOut, oneStep))
  return { before, byClock, more: before < borneOut }
}

/** How much more the clock would have deleted than the store confirms, in seconds. */
export function heldBackSeconds({ before, byClock }: RetentionStep): number {
  return before === null ? 0 : Math.max(0, byClock - before)
}

/** Why nothing more is deleted, and what to do about it. */
export function refusalOf(step: RetentionStep, nowSeconds: number, time: StoreTime): string {
  const { newestUsageAt, provenAt } = time
  const seen = latest(newestUsageAt, provenAt)
  const known =
    seen === null
      ? 'the store has no usage that confirms it'
      : `the store has seen no later day than ${formatInstant(seen)}`
  return (
    `the clock says ${formatInstant(nowSeconds)}, but ${known}: usage from ` +
    `${formatInstant(step.before ?? step.byClock)} on is kept. If the clock is wrong, correct it; ` +
    `if it is right, usage is deleted as newer usage comes, or now with: ` +
    `simtally purge --before ${formatInstant(step.byClock)}`
  )
}

/** How far the clock is behind what the store has seen, in seconds; 0 if it is not. */
export function clockBehindSeconds(
  clockSeconds: number,
  { newestStampAt, newestUsageAt }: StoreTime,
): number {
  // A record may be a day ahead of all our clocks, because carriers' clocks are.
  const seen = latest(newestStampAt, newestUsageAt === null ? null : newestUsageAt - DAY_SECONDS)
  return seen === null ? 0 : Math.max(0, seen - clockSeconds)
}

/** How far the clock is ahead of everything the store has seen, in seconds. Silence counts too. */
export function clockAheadSeconds(clockSeconds: number, time: StoreTime): number {
  const seen = latest(latest(time.newestStampAt, time.newestUsageAt), time.provenAt)
  return seen === null ? 0 : Math.max(0, clockSeconds - seen)
}

/** How far the machine's clock is ahead of the server's, in seconds; null without a server. */
export function serverOffsetSeconds(clockSeconds: number, { serverAt }: StoreTime): number | null {
  return serverAt === null ? null : clockSeconds - serverAt
}

/**
 * What is certainly wrong with the clock, in words; null if nothing is. A clock ahead of everything seen
 * is not certainly wrong, since the store may have been left alone for that long.
 */
export function clockFault(clockSeconds: number, time: StoreTime): string | null {
  const says = `The clock of this machine says ${formatInstant(clockSeconds)}`
  const offset = serverOffsetSeconds(clockSeconds, time)
  if (offset !== null && Math.abs(offset) > CLOCK_TOLERANCE_SECONDS) {
    return `${says}, that of the database server ${formatInstant(time.serverAt!)}: correct the wrong one`
  }
  const behind = clockBehindSeconds(clockSeconds, time)
  if (behind <= CLOCK_TOLERANCE_SECONDS) return null
  return (
    `${says}, but the store has seen ${formatInstant(clockSeconds + behind)}: correct the clock; ` +
    'if it is right, and a wrong one stamped the latest deliveries, run simtally clock trust'
  )
}

function latest(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b)
}
