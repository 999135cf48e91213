/** Numbered streams, compared with plain sets of what has come. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  addToStream,
  findOpenGap,
  type GapAcceptance,
  gapsOf,
  hasEnded,
  lastBeforeGap,
  type SequenceStream,
} from '../../src/domain/sequence.ts'
import { UsageError } from '../../src/domain/usage-error.ts'

interface Arrival {
  readonly number: number
  readonly cutOff?: number | null
}

/** Each delivery comes an hour after the one before, from 1000 on. */
function streamOf(arrivals: readonly Arrival[], name = 's'): SequenceStream {
  let stream: SequenceStream | undefined
  for (const [i, { number, cutOff = null }] of arrivals.entries()) {
    stream = addToStream(stream, { stream: name, number, arrivedAt: 1_000 + i, cutOff })
  }
  return stream!
}

const numbered = (...numbers: number[]) => streamOf(numbers.map((number) => ({ number })))

const acceptance = (first: number, last: number | null): GapAcceptance => ({
  ...{ stream: 's', first, last, by: 'Ada', reason: 'never made', at: 9 },
})

const rangesOf = (stream: SequenceStream, acceptances: readonly GapAcceptance[] = []) =>
  gapsOf(stream, acceptances).map(
    ({ from, to, acceptance: accepted }) => `${from}-${to}${accepted === null ? '' : ' accepted'}`,
  )

describe('a numbered stream', () => {
  it('misses nothing while numbers follow one another, in whatever order they come', () => {
    assert.deepEqual(rangesOf(numbered(7)), [])
    assert.deepEqual(rangesOf(numbered(7, 8, 9)), [])
    assert.deepEqual(rangesOf(numbered(9, 7, 8, 8, 10)), [])
  })

  it('misses what lies between its smallest and its largest number', () => {
    assert.deepEqual(rangesOf(numbered(3, 5, 9)), ['4-4', '6-8'])
    assert.deepEqual(rangesOf(numbered(3, 9, 6)), ['4-5', '7-8'])
  })

  it('goes from 99999 on to 1', () => {
    assert.deepEqual(rangesOf(numbered(99_998, 99_999, 1, 2)), [])
    assert.deepEqual(rangesOf(numbered(99_997, 3)), ['99998-2'])
    assert.deepEqual(rangesOf(numbered(99_998, 2)), ['99999-1'])
    assert.deepEqual(rangesOf(numbered(2, 99_998)), ['99999-1'])
    assert.deepEqual(rangesOf(numbered(99_998, 2, 99_999)), ['1-1'])
    assert.deepEqual(rangesOf(numbered(99_998, 2, 1, 99_999)), [])
  })

  it('goes round again and again', () => {
    const numbers = Array.from({ length: 9 }, (_, i) => ((i * 33_333) % 99_999) + 1)
    assert.equal(gapsOf(numbered(...numbers), []).length, 8)
    const last = gapsOf(numbered(...numbers), []).at(-1)!
    assert.deepEqual([last.from, last.to, last.last], [33_335, 66_666, 99_999 * 2 + 66_666])
  })

  it('does not go round where numbers have more digits', () => {
    assert.deepEqual(rangesOf(numbered(20_260_301, 20_260_303)), ['20260302-20260302'])
    assert.deepEqual(rangesOf(numbered(99_999, 100_000, 100_001)), [])
    assert.deepEqual(rangesOf(numbered(99_999, 100_001)), ['100000-100000'])
  })

  it('knows since when a gap is one', () => {
    const opened = (...numbers: number[]) =>
      gapsOf(numbered(...numbers), []).map(({ from, openedAt }) => [from, openedAt - 1_000])
    assert.deepEqual(opened(1, 4), [[2, 1]])
    assert.deepEqual(opened(1, 4, 9, 4, 9), [
      [2, 1],
      [5, 2],
    ])
    // What fills a part of it leaves the rest as old as it is.
    assert.deepEqual(opened(1, 9, 5), [
      [2, 1],
      [6, 1],
    ])
    assert.deepEqual(opened(1, 9, 2, 8), [[3, 1]])
    assert.deepEqual(opened(5, 6, 1), [[2, 2]])
  })

  it('is cut where a part of a gap is accepted', () => {
    const stream = numbered(1, 9)
    assert.deepEqual(rangesOf(stream, [acceptance(2, 8)]), ['2-8 accepted'])
    assert.deepEqual(rangesOf(stream, [acceptance(4, 5)]), ['2-3', '4-5 accepted', '6-8'])
    assert.deepEqual(rangesOf(stream, [acceptance(7, 8), acceptance(2, 3)]), [
      ...['2-3 accepted', '4-6', '7-8 accepted'],
    ])
    // A file that comes after all is no longer missing.
    assert.deepEqual(rangesOf(numbered(1, 9, 5), [acceptance(4, 6)]), [
      ...['2-3', '4-4 accepted', '6-6 accepted', '7-8'],
    ])
    assert.deepEqual(rangesOf(stream, [{ ...acceptance(2, 8), stream: 'other' }]), ['2-8'])
  })

  it('is complete as far as the last delivery before its first open gap', () => {
    const stream = streamOf([
      { number: 1, cutOff: 10 },
      { number: 2, cutOff: 20 },
      { number: 4, cutOff: 40 },
      { number: 6, cutOff: 60 },
    ])
    const cutOff = (...acceptances: GapAcceptance[]) => lastBeforeGap(stream, acceptances).cutOff
    assert.equal(cutOff(), 20)
    assert.equal(cutOff(acceptance(3, 3)), 40)
    assert.equal(cutOff(acceptance(5, 5)), 20)
    assert.equal(cutOff(acceptance(3, 3), acceptance(5, 5)), 60)
  })

  it('keeps when a delivery first came, and takes the later cut-off of one that comes again', () => {
    const again = streamOf([{ number: 1 }, { number: 2 }, { number: 2, cutOff: 7 }, { number: 2 }])
    assert.deepEqual(again.runs, [{ first: 1, last: 2, openedAt: 1_000, cutOff: 7, lastAt: 1_001 }])
  })

  it('has ended where that was accepted, until more comes', () => {
    const end = acceptance(3, null)
    assert.equal(hasEnded(numbered(1, 2), [end]), true)
    assert.equal(hasEnded(numbered(1, 2), []), false)
    assert.equal(hasEnded(numbered(1, 2, 3), [end]), false)
    assert.deepEqual(rangesOf(numbered(1, 2, 4), [end]), ['3-3'])
  })
})

