/** What an address says, and what a view's address is. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  granularityOf,
  neighbour,
  type Period,
  PRESETS,
  parsePeriod,
  periodBefore,
  presetPeriod,
} from '../../console/src/state/period.ts'
import {
  FILTERS,
  parseView,
  type View,
  viewPath,
  withFilter,
} from '../../console/src/state/view.ts'
import { instant } from '../support/builders.ts'

const NOW = instant('2026-11-28T14:25:00Z')
const DAY = 86_400

function read(address: string): View {
  const { pathname, searchParams } = new URL(address, 'http://localhost/')
  return parseView(pathname.slice(1), searchParams, NOW)
}

/** Whole hours or whole days, as the pickers make them. */
const periods: fc.Arbitrary<Period> = fc.oneof(
  fc.constantFrom(...PRESETS).map((preset) => presetPeriod(preset, NOW)),
  fc
    .tuple(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 1, max: 550 }))
    .map(([from, days]) => ({ preset: null, start: from * DAY, end: (from + days) * DAY })),
  fc
    .tuple(fc.integer({ min: 0, max: 9000 }), fc.integer({ min: 1, max: 700 }))
    .map(([from, hours]) => ({ preset: null, start: from * 3600, end: (from + hours) * 3600 })),
)

const texts = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' })

const views: fc.Arbitrary<View> = fc.record(
  {
    page: fc.constantFrom('fleet', 'sims', 'feeds'),
    subject: fc.constant(null),
    account: fc.option(texts),
    period: periods,
    granularity: fc.constantFrom('hourly', 'daily', null),
    metric: fc.constantFrom('data', 'commands'),
    split: fc.constantFrom('zone', 'direction'),
    compares: fc.boolean(),
    asTable: fc.boolean(),
    labelKey: fc.option(texts),
    search: fc.constant(null),
    at: fc.constant(null),
    filters: fc.dictionary(fc.constantFrom(...FILTERS), texts, { noNullPrototype: true }),
  },
  { noNullPrototype: true },
)

describe('the address of a view', () => {
  it('leads back to the same view', () => {
    fc.assert(fc.property(views, (view) => assert.deepEqual(read(`/${viewPath(view)}`), view)))
  })

  it('is empty for what is shown first', () => {
    assert.equal(viewPath(read('/')), '')
    assert.equal(viewPath(read('/?period=30d&metric=data&compare=no&zone=')), '')
  })

  it('names the last day of a period, and hours where it has some', () => {
    const days = read('/?from=2026-10-01&to=2026-10-31').period
    assert.deepEqual(
      [days.start, days.end],
      [instant('2026-10-01T00:00:00Z'), instant('2026-11-01T00:00:00Z')],
    )
    const hour = read('/?from=2026-10-01T05Z&to=2026-10-01T06Z').period
    assert.equal(hour.end - hour.start, 3600)
  })

  it('that makes no sense shows the last 30 days', () => {
    for (const query of [
      'period=9y',
      'from=2026-10-01',
      'from=2026-13-45&to=2026-10-01',
      'from=2026-10-02&to=2026-10-01T00Z',
      'from=2020-01-01&to=2026-01-01',
    ]) {
      assert.deepEqual(read(`/?${query}`).period, presetPeriod('30d', NOW), query)
    }
  })

  it('leads to a SIM, and to a page that says when there is none', () => {
    const view = read('/sims/DE%2F1?at=1795000000')
    assert.deepEqual([view.page, view.subject, view.at], ['sim', 'DE/1', 1795000000])
    assert.deepEqual(read('/imports/IM1').page, 'import')
    for (const path of ['/sims/a/b', '/sims/%E0', '/imports']) {
      assert.equal(read(path).page, 'missing', path)
    }
  })

  it('has a filter more or less', () => {
    const view = withFilter(read('/?zone=home'), 'country', 'MEX')
    assert.equal(viewPath(view), '?zone=home&country=MEX')
    assert.equal(viewPath(withFilter(view, 'zone', null)), '?country=MEX')
  })
})

