/** Up to when usage can be taken as complete. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  addDelivery,
  completeness,
  type FeedCoverage,
  type FeedDeliveries,
  type FinishedDelivery,
  feedCompleteFrom,
  feedCompleteThrough,
  isOpen,
  NO_DELIVERIES,
  newsState,
} from '../../src/domain/completeness.ts'
import { NO_SERIES_COUNTS } from '../../src/domain/counter-series.ts'
import type { Feed } from '../../src/domain/directory.ts'
import type { DeliveryFacts } from '../../src/domain/import.ts'
import { formatInstant } from '../../src/domain/time.ts'
import { instant } from '../support/builders.ts'

const HOUR = 3_600
const DAY = 24 * HOUR
const FEED: Pick<Feed, 'settleSeconds' | 'sequencePattern'> = {
  settleSeconds: 2 * DAY,
  sequencePattern: null,
}
const MARCH = instant('2026-03-01T00:00:00Z')

/** Comes at 12:34:56 of a day of March. */
function delivery(
  day: number,
  facts: Partial<DeliveryFacts> & { number?: number; stream?: string } = {},
  source = 'usage.csv',
): FinishedDelivery {
  const { number, stream = 's', completeThrough: cutOff = null, usageFrom = null } = facts
  const sequence = number === undefined ? null : { stream, number }
  const startedAt = MARCH + (day - 1) * DAY + 12 * HOUR + 34 * 60 + 56
  return { source, startedAt, facts: { sequence, completeThrough: cutOff, usageFrom } }
}

function known(deliveries: readonly FinishedDelivery[], feed = FEED): FeedDeliveries {
  return deliveries.reduce((so, one) => addDelivery(so, feed, one), NO_DELIVERIES)
}

/** Day and hour of March. */
function through(deliveries: readonly FinishedDelivery[], feed = FEED): string | null {
  const at = feedCompleteThrough(known(deliveries, feed), [], feed)
  return at === null ? null : formatInstant(at).slice(5, 13)
}

describe('a feed is complete through', () => {
  it('nothing while it has delivered nothing', () => {
    assert.equal(through([]), null)
  })

  it('the settle time before its newest delivery, where none states a cut-off', () => {
    assert.equal(through([delivery(15)]), '03-13T12')
    assert.equal(through([delivery(15), delivery(9)]), '03-13T12')
    assert.equal(through([delivery(15)], { ...FEED, settleSeconds: 0 }), '03-15T12')
    assert.equal(through([delivery(15)], { ...FEED, settleSeconds: 90 * 60 }), '03-15T11')
  })

  it('the cut-off that a delivery states, by the hour', () => {
    const stated = delivery(15, { completeThrough: instant('2026-03-15T04:59:59Z') })
    assert.equal(through([stated]), '03-15T04')
    assert.equal(through([stated, delivery(16)]), '03-15T04')
    assert.equal(through([stated, delivery(20)]), '03-18T12')
  })

  it('no later than the delivery itself, whatever it states', () => {
    assert.equal(through([delivery(15, { completeThrough: MARCH + 60 * DAY })]), '03-15T12')
  })

  it('what came before an open gap, of the stream that is furthest behind', () => {
    const stated = (day: number, number: number, stream = 's') =>
      delivery(day, { number, stream, completeThrough: MARCH + (day - 1) * DAY })
    const one = [stated(2, 1), stated(3, 2), stated(5, 4)]
    assert.equal(through(one), '03-03T00')
    assert.equal(through([...one, stated(6, 3)]), '03-05T00')
    assert.equal(through([...one, stated(6, 3), stated(4, 9, 'other')]), '03-04T00')
    // A number that is not stated goes by the settle time.
    assert.equal(through([delivery(10, { number: 1 }), delivery(12, { number: 3 })]), '03-08T12')
  })

  it('what its numbered deliveries say, where there are some', () => {
    const numbered = delivery(10, { number: 1 })
    assert.equal(through([numbered, delivery(20)]), '03-08T12')
    assert.equal(through([delivery(20), numbered]), '03-08T12')
  })

  it('as the names of its files are numbered, where a pattern says so', () => {
    const feed = { ...FEED, sequencePattern: 'u(?<sequence>\\d+)' }
    const named = (day: number, name: string) => delivery(day, { number: day }, name)
    assert.equal(through([named(5, 'u1'), named(6, 'u2'), named(9, 'u4')], feed), '03-04T12')
    assert.equal(through([named(5, 'u1'), named(6, 'u2'), named(9, 'u3')], feed), '03-07T12')
  })

  it('no earlier for a stream of which it was accepted that it has ended', () => {
    const deliveries = known([
      ...[1, 2].map((number) => delivery(number, { number, stream: 'old' })),
      delivery(20, { number: 7, stream: 'new' }),
    ])
    const end = { stream: 'old', first: 3, last: null, by: 'Ada', reason: 'left', at: 0 }
    const at = (...acceptances: (typeof end)[]) =>
      formatInstant(feedCompleteThrough(deliveries, acceptances, FEED)!).slice(0, 13)
    assert.equal(at(), '2026-02-28T12')
    assert.equal(at(end), '2026-03-18T12')
    assert.equal(at(end, { ...end, stream: 'new', first: 8 }), '2026-03-18T12')
  })

  it('forgets what is missing for longer than usage is kept', () => {
    const old = known([delivery(1, { number: 1 }), delivery(2, { number: 9 })])
    const later = { ...delivery(1, { number: 50_000 }), startedAt: instant('2027-09-10T00:00:00Z') }
    assert.equal(addDelivery(old, FEED, later).streams[0]!.runs.length, 1)
    const sooner = { ...later, startedAt: instant('2027-08-01T00:00:00Z') }
    assert.equal(addDelivery(old, FEED, sooner).streams[0]!.runs.length, 3)
  })

  it('never what an order of arrival without gaps would not say too', () => {
    const anyOrder = fc.uniqueArray(fc.integer({ min: 1, max: 12 }), {
      minLength: 12,
      maxLength: 12,
    })
    const property = fc.property(anyOrder, (numbers) => {
      const cutOffOf = (number: number) => MARCH + number * HOUR
      const arrivals = numbers.map((number) =>
        delivery(20, { number, completeThrough: cutOffOf(number) }),
      )
      arrivals.forEach((_, i) => {
        const seen = numbers.slice(0, i + 1)
        let last = Math.min(...seen)
        while (seen.includes(last + 1)) last++
        const at = feedCompleteThrough(known(arrivals.slice(0, i + 1)), [], FEED)
        assert.equal(at, cutOffOf(last))
      })
    })
    fc.assert(property, { numRuns: 100 })
  })
})

