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
import { type FuzzJob, type FuzzReport, INPUT_BYTES_MAX, InputClock } from './fuzz-thread.ts'
import { FUZZ_TARGETS } from './targets.ts'

/** Characters and bytes of a failure that are shown; the input is shrunk before. */
const SHOWN_MAX = 2_000

// Not while the module is evaluated: V8 takes it ill when a thread is ended within that.
if (parentPort !== null) {
  setImmediate(() => parentPort!.postMessage(fuzz(workerData as FuzzJob<FeedFormat>)))
}

function fuzz({ target: format, seconds, seed, shared }: FuzzJob<FeedFormat>): FuzzReport {
  const clock = new InputClock(shared)
  let outcomes = 0
  const check = (bytes: Uint8Array, settings: FeedSettings, sizes: readonly number[]) => {
    clock.start(bytes)
    const whole = readInPieces(CDR_FORMATS[format].createReader(settings), bytes)
    assertSound(whole)
    assert.deepEqual(readInPieces(CDR_FORMATS[format].createReader(settings), bytes, sizes), whole)
    clock.stop()
    outcomes += whole.records.length
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
  const { inputs, bytes, slowestMs, slowest } = clock
  const report = { inputs, bytes, outcomes, slowestMs, slowest }
  if (!failed) return { ...report, failure: null }
  const { message, stack } = errorInstance as Error
  const [{ bytes: given, settings }, pieces] = counterexample!
  const lines = [
    `${message.slice(0, SHOWN_MAX)}, path ${counterexamplePath}`,
    `input ${Buffer.from(given).toString('hex', 0, SHOWN_MAX)} (${given.length} bytes)`,
    `settings ${JSON.stringify(settings)}, in pieces of ${pieces.join(', ')} bytes`,
    ...(stack ?? '').split('\n').filter((line) => line.trimStart().startsWith('at ')),
  ]
  return { ...report, failure: lines.join('\n') }
}
