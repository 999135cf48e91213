/**
 * What a served store does by itself: seal days that are complete and put them under checksum, delete
 * usage that is too old and sessions of the console that are over, and audit itself.
 */
import { setImmediate } from 'node:timers/promises'
import { SETTLE_SECONDS } from '../domain/completeness.ts'
import { upkeepTime } from '../domain/store-time.ts'
import { UsageError } from '../domain/usage-error.ts'
import type { UsageStore } from '../storage/usage-store.ts'
import { startAudits } from './audit-runs.ts'
import { Retention, type RetentionLog } from './retention.ts'

/** Between two passes; a pass with nothing to do is a few reads. */
const PASS_INTERVAL_MS = 10 * 60_000

/** From records that came to the pass: deliveries that follow each other have one together. */
const PASS_DELAY_MS = 1_000

export interface UpkeepOptions {
  readonly store: UsageStore
  readonly clock: () => number
  /** Seconds since some instant, by a clock that nobody can set. */
  readonly uptime: () => number
  /** Told what went, and what a clock alone would have deleted. */
  readonly log: RetentionLog
  /** Told of a pass that failed; the next one tries again. */
  readonly onError: (error: unknown) => void
}

export interface Upkeep {
  /** Tells that records have come: days that are complete by now are sealed soon. */
  recordsCame(): void
  /** Starts no further step, and resolves when the one under way has ended. */
  stop(): Promise<void>
}

/** Starts a pass now and one every ten minutes after the last has ended. Keeps no process alive. */
export function startUpkeep({ store, clock, uptime, log, onError }: UpkeepOptions): Upkeep {
  const retention = new Retention({ store, uptime, log })
  let stopped = false
  /** Records came while a pass was under way. */
  let again = false
  /** Null while a pass is under way. */
  let timer: NodeJS.Timeout | null = null
  const isStopped = () => stopped
  /** A day whose totals are too large holds up neither checksums nor the end of retention. */
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
 * Seals every day that ended 48 hours ago, by the server's time where there is one: one day a
 * transaction, with a pause in which waiting imports get their turn.
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
 * Puts every sealed day under checksum, one a transaction. It takes several times as long as sealing
 * does, so that an import does not end with it.
 */
export async function checksumDays(
  store: UsageStore,
  isStopped: () => boolean = () => false,
): Promise<void> {
  while (!isStopped() && (await store.checksumNextDay())) await setImmediate()
}
