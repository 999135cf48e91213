/** Instants and buckets: reading and writing ISO text, whole buckets, calendar months. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  ceilTo,
  DAY_SECONDS,
  daysInMonth,
  floorTo,
  formatInstant,
  HOUR_SECONDS,
  INSTANT_MAX,
  INSTANT_MIN,
  monthNumber,
  monthStart,
  monthsBefore,
  parseInstant,
} from '../../src/domain/time.ts'
import { instant } from '../support/builders.ts'

const anyInstant = fc.integer({ min: INSTANT_MIN, max: INSTANT_MAX })

describe('monthNumber and monthStart', () => {
  it('number the months of the calendar one after the other', () => {
    assert.equal(monthNumber(instant('2026-01-31T23:59:59Z')), 2026 * 12)
    assert.equal(monthNumber(instant('2026-02-01T00:00:00Z')), 2026 * 12 + 1)
    assert.equal(formatInstant(monthStart(2025 * 12 + 11)), '2025-12-01T00:00:00Z')
  })

  it('count as the calendar of JavaScript does', () => {
    fc.assert(
      fc.property(anyInstant, (at) => {
        const date = new Date(at * 1000)
        const month = monthNumber(at)
        assert.equal(month, date.getUTCFullYear() * 12 + date.getUTCMonth())
        date.setUTCDate(1)
        assert.equal(monthStart(month) * 1000, date.setUTCHours(0, 0, 0, 0))
      }),
    )
  })

  it('enclose every instant', () => {
    fc.assert(
      fc.property(anyInstant, (at) => {
        const month = monthNumber(at)
        assert.ok(monthStart(month) <= at && at < monthStart(month + 1))
      }),
    )
  })
})

describe('floorTo and ceilTo', () => {
  it('put an instant into the bucket that holds it', () => {
    const at = instant('2026-02-28T23:59:59Z')
    assert.equal(formatInstant(floorTo(at, HOUR_SECONDS)), '2026-02-28T23:00:00Z')
    assert.equal(formatInstant(ceilTo(at, HOUR_SECONDS)), '2026-03-01T00:00:00Z')
    assert.equal(formatInstant(floorTo(at, DAY_SECONDS)), '2026-02-28T00:00:00Z')
    assert.equal(formatInstant(ceilTo(at, DAY_SECONDS)), '2026-03-01T00:00:00Z')
  })

  it('leave a border where it is', () => {
    const midnight = instant('2026-03-01T00:00:00Z')
    assert.equal(floorTo(midnight, DAY_SECONDS), midnight)
    assert.equal(ceilTo(midnight, DAY_SECONDS), midnight)
  })

  it('work before 1970 too', () => {
    const at = instant('1969-12-31T23:59:59Z')
    assert.equal(formatInstant(floorTo(at, HOUR_SECONDS)), '1969-12-31T23:00:00Z')
    assert.equal(formatInstant(ceilTo(at, HOUR_SECONDS)), '1970-01-01T00:00:00Z')
  })

  it('enclose every instant in at most one bucket', () => {
    fc.assert(
      fc.property(anyInstant, fc.constantFrom(HOUR_SECONDS, DAY_SECONDS), (at, bucket) => {
        const from = floorTo(at, bucket)
        const to = ceilTo(at, bucket)
        assert.ok(from <= at && at <= to)
        assert.equal(to - from, at === from ? 0 : bucket)
      }),
    )
  })
})

describe('monthsBefore', () => {
  const cases: readonly [string, number, string][] = [
    ['2026-03-15T12:34:56Z', 1, '2026-02-15T12:34:56Z'],
    ['2026-03-31T00:00:00Z', 1, '2026-02-28T00:00:00Z'],
    ['2024-03-31T23:59:59Z', 1, '2024-02-29T23:59:59Z'],
    ['2026-01-31T08:00:00Z', 1, '2025-12-31T08:00:00Z'],
    ['2026-08-31T08:00:00Z', 18, '2025-02-28T08:00:00Z'],
    ['2025-08-31T08:00:00Z', 18, '2024-02-29T08:00:00Z'],
    ['2024-02-29T08:00:00Z', 12, '2023-02-28T08:00:00Z'],
    ['2026-06-01T00:00:00Z', 18, '2024-12-01T00:00:00Z'],
  ]
  for (const [from, months, expected] of cases) {
    it(`is ${expected} for ${from} less ${months} ${months === 1 ? 'month' : 'months'}`, () => {
      assert.equal(formatInstant(monthsBefore(instant(from), months)), expected)
    })
  }

  it('keeps the time of day and never passes the end of a month', () => {
    const recent = fc.integer({ min: instant('1900-01-01T00:00:00Z'), max: INSTANT_MAX })
    fc.assert(
      fc.property(recent, fc.integer({ min: 0, max: 40 }), (at, months) => {
        const before = monthsBefore(at, months)
        const [then, earlier] = [new Date(at * 1000), new Date(before * 1000)]
        const monthOf = (date: Date) => date.getUTCFullYear() * 12 + date.getUTCMonth()
        assert.equal(monthOf(then) - monthOf(earlier), months)
        assert.equal(floorTo(at, DAY_SECONDS) - at, floorTo(before, DAY_SECONDS) - before)
        assert.ok(earlier.getUTCDate() <= then.getUTCDate())
      }),
    )
  })
})

describe('daysInMonth', () => {
  it('knows the leap days', () => {
    const days = [1900, 2000, 2023, 2024, 2100].map((year) => daysInMonth(year, 1))
    assert.deepEqual(days, [28, 29, 28, 29, 28])
  })

  it('counts months from 0', () => {
    const days = Array.from({ length: 12 }, (_, month) => daysInMonth(2026, month))
    assert.deepEqual(days, [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
  })

  it('does not take the year 4 for 1904', () => {
    assert.deepEqual([daysInMonth(4, 1), daysInMonth(5, 1)], [29, 28])
  })
})

describe('formatInstant', () => {
  const asDateSays = (at: number) => new Date(at * 1000).toISOString().replace('.000Z', 'Z')

  it('writes every day of a whole cycle of the calendar', () => {
    const cycle = 146_097
    for (let day = -20_000; day < cycle - 20_000; day++) {
      const at = day * DAY_SECONDS + (day % 7) * 9_999
      assert.equal(formatInstant(at), asDateSays(at))
    }
  })

  it('writes any instant of the years that ISO text can name', () => {
    fc.assert(
      fc.property(anyInstant, (at) => assert.equal(formatInstant(at), asDateSays(at))),
      { numRuns: 2_000 },
    )
    assert.equal(formatInstant(INSTANT_MIN), '0001-01-01T00:00:00Z')
    assert.equal(formatInstant(INSTANT_MAX), '9999-12-31T23:59:59Z')
  })
})

describe('parseInstant', () => {
  const readable: readonly [string, string][] = [
    ['2026-02-28T23:59:59Z', '2026-02-28T23:59:59Z'],
    ['2026-02-28t23:59:59z', '2026-02-28T23:59:59Z'],
    ['2026-02-28 23:59:59', '2026-02-28T23:59:59Z'],
    ['2026-02-28T23:59:59', '2026-02-28T23:59:59Z'],
    ['2026-02-28T23:59Z', '2026-02-28T23:59:00Z'],
    ['2026-02-28', '2026-02-28T00:00:00Z'],
    ['2024-02-29', '2024-02-29T00:00:00Z'],
    ['2026-03-01T05:30:00+05:45', '2026-02-28T23:45:00Z'],
    ['2026-02-28T18:00:00-0600', '2026-03-01T00:00:00Z'],
    ['2026-03-01T01:00:00+01', '2026-03-01T00:00:00Z'],
    ['2026-02-28T23:59:59.999Z', '2026-02-28T23:59:59Z'],
    ['2026-02-28T23:59:59,5+00:00', '2026-02-28T23:59:59Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00Z'],
    ['9999-12-31T23:59:59Z', '9999-12-31T23:59:59Z'],
  ]
  for (const [text, expected] of readable) {
    it(`reads ${text}`, () => {
      const at = parseInstant(text)
      assert.ok(at !== null)
      assert.equal(formatInstant(at), expected)
    })
  }

  const unreadable = [
    '',
    'yesterday',
    '1767225600',
    '2026-02-29',
    '2026-02-30T00:00:00Z',
    '2023-02-29T00:00:00Z',
    '2026-13-01',
    '2026-00-10',
    '2026-01-00',
    '2026-04-31',
    '2026-02-28T24:00:00Z',
    '2026-02-28T23:60:00Z',
    '2026-02-28T23:59:60Z',
    '2026-02-28T23Z',
    '2026-02-28T23:59:59.Z',
    '2026-02-28T23:59:59+19:00',
    '2026-02-28T23:59:59+05:60',
    '2026-02-28T23:59:59Z+01:00',
    '2026-2-28',
    '26-02-28',
    '0000-01-01',
    '0001-01-01T00:00:00+01:00',
    '9999-12-31T23:59:59-01:00',
    '2026-02-28T23:59:59Z ',
    ' 2026-02-28',
    '2026-02-28Z',
    '２０２６-02-28',
  ]
  for (const text of unreadable) {
    it(`does not read ${JSON.stringify(text)}`, () => {
      assert.equal(parseInstant(text), null)
    })
  }

  it('reads back every instant that formatInstant writes', () => {
    fc.assert(fc.property(anyInstant, (at) => assert.equal(parseInstant(formatInstant(at)), at)))
  })

  it('reads every instant as JavaScript does, however it is written', () => {
    fc.assert(
      fc.property(anyInstant, (at) => {
        const text = formatInstant(at)
        assert.equal(parseInstant(text), Date.parse(text) / 1000)
        assert.equal(parseInstant(`${text.slice(0, -1)}+00:00`), Date.parse(text) / 1000)
      }),
    )
  })

  it('finds the same dates impossible in its own form as in others', () => {
    const part = (max: number) => fc.integer({ min: 0, max })
    const digits = (value: number, length: number) => String(value).padStart(length, '0')
    fc.assert(
      fc.property(
        fc.tuple(part(9999), part(13), part(32), part(25), part(61), part(61)),
        ([y, mo, d, h, mi, s]) => {
          const date = `${digits(y, 4)}-${digits(mo, 2)}-${digits(d, 2)}`
          const local = `${date}T${digits(h, 2)}:${digits(mi, 2)}:${digits(s, 2)}`
          assert.equal(parseInstant(`${local}Z`), parseInstant(`${local}+00:00`))
        },
      ),
    )
  })

  it('reads an instant written with any offset as the same instant', () => {
    const offsetMinutes = fc.integer({ min: -18 * 60, max: 18 * 60 })
    const recent = fc.integer({ min: 0, max: 4_000_000_000 })
    fc.assert(
      fc.property(recent, offsetMinutes, (at, minutes) => {
        const local = formatInstant(at + minutes * 60).slice(0, -1)
        const sign = minutes < 0 ? '-' : '+'
        const hours = String(Math.floor(Math.abs(minutes) / 60)).padStart(2, '0')
        const rest = String(Math.abs(minutes) % 60).padStart(2, '0')
        assert.equal(parseInstant(`${local}${sign}${hours}:${rest}`), at)
        assert.equal(parseInstant(`${local}${sign}${hours}${rest}`), at)
      }),
    )
  })
})