describe('a gap that is named', () => {
  const find = (stream: SequenceStream, from: number, to: number | null, name = 's') =>
    findOpenGap([stream], [], { stream: name, from, to })

  const refusal = (work: () => unknown): UsageError => {
    try {
      work()
    } catch (error) {
      assert.ok(error instanceof UsageError, String(error))
      assert.equal(error.code, 'not_found')
      return error
    }
    throw new assert.AssertionError({ message: 'nothing was refused' })
  }

  it('is found whole or in part, also where numbers go round', () => {
    assert.deepEqual(find(numbered(1, 9), 2, 8), { stream: 's', first: 2, last: 8 })
    assert.deepEqual(find(numbered(1, 9, 20), 10, 12), { stream: 's', first: 10, last: 12 })
    const round = numbered(99_997, 3)
    assert.deepEqual(find(round, 99_998, 2), { stream: 's', first: 99_998, last: 100_001 })
    assert.deepEqual(find(round, 1, 1), { stream: 's', first: 100_000, last: 100_000 })
    assert.deepEqual(find(round, 99_999, 1), { stream: 's', first: 99_999, last: 100_000 })
  })

  it('is refused where not all of it is missing, with what is', () => {
    const stream = numbered(1, 4, 9)
    for (const [from, to] of [
      [1, 3],
      [2, 4],
      [2, 8],
      [3, 2],
      [10, 11],
    ] as const) {
      const { message, hint } = refusal(() => find(stream, from, to))
      assert.equal(message, `stream "s" has no open gap that contains ${from} to ${to}`)
      assert.equal(hint, 'missing: 2 to 3, 5 to 8')
    }
    assert.equal(refusal(() => find(numbered(1, 2), 3, 3)).hint, 'nothing is missing')
    const unknown = refusal(() => find(stream, 2, 3, 'x'))
    assert.deepEqual(
      [unknown.message, unknown.hint],
      ['there is no stream "x"', 'the feed\'s streams: "s"'],
    )
    const open = () => findOpenGap([stream], [acceptance(2, 3)], { stream: 's', from: 2, to: 3 })
    assert.equal(refusal(open).hint, 'missing: 5 to 8')
  })

  it('may be the end of the stream, which begins after its last number', () => {
    assert.deepEqual(find(numbered(1, 9), 10, null), { stream: 's', first: 10, last: null })
    assert.deepEqual(find(numbered(99_999), 1, null), { stream: 's', first: 100_000, last: null })
    const { message } = refusal(() => find(numbered(1, 9), 9, null))
    assert.match(message, /cannot end before 9: the number after its last one is 10/)
  })
})

