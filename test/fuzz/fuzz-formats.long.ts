/**
 * Every format is fed damaged and made-up deliveries, for `SIMTALLY_FUZZ_SECONDS` (60) each: none
 * may crash it, hang it or take more memory than it has, and each ends in verdicts or one clear
 * error. `SIMTALLY_FUZZ_SEED` repeats a run; a failure names its seed and the input.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FEED_FORMATS } from '../../src/domain/directory.ts'
import { FUZZ_SECONDS, FUZZ_SEED, fuzzInThread, reportLine } from './fuzz-thread.ts'

/** The heap of one thread: the examples, the fuzzer itself, and a reader with its input. */
const HEAP_MIB_MAX = 192
const INPUTS_MIN = 50

// Two at a time: more would share the cores of the machines that this runs on.
describe('whatever the bytes of a delivery are', { concurrency: 2 }, () => {
  for (const format of FEED_FORMATS) {
    it(`the format ${format} ends in verdicts or one clear error`, async (t) => {
      const report = await fuzzInThread('fuzz-worker.ts', format, HEAP_MIB_MAX)
      t.diagnostic(reportLine(format, report))
      if (report.failure !== null) assert.fail(`seed ${FUZZ_SEED}: ${report.failure}`)
      assert.ok(report.inputs >= INPUTS_MIN, `only ${report.inputs} inputs in ${FUZZ_SECONDS} s`)
      assert.ok(report.outcomes > 0, 'no input had a record')
    })
  }
})
