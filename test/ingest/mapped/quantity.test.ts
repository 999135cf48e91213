/** Decimal text times a unit: one rounding, no float, held against whole-number arithmetic. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { DATA_UNITS } from '../../../src/ingest/mapped/mapping.ts'
import {
  plainNumber,
  UNIT_BYTES,
  wholeBytes,
  wholeNumber,
} from '../../../src/ingest/mapped/quantity.ts'

const digits = (minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength, maxLength })

/** Half upwards, by whole numbers alone: the value is `mantissa` times ten to the `exponent`. */
function model(mantissa: bigint, exponent: number, unitBytes: number): string {
  const numerator = mantissa * BigInt(unitBytes) * 10n ** BigInt(Math.max(0, exponent))
  const divisor = 10n ** BigInt(Math.max(0, -exponent))
  const floor = numerator / divisor
  return ((numerator - floor * divisor) * 2n >= divisor ? floor + 1n : floor).toString()
}

const decimal = fc.record({
  whole: digits(1, 16),
  fraction: fc.option(digits(0, 20), { nil: null }),
  exponent: fc.option(fc.integer({ min: -25, max: 6 }), { nil: null }),
  unit: fc.constantFrom(...DATA_UNITS),
})

describe('a decimal number of a unit', () => {
  it('becomes the nearest whole number of bytes, half of one upwards', () => {
    fc.assert(
      fc.property(decimal, ({ whole, fraction, exponent, unit }) => {
        const text = `${whole}${fraction === null ? '' : `.${fraction}`}${exponent === null ? '' : `e${exponent}`}`
        const mantissa = BigInt(whole + (fraction ?? ''))
        const shift = (exponent ?? 0) - (fraction?.length ?? 0)
        const bytes = wholeBytes(text, UNIT_BYTES[unit])
        assert.equal(bytes?.replace(/^0+(?=\d)/, ''), model(mantissa, shift, UNIT_BYTES[unit]))
      }),
      { numRuns: 2_000 },
    )
  })

  it('is exact at the ties, where a float is off', () => {
    const cases: readonly [text: string, unit: keyof typeof UNIT_BYTES, bytes: string][] = [
      ['0.172848', 'MB', '172848'],
      ['0.0000005', 'MB', '1'],
      ['0.00000049999999999999999999', 'MB', '0'],
      ['1.005', 'kB', '1005'],
      ['4.35', 'MB', '4350000'],
      ['0.00048828125', 'KiB', '1'],
      ['0.000488281249', 'KiB', '0'],
      ['9007199254.740991', 'MB', '9007199254740991'],
      ['9007199254.7409915', 'MB', '9007199254740992'],
      ['8388607.9999995', 'GiB', '9007199254740455'],
      ['.5', 'bytes', '1'],
      ['5.', 'bytes', '5'],
      ['+5', 'bytes', '5'],
      ['1E3', 'kB', '1000000'],
      ['0', 'GB', '0'],
    ]
    for (const [text, unit, bytes] of cases) {
      assert.equal(wholeBytes(text, UNIT_BYTES[unit]), bytes, `${text} ${unit}`)
    }
  })

  it('is nothing else than a number of 0 or more', () => {
    const others = [
      '',
      '.',
      '-1',
      '-0',
      '1,5',
      '1 5',
      '0x10',
      'NaN',
      'Infinity',
      '1e',
      'e5',
      '1e41',
    ]
    for (const text of [...others, '1.2.3', '٣', '1e-41', '1'.repeat(65)]) {
      assert.equal(wholeBytes(text, 1_000), null, text)
    }
  })

  it('of Commands is a whole one', () => {
    for (const [text, count] of [
      ['12', '12'],
      ['12.000000', '12'],
      ['1.2e1', '12'],
      ['120e-1', '12'],
      ['1.5', null],
      ['-1', null],
      ['', null],
    ] as const) {
      assert.equal(wholeNumber(text), count, text)
    }
  })

  it('may have a decimal comma and groups of three digits, where the mapping says so', () => {
    const german = { decimal: ',', thousands: '.' }
    const cases: readonly [text: string, plain: string | null][] = [
      ['1.234.567,5', '1234567.5'],
      ['1234567,5', '1234567.5'],
      ['12', '12'],
      ['1.5', null],
      ['1.2345', null],
      ['12.34,5', null],
      ['1,234.5', null],
      ['1.234,5,6', null],
    ]
    for (const [text, plain] of cases) assert.equal(plainNumber(text, german), plain, text)
    assert.equal(plainNumber('1.5', { decimal: ',', thousands: '' }), null)
    assert.equal(plainNumber('1.5', { decimal: '.', thousands: '' }), '1.5')
    assert.equal(plainNumber('1 234,5', { decimal: ',', thousands: ' ' }), '1234.5')
  })

  it('may be grouped by signs that look like the stated one', () => {
    const french = { decimal: ',', thousands: ' ' }
    for (const space of [' ', '\u00a0', '\u2009', '\u202f']) {
      assert.equal(plainNumber(`2${space}000${space}123,5`, french), '2000123.5')
      assert.equal(plainNumber(`2${space}00`, french), null)
    }
    assert.equal(plainNumber('2\u2019000.5', { decimal: '.', thousands: "'" }), '2000.5')
  })
})
