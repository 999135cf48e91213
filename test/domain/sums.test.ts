/** Sums stay exact, and have one form for each value. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { plus, type Sum, sumOf } from '../../src/domain/sums.ts'

const LIMIT = BigInt(Number.MAX_SAFE_INTEGER)
/** All that fit into 64 bits, and often those around the largest exact number. */
const value = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -5n, max: 5n }),
  fc.bigInt({ min: LIMIT - 3n, max: LIMIT + 3n }),
  fc.bigInt({ min: -LIMIT - 3n, max: -LIMIT + 3n }),
)

function assertExact(sum: Sum, expected: bigint): void {
  assert.equal(BigInt(sum), expected)
  assert.equal(`${sum}`, `${expected}`)
  const isSafe = expected <= LIMIT && expected >= -LIMIT
  assert.equal(typeof sum, isSafe ? 'number' : 'bigint')
}

describe('a sum', () => {
  it('is exact, and a number wherever that is exact', () => {
    fc.assert(fc.property(value, (one) => assertExact(sumOf(one), one)))
  })

  it('of two sums is exact, and a number wherever that is exact', () => {
    fc.assert(
      fc.property(value, value, (a, b) => assertExact(plus(sumOf(a), sumOf(b)), a + b)),
      { numRuns: 2_000 },
    )
  })
})
