/** Carries out audits part by part, and keeps in the store how far each is. */
import { setTimeout as pause } from 'node:timers/promises'
import { type AuditRun, endOfAudit, newAuditRun, type UsageStore } from '../storage/usage-store.ts'

/** How often it is kept how far an audit is, in milliseconds: what a kill makes it look at again. */
const KEEP_EVERY_MS = 2_000

/** A served store is audited once in so many seconds, a little at a time. */
export const AUDIT_EVERY_SECONDS = 86_400

/** How often a serving process looks whether an audit is due or asked for, in milliseconds. */
const LOOK_EVERY_MS = 10_000

/** How often it goes on with one that nobody waits for, and for how long, in milliseconds. */
const SLICE_EVERY_MS = 60_000
const SLICE_MS = 1_500

export interface CarryOutOptions {
  readonly clock: () => number
  /** Asked before each part. */
  readonly isStopped: () => boolean
  /** Told after each part, before it is kept. */
  readonly onPart?: (run: AuditRun) => void
  /** Keeps how far it is; the store does unless told otherwise. */
  readonly keep?: (run: AuditRun) => Promise<void>
}

/** Goes on with an audit to its end, or until it is stopped. */
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
  // What a whole audit has counted on its way is of no use after it.
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
  /** Resolves when the part under way has ended. */
  stop(): Promise<void>
}

/**
 * Audits a store while it is served: all of what was asked for at once, and otherwise a slice now
 * and then, so that a whole one is done about once a day. Keeps no process alive.
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

/** One look: goes on with the audit that is due or asked for, where there is one. */
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
    /** Goes on with nothing but what was asked for. */
    readonly asksOnly?: boolean
  },
): Promise<AuditRun | null> {
  const run = dueRun(await store.readAuditRun(), clock())
  if (run === null || (asksOnly && run.requestedAt === null)) return null
  const endMs = run.requestedAt === null ? performance.now() + sliceMs : Number.POSITIVE_INFINITY
  // Finding the way takes its time as well, so that each slice gets at least one part further.
  let hasMoved = false
  return carryOutAudit(store, run, {
    clock,
    isStopped: () => signal.aborted || (hasMoved && performance.now() >= endMs),
    onPart: () => {
      hasMoved = true
    },
  })
}

/** Null where nothing is to be done: the last audit has ended, not long ago. */
function dueRun(last: AuditRun | null, now: number): AuditRun | null {
  if (last === null) return newAuditRun({})
  const { finishedAt } = last
  if (finishedAt === null) return last
  // A clock that was set back makes none wait for ever.
  const isDue = Math.abs(now - finishedAt) >= AUDIT_EVERY_SECONDS
  return isDue ? newAuditRun({ last: endOfAudit(last) }) : null
}
