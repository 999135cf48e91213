/**
 * Every format is fed damaged and made-up deliveries, for `SIMTALLY_FUZZ_SECONDS` (60) each: none
 * may crash it, hang it or take more memory than it has, and each ends in verdicts or one clear
 * error. `SIMTALLY_FUZZ_SEED` repeats a run; a failure names its seed and the input.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
import { FEED_FORMATS, type FeedFormat } from '../../src/domain/directory.ts'
import { type FuzzJob, type FuzzReport, INPUT_BYTES_MAX, SHARED_HEAD_BYTES } from './fuzz-worker.ts'

const seconds = Number(process.env.SIMTALLY_FUZZ_SECONDS ?? 60)
const seed = Number(process.env.SIMTALLY_FUZZ_SEED ?? Date.now() % 2 ** 31)
/** The heap of one thread: the examples, the fuzzer itself, and a reader with its input. */
const HEAP_MIB_MAX = 192
/** No input, nor the shrinking of one, is quiet for longer. */
const QUIET_MS_MAX = 30_000
const INPUTS_MIN = 50

async function fuzz(format: FeedFormat): Promise<FuzzReport> {
  const shared = new SharedArrayBuffer(SHARED_HEAD_BYTES + INPUT_BYTES_MAX)
  const head = new Int32Array(shared, 0, 2)
  const job: FuzzJob = { format, seconds, seed, shared }
  const worker = new Worker(new URL('fuzz-worker.ts', import.meta.url), {
    workerData: job,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB_MAX },
  })
  let inputsBefore = -1
  return new Promise<FuzzReport>((resolve, reject) => {
    const fail = (what: string) => {
      clearInterval(watch)
      reject(new Error(`${what}, seed ${seed}, while reading ${savedInput(format, shared)}`))
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
function savedInput(format: FeedFormat, shared: SharedArrayBuffer): string {
  const path = join(mkdtempSync(join(tmpdir(), 'simtally-fuzz-')), `input.${format}`)
  const bytes = new Int32Array(shared, 0, 2)[1]!
  writeFileSync(path, Uint8Array.from(new Uint8Array(shared, SHARED_HEAD_BYTES, bytes)))
  return path
}

describe('whatever the bytes of a delivery are', { concurrency: availableParallelism() }, () => {
  for (const format of FEED_FORMATS) {
    it(`the format ${format} ends in verdicts or one clear error`, async (t) => {
      const { failure, inputs, bytes, records, slowestMs } = await fuzz(format)
      t.diagnostic(
        `${format}, seed ${seed}: ${inputs} inputs of ${bytes} bytes, ${records} records and ` +
          `faults, slowest ${Math.round(slowestMs)} ms`,
      )
      if (failure !== null) assert.fail(`seed ${seed}: ${failure}`)
      assert.ok(inputs >= INPUTS_MIN, `only ${inputs} inputs in ${seconds} s`)
      assert.ok(records > 0, 'no input had a record')
    })
  }
})
