/** The order in which a batch's events go into a file: that of the ledger's key, whatever comes. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { EventColumns } from '../../../src/storage/event-columns.ts'
import { bucketsOfEvents, orderByKey } from '../../../src/storage/sqlite/event-order.ts'
import { anEvent } from '../../support/builders.ts'

const RULE = { freshSeconds: 7_200, freshFrom: 86_400, gatheredSims: 3 }

type Place = readonly [simId: number, occurredAt: number]

function orderOf(places: readonly Place[]) {
  const packed = EventColumns.of(
    places.map(([simId, occurredAt]) => anEvent({ simId, occurredAt })),
  ).packed()
  const buckets = bucketsOfEvents(packed, RULE)
  const rows = places.map(([simId, at], i) => [buckets[i]!, simId, at, i])
  const sorted = rows.toSorted((a, b) => {
    const first = a.findIndex((value, i) => value !== b[i])
    return first === -1 ? 0 : a[first]! - b[first]!
  })
  return { order: [...orderByKey(packed, buckets)], expected: sorted.map((row) => row[3]) }
}

describe('the events of a batch', () => {
  for (const [what, simsMax] of [
    ['of few SIMs, many times each', 5],
    ['of SIMs with any numbers', 2 ** 31],
    ['of SIMs with numbers too large to be sorted together with the rest', 2 ** 52],
  ] as const) {
    it(`are ordered by bucket, SIM, time and line: ${what}`, () => {
      const places = fc.array(
        fc.tuple(fc.integer({ min: 1, max: simsMax }), fc.integer({ min: -90_000, max: 200_000 })),
        { maxLength: 60 },
      )
      fc.assert(
        fc.property(places, (given) => {
          const { order, expected } = orderOf(given)
          assert.deepEqual(order, expected)
        }),
      )
    })
  }

  it('may be none, or a day of one SIM that comes backwards', () => {
    const backwards = Array.from({ length: 5_000 }, (_, i): Place => [7, 100_000 - i])
    for (const places of [[], backwards]) {
      const { order, expected } = orderOf(places)
      assert.deepEqual(order, expected)
    }
  })
})
