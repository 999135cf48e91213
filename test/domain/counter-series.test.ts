/** What the readings of counters that only grow prove, in the words of a reader. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  COUNTER_RANGE_32_BIT,
  NOTHING_PROVED,
  type Proved,
  proveAll,
  type Reading,
  WRAP_GROWTH_MAX,
} from '../../src/domain/counter-series.ts'
import { COUNTER_NAMES, type CounterName } from '../../src/domain/counters.ts'
import { RESETS, type ReadingTraits } from '../../src/domain/usage-event.ts'
import { type ModelReading, modelUsage } from '../support/series-model.ts'
import { anySimulation, type SourceReading } from '../support/simulated-source.ts'

type Stated = Partial<Record<CounterName, number | null>>

const aReading = (stated: Stated, traits: Partial<ReadingTraits> = {}): Reading => ({
  ...NOTHING_PROVED,
  ...stated,
  traits: { is32Bit: false, ...traits },
})
const proved = (...readings: Reading[]) => proveAll(NOTHING_PROVED, readings)
const uploads = (list: readonly Proved[]) => list.map(({ usage }) => usage.upload)
const downloads = (list: readonly Proved[]) => list.map(({ usage }) => usage.download)
const verdicts = (list: readonly Proved[]) => list.map(({ verdict }) => verdict)
const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0)

/** Uploads that are read one after the other. */
const series = (values: readonly (number | null)[], traits: Partial<ReadingTraits> = {}) =>
  proved(...values.map((upload) => aReading({ upload }, traits)))

describe('a reading', () => {
  it('counts whole when it is the first one', () => {
    const whole = { upload: 1, download: 2, toSim: 3, fromSim: 4 }
    assert.deepEqual(proved(aReading(whole))[0]!.usage, whole)
  })

  it('counts what it exceeds those before it by, counter by counter', () => {
    const list = proved(
      aReading({ upload: 1, download: 20, toSim: 3 }),
      aReading({ upload: 11, download: 20, toSim: 4 }),
    )
    assert.deepEqual(list[1]!.usage, { upload: 10, download: 0, toSim: 1, fromSim: 0 })
    assert.equal(list[1]!.verdict, 'growth')
  })

  it('is exact where counters are as large as they can be', () => {
    const most = Number.MAX_SAFE_INTEGER
    assert.deepEqual(uploads(series([most - 1, most])), [most - 1, 1])
  })

  it('of which a counter is not stated counts the others, and the next one counts from before', () => {
    const list = proved(
      aReading({ upload: 100, toSim: 3 }),
      aReading({ upload: null, toSim: 4 }),
      aReading({ upload: 130, toSim: null }),
      aReading({ upload: null, download: null, toSim: null, fromSim: null }),
      aReading({ upload: 130, toSim: 5 }),
    )
    assert.deepEqual(uploads(list), [100, 0, 30, 0, 0])
    assert.deepEqual(
      list.map(({ usage }) => usage.toSim),
      [3, 1, 0, 0, 1],
    )
    assert.deepEqual(verdicts(list), ['growth', 'growth', 'growth', 'unknown', 'growth'])
  })
})

describe('a fall without a sign', () => {
  it('adds nothing until the highest value so far is passed', () => {
    const list = series([1000, 900, 950, 1000, 1001])
    assert.deepEqual(uploads(list), [1000, 0, 0, 0, 1])
    assert.deepEqual(verdicts(list), ['growth', 'fall', 'fall', 'growth', 'growth'])
  })

  it('takes nothing from the other counters', () => {
    const list = proved(
      aReading({ upload: 100, download: 100 }),
      aReading({ upload: 90, download: 130 }),
      aReading({ upload: 110, download: 130 }),
    )
    assert.deepEqual(uploads(list), [100, 0, 10])
    assert.deepEqual(downloads(list), [100, 30, 0])
    assert.deepEqual(verdicts(list), ['growth', 'fall', 'growth'])
  })

  it('is what a zero between two good readings is', () => {
    const list = series([1_000_000_000, 0, 1_000_001_000])
    assert.deepEqual(uploads(list), [1_000_000_000, 0, 1000])
  })

  it('is one under every rule by which a feed has its counters begin again, but at falls', () => {
    for (const resets of ['never', 'start'] as const) {
      assert.deepEqual(uploads(series([50, 20, 60], { resets })), [50, 0, 10])
    }
  })
})

