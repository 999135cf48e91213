/**
 * The upkeep of a served store: seals complete days and puts them under checksum, deletes usage that is too
 * old and expired console sessions, and audits the store.
 */
import { setImmediate } from 'node:timers/promises'
import { SETTLE_SECONDS } from '../domain/completeness.ts'
import { upkeepTime } from '../domain/store-time.ts'
import { UsageError } from '../domain/usage-error.ts'
import type { UsageStore } from '../storage/usage-store.ts'
import { startAudits } from './audit-runs.ts'
import { Retention, type RetentionLog } from './retention.ts'

/** Between two passes. A pass with nothing to do takes a few reads. */
const PASS_INTERVAL_MS = 10 * 60_000

/** Between the arrival of records and the pass. Deliveries in quick succession share one pass. */
const PASS_DELAY_MS = 1_000

export interface UpkeepOptions {
  readonly store: UsageStore
  readonly clock: () => number
  /** Seconds since some instant, on a clock that nobody can set. */
  readonly uptime: () => number
  /** Receives what was deleted, and what a clock alone would have deleted. */
  readonly log: RetentionLog
  /** Called for a failed pass. The next one tries again. */
  readonly onError: (error: unknown) => void
}

export interface Upkeep {
  /** Reports that records have come, so that days that are now complete are sealed soon. */
  recordsCame(): void
  /** Starts no further step, and resolves when the current one has ended. */
  stop(): Promise<void>
}

/** Starts a pass now, and another ten minutes after the end of each. Keeps no process alive. */
export function startUpkeep({ store, clock, uptime, log, onError }: UpkeepOptions): Upkeep {
  const retention = new Retention({ store, uptime, log })
  let stopped = false
  /** Set if records come during a pass. */
  let again = false
  /** Null during a pass. */
  let timer: NodeJS.Timeout | null = null
  const isStopped = () => stopped
  /** A day whose totals are too large must hold up neither checksums nor retention. */
  const passOverUnsealable = (error: unknown) => {
    if (!(error instanceof UsageError && error.code === 'overflow')) throw error
    onError(error)
  }
  const pass = async (): Promise<void> => {
    try {
      await sealDays(store, clock(), isStopped).catch(passOverUnsealable)
      await checksumDays(store, isStopped)
      await retention.pass(clock(), await store.readTime(), isStopped)
      await store.forgetConsoleSessions(clock())
    } catch (error) {
      onError(error)
    }
    if (!stopped) passIn(again ? PASS_DELAY_MS : PASS_INTERVAL_MS)
  }
  const passIn = (milliseconds: number): void => {
    timer = setTimeout(() => {
      timer = null
      again = false
      underWay = pass()
    }, milliseconds).unref()
  }
  let underWay = pass()
  const audits = startAudits({ store, clock, onError })
  return {
    recordsCame: () => {
      if (stopped || again) return
      again = true
      if (timer === null) return
      clearTimeout(timer)
      passIn(PASS_DELAY_MS)
    },
    stop: async () => {
      stopped = true
      if (timer !== null) clearTimeout(timer)
      await Promise.all([underWay, audits.stop()])
    },
  }
}

/**
 * Seals every day that ended at least 48 hours ago, by the server's time if it has one. One day, or
 * a part of a large one, per transaction, with pauses in which waiting imports get their turn.
 */
export async function sealDays(
  store: UsageStore,
  clockSeconds: number,
  isStopped: () => boolean = () => false,
): Promise<void> {
  const before = upkeepTime(clockSeconds, await store.readTime()) - SETTLE_SECONDS
  while (!isStopped() && (await store.sealNextDay(before))) await setImmediate()
}

/**
 * Puts every sealed day under checksum, one, or a part of a large one, per transaction. That takes several
 * times as long as sealing, so the end of an import does not wait for it.
 */
export async function checksumDays(
  store: UsageStore,
  isStopped: () => boolean = () => false,
): Promise<void> {
  while (!isStopped() && (await store.checksumNextDay())) await setImmediate()
}
