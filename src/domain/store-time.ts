/**
 * What a store knows of the time by itself. One machine's clock may be wrong by years, and deleting
 * cannot be taken back: what is too old goes by the clock only as far as the store bears it out.
 */
import { retentionStart } from './period.ts'
import { DAY_SECONDS, formatInstant } from './time.ts'

export interface StoreTime {
  /** The database server's clock; null where the caller's is the only one. */
  readonly serverAt: number | null
  /** The start of the newest day of which there is usage: no clock of ours has a say in it. */
  readonly newestUsageAt: number | null
  /** The newest instant that a clock has stamped one of the latest deliveries with. */
  readonly newestStampAt: number | null
  /** What a serving process has seen pass since the newest usage of its time: see `proveTime`. */
  readonly provenAt: number | null
  /** What was before has been deleted; null while nothing was. */
  readonly purgedThrough: number | null
}

/**
 * How far retention goes beyond what proves the time, and how far in one step. Feeds deliver daily, and
 * a weekend's silence holds nothing up.
 */
export const RETENTION_LEAD_SECONDS = 2 * DAY_SECONDS

/** Clocks of machines that are cared for differ by less, even while one of them is being set. */
export const CLOCK_TOLERANCE_SECONDS = 5 * 60

/** Upkeep goes by the server's time where there is a server: many machines share its store. */
export function upkeepTime(clockSeconds: number, { serverAt }: StoreTime): number {
  return serverAt ?? clockSeconds
}

/** The latest instant that retention may take for now; null while nothing proves any time. */
function latestProven({ newestUsageAt, provenAt }: StoreTime): number | null {
  const proven = latest(newestUsageAt, provenAt)
  return proven === null ? null : proven + RETENTION_LEAD_SECONDS
}

/** Which instants a record may have happened at. */
export interface RecordLimits {
  /** Older records are `expired`. */
  readonly keptFrom: number
  /** What is taken for now; a record that is later by more than a day waits in quarantine. */
  readonly latestAt: number
}

/**
 * A clock that is ahead expires nothing that the store's own usage does not, and one that is behind takes
 * no record of today for one of the future. A store without usage has only the clock.
 */
export function recordLimits(nowSeconds: number, time: StoreTime): RecordLimits {
  const proven = latestProven(time)
  const borneOut = retentionStart(proven === null ? nowSeconds : Math.min(nowSeconds, proven))
  return {
    // What was purged on purpose does not come back.
    keptFrom: Math.max(borneOut, time.purgedThrough ?? borneOut),
    latestAt: Math.max(nowSeconds, time.newestStampAt ?? nowSeconds),
  }
}

export interface RetentionStep {
  /** What is older may go now, a whole hour; null while nothing may. */
  readonly before: number | null
  /** The limit by the clock alone. */
  readonly byClock: number
  /** True when a further step may follow: the store bears more out than one step takes. */
  readonly more: boolean
}

/** `nowSeconds` is the time upkeep goes by. A limit never goes back. */
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

/** By how much the clock would have deleted more than the store bears out, in seconds. */
export function heldBackSeconds({ before, byClock }: RetentionStep): number {
  return before === null ? 0 : Math.max(0, byClock - before)
}

/** Why nothing more is deleted, and what can be done. */
export function refusalOf(step: RetentionStep, nowSeconds: number, time: StoreTime): string {
  const { newestUsageAt, provenAt } = time
  const seen = latest(newestUsageAt, provenAt)
  const known =
    seen === null
      ? 'the store has no usage that bears it out'
      : `the store has seen no later day than ${formatInstant(seen)}`
  return (
    `the clock says ${formatInstant(nowSeconds)}, but ${known}: usage from ` +
    `${formatInstant(step.before ?? step.byClock)} on is kept. If the clock is wrong, set it right; ` +
    `if it is right, usage goes as newer usage comes, or now by: ` +
    `simtally purge --before ${formatInstant(step.byClock)}`
  )
}

/** How far the clock stands behind what the store has seen, in seconds; 0 when it does not. */
export function clockBehindSeconds(
  clockSeconds: number,
  { newestStampAt, newestUsageAt }: StoreTime,
): number {
  // A record may be a day ahead of every clock of ours, because carriers' clocks are.
  const seen = latest(newestStampAt, newestUsageAt === null ? null : newestUsageAt - DAY_SECONDS)
  return seen === null ? 0 : Math.max(0, seen - clockSeconds)
}

/** How far the clock is ahead of everything that the store has seen, in seconds; silence counts. */
export function clockAheadSeconds(clockSeconds: number, time: StoreTime): number {
  const seen = latest(latest(time.newestStampAt, time.newestUsageAt), time.provenAt)
  return seen === null ? 0 : Math.max(0, clockSeconds - seen)
}

/** How far the machine's clock is ahead of the server's, in seconds; null without a server. */
export function serverOffsetSeconds(clockSeconds: number, { serverAt }: StoreTime): number | null {
  return serverAt === null ? null : clockSeconds - serverAt
}

/**
 * What is certainly wrong with the clock, in words; null where nothing is. A clock that is ahead of
 * everything seen is none of it: a store may have been left alone for as long.
 */
export function clockFault(clockSeconds: number, time: StoreTime): string | null {
  const says = `The clock of this machine says ${formatInstant(clockSeconds)}`
  const offset = serverOffsetSeconds(clockSeconds, time)
  if (offset !== null && Math.abs(offset) > CLOCK_TOLERANCE_SECONDS) {
    return `${says}, that of the database server ${formatInstant(time.serverAt!)}: set the wrong one right`
  }
  const behind = clockBehindSeconds(clockSeconds, time)
  if (behind <= CLOCK_TOLERANCE_SECONDS) return null
  return (
    `${says}, but the store has seen ${formatInstant(clockSeconds + behind)}: set the clock right; ` +
    'if it is right, and a wrong one stamped the latest deliveries, run simtally clock trust'
  )
}

function latest(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b)
}
