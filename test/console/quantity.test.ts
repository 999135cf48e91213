/** Amounts and instants as people read them. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseExact } from '../../console/src/api/exact-json.ts'
import { countryName } from '../../console/src/format/country.ts'
import {
  bytesChangeText,
  bytesText,
  changePercent,
  countChangeText,
  countText,
  exactBytesText,
  nounOf,
  shareText,
  unitOf,
} from '../../console/src/format/quantity.ts'
import { periodText, weekdayOf } from '../../console/src/format/time.ts'
import { instant } from '../support/builders.ts'

describe('bytes', () => {
  it('are said in three digits, in the units that were chosen', () => {
    const texts = [0n, 999n, 1000n, 1024n, 1_234_567n, 45_678_900n, 999_999_999n].map((bytes) => [
      bytesText(bytes, 'decimal'),
      bytesText(bytes, 'binary'),
    ])
    assert.deepEqual(texts, [
      ['0 B', '0 B'],
      ['999 B', '999 B'],
      ['1.00 kB', '1,000 B'],
      ['1.02 kB', '1.00 KiB'],
      ['1.23 MB', '1.17 MiB'],
      ['45.6 MB', '43.5 MiB'],
      ['999 MB', '953 MiB'],
    ])
  })

  it('that are added or taken away say so', () => {
    const texts = [-1_234_567n, -1n, 0n, 45_678_900n].map((change) =>
      bytesChangeText(change, 'decimal'),
    )
    assert.deepEqual(texts, ['−1.23 MB', '−1 B', '0 B', '+45.6 MB'])
    assert.deepEqual([-1_000n, 0n, 2n ** 63n].map(countChangeText), [
      '−1,000',
      '0',
      '+9,223,372,036,854,775,808',
    ])
  })

  it('are never said to be more than they are, and lose less than a hundredth', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 1n, max: 2n ** 70n }),
        fc.constantFrom('decimal', 'binary'),
        (bytes, units) => {
          const [, number = ''] = /^([\d.,]+) /.exec(bytesText(bytes, units))!
          const hundredths = BigInt(Math.round(Number(number.replaceAll(',', '')) * 100))
          const said = (hundredths * unitOf(bytes, units).bytes) / 100n
          assert.ok(said <= bytes && (bytes - said) * 100n <= bytes, `${bytes}: ${number}`)
        },
      ),
    )
  })

  it('are exact where they are said in full', () => {
    assert.equal(exactBytesText(2n ** 63n), '9,223,372,036,854,775,808 bytes')
    assert.equal(exactBytesText(1n), '1 byte')
    assert.equal(countText(1234567), '1,234,567')
  })
})

describe('answers', () => {
  it('keep every digit of numbers above 2^53, and are plain below', () => {
    const text = '{"total":9007199254740993,"part":12,"share":0.5,"list":[-9007199254740993]}'
    assert.deepEqual(parseExact(text), {
      total: 9007199254740993n,
      part: 12,
      share: 0.5,
      list: [-9007199254740993n],
    })
    assert.throws(() => parseExact('{'), SyntaxError)
  })
})

describe('parts and changes', () => {
  it('of nothing are nothing', () => {
    assert.equal(shareText(0n, 0n), '0 %')
    assert.equal(changePercent(5n, 0n), null)
  })

  it('are rounded, but never to nothing', () => {
    assert.equal(shareText(1n, 1_000_000n), '< 0.1 %')
    assert.equal(shareText(1n, 3n), '33.3 %')
    assert.deepEqual([changePercent(3n, 2n), changePercent(1n, 2n)], [50, -50])
  })
})

describe('what is counted', () => {
  it('is named as one, or as none and as several', () => {
    assert.deepEqual(
      [0, 1, 2, 1n].map((count) => nounOf(count, 'record')),
      ['records', 'record', 'records', 'record'],
    )
  })
})

describe('times', () => {
  const text = (start: string, end: string) => periodText(instant(start), instant(end))

  it('say the last day of whole days, and the hours of others', () => {
    assert.equal(text('2026-11-01T00:00:00Z', '2026-12-01T00:00:00Z'), '1 Nov – 30 Nov 2026')
    assert.equal(text('2025-12-01T00:00:00Z', '2026-01-02T00:00:00Z'), '1 Dec 2025 – 1 Jan 2026')
    assert.equal(text('2026-11-01T00:00:00Z', '2026-11-02T00:00:00Z'), '1 Nov 2026')
    assert.equal(text('2026-11-01T14:00:00Z', '2026-11-01T15:00:00Z'), '1 Nov 2026, 14:00 – 15:00')
  })

  it('are days of the week in UTC', () => {
    assert.equal(weekdayOf(instant('2026-11-30T00:00:00Z')), 0)
    assert.equal(weekdayOf(instant('2026-11-29T23:59:59Z')), 6)
  })
})

describe('countries', () => {
  it('have names, and keep their codes where they have none', () => {
    assert.deepEqual(['MEX', 'XKX', 'ZZZ', 'QQQ'].map(countryName), [
      ...['Mexico', 'Kosovo', 'No country', 'QQQ'],
    ])
  })
})