/** What a plain list of arrivals says of the same stream, at unwrapped places. */
function modelOf(
  places: readonly number[],
  cutOffs: readonly (number | null)[],
  accepted: Set<number>,
) {
  const arrival = (fits: (place: number) => boolean) => places.findIndex(fits)
  const missing: { place: number; openedAt: number; isAccepted: boolean }[] = []
  for (let place = Math.min(...places); place <= Math.max(...places); place++) {
    if (places.includes(place)) continue
    const openedAt = Math.max(
      arrival((other) => other < place),
      arrival((other) => other > place),
    )
    missing.push({ place, openedAt: 1_000 + openedAt, isAccepted: accepted.has(place) })
  }
  const firstOpen = missing.find(({ isAccepted }) => !isAccepted)?.place ?? Number.POSITIVE_INFINITY
  const last = Math.max(...places.filter((place) => place < firstOpen))
  const stated = cutOffs.filter((cutOff, i) => places[i] === last && cutOff !== null) as number[]
  const cutOff = stated.length === 0 ? null : Math.max(...stated)
  return { missing, last, cutOff, lastAt: 1_000 + places.indexOf(last) }
}

describe('any stream', () => {
  const anyCase = fc.record({
    // Near the turn and far from it; few numbers, so that they come twice and fill gaps.
    base: fc.constantFrom(1, 40, 99_980, 3 * 99_999 - 10, 5_000_000),
    offsets: fc.array(fc.integer({ min: 0, max: 25 }), { minLength: 1, maxLength: 25 }),
    cutOffs: fc.array(fc.option(fc.nat(9)), { minLength: 25, maxLength: 25 }),
    accepts: fc.array(fc.integer({ min: 0, max: 24 }), { maxLength: 6 }),
  })

  it('knows what is missing, since when, and the last delivery before it, as plain sets do', () => {
    const property = fc.property(anyCase, ({ base, offsets, cutOffs, accepts }) => {
      const isLong = base > 1_000_000
      const places = offsets.map((offset) => base + offset)
      const numberOf = (place: number) => (isLong ? place : ((place - 1) % 99_999) + 1)
      const stream = streamOf(
        places.map((place, i) => ({ number: numberOf(place), cutOff: cutOffs[i]! })),
      )
      // Positions count from wherever the first number stood.
      const shift = isLong ? 0 : places[0]! - numberOf(places[0]!)
      const accepted: GapAcceptance[] = []
      for (const offset of accepts) {
        const named = { stream: 's', from: numberOf(base + offset), to: numberOf(base + offset) }
        try {
          accepted.push({ ...acceptance(0, 0), ...findOpenGap([stream], accepted, named) })
        } catch (error) {
          assert.ok(error instanceof UsageError)
        }
      }
      const isMissing = (place: number) =>
        !places.includes(place) && place > Math.min(...places) && place < Math.max(...places)
      const acceptedPlaces = new Set(accepts.map((offset) => base + offset).filter(isMissing))
      const model = modelOf(places, cutOffs, acceptedPlaces)
      const found = gapsOf(stream, accepted).flatMap((gap) => {
        assert.deepEqual(
          [gap.from, gap.to],
          [numberOf(gap.first + shift), numberOf(gap.last + shift)],
        )
        return Array.from({ length: gap.last - gap.first + 1 }, (_, i) => ({
          place: gap.first + i + shift,
          openedAt: gap.openedAt,
          isAccepted: gap.acceptance !== null,
        }))
      })
      assert.deepEqual(found, model.missing)
      const { last, cutOff, lastAt } = lastBeforeGap(stream, accepted)
      assert.deepEqual(
        { last: last + shift, cutOff, lastAt },
        { last: model.last, cutOff: model.cutOff, lastAt: model.lastAt },
      )
    })
    fc.assert(property, { numRuns: 500 })
  })
})
