/** What was used at the readings of counters that only grow, in whatever order they arrive. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  COUNTER_RANGE_32_BIT,
  placeReading,
  type Reading,
  usageOfReading,
  usageOfSeries,
  WRAP_GROWTH_MAX,
} from '../../src/domain/counter-series.ts'
import { COUNTER_NAMES, type Counters } from '../../src/domain/usage-event.ts'

const NOTHING: Counters = { upload: 0, download: 0, toSim: 0, fromSim: 0 }

const aReading = (stated: Partial<Reading> = {}): Reading => ({
  ...NOTHING,
  is32Bit: false,
  ...stated,
})
const of32Bits = (stated: Partial<Counters>) => aReading({ ...stated, is32Bit: true })
const uploads = (usages: readonly Counters[]) => usages.map(({ upload }) => upload)

const total = (usages: readonly Counters[], name: keyof Counters) =>
  usages.reduce((sum, usage) => sum + usage[name], 0)

describe('the usage of a reading', () => {
  it('is all of it when it is the first one', () => {
    const reading = aReading({ upload: 1, download: 2, toSim: 3, fromSim: 4 })
    assert.deepEqual(usageOfReading(null, reading), {
      upload: 1,
      download: 2,
      toSim: 3,
      fromSim: 4,
    })
  })

  it('is what it exceeds the one before by, counter by counter', () => {
    const previous = aReading({ upload: 1, download: 20, toSim: 3, fromSim: 4 })
    const reading = aReading({ upload: 11, download: 20, toSim: 4, fromSim: 4 })
    const usage = { upload: 10, download: 0, toSim: 1, fromSim: 0 }
    assert.deepEqual(usageOfReading(previous, reading), usage)
  })

  it('is nothing when nothing has grown', () => {
    const reading = aReading({ upload: 5, download: 6 })
    assert.deepEqual(usageOfReading(reading, reading), NOTHING)
  })

  for (const name of COUNTER_NAMES) {
    it(`is all of it, in every counter, when ${name} has fallen`, () => {
      const previous = aReading({ upload: 10, download: 10, toSim: 10, fromSim: 10 })
      const reading = aReading({ upload: 12, download: 12, toSim: 12, fromSim: 12, [name]: 9 })
      const { is32Bit: _, ...whole } = reading
      assert.deepEqual(usageOfReading(previous, reading), whole)
    })
  }

  it('is exact where counters are as large as they can be', () => {
    const previous = aReading({ upload: Number.MAX_SAFE_INTEGER - 1 })
    const reading = aReading({ upload: Number.MAX_SAFE_INTEGER })
    assert.equal(usageOfReading(previous, reading).upload, 1)
  })
})

describe('a fall of a 32-bit counter', () => {
  const LAST = COUNTER_RANGE_32_BIT - 1

  it('near the end of its range is a wrap, in this counter alone', () => {
    const previous = of32Bits({ upload: LAST, download: 7 })
    const usage = usageOfReading(previous, of32Bits({ upload: 9, download: 8 }))
    assert.deepEqual(usage, { ...NOTHING, upload: 10, download: 1 })
  })

  it('is a wrap up to the growth that is allowed for, and a reset beyond', () => {
    const previous = of32Bits({ upload: LAST, download: 5 })
    const most = of32Bits({ upload: WRAP_GROWTH_MAX - 1, download: 5 })
    const wrapped = { ...NOTHING, upload: WRAP_GROWTH_MAX }
    assert.deepEqual(usageOfReading(previous, most), wrapped)
    const tooMuch = of32Bits({ upload: WRAP_GROWTH_MAX, download: 5 })
    const reset = { ...NOTHING, upload: WRAP_GROWTH_MAX, download: 5 }
    assert.deepEqual(usageOfReading(previous, tooMuch), reset)
  })

  it('from the middle of its range is a reset', () => {
    const previous = of32Bits({ upload: COUNTER_RANGE_32_BIT / 2 })
    assert.equal(usageOfReading(previous, of32Bits({ upload: 9 })).upload, 9)
  })

  it('is part of a reset when another counter has fallen and not wrapped', () => {
    const previous = of32Bits({ upload: LAST, download: 500 })
    const usage = usageOfReading(previous, of32Bits({ upload: 9, download: 3 }))
    assert.deepEqual(usage, { ...NOTHING, upload: 9, download: 3 })
  })

  it('is a wrap in both directions at once', () => {
    const previous = of32Bits({ upload: LAST, download: LAST - 1 })
    const usage = usageOfReading(previous, of32Bits({ upload: 0, download: 0 }))
    assert.deepEqual(usage, { ...NOTHING, upload: 1, download: 2 })
  })

  it('is a reset where the source does not declare 32 bits', () => {
    const previous = aReading({ upload: LAST })
    assert.equal(usageOfReading(previous, aReading({ upload: 9 })).upload, 9)
  })

  it('is a reset from a value that no 32-bit counter can have', () => {
    const previous = aReading({ upload: 2 * COUNTER_RANGE_32_BIT })
    const reading = of32Bits({ upload: COUNTER_RANGE_32_BIT })
    assert.equal(usageOfReading(previous, reading).upload, COUNTER_RANGE_32_BIT)
  })
})

describe('a reading that arrives late', () => {
  it('takes its share from its successor', () => {
    const previous = aReading({ upload: 100 })
    const next = aReading({ upload: 300 })
    const placed = placeReading({ previous, incoming: aReading({ upload: 180 }), next })
    assert.deepEqual([placed.usage.upload, placed.nextUsage?.upload], [80, 120])
  })

  it('changes nothing but itself when it is the last one', () => {
    const incoming = aReading({ upload: 180 })
    const placed = placeReading({ previous: null, incoming, next: null })
    assert.deepEqual([placed.usage.upload, placed.nextUsage], [180, null])
  })

  it('may show that the counters began again in between', () => {
    const readings = [100, 50, 120].map((upload) => aReading({ upload }))
    assert.deepEqual(uploads(usageOfSeries([readings[0]!, readings[2]!])), [100, 20])
    assert.deepEqual(uploads(usageOfSeries(readings)), [100, 50, 70])
  })
})

/** A series as a store keeps it: readings by time, each with the usage that is booked for it. */
class BookedSeries {
  readonly #rows: { at: number; reading: Reading; usage: Counters }[] = []

