/**
 * The server is sent made-up and damaged requests, and every parser that is no format made-up texts, for
 * `SIMTALLY_FUZZ_SECONDS` (60) each: none may end in a 500, hang, or take a second of the server's time,
 * and every refusal has the documented form. `SIMTALLY_FUZZ_SEED` repeats a run.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HTTP_TARGETS } from './fuzz-http-worker.ts'
import { FUZZ_SECONDS, FUZZ_SEED, fuzzInThread, reportLine } from './fuzz-thread.ts'

/** A server with its store, and the fuzzer. */
const HEAP_MIB_MAX = 256
const INPUTS_MIN = 50

describe('whatever is sent to the server', () => {
  for (const target of HTTP_TARGETS) {
    it(`${target} end in an answer or one clear error`, async (t) => {
      const report = await fuzzInThread('fuzz-http-worker.ts', target, HEAP_MIB_MAX)
      t.diagnostic(reportLine(target, report))
      if (report.failure !== null) assert.fail(`seed ${FUZZ_SEED}: ${report.failure}`)
      assert.ok(report.inputs >= INPUTS_MIN, `only ${report.inputs} inputs in ${FUZZ_SECONDS} s`)
      assert.ok(report.outcomes > 0, 'nothing was answered')
    })
  }
})