describe('what is known of deliveries', () => {
  it('is plain JSON', () => {
    const all = known([delivery(1), delivery(2, { number: 99_999 }), delivery(3, { number: 2 })])
    assert.deepEqual(JSON.parse(JSON.stringify(all)), all)
  })
})

const SETTLE = 2 * DAY
const NOW = MARCH + 30 * DAY

const aFeed = (stated: Partial<FeedCoverage> = {}): FeedCoverage => ({
  completeFrom: MARCH,
  completeThrough: NOW - SETTLE,
  retiredAt: null,
  settleSeconds: SETTLE,
  ...stated,
})

describe('a feed is complete from', () => {
  it('where its first delivery of usage began, or what its operator says', () => {
    const deliveries = known([
      delivery(1),
      delivery(2, { usageFrom: MARCH + 90 }),
      delivery(3, { usageFrom: MARCH - 60 * DAY }),
    ])
    assert.equal(feedCompleteFrom(deliveries, { coversFrom: null }), MARCH)
    assert.equal(feedCompleteFrom(deliveries, { coversFrom: MARCH - DAY + 1 }), MARCH - DAY)
    assert.equal(feedCompleteFrom(NO_DELIVERIES, { coversFrom: null }), null)
  })
})

describe('an account is complete', () => {
  const of = (...feeds: FeedCoverage[]) => completeness(feeds, NOW)

  it('from the latest beginning of its feeds to their earliest end', () => {
    const early = aFeed({ completeFrom: MARCH - DAY, completeThrough: MARCH + 9 * DAY })
    assert.deepEqual(of(aFeed(), early), { from: MARCH, through: MARCH + 9 * DAY })
  })

  it('nowhere without feeds, or while nothing can be said of one of them', () => {
    assert.deepEqual(of(), { from: null, through: null })
    assert.equal(of(aFeed(), aFeed({ completeThrough: null })).through, null)
    assert.equal(of(aFeed({ completeFrom: null }), aFeed()).from, null)
  })

  it('as if a feed were not there, once it is retired and nothing may come late', () => {
    const ended = { completeThrough: MARCH + DAY }
    const over = aFeed({ ...ended, retiredAt: NOW - SETTLE - HOUR })
    assert.equal(of(aFeed(), over).through, NOW - SETTLE)
    assert.equal(of(over).through, NOW - SETTLE - HOUR)
    const late = aFeed({ ...ended, retiredAt: NOW - HOUR })
    assert.equal(of(aFeed({ completeThrough: NOW }), late).through, NOW - SETTLE)
    assert.equal(of(aFeed(), aFeed({ ...ended, completeFrom: null, retiredAt: MARCH })).from, MARCH)
  })
})

describe('a period', () => {
  const complete = { from: MARCH, through: MARCH + DAY }

  it('is open while it ends after what is complete, or begins before it', () => {
    assert.equal(isOpen({ start: MARCH, end: MARCH + DAY }, complete), false)
    assert.equal(isOpen({ start: MARCH, end: MARCH + DAY + 1 }, complete), true)
    assert.equal(isOpen({ start: MARCH - 1, end: MARCH + DAY }, complete), true)
    assert.equal(isOpen({ start: MARCH - 30 * DAY, end: MARCH - DAY }, complete), true)
    assert.equal(isOpen({ start: MARCH, end: MARCH }, { from: null, through: MARCH }), true)
    assert.equal(isOpen({ start: MARCH, end: MARCH }, { from: MARCH, through: null }), true)
  })
})

describe('a feed without news', () => {
  const stateAfter = (age: number, stated: Partial<Feed> = {}) =>
    newsState(
      {
        ...{ createdAt: MARCH, lateSeconds: DAY, overdueSeconds: 2 * DAY },
        retirement: null,
        ...stated,
      },
      {
        feedId: 1,
        deliveries: NO_DELIVERIES,
        acceptances: [],
        completeThrough: null,
        completeFrom: null,
        series: NO_SERIES_COUNTS,
      },
      MARCH + age,
    )

  it('is late after 24 hours and overdue after 48', () => {
    const states = [0, DAY - 1, DAY, 2 * DAY - 1, 2 * DAY, 99 * DAY].map((age) => stateAfter(age))
    assert.deepEqual(states, ['current', 'current', 'late', 'late', 'overdue', 'overdue'])
  })

  it('is late and overdue by its own limits, and never once it is retired', () => {
    const hourly = { lateSeconds: HOUR, overdueSeconds: 3 * HOUR }
    const states = [HOUR - 1, HOUR, 3 * HOUR].map((age) => stateAfter(age, hourly))
    assert.deepEqual(states, ['current', 'late', 'overdue'])
    assert.equal(stateAfter(99 * DAY, { retirement: { at: MARCH, reason: 'over' } }), 'retired')
  })
})
