/** Local times of roaming batches, and how far they are from UTC. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { INSTANT_MAX, INSTANT_MIN } from '../../src/domain/time.ts'
import {
  localSecondsOf,
  offsetSecondsOf,
  utcSecondsOf,
} from '../../src/ingest/formats/local-time.ts'

describe('a local time', () => {
  it('is the second that the calendar has it at, in every year', () => {
    fc.assert(
      fc.property(fc.integer({ min: INSTANT_MIN, max: INSTANT_MAX }), (at) => {
        const text = new Date(at * 1000).toISOString().replace(/\D/g, '').slice(0, 14)
        assert.equal(localSecondsOf(text), at)
      }),
      { numRuns: 2_000 },
    )
  })

  const none = [
    '',
    '2026030110000',
    '202603011000000',
    '20260001100000',
    '20261301100000',
    '20260300100000',
    '20260332100000',
    '20260229100000',
    '19000229100000',
    '20260301240000',
    '20260301106000',
    '20260301100060',
    '00000101000000',
    '2026-03-01 10:',
    '2026030110 000',
    '２０２６03011000',
  ]
  for (const text of none) {
    it(`${JSON.stringify(text)} is none`, () => assert.equal(localSecondsOf(text), null))
  }

  it('may be a leap day', () => {
    assert.equal(localSecondsOf('20240229000000'), Date.UTC(2024, 1, 29) / 1000)
    assert.equal(localSecondsOf('20000229000000'), Date.UTC(2000, 1, 29) / 1000)
  })
})

describe('an offset', () => {
  const offsets: readonly [string, number | null][] = [
    ['+0000', 0],
    ['+0545', 20_700],
    ['-0930', -34_200],
    ['+1800', 64_800],
    ['+1900', null],
    ['+0060', null],
    ['0100', null],
    ['+01:00', null],
    ['+01', null],
    ['Z', null],
    ['', null],
  ]
  for (const [text, seconds] of offsets) {
    it(`${JSON.stringify(text)} is ${seconds ?? 'none'}`, () => {
      assert.equal(offsetSecondsOf(text), seconds)
    })
  }

  it('leads from local time to UTC, within the years that have a name', () => {
    const local = localSecondsOf('20260301000000')!
    assert.equal(utcSecondsOf(local, 20_700), Date.UTC(2026, 1, 28, 18, 15) / 1000)
    assert.equal(utcSecondsOf(INSTANT_MIN, 0), INSTANT_MIN)
    assert.equal(utcSecondsOf(INSTANT_MIN, 1), null)
    assert.equal(utcSecondsOf(INSTANT_MAX, 0), INSTANT_MAX)
    assert.equal(utcSecondsOf(INSTANT_MAX, -1), null)
  })
})
