/** What a served store does by itself: seal days that are complete, delete usage that is too old. */
import { setImmediate } from 'node:timers/promises'
import { SETTLE_SECONDS } from '../domain/completeness.ts'
import { retentionStart } from '../domain/period.ts'
import type { PurgeOutcome, UsageStore } from '../storage/usage-store.ts'

/** Between two passes; a pass with nothing to do is a few reads. */
const PASS_INTERVAL_MS = 10 * 60_000

/** From records that came to the pass: deliveries that follow each other have one together. */
const PASS_DELAY_MS = 1_000

/** Rows in one deleting transaction: imports wait no longer than it takes. */
const PURGE_ROWS_MAX = 10_000

export interface UpkeepOptions {
  readonly store: UsageStore
  readonly clock: () => number
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
export function startUpkeep({ store, clock, onError }: UpkeepOptions): Upkeep {
  let stopped = false
  /** Records came while a pass was under way. */
  let again = false
  /** Null while a pass is under way. */
  let timer: NodeJS.Timeout | null = null
  const isStopped = () => stopped
  const pass = async (): Promise<void> => {
    try {
      await sealDays(store, clock(), isStopped)
      await checksumDays(store, isStopped)
      await purgeInSteps(store, { before: retentionStart(clock()), dryRun: false }, isStopped)
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
      await underWay
    },
  }
}

/**
 * Seals every day that ended 48 hours ago: one day a transaction, with a pause in which waiting
 * imports get their turn.
 */
export async function sealDays(
  store: UsageStore,
  nowSeconds: number,
  isStopped: () => boolean = () => false,
): Promise<void> {
  const before = nowSeconds - SETTLE_SECONDS
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

/** Purges step by step until everything older than `before` is gone, and adds up the steps. */
export async function purgeInSteps(
  store: UsageStore,
  { before, dryRun }: { readonly before: number; readonly dryRun: boolean },
  isStopped: () => boolean = () => false,
): Promise<Omit<PurgeOutcome, 'done'>> {
  let ledgerRows = 0
  let rollupCells = 0
  let quarantineEntries = 0
  while (!isStopped()) {
    const step = await store.purge({ before, rowsMax: PURGE_ROWS_MAX, dryRun })
    ledgerRows += step.ledgerRows
    rollupCells += step.rollupCells
    quarantineEntries += step.quarantineEntries
    if (step.done || dryRun) break
    await setImmediate()
  }
  return { ledgerRows, rollupCells, quarantineEntries }
}
