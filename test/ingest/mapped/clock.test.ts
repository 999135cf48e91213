/** Times in zones and patterns, and the two nights a year on which local time is not one time. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { formatInstant } from '../../../src/domain/time.ts'
import { clockOf } from '../../../src/ingest/mapped/clock.ts'
import { parseTimePattern } from '../../../src/ingest/mapped/time-pattern.ts'
import { isTimeZone, localToUtc } from '../../../src/ingest/mapped/time-zone.ts'

const ZONES = [
  'Europe/Berlin',
  'America/New_York',
  'America/Sao_Paulo',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Africa/Casablanca',
  'UTC',
]
const FORMAT = 'YYYY-MM-DD HH:mm:ss'

function utc(text: string, format: string, zone?: string): string | null {
  const at = clockOf(format, zone).read(text)
  return at === null ? null : formatInstant(at)
}

/** The clock on the wall of a zone, as another program tells it. */
function wall(at: number, zone: string): string {
  return new Intl.DateTimeFormat('sv-SE', {
    timeZone: zone,
    dateStyle: 'short',
    timeStyle: 'medium',
  }).format(at * 1_000)
}

describe('a local time', () => {
  const at = fc.integer({ min: Date.UTC(1990, 0) / 1_000, max: Date.UTC(2040, 0) / 1_000 })

  it('is an instant at which the clock of its zone shows it, the first of them', () => {
    fc.assert(
      fc.property(at, fc.constantFrom(...ZONES), (instant, zone) => {
        const shown = wall(instant, zone)
        const read = clockOf(FORMAT, zone).read(shown)!
        assert.equal(wall(read, zone), shown)
        assert.ok(read <= instant, `${shown} in ${zone} is ${read}, not ${instant}`)
        assert.ok(instant - read <= 2 * 3_600)
      }),
      { numRuns: 500 },
    )
  })

  it('happens twice where clocks go back: the earlier one is meant', () => {
    const cases: readonly [zone: string, text: string, instant: string][] = [
      ['Europe/Berlin', '2025-10-26 01:59:59', '2025-10-25T23:59:59Z'],
      ['Europe/Berlin', '2025-10-26 02:00:00', '2025-10-26T00:00:00Z'],
      ['Europe/Berlin', '2025-10-26 02:59:59', '2025-10-26T00:59:59Z'],
      ['Europe/Berlin', '2025-10-26 03:00:00', '2025-10-26T02:00:00Z'],
      ['America/New_York', '2025-11-02 01:30:00', '2025-11-02T05:30:00Z'],
      ['America/New_York', '2025-11-02 02:00:00', '2025-11-02T07:00:00Z'],
      // Half an hour back.
      ['Australia/Lord_Howe', '2025-04-06 01:45:00', '2025-04-05T14:45:00Z'],
    ]
    for (const [zone, text, instant] of cases) assert.equal(utc(text, FORMAT, zone), instant, text)
  })

  it('does not happen where clocks go forward: it is read as if they had not been moved', () => {
    const cases: readonly [zone: string, text: string, instant: string][] = [
      ['Europe/Berlin', '2026-03-29 01:59:59', '2026-03-29T00:59:59Z'],
      ['Europe/Berlin', '2026-03-29 02:00:00', '2026-03-29T01:00:00Z'],
      ['Europe/Berlin', '2026-03-29 02:30:00', '2026-03-29T01:30:00Z'],
      ['Europe/Berlin', '2026-03-29 03:00:00', '2026-03-29T01:00:00Z'],
      ['America/New_York', '2026-03-08 02:15:00', '2026-03-08T07:15:00Z'],
      ['America/New_York', '2026-03-08 03:00:00', '2026-03-08T07:00:00Z'],
      // Samoa left a day out.
      ['Pacific/Apia', '2011-12-30 12:00:00', '2011-12-30T22:00:00Z'],
    ]
    for (const [zone, text, instant] of cases) assert.equal(utc(text, FORMAT, zone), instant, text)
  })

  it('is the same in whatever order times are asked for', () => {
    const forward = localToUtc('Europe/Berlin')
    const minutes = Array.from({ length: 3_000 }, (_, i) => Date.UTC(2025, 9, 25) / 1_000 + i * 60)
    const first = minutes.map(forward)
    assert.deepEqual(minutes.toReversed().map(localToUtc('Europe/Berlin')), first.toReversed())
  })

  it('is in a zone that exists', () => {
    for (const zone of ['UTC', 'utc', 'Z', 'GMT', '+05:45', '-0330', '+01', ...ZONES]) {
      assert.ok(isTimeZone(zone), zone)
    }
    for (const zone of [
      ...['', 'Berlin', 'Europe/Berlim', '+25:00', '+05:60', '5', '+5', 'local'],
      // Libraries know one of the meanings of each.
      ...['BST', 'IST', 'CST', 'EST', 'CET', 'EST5EDT'],
    ]) {
      assert.ok(!isTimeZone(zone), zone)
    }
  })
})

