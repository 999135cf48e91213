/**
 * Deletes usage that is too old, as far as the store confirms the clock, and reports what it deleted and what
 * it did not.
 */
import {
  CLOCK_TOLERANCE_SECONDS,
  heldBackSeconds,
  refusalOf,
  retentionStep,
  type StoreTime,
  serverOffsetSeconds,
  upkeepTime,
} from '../domain/store-time.ts'
import { formatInstant, HOUR_SECONDS } from '../domain/time.ts'
import type { UsageStore } from '../storage/usage-store.ts'
import { type Gone, purgeInSteps } from './purge-steps.ts'
import { countOf } from './quantity-text.ts'

/**
 * Between two full steps of the limit, so that a clock that is wrong after all is noticed before much is
 * lost.
 */
const STEP_INTERVAL_SECONDS = HOUR_SECONDS

/** Between two log lines about the same refusal. */
const REFUSAL_INTERVAL_SECONDS = HOUR_SECONDS

export interface RetentionLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}

export interface RetentionOptions {
  readonly store: UsageStore
  /** Seconds since some instant, on a clock that nobody can set. */
  readonly uptime: () => number
  readonly log: RetentionLog
}

export class Retention {
  readonly #options: RetentionOptions
  /** A time that the store confirmed, and the uptime then. */
  #base: { readonly provenAt: number; readonly uptime: number } | null = null
  #steppedAt = Number.NEGATIVE_INFINITY
  #refusedAt = Number.NEGATIVE_INFINITY
  #clockToldAt = Number.NEGATIVE_INFINITY

  constructor(options: RetentionOptions) {
    this.#options = options
  }

  /** `time` is the store's current time. */
  async pass(clockSeconds: number, time: StoreTime, isStopped: () => boolean): Promise<void> {
    const { store, log, uptime } = this.#options
    const now = upkeepTime(clockSeconds, time)
    this.#tellClocks(clockSeconds, time)
    const proven = await this.#prove(now, time)
    const step = retentionStep(now, proven)
    if (heldBackSeconds(step) > 0) this.#tellRefusal(refusalOf(step, now, proven), step)
    if (step.before === null) return
    if (step.more) {
      if (uptime() - this.#steppedAt < STEP_INTERVAL_SECONDS) return
      this.#steppedAt = uptime()
    }
    const gone = await purgeInSteps(store, { before: step.before, dryRun: false }, isStopped)
    if (anythingOf(gone)) {
      log.info({ before: formatInstant(step.before), ...gone }, goneText(gone, step.before))
    }
  }

  /** The time that has passed since the store confirmed one counts as confirmed too. */
  async #prove(now: number, time: StoreTime): Promise<StoreTime> {
    const { store, uptime } = this.#options
    const { newestUsageAt, provenAt } = time
    if (newestUsageAt === null && provenAt === null) return time
    const known = Math.max(newestUsageAt ?? provenAt!, provenAt ?? newestUsageAt!)
    this.#base ??= { provenAt: known, uptime: uptime() }
    const passed = Math.floor(this.#base.provenAt + uptime() - this.#base.uptime)
    const at = Math.min(now, Math.max(known, passed))
    if (at < known + HOUR_SECONDS) return { ...time, provenAt: Math.max(known, at) }
    await store.proveTime(at)
    return { ...time, provenAt: at }
  }

  #tellRefusal(message: string, step: { readonly byClock: number }): void {
    const { log, uptime } = this.#options
    if (uptime() - this.#refusedAt < REFUSAL_INTERVAL_SECONDS) return
    this.#refusedAt = uptime()
    log.warn({ byClock: formatInstant(step.byClock) }, `retention goes no further: ${message}`)
  }

  #tellClocks(clockSeconds: number, time: StoreTime): void {
    const { log, uptime } = this.#options
    const offset = serverOffsetSeconds(clockSeconds, time)
    if (offset === null || Math.abs(offset) <= CLOCK_TOLERANCE_SECONDS) return
    if (uptime() - this.#clockToldAt < REFUSAL_INTERVAL_SECONDS) return
    this.#clockToldAt = uptime()
    log.warn(
      { clockOffsetSeconds: offset },
      `this machine's clock is ${Math.abs(offset)} s ${offset > 0 ? 'ahead of' : 'behind'} the ` +
        "database server's; upkeep goes by the server's",
    )
  }
}

export function anythingOf({ ledgerRows, rollupCells, quarantineEntries }: Gone): boolean {
  return ledgerRows + rollupCells + quarantineEntries > 0
}

export function goneText(gone: Gone, before: number, verb = 'are deleted'): string {
  return (
    `${countOf(gone.ledgerRows, 'ledger row')}, ${countOf(gone.rollupCells, 'derived number')} ` +
    `and ${countOf(gone.quarantineEntries, 'quarantined record')} ` +
    `from before ${formatInstant(before)} ${verb}`
  )
}
