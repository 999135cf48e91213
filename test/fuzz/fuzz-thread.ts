/**
 * A thread that fuzzes one thing until its time is over, watched from outside: one that hangs, dies or
 * takes too much memory leaves its last input in a file.
 */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'

/** For each thing that is fuzzed. */
export const FUZZ_SECONDS = Number(process.env.SIMTALLY_FUZZ_SECONDS ?? 60)
export const FUZZ_SEED = Number(process.env.SIMTALLY_FUZZ_SEED ?? Date.now() % 2 ** 31)

/** No input, nor the shrinking of one, is quiet for longer. */
const QUIET_MS_MAX = 30_000

/** The number of inputs and the length of the current one come before the input itself. */
const HEAD_BYTES = 8
/** Longer inputs would only be slower. */
export const INPUT_BYTES_MAX = 262_144

/** Of its thread's own time: what else the machine does is nothing against an input. */
export const INPUT_MS_MAX = 1_000

export interface FuzzJob<Target> {
  readonly target: Target
  readonly seconds: number
  readonly seed: number
  readonly shared: SharedArrayBuffer
}

export interface FuzzReport {
  readonly inputs: number
  readonly bytes: number
  /** Records and faults of deliveries, answers of servers. */
  readonly outcomes: number
  readonly slowestMs: number
  readonly slowest: string
  /** Null unless a promise was broken. */
  readonly failure: string | null
}

/** Starts the file as a thread with `heapMib` of memory; it reports once. */
export function fuzzInThread<Target extends string>(
  file: string,
  target: Target,
  heapMib: number,
): Promise<FuzzReport> {
  const shared = new SharedArrayBuffer(HEAD_BYTES + INPUT_BYTES_MAX)
  const head = new Int32Array(shared, 0, 2)
  const job: FuzzJob<Target> = { target, seconds: FUZZ_SECONDS, seed: FUZZ_SEED, shared }
  const worker = new Worker(new URL(file, import.meta.url), {
    workerData: job,
    resourceLimits: { maxOldGenerationSizeMb: heapMib },
  })
  let inputsBefore = -1
  return new Promise<FuzzReport>((resolve, reject) => {
    const fail = (what: string) => {
      clearInterval(watch)
      reject(new Error(`${what}, seed ${FUZZ_SEED}, while reading ${savedInput(target, shared)}`))
    }
    const watch = setInterval(() => {
      const inputs = Atomics.load(head, 0)
      if (inputs === inputsBefore) fail(`no progress for ${QUIET_MS_MAX} ms`)
      inputsBefore = inputs
    }, QUIET_MS_MAX)
    worker.on('message', (report: FuzzReport) => {
      clearInterval(watch)
      resolve(report)
    })
    worker.on('error', (error: Error) => fail(`${error.name}: ${error.message}`))
    worker.on('exit', (code) => fail(`the thread ended with code ${code}`))
  }).finally(() => worker.terminate())
}

/** The path of a file with the input that the thread was busy with. */
function savedInput(target: string, shared: SharedArrayBuffer): string {
  const name = `input.${target.replaceAll(' ', '-')}`
  const path = join(mkdtempSync(join(tmpdir(), 'simtally-fuzz-')), name)
  const bytes = new Int32Array(shared, 0, 2)[1]!
  writeFileSync(path, Uint8Array.from(new Uint8Array(shared, HEAD_BYTES, bytes)))
  return path
}

/** In the thread: counts inputs, keeps the current one where the other side finds it, and times it. */
export class InputClock {
  readonly #head: Int32Array
  readonly #current: Uint8Array
  #startedAt = 0
  #input: Uint8Array = new Uint8Array(0)
  inputs = 0
  bytes = 0
  slowestMs = 0
  slowest = ''

  constructor(shared: SharedArrayBuffer) {
    this.#head = new Int32Array(shared, 0, 2)
    this.#current = new Uint8Array(shared, HEAD_BYTES)
  }

  start(input: Uint8Array): void {
    this.#current.set(input.subarray(0, INPUT_BYTES_MAX))
    this.#head[1] = Math.min(input.length, INPUT_BYTES_MAX)
    Atomics.add(this.#head, 0, 1)
    this.#input = input
    this.#startedAt = ownMs()
  }

  /** Throws when the input took too long. */
  stop(): void {
    const elapsedMs = ownMs() - this.#startedAt
    this.inputs++
    this.bytes += this.#input.length
    if (elapsedMs > this.slowestMs) {
      this.slowestMs = elapsedMs
      this.slowest = shownInput(this.#input)
    }
    if (elapsedMs < INPUT_MS_MAX) return
    throw new Error(`${Math.round(elapsedMs)} ms for ${this.#input.length} bytes`)
  }
}

/** What this thread has computed, in milliseconds. */
function ownMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}

const SHOWN_BYTES_MAX = 60

function shownInput(input: Uint8Array): string {
  const begin = JSON.stringify(Buffer.from(input).toString('latin1', 0, SHOWN_BYTES_MAX))
  return `${begin} (${input.length} bytes)`
}

/** For the log of a run: how much was tried, and what took longest. */
export function reportLine(
  target: string,
  { inputs, bytes, outcomes, ...slow }: FuzzReport,
): string {
  return (
    `${target}, seed ${FUZZ_SEED}: ${inputs} inputs of ${bytes} bytes, ${outcomes} outcomes, ` +
    `slowest ${Math.round(slow.slowestMs)} ms of its thread: ${slow.slowest}`
  )
}