  /** The later of two readings of one instant replaces the other, whatever they state. */
  take(at: number, incoming: Reading): void {
    const found = this.#rows.findIndex((row) => row.at >= at)
    const index = found === -1 ? this.#rows.length : found
    const isKnown = this.#rows[index]?.at === at
    const previous = this.#rows[index - 1]?.reading ?? null
    const next = this.#rows[isKnown ? index + 1 : index]
    const placed = placeReading({ previous, incoming, next: next?.reading ?? null })
    this.#rows.splice(index, isKnown ? 1 : 0, { at, reading: incoming, usage: placed.usage })
    if (next !== undefined) next.usage = placed.nextUsage!
  }

  usages(): Counters[] {
    return this.#rows.map(({ usage }) => usage)
  }
}

/** Values that often tie, fall a little, fall far, and stand at the ends of 32 and of 53 bits. */
const anyCounter = fc.oneof(
  fc.nat(5),
  fc.nat(1_000_000),
  fc.nat(20).map((below) => COUNTER_RANGE_32_BIT - 1 - below),
  fc.nat(5).map((below) => Number.MAX_SAFE_INTEGER - below),
)
const anyReading: fc.Arbitrary<Reading> = fc.record({
  upload: anyCounter,
  download: anyCounter,
  toSim: fc.nat(3),
  fromSim: fc.nat(3),
  is32Bit: fc.boolean(),
})
const anySeries = fc.array(anyReading, { minLength: 1, maxLength: 12 })

/** Positions in the series, each at least once, in any order. */
const arrivalsOf = (length: number) =>
  fc
    .tuple(
      fc.shuffledSubarray([...Array(length).keys()], { minLength: length }),
      fc.array(fc.nat(length - 1), { maxLength: length }),
    )
    .chain(([once, again]) => {
      const all = [...once, ...again]
      return fc.shuffledSubarray(all, { minLength: all.length })
    })
const seriesAndArrivals = anySeries.chain((series) =>
  fc.tuple(fc.constant(series), arrivalsOf(series.length)),
)

const MANY = { numRuns: 2_000 }