describe('a period', () => {
  it('ends with today, or with this hour', () => {
    assert.equal(presetPeriod('7d', NOW).end, instant('2026-11-29T00:00:00Z'))
    assert.equal(presetPeriod('24h', NOW).end, instant('2026-11-28T15:00:00Z'))
  })

  it('has one right before it, and none that has not begun after it', () => {
    const week = presetPeriod('7d', NOW)
    assert.equal(neighbour(week, -1, NOW)?.end, week.start)
    assert.equal(neighbour(week, 1, NOW), null)
    assert.equal(neighbour(neighbour(week, -1, NOW)!, 1, NOW)?.start, week.start)
  })

  it('is compared with the one before only as far as it has come', () => {
    const before = periodBefore(presetPeriod('7d', NOW), NOW)
    assert.equal(before.start, instant('2026-11-15T00:00:00Z'))
    assert.equal(before.end, instant('2026-11-21T15:00:00Z'))
    const past = parsePeriod(new URLSearchParams('from=2026-10-08&to=2026-10-14'), NOW)
    assert.equal(periodBefore(past, NOW).end, past.start)
  })

  it('that is a month has months beside it, however long they are', () => {
    const month = presetPeriod('month', NOW)
    const bounds = ({ start, end }: Period) => [start, end]
    const days = (...texts: string[]) => texts.map((text) => instant(`${text}T00:00:00Z`))
    assert.deepEqual(bounds(month), days('2026-11-01', '2026-12-01'))
    assert.deepEqual(bounds(presetPeriod('last-month', NOW)), days('2026-10-01', '2026-11-01'))
    const october = neighbour(month, -1, NOW)!
    assert.deepEqual(bounds(october), days('2026-10-01', '2026-11-01'))
    assert.deepEqual(bounds(neighbour(october, 1, NOW)!), bounds(month))
    assert.equal(neighbour(month, 1, NOW), null)
    assert.deepEqual(bounds(neighbour(october, -1, NOW)!), days('2026-09-01', '2026-10-01'))
    const january = parsePeriod(new URLSearchParams('from=2026-01-01&to=2026-01-31'), NOW)
    assert.deepEqual(bounds(neighbour(january, -1, NOW)!), days('2025-12-01', '2026-01-01'))
    assert.deepEqual(bounds(neighbour(january, 1, NOW)!), days('2026-02-01', '2026-03-01'))
  })

  it('that is a month is compared with the month before, as far as it has come', () => {
    const before = periodBefore(presetPeriod('month', NOW), NOW)
    assert.equal(before.start, instant('2026-10-01T00:00:00Z'))
    assert.equal(before.end, instant('2026-10-28T15:00:00Z'))
    const whole = periodBefore(presetPeriod('last-month', NOW), NOW)
    assert.deepEqual(
      [whole.start, whole.end],
      [instant('2026-09-01T00:00:00Z'), instant('2026-10-01T00:00:00Z')],
    )
    // The last days of March have none before them.
    const march = instant('2026-03-31T12:00:00Z')
    const february = periodBefore(presetPeriod('month', march), march)
    assert.equal(february.end, instant('2026-03-01T00:00:00Z'))
  })

  it('of 30 days that happens to be a month is one of 30 days', () => {
    const last = instant('2026-11-30T10:00:00Z')
    const days = presetPeriod('30d', last)
    assert.equal(days.start, instant('2026-11-01T00:00:00Z'))
    assert.equal(neighbour(days, -1, last)?.start, instant('2026-10-02T00:00:00Z'))
  })

  it('is drawn by the hour up to 31 days, and never with more bars than pixels', () => {
    const days = (count: number) => ({ preset: null, start: 0, end: count * DAY })
    const drawn = (count: number, pixels: number, wanted: 'hourly' | 'daily' | null = null) =>
      granularityOf(days(count), { wanted, pixels })
    assert.equal(drawn(31, 1000), 'hourly')
    assert.equal(drawn(31, 1000, 'daily'), 'daily')
    assert.equal(drawn(31, 743), 'daily')
    assert.equal(drawn(32, 4000, 'hourly'), 'daily')
    assert.equal(drawn(1, 300, 'daily'), 'hourly')
    fc.assert(
      fc.property(periods, fc.integer({ min: 560, max: 4000 }), (period, pixels) => {
        const step = granularityOf(period, { wanted: 'hourly', pixels }) === 'hourly' ? 3600 : DAY
        const isCutDay = period.start % DAY !== 0 || period.end % DAY !== 0
        assert.ok(isCutDay || (period.end - period.start) / step <= pixels)
      }),
    )
  })
})
