/** Carries out audits part by part, and keeps the progress of each in the store. */
import { setTimeout as pause } from 'node:timers/promises'
import { type AuditRun, endOfAudit, newAuditRun, type UsageStore } from '../storage/usage-store.ts'

/** How often an audit's progress is kept, in milliseconds. After a kill, the audit repeats this much. */
const KEEP_EVERY_MS = 2_000

/** A served store is audited once in this period, a little at a time. */
export const AUDIT_EVERY_SECONDS = 86_400

/** How often a serving process checks whether an audit is due or was asked for, in milliseconds. */
const LOOK_EVERY_MS = 10_000

/** How often an audit that nobody waits for continues, and for how long, in milliseconds. */
const SLICE_EVERY_MS = 60_000
const SLICE_MS = 1_500

export interface CarryOutOptions {
  readonly clock: () => number
  /** Called before each part. */
  readonly isStopped: () => boolean
  /** Called after each part, before it is kept. */
  readonly onPart?: (run: AuditRun) => void
  /** Keeps the progress; by default, the store does. */
  readonly keep?: (run: AuditRun) => Promise<void>
}

/** Continues an audit to its end, or until it is stopped. */
export async function carryOutAudit(
  store: UsageStore,
  begun: AuditRun,
  { clock, isStopped, onPart, keep = (run) => store.keepAuditRun(run) }: CarryOutOptions,
): Promise<AuditRun> {
  const startedMs = performance.now()
  const secondsNow = () => begun.seconds + (performance.now() - startedMs) / 1000
  let run: AuditRun = { ...begun, startedAt: begun.startedAt ?? clock() }
  let keptMs = startedMs
  let last: { done: number; total: number } | null = null
  const { accountId, since, state } = run
  const report = await store.audit({
    accountId,
    since,
    resumeFrom: state,
    isStopped,
    onStep: async ({ done, total, state: reached }) => {
      last = { done, total }
      run = { ...run, done, total, state: reached, seconds: secondsNow() }
      onPart?.(run)
      if (performance.now() - keptMs < KEEP_EVERY_MS) return
      await keep(run)
      keptMs = performance.now()
    },
  })
  const isDone = run.done === run.total && (last !== null || !isStopped())
  // After the whole audit, its running counts are of no use.
  const counted = isDone ? undefined : run.state?.versions
  run = {
    ...run,
    seconds: secondsNow(),
    state: { after: run.state?.after ?? '', report, ...(counted && { versions: counted }) },
    finishedAt: isDone ? clock() : null,
  }
  await keep(run)
  return run
}

export interface Audits {
  /** Resolves when the current part has ended. */
  stop(): Promise<void>
}

/**
 * Audits a store while it is served: at once and as a whole if asked to, and otherwise in slices, so that a
 * whole audit takes about a day. Keeps no process alive.
 */
export function startAudits({
  store,
  clock,
  onError,
}: {
  readonly store: UsageStore
  readonly clock: () => number
  readonly onError: (error: unknown) => void
}): Audits {
  const stopping = new AbortController()
  const { signal } = stopping
  const loop = async () => {
    let sliceDueMs = performance.now() + SLICE_EVERY_MS
    while (!signal.aborted) {
      await pause(LOOK_EVERY_MS, undefined, { ref: false, signal }).catch(() => {})
      if (signal.aborted) return
      const asksOnly = performance.now() < sliceDueMs
      await auditSlice(store, { clock, signal, asksOnly }).catch(onError)
      if (!asksOnly) sliceDueMs = performance.now() + SLICE_EVERY_MS
    }
  }
  const underWay = loop()
  return {
    stop: async () => {
      stopping.abort()
      await underWay
    },
  }
}

/** Checks once, and continues the audit that is due or was asked for, if any. */
export async function auditSlice(
  store: UsageStore,
  {
    clock,
    signal,
    sliceMs = SLICE_MS,
    asksOnly = false,
  }: {
    readonly clock: () => number
    readonly signal: AbortSignal
    readonly sliceMs?: number
    /** Continues only audits that were asked for. */
    readonly asksOnly?: boolean
  },
): Promise<AuditRun | null> {
  const run = dueRun(await store.readAuditRun(), clock())
  if (run === null || (asksOnly && run.requestedAt === null)) return null
  const endMs = run.requestedAt === null ? performance.now() + sliceMs : Number.POSITIVE_INFINITY
  // Finding where to continue takes time as well, so each slice completes at least one part.
  let hasMoved = false
  return carryOutAudit(store, run, {
    clock,
    isStopped: () => signal.aborted || (hasMoved && performance.now() >= endMs),
    onPart: () => {
      hasMoved = true
    },
  })
}

/** Null if there is nothing to do, because the last audit ended recently. */
function dueRun(last: AuditRun | null, now: number): AuditRun | null {
  if (last === null) return newAuditRun({})
  const { finishedAt } = last
  if (finishedAt === null) return last
  // The absolute value, so that a clock set back does not delay the next audit forever.
  const isDue = Math.abs(now - finishedAt) >= AUDIT_EVERY_SECONDS
  return isDue ? newAuditRun({ last: endOfAudit(last) }) : null
}
