/**
 * A thread that fuzzes one format until its time is over, as `fuzz-formats.long.ts` starts it. The
 * input that it is busy with stands in shared memory, so that it is known when the thread dies.
 */
import assert from 'node:assert/strict'
import { parentPort, workerData } from 'node:worker_threads'
import fc from 'fast-check'
import type { FeedFormat, FeedSettings } from '../../src/domain/directory.ts'
import { CDR_FORMATS } from '../../src/ingest/formats/formats.ts'
import { assertSound } from '../contract/cdr-format.ts'
import { readInPieces } from '../support/format-reading.ts'
import { mutated, mutations } from '../support/mutations.ts'
import { FUZZ_TARGETS } from './targets.ts'

export interface FuzzJob {
  readonly format: FeedFormat
  readonly seconds: number
  readonly seed: number
  readonly shared: SharedArrayBuffer
}

export interface FuzzReport {
  readonly inputs: number
  readonly bytes: number
  readonly records: number
  readonly slowestMs: number
  /** Null unless a promise was broken. */
  readonly failure: string | null
}

/** Inputs and the length of the current one come before the input itself. */
export const SHARED_HEAD_BYTES = 8
/** Longer inputs would only be slower. */
export const INPUT_BYTES_MAX = 262_144
/** One input takes milliseconds; so much longer is a loop that depends on what the input says. */
const INPUT_MS_MAX = 10_000

/** Characters and bytes of a failure that are shown; the input is shrunk before. */
const SHOWN_MAX = 2_000

// Not while the module is evaluated: V8 takes it ill when a thread is ended within that.
if (parentPort !== null) {
  setImmediate(() => parentPort!.postMessage(fuzz(workerData as FuzzJob)))
}

function fuzz({ format, seconds, seed, shared }: FuzzJob): FuzzReport {
  const head = new Int32Array(shared, 0, 2)
  const current = new Uint8Array(shared, SHARED_HEAD_BYTES)
  const report = { inputs: 0, bytes: 0, records: 0, slowestMs: 0 }
  const check = (bytes: Uint8Array, settings: FeedSettings, sizes: readonly number[]) => {
    current.set(bytes)
    head[1] = bytes.length
    Atomics.add(head, 0, 1)
    const startedAt = performance.now()
    const whole = readInPieces(CDR_FORMATS[format].createReader(settings), bytes)
    assertSound(whole)
    assert.deepEqual(readInPieces(CDR_FORMATS[format].createReader(settings), bytes, sizes), whole)
    const elapsedMs = performance.now() - startedAt
    assert.ok(elapsedMs < INPUT_MS_MAX, `${elapsedMs} ms for ${bytes.length} bytes`)
    report.inputs++
    report.bytes += bytes.length
    report.records += whole.records.length
    report.slowestMs = Math.max(report.slowestMs, elapsedMs)
  }
  const { samples, made } = FUZZ_TARGETS[format]()
  const damage = mutations(samples.map(({ bytes }) => bytes))
  const sample = fc.constantFrom(...samples)
  const sizes = fc.array(fc.integer({ min: 1, max: 2_000 }), { minLength: 1, maxLength: 4 })
  const fromSample = fc
    .tuple(sample, damage)
    .map(([{ bytes, settings }, done]) => ({ bytes: mutated(bytes, done), settings }))
  const fromGrammar = fc
    .tuple(made, fc.option(damage), sample)
    .map(([bytes, done, { settings }]) => ({
      bytes: done === null ? bytes : mutated(bytes, done),
      settings,
    }))
  const input = fc.oneof(
    { weight: 3, arbitrary: fromSample },
    { weight: 2, arbitrary: fromGrammar },
  )
  const property = fc.property(input, sizes, ({ bytes, settings }, pieces) =>
    check(bytes.subarray(0, INPUT_BYTES_MAX), settings, pieces),
  )
  const { failed, errorInstance, counterexample, counterexamplePath } = fc.check(property, {
    seed,
    numRuns: 1e9,
    interruptAfterTimeLimit: seconds * 1_000,
  })
  if (!failed) return { ...report, failure: null }
  const { message, stack } = errorInstance as Error
  const [{ bytes, settings }, pieces] = counterexample!
  const lines = [
    `${message.slice(0, SHOWN_MAX)}, path ${counterexamplePath}`,
    `input ${Buffer.from(bytes).toString('hex', 0, SHOWN_MAX)} (${bytes.length} bytes)`,
    `settings ${JSON.stringify(settings)}, in pieces of ${pieces.join(', ')} bytes`,
    ...(stack ?? '').split('\n').filter((line) => line.trimStart().startsWith('at ')),
  ]
  return { ...report, failure: lines.join('\n') }
}
