/** Runs of the program that are killed at moments spread over a whole run. */
import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import { type CliProcessOptions, runCli, startCli } from './cli-process.ts'

/** Mulberry32: the same numbers for the same seed. */
export function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/**
 * From the start of a process to its end, in milliseconds. Adapts to the machine, which is slower at one
 * moment and faster at the next.
 */
export interface RunTime {
  /** How long the program takes to do nothing. */
  startMs: number
  wholeMs: number
}

/** Measures an undisturbed run, which has to succeed. */
export async function measureRun(
  args: readonly string[],
  options: CliProcessOptions = {},
): Promise<RunTime> {
  const timed = async (measured: readonly string[]) => {
    const startedAt = performance.now()
    const { exitCode, stderr } = await runCli(measured, options)
    assert.equal(exitCode, 0, stderr)
    return performance.now() - startedAt
  }
  // The first process of a test may have to read the program from disk; later ones do not.
  await timed(['--version'])
  return { startMs: await timed(['--version']), wholeMs: await timed(args) }
}

/** Kills a run after `share` of its work; true if that was before its end. */
export async function killRun(
  args: readonly string[],
  time: RunTime,
  share: number,
  options: CliProcessOptions = {},
): Promise<boolean> {
  const { startMs, wholeMs } = time
  const startedAt = performance.now()
  const running = startCli(args, options)
  const ended = running
    .ended()
    .then(({ signal }) => ({ signal, ms: performance.now() - startedAt }))
  // Before its end, even if its work takes no measurable time.
  const earliestMs = Math.min(startMs, wholeMs) * 0.8
  await setTimeout(earliestMs + share * (wholeMs - earliestMs))
  running.child.kill('SIGKILL')
  const { signal, ms } = await ended
  const isCutShort = signal === 'SIGKILL'
  // A run that was cut short might have taken longer; one that was not shows how long it took.
  const change = isCutShort ? LONGER : Math.min(1, ms / wholeMs)
  time.startMs = startMs * change
  time.wholeMs = wholeMs * change
  return isCutShort
}

const LONGER = 1.04