describe('a counter series', () => {
  it('has used the same in whatever order its readings arrive, and however often', () => {
    fc.assert(
      fc.property(seriesAndArrivals, ([series, arrivals]) => {
        const booked = new BookedSeries()
        for (const position of arrivals) booked.take(position, series[position]!)
        assert.deepEqual(booked.usages(), usageOfSeries(series))
      }),
      MANY,
    )
  })

  it('has used the same when a reading is corrected as if the correction had come at once', () => {
    fc.assert(
      fc.property(seriesAndArrivals, anySeries, ([series, arrivals], corrections) => {
        const booked = new BookedSeries()
        for (const position of arrivals) booked.take(position, series[position]!)
        const corrected = series.map((reading, i) => corrections[i] ?? reading)
        for (const [i, reading] of corrected.entries()) booked.take(i, reading)
        assert.deepEqual(booked.usages(), usageOfSeries(corrected))
      }),
      MANY,
    )
  })

  it('never has used less than nothing', () => {
    fc.assert(
      fc.property(anySeries, (series) => {
        for (const usage of usageOfSeries(series)) {
          for (const name of COUNTER_NAMES) {
            assert.ok(Number.isSafeInteger(usage[name]) && usage[name] >= 0, `${usage[name]}`)
          }
        }
      }),
      MANY,
    )
  })
})

/** Growths so small that their sums stay exact. */
const anyGrowth: fc.Arbitrary<Counters> = fc.record(
  {
    upload: fc.nat(1_000_000_000),
    download: fc.nat(3),
    toSim: fc.nat(2),
    fromSim: fc.constant(0),
  },
  { noNullPrototype: true },
)
const anyGrowths = fc.array(anyGrowth, { minLength: 1, maxLength: 20 })

/** The readings of counters that begin at 0 and grow so. */
function readingsOf(growths: readonly Counters[]): Reading[] {
  let reading = aReading()
  return growths.map((growth) => {
    const grown = COUNTER_NAMES.map((name) => [name, reading[name] + growth[name]])
    reading = { ...reading, ...Object.fromEntries(grown) }
    return reading
  })
}

describe('all that a counter series has used', () => {
  it('is its last reading when it only grows, and each usage is its growth', () => {
    fc.assert(
      fc.property(anyGrowths, (growths) => {
        const readings = readingsOf(growths)
        const usages = usageOfSeries(readings)
        assert.deepEqual(usages, growths)
        for (const name of COUNTER_NAMES) {
          assert.equal(total(usages, name), readings.at(-1)![name])
        }
      }),
    )
  })

  it('is the sum of the maxima of its runs when it begins again and again', () => {
    fc.assert(
      fc.property(fc.array(anyGrowths, { minLength: 1, maxLength: 5 }), (runs) => {
        // A run that begins with a zero reading has begun again in any case.
        const begun = runs.map((growths) => [aReading(), ...readingsOf(growths)])
        const usages = usageOfSeries(begun.flat())
        for (const name of COUNTER_NAMES) {
          const maxima = begun.map((readings) => Math.max(...readings.map((r) => r[name])))
          assert.equal(
            total(usages, name),
            maxima.reduce((sum, maximum) => sum + maximum, 0),
          )
        }
      }),
    )
  })

  it('is the sum of the maxima of the runs between its falls', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { minLength: 1, maxLength: 20 }), (values) => {
        const usages = usageOfSeries(values.map((upload) => aReading({ upload })))
        const runEnds = values.filter(
          (value, i) => i + 1 === values.length || values[i + 1]! < value,
        )
        assert.equal(
          total(usages, 'upload'),
          runEnds.reduce((sum, value) => sum + value, 0),
        )
      }),
    )
  })

  it('is what was really used when 32-bit counters wrap, however often', () => {
    const growths = fc.array(fc.integer({ min: 0, max: WRAP_GROWTH_MAX }), {
      minLength: 1,
      maxLength: 40,
    })
    fc.assert(
      fc.property(growths, (uploadGrowths) => {
        let used = 0
        const readings = uploadGrowths.map((growth) => {
          used += growth
          return of32Bits({ upload: used % COUNTER_RANGE_32_BIT })
        })
        assert.deepEqual(uploads(usageOfSeries(readings)), uploadGrowths)
      }),
    )
  })
})
