/**
 * A source of usage as they are in the field. What a session really uses becomes readings, some of which
 * are lost, sent again, damaged or incomplete, and its counters begin again now and then.
 */
import fc from 'fast-check'
import type { CounterName } from '../../src/domain/counters.ts'
import type { ReadingTraits, Resets } from '../../src/domain/usage-event.ts'

const RANGE = 2 ** 32

/** In order of time, by the source's own clock. */
export interface SourceReading {
  /** Seconds after the beginning, different for every reading. */
  readonly at: number
  readonly upload: number
  readonly download: number
  readonly traits: ReadingTraits
}

export interface SimulatedUsage {
  readonly truth: { readonly upload: number; readonly download: number }
  readonly readings: readonly SourceReading[]
  /** True if the readings report everything that was used. */
  readonly isProved: boolean
}

const anyGrowth = (most: number) =>
  fc.oneof(fc.nat({ max: 9 }), fc.nat({ max: 100_000 }), fc.nat({ max: most }), fc.constant(0))

function anyStep(most: number) {
  return fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        does: fc.constant('use' as const),
        upload: anyGrowth(most),
        download: anyGrowth(most),
        /** What happens to the reading that follows. */
        reading: fc.constantFrom(
          'sent',
          'sent',
          'sent',
          'lost',
          'without upload',
          'without download',
        ),
      }),
    },
    { weight: 1, arbitrary: fc.record({ does: fc.constant('zero' as const) }) },
    {
      weight: 1,
      arbitrary: fc.record({ does: fc.constant('again' as const), back: fc.nat({ max: 4 }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ does: fc.constant('restart' as const), hasStart: fc.boolean() }),
    },
  )
}
type Step = typeof anyStep extends (most: number) => fc.Arbitrary<infer T> ? T : never

export const anySimulation: fc.Arbitrary<SimulatedUsage> = fc
  .record({
    is32Bit: fc.boolean(),
    resets: fc.constantFrom<Resets>('never', 'start'),
    /** By how many seconds the clock is off, and how regularly the source reports. */
    offset: fc.nat({ max: 3_600 }),
    jitter: fc.array(fc.nat({ max: 59 }), { minLength: 40, maxLength: 40 }),
    loses: fc.boolean(),
  })
  .chain((source) =>
    fc
      .array(anyStep(source.is32Bit ? 2 ** 31 : 2 ** 34), { minLength: 1, maxLength: 14 })
      .map((steps) => simulate(source, steps)),
  )

interface Source {
  readonly is32Bit: boolean
  readonly resets: Resets
  readonly offset: number
  readonly jitter: readonly number[]
  readonly loses: boolean
}

type Pair = { upload: number; download: number }

function simulate(source: Source, steps: readonly Step[]): SimulatedUsage {
  const { is32Bit, resets, offset, jitter, loses } = source
  const truth: Pair = { upload: 0, download: 0 }
  const readings: SourceReading[] = []
  let counters: Pair = { upload: 0, download: 0 }
  /** What this run of the source has reported in full. */
  let told: Pair[] = []
  let isProved = true
  let sinceTold: Pair = { upload: 0, download: 0 }

  const shown = (value: number) => (is32Bit ? value % RANGE : value)
  const send = (pair: Pair, unknown: readonly CounterName[] = [], isStart = false) => {
    const at = readings.length * 60 + jitter[readings.length % jitter.length]! + offset
    const isKnown = (name: CounterName) => !unknown.includes(name)
    readings.push({
      at,
      upload: isKnown('upload') ? shown(pair.upload) : 0,
      download: isKnown('download') ? shown(pair.download) : 0,
      traits: {
        is32Bit: is32Bit && !isStart,
        resets,
        ...(isStart && { isStart }),
        ...(unknown.length > 0 && { unknown }),
      },
    })
  }
  const tell = () => {
    send(counters)
    told.push({ ...counters })
    // Growth by more than half its range goes unseen in a 32-bit counter.
    if (is32Bit && Math.max(sinceTold.upload, sinceTold.download) > RANGE / 2) isProved = false
    sinceTold = { upload: 0, download: 0 }
  }

  for (const step of steps) {
    if (step.does === 'use') {
      for (const name of ['upload', 'download'] as const) {
        truth[name] += step[name]
        counters[name] += step[name]
        sinceTold[name] += step[name]
      }
      const becomes = loses ? step.reading : 'sent'
      if (becomes === 'sent') tell()
      else if (becomes === 'without upload') send(counters, ['upload'])
      else if (becomes === 'without download') send(counters, ['download'])
    } else if (step.does === 'zero') {
      if (told.length > 0) send({ upload: 0, download: 0 })
    } else if (step.does === 'again') {
      const old = told.at(-1 - step.back)
      // A packet that was delayed by more than half of the range looks like growth.
      const isNear = (name: keyof Pair) => !is32Bit || counters[name] - old![name] < RANGE / 2
      if (old !== undefined && isNear('upload') && isNear('download')) send(old)
    } else if (resets === 'start' && step.hasStart) {
      if (sinceTold.upload + sinceTold.download > 0) isProved = false
      counters = { upload: 0, download: 0 }
      sinceTold = { upload: 0, download: 0 }
      told = []
      send(counters, [], true)
    } else if (!is32Bit) {
      // Without a sign, a restart of a 32-bit counter cannot be told from a wrap.
      if (counters.upload + counters.download > 0) isProved = false
      counters = { upload: 0, download: 0 }
      sinceTold = { upload: 0, download: 0 }
      told = []
    }
  }
  if (sinceTold.upload + sinceTold.download > 0) isProved = false
  return { truth, readings, isProved }
}