describe('counters that begin again whenever they fall', () => {
  const fall = { resets: 'fall' } as const

  for (const name of COUNTER_NAMES) {
    it(`all count whole when ${name} has fallen`, () => {
      const before = { upload: 10, download: 10, toSim: 10, fromSim: 10 }
      const after = { upload: 12, download: 12, toSim: 12, fromSim: 12, [name]: 9 }
      const list = proved(aReading(before, fall), aReading(after, fall))
      assert.deepEqual(list[1]!.usage, after)
      assert.equal(list[1]!.verdict, 'reset')
    })
  }

  it('count from 0 after it, also those that the reading does not state', () => {
    const list = proved(
      aReading({ upload: 50, download: 50 }, fall),
      aReading({ upload: 20, download: null }, fall),
      aReading({ upload: 20, download: 30 }, fall),
    )
    assert.deepEqual(downloads(list), [50, 0, 30])
  })

  it('do not fall where a counter is not stated', () => {
    const list = series([5_000_000, null, 5_000_100], fall)
    assert.deepEqual(uploads(list), [5_000_000, 0, 100])
  })
})

describe('a start', () => {
  const start = (upload: number, resets: ReadingTraits['resets'] = 'start') =>
    aReading({ upload }, { resets, isStart: true })
  const interim = (upload: number) => aReading({ upload }, { resets: 'start' })

  it('is where counters begin again', () => {
    const list = proved(interim(100), start(0), interim(60), interim(130))
    assert.deepEqual(uploads(list), [100, 0, 60, 70])
    assert.deepEqual(verdicts(list), ['growth', 'reset', 'growth', 'growth'])
  })

  it('is no reset where nothing has counted before it', () => {
    assert.deepEqual(verdicts(proved(start(0), start(0), interim(5))), [
      'growth',
      'growth',
      'growth',
    ])
  })

  it('counts what its counters stand at', () => {
    assert.deepEqual(uploads(proved(interim(100), start(7), interim(9))), [100, 7, 2])
  })

  it('is none where the counters of the feed never begin again', () => {
    assert.deepEqual(uploads(proved(interim(100), start(0, 'never'), interim(130))), [100, 0, 30])
  })
})

describe('a counter of 32 bits', () => {
  const of32 = { is32Bit: true }
  const LAST = COUNTER_RANGE_32_BIT - 1

  it('goes on from 0 when it is full, each by itself', () => {
    const list = proved(
      aReading({ upload: LAST, download: 7 }, of32),
      aReading({ upload: 9, download: 8 }, of32),
      aReading({ upload: 10, download: 8 }, of32),
    )
    assert.deepEqual(uploads(list), [LAST, 10, 1])
    assert.deepEqual(downloads(list), [7, 1, 0])
    assert.deepEqual(verdicts(list), ['growth', 'wrap', 'growth'])
  })

  it('has grown by up to half of its range, and fallen otherwise', () => {
    const high = 4_000_000_000
    const most = high + WRAP_GROWTH_MAX - COUNTER_RANGE_32_BIT
    assert.deepEqual(uploads(series([high, 1_500_000_000], of32)), [high, 1_794_967_296])
    assert.deepEqual(uploads(series([high, most], of32)), [high, WRAP_GROWTH_MAX])
    assert.deepEqual(uploads(series([high, most + 1], of32)), [high, 0])
    assert.deepEqual(verdicts(series([high, most + 1], of32)), ['growth', 'fall'])
  })

  it('may grow by more than half before it has wrapped at all', () => {
    assert.deepEqual(uploads(series([10, 4_000_000_000], of32)), [10, 3_999_999_990])
  })

  it('has fallen when it stands where it stood before it wrapped', () => {
    assert.deepEqual(uploads(series([LAST, 9, LAST, 20], of32)), [LAST, 10, 0, 11])
  })

  it('wraps as often as it does', () => {
    const values = [3.5e9, 1e9, 3e9, 0.5e9, 2.5e9, 0.2e9]
    const wrapped = COUNTER_RANGE_32_BIT - 2.5e9
    const last = COUNTER_RANGE_32_BIT - 2.3e9
    assert.deepEqual(uploads(series(values, of32)), [3.5e9, wrapped, 2e9, wrapped, 2e9, last])
  })

  it('that stands at 0 has lost what it was, until the next reading tells', () => {
    const list = series([3_000_000_000, 0, 3_000_000_100], of32)
    assert.deepEqual(uploads(list), [3_000_000_000, 0, 100])
    assert.deepEqual(uploads(series([LAST, 0, 5], of32)), [LAST, 0, 6])
  })

  it('is none where the source does not say so', () => {
    assert.deepEqual(uploads(series([LAST, 9])), [LAST, 0])
  })
})

