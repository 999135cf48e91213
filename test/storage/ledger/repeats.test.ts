/** Runs of repeats: however they overlap, each line finds its own, and versions that move take theirs along. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { BATCH_RECORDS_MAX } from '../../../src/storage/batches.ts'
import {
  amongValues,
  movedRuns,
  type Repeat,
  type RepeatRun,
  RepeatsOf,
  runsOf,
} from '../../../src/storage/ledger/repeats.ts'

const OF = 1
const LINES = 12

const anyRun: fc.Arbitrary<RepeatRun> = fc
  .record({
    ofLine: fc.integer({ min: 1, max: LINES }),
    importId: fc.integer({ min: 2, max: 4 }),
    line: fc.integer({ min: 1, max: 40 }),
    records: fc.integer({ min: 1, max: LINES }),
  })
  .map(({ ofLine, ...run }) => ({
    ...run,
    of: { importId: OF, line: ofLine },
    knownAt: 7,
    lastBucket: 0,
  }))
const anyRuns = fc.array(anyRun, { maxLength: 20 })

/** `import:line of import:line`, for each record of each run. */
function textsOf(runs: readonly RepeatRun[]): string[] {
  return runs.flatMap(({ of, importId, line, records }) =>
    Array.from({ length: records }, (_, i) => textOf(importId, line + i, of.importId, of.line + i)),
  )
}

const textOf = (importId: number, line: number, ofImportId: number, ofLine: number) =>
  `${importId}:${line} of ${ofImportId}:${ofLine}`

const unique = (texts: readonly string[]) => [...new Set(texts)].sort()

describe('repeats', () => {
  it('are found by the line that they repeat', () => {
    fc.assert(
      fc.property(anyRuns, (runs) => {
        const repeatsOf = new RepeatsOf(runs)
        for (let line = 0; line <= 2 * LINES; line++) {
          const found = repeatsOf.ofLine(line).map((repeat) => {
            return textOf(repeat.importId, repeat.line, repeat.of.importId, repeat.of.line)
          })
          const expected = textsOf(runs).filter((text) => text.endsWith(` of ${OF}:${line}`))
          assert.deepEqual(found.sort(), expected.sort())
        }
      }),
    )
  })

  it('go with the versions that they repeat, and leave other runs alone', () => {
    const anyMoved = fc.uniqueArray(fc.integer({ min: 1, max: 2 * LINES }), { minLength: 1 })
    fc.assert(
      fc.property(anyRuns, anyMoved, (runs, lines) => {
        const moved = new Map(lines.map((line) => [line, { importId: 9, line: 100 + line }]))
        const { gone, come } = movedRuns(runs, moved)
        const [, from, to, first] = amongValues(OF, lines)
        for (const run of gone) {
          const { of, records } = run
          assert.ok(of.line > from && of.line <= to && of.line + records > first)
        }
        const stays = runs.filter((run) => !gone.includes(run))
        for (const line of lines) assert.ok(!textsOf(stays).some((t) => t.endsWith(`:${line}`)))
        // If an import repeats a version twice, the first time counts.
        const said = (texts: readonly string[]) =>
          unique(texts.map((text) => text.replace(/:\d+ of/, ' of')))
        const expected = textsOf(gone).map((text) => {
          const line = Number(/\d+$/.exec(text)![0])
          return moved.has(line) ? text.replace(/of .*/, `of 9:${100 + line}`) : text
        })
        assert.deepEqual(said(textsOf(come)), said(expected))
      }),
    )
  })

  it('are runs of at most a batch, so that they are found by where they begin', () => {
    const repeats = Array.from({ length: BATCH_RECORDS_MAX + 1 }, (_, i): Repeat => {
      const at = { importId: 2, line: 10 + i, knownAt: 7, bucket: 0 }
      return { ...at, of: { importId: OF, line: 1 + i } }
    })
    const lengths = runsOf(repeats).map(({ records }) => records)
    assert.deepEqual(lengths, [BATCH_RECORDS_MAX, 1])
  })
})