describe('a time', () => {
  it('is read by its format', () => {
    const cases: readonly [format: string, zone: string | undefined, text: string, at: string][] = [
      ['iso', undefined, '2026-03-01T10:00:00Z', '2026-03-01T10:00:00Z'],
      ['iso', undefined, '2026-03-01 10:00:00.999+05:45', '2026-03-01T04:15:00Z'],
      ['iso', undefined, '2026-03-01T10:00-06', '2026-03-01T16:00:00Z'],
      ['iso', 'Europe/Berlin', '2026-03-01T10:00:00Z', '2026-03-01T10:00:00Z'],
      ['iso', 'Europe/Berlin', '2026-03-01T10:00:00', '2026-03-01T09:00:00Z'],
      ['iso', 'Europe/Berlin', '2026-03-01', '2026-02-28T23:00:00Z'],
      ['iso', '+05:45', '2026-03-01T10:00:00', '2026-03-01T04:15:00Z'],
      ['unix', undefined, '1772359200', '2026-03-01T10:00:00Z'],
      ['unix', undefined, '253402300799', '9999-12-31T23:59:59Z'],
      ['unix', undefined, '1772359200.999', '2026-03-01T10:00:00Z'],
      ['unix_ms', undefined, '1772359200999', '2026-03-01T10:00:00Z'],
      ['DD/MM/YYYY HH:mm', 'UTC', '01/03/2026 10:00', '2026-03-01T10:00:00Z'],
      ['MM/DD/YYYY hh:mm:ss A', 'UTC', '03/01/2026 12:00:00 AM', '2026-03-01T00:00:00Z'],
      ['MM/DD/YYYY hh:mm:ss A', 'UTC', '03/01/2026 12:00:00 pm', '2026-03-01T12:00:00Z'],
      ['M/D/YY H:mm', 'UTC', '3/1/26 9:05', '2026-03-01T09:05:00Z'],
      ['DD-MMM-YYYY HH:mm:ss', 'UTC', '01-Mar-2026 10:00:00', '2026-03-01T10:00:00Z'],
      ['YYYYMMDD', 'UTC', '20260301', '2026-03-01T00:00:00Z'],
      ['YYYYMMDDHHmmss', 'UTC', '20260301100000', '2026-03-01T10:00:00Z'],
      ['YYYY-MM-DDTHH:mm:ss.SSSZ', undefined, '2026-03-01T10:00:00.1+0100', '2026-03-01T09:00:00Z'],
      ['[on] YYYY-MM-DD [at] HH:mm', 'UTC', 'on 2026-03-01 at 10:00', '2026-03-01T10:00:00Z'],
    ]
    for (const [format, zone, text, at] of cases) {
      assert.equal(utc(text, format, zone), at, `${text} as ${format}`)
    }
  })

  it('is none where the text is another one, or no day has it', () => {
    const cases: readonly [format: string, zone: string | undefined, texts: string[]][] = [
      ['iso', undefined, ['2026-03-01T10:00:00', '2026-03-01', '2026-02-30T10:00:00Z', 'now']],
      ['iso', 'UTC', ['2026-02-30', '2026-03-01T24:00:00', '01.03.2026']],
      ['unix', undefined, ['-1', '1e9', '', '17723592000000', '0x10']],
      ['unix_ms', undefined, ['1.5e12', '-1', '253402300800000', '311772359200999']],
      ['unix', undefined, ['253402300800', '999999999999']],
      [FORMAT, '-05:00', ['9999-12-31 23:00:00']],
      ['YYYY-MM-DD', 'UTC', ['2026-02-29', '2026-13-01', '2026-00-10', '2026-1-1', '2026-01-01 ']],
      [
        'DD.MM.YYYY HH:mm:ss',
        'UTC',
        ['40.02.2026 10:00:00', '01.03.2026 10:60:00', '1.3.2026 1:0:0'],
      ],
      [
        'DD.MM.YYYY HH:mm:ss',
        'UTC',
        ['01-03-2026 10:00:00', '01.03.2026 24:00:00', 'aa.bb.cccc dd:ee:ff'],
      ],
      ['hh:mm A DD/MM/YYYY', 'UTC', ['00:00 AM 01/03/2026', '13:00 PM 01/03/2026']],
      ['DD MMM YYYY', 'UTC', ['01 Foo 2026']],
      ['YYYY-MM-DDTHH:mmZ', undefined, ['2026-03-01T10:00', '2026-03-01T10:00+99:00']],
    ]
    for (const [format, zone, texts] of cases) {
      for (const text of texts) assert.equal(utc(text, format, zone), null, `${text} as ${format}`)
    }
  })

  it('does not depend on the time that was read before', () => {
    const clock = clockOf('DD.MM.YYYY', 'UTC')
    assert.notEqual(clock.read('08.03.2026'), null)
    assert.equal(clock.read('40.02.2026'), null)
  })

  it('has a pattern with a date in it, and nothing that stands for nothing', () => {
    for (const [pattern, fault] of [
      ['HH:mm', /a year \(YYYY\), a month \(MM\) and a day \(DD\) are needed/],
      ['YYYY-MM-DD at HH', /"at" stands for nothing/],
      ['YYYY-MM-DD YYYY', /names the year twice/],
      ['YYYY-MM-MMM-DD', /names the month twice/],
      ['YYYY-MM-DD hh:mm', /go together/],
      ['YYYY-MM-DD HH hh A', /names the hour twice/],
    ] as const) {
      const parsed = parseTimePattern(pattern)
      assert.ok(typeof parsed === 'string', pattern)
      assert.match(parsed, fault)
    }
  })
})