describe('a counter whose upper half may be left out', () => {
  const lacks = { mayLackGigawords: true }
  const high = COUNTER_RANGE_32_BIT + 3_000_000_000

  it('is measured by its lower half once it was larger than that', () => {
    const list = proved(aReading({ upload: high }), aReading({ upload: 3_000_000_100 }, lacks))
    assert.deepEqual(uploads(list), [high, 100])
    assert.deepEqual(verdicts(list), ['growth', 'growth'])
  })

  it('is a plain one before', () => {
    assert.deepEqual(uploads(series([4_000_000_000, 100], lacks)), [4_000_000_000, 0])
  })
})

/** Values that often tie, fall a little, fall far, and stand at the ends of 32 and of 53 bits. */
const anyCounter = fc.oneof(
  fc.nat(5),
  fc.nat(1_000_000),
  fc.nat(20).map((below) => COUNTER_RANGE_32_BIT - 1 - below),
  fc.nat(5).map((above) => COUNTER_RANGE_32_BIT / 2 + above),
  fc.nat(2 ** 34),
)
const anyTraits: fc.Arbitrary<ReadingTraits> = fc.record(
  {
    is32Bit: fc.boolean(),
    mayLackGigawords: fc.boolean(),
    resets: fc.constantFrom(...RESETS),
    isStart: fc.nat(4).map((n) => n === 0),
    unknown: fc.subarray([...COUNTER_NAMES], { maxLength: 2 }),
  },
  { requiredKeys: ['is32Bit'] },
)
const anySeries: fc.Arbitrary<ModelReading[]> = fc.array(
  fc.record({
    upload: anyCounter,
    download: anyCounter,
    toSim: fc.nat(3),
    fromSim: fc.nat(3),
    traits: anyTraits,
  }),
  { minLength: 1, maxLength: 12 },
)

function asReading(model: ModelReading): Reading {
  const unknown = (model.traits.unknown ?? []).map((name) => [name, null])
  return { ...model, ...Object.fromEntries(unknown) }
}

describe('a counter series', () => {
  it('has used what the plain model says', () => {
    fc.assert(
      fc.property(anySeries, (models) => {
        const list = proveAll(NOTHING_PROVED, models.map(asReading))
        assert.deepEqual(
          list.map(({ usage }) => usage),
          modelUsage(models),
        )
      }),
      { numRuns: 3_000 },
    )
  })

  it('never has used less than nothing, and its highs fall at resets only', () => {
    fc.assert(
      fc.property(anySeries, (models) => {
        let before = NOTHING_PROVED
        for (const { usage, highs, verdict } of proveAll(before, models.map(asReading))) {
          for (const name of COUNTER_NAMES) {
            assert.ok(Number.isSafeInteger(usage[name]) && usage[name] >= 0, `${usage[name]}`)
            if (verdict !== 'reset') assert.equal(highs[name], before[name] + usage[name])
          }
          before = highs
        }
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('a source that loses, repeats and damages readings, wraps and starts again', () => {
  const sourceReading = ({ upload, download, traits }: SourceReading) =>
    asReading({ ...NOTHING_PROVED, upload, download, traits })

  it('never counts above the truth, and the truth where its readings prove it', () => {
    let provedRuns = 0
    fc.assert(
      fc.property(anySimulation, ({ truth, readings, isProved }) => {
        const list = proveAll(NOTHING_PROVED, readings.map(sourceReading))
        const [upload, download] = [sum(uploads(list)), sum(downloads(list))]
        assert.ok(upload <= truth.upload && download <= truth.download)
        if (!isProved) return
        provedRuns++
        assert.deepEqual({ upload, download }, truth)
      }),
      { numRuns: 5_000, seed: 20_261_128 },
    )
    assert.ok(provedRuns > 1_000, `${provedRuns} were proved`)
  })

  it('has a fall counted for every reading below what was told before', () => {
    fc.assert(
      fc.property(anySimulation, ({ readings }) => {
        const plain = readings.filter(({ traits }) => !traits.is32Bit && !traits.isStart)
        const list = proveAll(NOTHING_PROVED, plain.map(sourceReading))
        const highest = { upload: 0, download: 0 }
        let falls = 0
        for (const { traits, ...reading } of plain) {
          const known = (['upload', 'download'] as const).filter(
            (name) => traits.unknown?.includes(name) !== true,
          )
          if (known.some((name) => reading[name] < highest[name])) falls++
          for (const name of known) highest[name] = Math.max(highest[name], reading[name])
        }
        assert.equal(verdicts(list).filter((verdict) => verdict === 'fall').length, falls)
      }),
      { numRuns: 1_000, seed: 20_261_128 },
    )
  })
})
